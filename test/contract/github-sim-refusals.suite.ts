/**
 * The simulated GitHub does not forgive: each test does one thing GitHub refuses and asks for GitHub's answer.
 */
import { generateKeyPairSync } from "node:crypto";
import { createAppAuth } from "@octokit/auth-app";
import { Octokit } from "@octokit/rest";
import githubAppJwt from "universal-github-app-jwt";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openScene, quiet, type Scene } from "../sim/github/scene.ts";
import { VirtualClock } from "../sim/virtual-clock.ts";
import { openapiOracle } from "./openapi-oracle.ts";

const shop = { owner: "acme", repo: "shop" };
const clock = new VirtualClock();
let scene: Scene;

beforeAll(async () => {
  scene = await openScene({ clock });
  await scene.sim.addRepository({ owner: "acme", name: "vault" });
  scene.sim.addUser("tess");
});

afterAll(async () => {
  const { log: exchanges, deliveries } = scene.sim;
  await scene.stop();
  expect(openapiOracle().checkAll({ exchanges, deliveries })).toEqual([]);
});

/** A request with nothing but these headers. */
function plain(path: string, headers: Record<string, string>): Promise<Response> {
  return fetch(`${scene.sim.url}/api/v3${path}`, { headers });
}

async function jwt({
  key = scene.sim.app.privateKey,
  id = scene.sim.app.id,
  skewSeconds = 0,
} = {}): Promise<string> {
  const now = Math.floor(clock.now() / 1000) + skewSeconds;
  return (await githubAppJwt({ id, privateKey: key, now })).token;
}

async function refusalOf(authorization: string): Promise<unknown> {
  const answer = await plain("/app", { authorization });
  return [answer.status, ((await answer.json()) as { message: string }).message];
}

test("App tokens: another key, another App, too old, from the future, too long", async () => {
  const other = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({
    type: "pkcs8",
    format: "pem",
  });
  expect(await refusalOf(`bearer ${await jwt()}`)).toEqual([200, undefined]);
  expect(await refusalOf(`bearer ${await jwt({ key: other.toString() })}`)).toEqual([
    401,
    "A JSON web token could not be decoded",
  ]);
  expect(await refusalOf(`bearer ${await jwt({ id: 7 })}`)).toEqual([404, "Integration not found"]);
  expect(await refusalOf(`bearer ${await jwt({ skewSeconds: -700 })}`)).toEqual([
    401,
    expect.stringMatching(/'exp'\) must be a numeric value/),
  ]);
  expect(await refusalOf(`bearer ${await jwt({ skewSeconds: 100 })}`)).toEqual([
    401,
    expect.stringMatching(/'iat'\) must be an Integer/),
  ]);
  expect(await refusalOf(`bearer ${await jwt({ skewSeconds: 60 })}`)).toEqual([
    401,
    expect.stringMatching(/'exp'\) is too far in the future/),
  ]);
  expect(await refusalOf("bearer a.b.c")).toEqual([401, "A JSON web token could not be decoded"]);
});

test("a client whose clock is wrong repairs itself by the Date header", async () => {
  const answer = await plain("/rate_limit", { "user-agent": "test" });
  expect(answer.headers.get("date")).toBe(new Date(clock.now()).toUTCString());
  expect((await scene.app.rest.apps.getAuthenticated()).status).toBe(200);
});

test("no credentials, no user agent, no such version, no JSON", async () => {
  const { secret } = await scene.token();
  expect((await plain("/repos/acme/shop", {})).status).toBe(401);
  const authorization = `token ${secret}`;
  const node = await import("node:http");
  const silent = await new Promise<number>((resolve) => {
    node.get(`${scene.sim.url}/api/v3/repos/acme/shop`, { headers: { authorization } }, (answer) => {
      answer.resume();
      resolve(answer.statusCode ?? 0);
    });
  });
  expect(silent).toBe(403);
  expect(
    (await plain("/repos/acme/shop", { authorization, "x-github-api-version": "2020-01-01" })).status,
  ).toBe(400);
  const broken = await fetch(`${scene.sim.url}/api/v3/repos/acme/shop/issues`, {
    method: "POST",
    headers: { authorization },
    body: "{",
  });
  expect(broken.status).toBe(400);
});

test("a token dies to the millisecond of expires_at", async () => {
  const { octokit, secret } = await scene.token();
  const expiresAt = scene.sim.tokens().at(-1)?.expiresAt ?? 0;
  await clock.advance(expiresAt - clock.now() - 1);
  expect((await octokit.rest.repos.get(shop)).status).toBe(200);
  expect((await scene.git(".", "ls-remote", scene.remote("acme/shop", secret))).code).toBe(0);
  await clock.advance(1);
  await expect(octokit.rest.repos.get(shop)).rejects.toMatchObject({
    status: 401,
    message: /Bad credentials/,
  });
  expect((await scene.git(".", "ls-remote", scene.remote("acme/shop", secret))).stderr).toMatch(
    /Invalid username or token/,
  );
});

test("another repository is not there, neither by name nor by number nor by git", async () => {
  const { sim } = scene;
  const { octokit, secret } = await scene.token({ repositoryIds: [scene.repositoryId] });
  await expect(octokit.rest.repos.get({ owner: "acme", repo: "vault" })).rejects.toMatchObject({
    status: 404,
  });
  await expect(octokit.rest.issues.listForRepo({ owner: "acme", repo: "vault" })).rejects.toMatchObject({
    status: 404,
  });
  expect((await scene.git(".", "ls-remote", scene.remote("acme/vault", secret))).stderr).toMatch(
    /Repository not found/,
  );
  expect(sim.log.filter((each) => each.status === 404 && each.as === "installation").length).toBeGreaterThan(
    1,
  );
});

test("a missing permission is named", async () => {
  const { octokit } = await scene.token({ permissions: { contents: "read" } });
  const number = scene.sim.openIssue("acme/shop", { title: "Mine", author: "mona" });
  const attempt = octokit.rest.issues.createComment({ ...shop, issue_number: number, body: "hi" });
  await expect(attempt).rejects.toMatchObject({
    status: 403,
    message: /Resource not accessible by integration/,
    response: { headers: { "x-accepted-github-permissions": "issues=write" } },
  });
  await expect(
    octokit.rest.pulls.create({ ...shop, head: "a", base: "main", title: "t" }),
  ).rejects.toMatchObject({ status: 403 });
  await expect(
    octokit.rest.git.createRef({ ...shop, ref: "refs/heads/x", sha: "0".repeat(40) }),
  ).rejects.toMatchObject({ status: 403 });
});

test("tokens for what the installation does not have", async () => {
  const { app, sim, installation } = scene;
  sim.addOrganization("other");
  const foreign = await sim.addRepository({ owner: "other", name: "thing" });
  const mint = (more: object) =>
    app.rest.apps.createInstallationAccessToken({ installation_id: installation, ...more });
  await expect(mint({ repository_ids: [foreign] })).rejects.toMatchObject({ status: 422 });
  await expect(mint({ repositories: ["nothing"] })).rejects.toMatchObject({ status: 422 });
  await expect(mint({ permissions: { workflows: "write" } })).rejects.toMatchObject({ status: 422 });
  await expect(mint({ permissions: { actions: "write" } })).rejects.toMatchObject({ status: 422 });
  await expect(mint({ installation_id: 1 })).rejects.toMatchObject({ status: 404 });
  const { secret } = await scene.token();
  expect(
    (await fetch(`${sim.url}/api/v3/app`, { headers: { authorization: `token ${secret}` } })).status,
  ).toBe(401);
});

test("comments: too long, empty, on a locked, deleted or unknown issue", async () => {
  const { sim } = scene;
  const { octokit } = await scene.token();
  const number = sim.openIssue("acme/shop", { title: "Talk", author: "mona" });
  const say = (body: string, issue_number = number) =>
    octokit.rest.issues.createComment({ ...shop, issue_number, body });
  expect((await say("x".repeat(65_536))).status).toBe(201);
  await expect(say("x".repeat(65_537))).rejects.toMatchObject({
    status: 422,
    message: /maximum is 65536 characters/,
  });
  await expect(say(" ")).rejects.toMatchObject({ status: 422 });
  await expect(say("hi", 4711)).rejects.toMatchObject({ status: 404 });
  sim.lock("acme/shop", number, { locked: true, by: "mona" });
  await expect(say("hi")).rejects.toMatchObject({ status: 403, message: /locked/ });
  sim.deleteIssue("acme/shop", number, { by: "mona" });
  await expect(say("hi")).rejects.toMatchObject({ status: 410 });
});

test("pull requests: no such branch, nothing to propose, no drafts, reviewers who are nobody or the author", async () => {
  const { sim } = scene;
  const { octokit } = await scene.token();
  const open = (head: string, more = {}) =>
    octokit.rest.pulls.create({ ...shop, head, base: "main", title: "t", ...more });
  await expect(open("none")).rejects.toMatchObject({ status: 422, message: /"field":"head"/ });
  await expect(open("main")).rejects.toMatchObject({
    status: 422,
    message: /No commits between main and main/,
  });
  await sim.pushCommit("acme/shop", "work", { files: { "a.txt": "a" }, by: "mona" });
  await expect(open("work", { base: "none" })).rejects.toMatchObject({
    status: 422,
    message: /"field":"base"/,
  });
  await expect(open("work", { title: "" })).rejects.toMatchObject({ status: 422 });
  sim.configure("acme/shop", { drafts: false });
  await expect(open("work", { draft: true })).rejects.toMatchObject({
    status: 422,
    message: /Draft pull requests are not supported/,
  });
  const { data } = await open("work");
  const ask = (login: string) =>
    octokit.rest.pulls.requestReviewers({ ...shop, pull_number: data.number, reviewers: [login] });
  await expect(ask("tess")).rejects.toMatchObject({ status: 422, message: /not a collaborator/ });
  await expect(ask(sim.app.botLogin)).rejects.toMatchObject({ status: 422, message: /pull request author/ });
});

test("refs and comparisons that cannot be", async () => {
  const { sim } = scene;
  const { octokit } = await scene.token();
  const sha = (await sim.branchHead("acme/shop", "main")) ?? "";
  const make = (ref: string, of = sha) => octokit.rest.git.createRef({ ...shop, ref, sha: of });
  await expect(make("refs/heads/main")).rejects.toMatchObject({
    status: 422,
    message: /Reference already exists/,
  });
  await expect(make("refs/heads/main/sub")).rejects.toMatchObject({ status: 422 });
  await expect(make("heads/x")).rejects.toMatchObject({ status: 422 });
  await expect(make("refs/heads/a..b")).rejects.toMatchObject({ status: 422 });
  await expect(make("refs/heads/x", "1".repeat(40))).rejects.toMatchObject({
    status: 422,
    message: /Object does not exist/,
  });
  await expect(octokit.rest.git.updateRef({ ...shop, ref: "heads/none", sha })).rejects.toMatchObject({
    status: 422,
  });
  await expect(
    octokit.rest.repos.compareCommitsWithBasehead({ ...shop, basehead: "main...none" }),
  ).rejects.toMatchObject({ status: 404 });
  sim.configure("acme/shop", { rules: [{ ref: /\/kept$/, says: "Cannot create ref." }] });
  await expect(make("refs/heads/kept")).rejects.toMatchObject({
    status: 422,
    message: /Repository rule violations found/,
  });
});

test("check runs of unknown commits, without conclusions, or with too many buttons", async () => {
  const { octokit } = await scene.token();
  const head_sha = (await scene.sim.branchHead("acme/shop", "main")) ?? "";
  const check = { ...shop, name: "patchwright", head_sha };
  await expect(octokit.rest.checks.create({ ...check, head_sha: "1".repeat(40) })).rejects.toMatchObject({
    status: 422,
  });
  await expect(octokit.rest.checks.create({ ...check, status: "completed" } as never)).rejects.toMatchObject({
    status: 422,
  });
  const button = { label: "Stop", description: "Stops it", identifier: "stop" };
  const actions = [button, button, button, button];
  await expect(octokit.rest.checks.create({ ...check, actions })).rejects.toMatchObject({ status: 422 });
});

test("an Octokit of the installation as the product builds it", async () => {
  const { sim, installation } = scene;
  const auth = { appId: sim.app.id, privateKey: sim.app.privateKey, installationId: installation };
  const octokit = new Octokit({
    baseUrl: `${sim.url}/api/v3`,
    authStrategy: createAppAuth,
    auth,
    log: quiet,
  });
  expect((await octokit.rest.repos.get(shop)).data.full_name).toBe("acme/shop");
});
