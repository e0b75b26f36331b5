/**
 * What the simulated GitHub does as time goes by: limits that fill and empty, replicas that lag, names that move,
 * installations that shrink.
 */
import { Octokit } from "@octokit/rest";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openScene, quiet, type Scene } from "../sim/github/scene.ts";
import { VirtualClock } from "../sim/virtual-clock.ts";

const shop = { owner: "acme", repo: "shop" };
const clock = new VirtualClock();
let scene: Scene;

beforeAll(async () => {
  scene = await openScene({ clock });
});

afterAll(() => scene.stop());

test("a renamed repository redirects reads, and writes keep their method", async () => {
  const { sim } = scene;
  await sim.addRepository({ owner: "acme", name: "old" });
  const { octokit, secret } = await scene.token();
  sim.rename("acme/old", "new", "mona");
  expect((await octokit.rest.repos.get({ owner: "acme", repo: "old" })).data.name).toBe("new");
  expect((await octokit.rest.issues.create({ owner: "acme", repo: "old", title: "Still here" })).status).toBe(
    201,
  );
  const statuses = sim.log.filter((each) => each.path.includes("/acme/old")).map((each) => each.status);
  expect(statuses).toEqual([301, 307]);
  expect((await scene.git(".", "ls-remote", scene.remote("acme/old", secret))).stdout.toString()).toContain(
    "refs/heads/main",
  );
});

test("the hour's requests and the creation of content are limited for each installation", async () => {
  const small = await openScene({ clock, limits: { requestsPerHour: 100, contentPerMinute: 3 } });
  const { octokit } = await small.token();
  const number = small.sim.openIssue("acme/shop", { title: "Talk", author: "mona" });
  const say = () => octokit.rest.issues.createComment({ ...shop, issue_number: number, body: "hi" });
  for (let turn = 0; turn < 3; turn += 1) await say();
  await expect(say()).rejects.toMatchObject({
    status: 403,
    message: /secondary rate limit/,
    response: { headers: { "retry-after": "60" } },
  });
  await clock.advance(60_000);
  expect((await say()).status).toBe(201);
  small.sim.setSecondaryLimits(false);
  for (let turn = 0; turn < 95; turn += 1) await octokit.rest.repos.get(shop);
  await expect(say()).rejects.toMatchObject({
    status: 403,
    message: /API rate limit exceeded/,
    response: { headers: { "x-ratelimit-remaining": "0" } },
  });
  await clock.advance(3_600_000);
  const fresh = await small.token();
  expect((await fresh.octokit.rest.repos.get(shop)).headers["x-ratelimit-remaining"]).toBe("99");
  await small.stop();
});

test("GraphQL has a budget of its own, and says with status 200 that it is spent", async () => {
  const small = await openScene({ clock, limits: { graphqlPerHour: 2 } });
  const { octokit } = await small.token();
  const ask = () => octokit.graphql("{ __typename }");
  const left = async () => (await octokit.rest.repos.get(shop)).headers["x-ratelimit-remaining"];
  const before = Number(await left());
  await ask();
  await ask();
  await expect(ask()).rejects.toMatchObject({
    errors: [{ type: "RATE_LIMITED" }],
    headers: { "x-ratelimit-remaining": "0", "x-ratelimit-resource": "graphql" },
  });
  expect(Number(await left())).toBe(before - 1);
  await small.stop();
});

test("a token that GitHub's replicas do not know yet", async () => {
  const { sim } = scene;
  sim.setTokenLag({ unknownMs: 2000, forbiddenMs: 3000 });
  const { octokit } = await scene.token();
  const read = () => octokit.rest.repos.get(shop);
  await expect(read()).rejects.toMatchObject({ status: 401 });
  await clock.advance(2000);
  await expect(read()).rejects.toMatchObject({ status: 403 });
  await clock.advance(3000);
  expect((await read()).status).toBe(200);
  sim.setTokenLag({ unknownMs: 0, forbiddenMs: 0 });
});

test("suspension, narrowing and removal of the installation reach tokens that are out", async () => {
  const { app, sim } = scene;
  sim.addOrganization("brief");
  await sim.addRepository({ owner: "brief", name: "shop" });
  const id = sim.install("brief", { repositories: ["shop"] });
  const { data } = await app.rest.apps.createInstallationAccessToken({ installation_id: id });
  const octokit = new Octokit({
    baseUrl: `${sim.url}/api/v3`,
    auth: data.token,
    log: quiet,
  });
  const read = () => octokit.rest.repos.get({ owner: "brief", repo: "shop" });
  expect((await read()).status).toBe(200);
  sim.suspend(id, "mona");
  await expect(read()).rejects.toMatchObject({ status: 403, message: /suspended/ });
  await expect(app.rest.apps.createInstallationAccessToken({ installation_id: id })).rejects.toMatchObject({
    status: 403,
  });
  sim.unsuspend(id, "mona");
  sim.setPermissions(id, { contents: "read" }, "mona");
  await expect(
    octokit.rest.issues.create({ owner: "brief", repo: "shop", title: "t" }),
  ).rejects.toMatchObject({ status: 403 });
  sim.select(id, "brief/shop", { isIn: false, by: "mona" });
  await expect(read()).rejects.toMatchObject({ status: 404 });
  sim.uninstall(id, "mona");
  await expect(read()).rejects.toMatchObject({ status: 401 });
  await expect(app.rest.apps.createInstallationAccessToken({ installation_id: id })).rejects.toMatchObject({
    status: 404,
  });
});
