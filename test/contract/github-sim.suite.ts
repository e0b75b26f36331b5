/**
 * A tour through what the simulated GitHub offers of the App, repositories and issues, with a real Octokit;
 * GitHub's own description judges every request, every answer and every delivery of it.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { openScene, type Scene } from "../sim/github/scene.ts";
import { openapiOracle } from "./openapi-oracle.ts";

const shop = { owner: "acme", repo: "shop" };
let scene: Scene;

beforeAll(async () => {
  scene = await openScene();
});

afterAll(async () => {
  await scene.settled();
  const { log: exchanges, deliveries } = scene.sim;
  await scene.stop();
  expect(openapiOracle().checkAll({ exchanges, deliveries })).toEqual([]);
});

test("the App reads about itself, its installations and its webhook", async () => {
  const { app, installation, sim } = scene;
  expect((await app.rest.apps.getAuthenticated()).data?.id).toBe(sim.app.id);
  expect((await app.rest.apps.listInstallations()).data.map((each) => each.id)).toEqual([installation]);
  const { data } = await app.rest.apps.getInstallation({ installation_id: installation });
  expect(data.permissions.contents).toBe("write");
  expect((await app.rest.apps.getOrgInstallation({ org: "acme" })).data.id).toBe(installation);
  expect((await app.rest.apps.getRepoInstallation(shop)).data.id).toBe(installation);
  expect((await app.rest.apps.getWebhookConfigForApp()).data.url).toMatch(/^http:/);
});

test("a token is long, stateless in form, narrow, and dies when it is revoked", async () => {
  const { repositoryId, sim } = scene;
  const { secret, octokit } = await scene.token({
    repositoryIds: [repositoryId],
    permissions: { contents: "write" },
  });
  expect(secret).toMatch(new RegExp(`^ghs_${sim.app.id}_[\\w-]+\\.[\\w-]+\\.[\\w-]+$`));
  expect(secret.length).toBeGreaterThan(480);
  const minted = sim.tokens().at(-1);
  expect(minted).toMatchObject({
    repositoryIds: [repositoryId],
    permissions: { contents: "write", metadata: "read" },
  });
  const { data } = await octokit.request("GET /installation/repositories");
  expect(data.repositories.map((each) => each.full_name)).toEqual(["acme/shop"]);
  expect((await octokit.request("DELETE /installation/token")).status).toBe(204);
  await expect(octokit.rest.repos.get(shop)).rejects.toMatchObject({
    status: 401,
    message: /Bad credentials/,
  });
  expect(JSON.stringify(sim.log)).not.toContain(secret);
});

test("repositories, by name and by number, and what people may do there", async () => {
  const { sim, repositoryId } = scene;
  const { octokit } = await scene.token();
  expect((await octokit.rest.repos.get(shop)).data.default_branch).toBe("main");
  expect((await octokit.request("GET /repositories/{id}", { id: repositoryId })).data.full_name).toBe(
    "acme/shop",
  );
  sim.addUser("tess");
  const levels: [string, "read" | "triage" | "maintain" | "admin", string][] = [
    ["read", "read", "read"],
    ["triage", "triage", "read"],
    ["maintain", "maintain", "write"],
    ["admin", "admin", "admin"],
  ];
  for (const [name, role, permission] of levels) {
    sim.setRole("acme/shop", "tess", role);
    const { data } = await octokit.rest.repos.getCollaboratorPermissionLevel({ ...shop, username: "tess" });
    expect(data).toMatchObject({ permission, role_name: name });
  }
  await expect(
    octokit.rest.repos.getCollaboratorPermissionLevel({ ...shop, username: "nobody" }),
  ).rejects.toMatchObject({ status: 404 });
  const { data: bot } = await octokit.rest.users.getByUsername({ username: sim.app.botLogin });
  expect(bot).toMatchObject({ id: sim.app.botId, type: "Bot" });
});

test("issues with labels, history, comments and reactions", async () => {
  const { sim } = scene;
  const { octokit } = await scene.token();
  const number = sim.openIssue("acme/shop", {
    title: "Cart is empty",
    body: "Why?",
    author: "mona",
    labels: ["agent"],
  });
  const issue = { ...shop, issue_number: number };
  const before = (await octokit.rest.issues.get(issue)).data;
  sim.label("acme/shop", number, { label: "bug: deep", by: "mona" });
  expect((await octokit.rest.issues.get(issue)).data.updated_at).toBe(before.updated_at);
  expect((await octokit.rest.issues.listEvents(issue)).data.map((each) => each.event)).toEqual([
    "labeled",
    "labeled",
  ]);
  await octokit.rest.issues.addLabels({ ...issue, labels: ["seen"] });
  expect(
    (await octokit.rest.issues.removeLabel({ ...issue, name: "bug: deep" })).data.map((each) => each.name),
  ).toEqual(["agent", "seen"]);
  expect((await octokit.rest.issues.listLabelsOnIssue(issue)).data).toHaveLength(2);
  const created = (await octokit.rest.issues.createComment({ ...issue, body: "On it" })).data;
  expect(created.performed_via_github_app?.id).toBe(sim.app.id);
  await octokit.rest.issues.updateComment({ ...shop, comment_id: created.id, body: "Done" });
  expect((await octokit.rest.issues.getComment({ ...shop, comment_id: created.id })).data.body).toBe("Done");
  expect((await octokit.rest.reactions.createForIssue({ ...issue, content: "eyes" })).status).toBe(201);
  expect((await octokit.rest.reactions.createForIssue({ ...issue, content: "eyes" })).status).toBe(200);
  const given = (
    await octokit.rest.reactions.createForIssueComment({ ...shop, comment_id: created.id, content: "rocket" })
  ).data;
  await octokit.rest.reactions.deleteForIssueComment({
    ...shop,
    comment_id: created.id,
    reaction_id: given.id,
  });
  expect(
    (await octokit.rest.reactions.listForIssueComment({ ...shop, comment_id: created.id })).data,
  ).toEqual([]);
  await octokit.rest.issues.deleteComment({ ...shop, comment_id: created.id });
  await octokit.rest.issues.update({
    ...issue,
    title: "The cart is empty",
    state: "closed",
    state_reason: "not_planned",
  });
  expect(sim.issue("acme/shop", number)).toMatchObject({
    title: "The cart is empty",
    state: "closed",
    reactions: [{ content: "eyes" }],
  });
  expect(
    (await octokit.rest.issues.listForRepo({ ...shop, state: "all", labels: "agent" })).data,
  ).toHaveLength(1);
  const found = await octokit.rest.search.issuesAndPullRequests({
    q: 'repo:acme/shop is:closed label:"agent"',
  });
  expect(found.data.total_count).toBe(1);
});

test("a search goes by creation, oldest first where asked, and shows a thousand results", async () => {
  const { sim } = scene;
  const { octokit } = await scene.token();
  const [first, second] = [1, 2].map((turn) =>
    sim.openIssue("acme/shop", { title: `Found ${turn}`, body: "Here.", author: "mona" }),
  );
  for (const number of [first, second]) sim.label("acme/shop", number ?? 0, { label: "sought", by: "mona" });
  const q = 'repo:acme/shop is:issue label:"sought"';
  const search = async (query: { q: string; order?: "asc" | "desc"; per_page?: number; page?: number }) => {
    const { data } = await octokit.rest.search.issuesAndPullRequests({ sort: "created", ...query });
    return data.items.map(({ number }) => number);
  };
  expect(await search({ q, order: "asc" })).toEqual([first, second]);
  expect(await search({ q })).toEqual([second, first]);
  const { data: issue } = await octokit.rest.issues.get({ ...shop, issue_number: first ?? 0 });
  const created = Date.parse(issue.created_at);
  const since = (at: number) => new Date(at).toISOString().replace(/\.\d+Z/, "Z");
  expect(await search({ q: `${q} created:>=${since(created)}`, order: "asc" })).toEqual([first, second]);
  expect(await search({ q: `${q} created:>=${since(created + 3_600_000)}` })).toEqual([]);
  await expect(search({ q, per_page: 100, page: 11 })).rejects.toMatchObject({ status: 422 });
  await expect(search({ q: `${q} created:yesterday` })).rejects.toMatchObject({ status: 422 });
});

test("long conversations come in pages with links", async () => {
  const { sim } = scene;
  const { octokit } = await scene.token();
  const number = sim.openIssue("acme/shop", { title: "Talk", author: "mona" });
  for (let turn = 1; turn <= 45; turn += 1)
    sim.comment("acme/shop", number, { body: `turn ${turn}`, by: "mona" });
  const all = await octokit.paginate(octokit.rest.issues.listComments, {
    ...shop,
    issue_number: number,
    per_page: 20,
  });
  expect(all.map((each) => each.body)).toEqual(Array.from({ length: 45 }, (_, index) => `turn ${index + 1}`));
});

test("files and folders of the repository", async () => {
  const { octokit } = await scene.token({ permissions: { contents: "read" } });
  const { data: file } = await octokit.rest.repos.getContent({ ...shop, path: "src/cart.txt" });
  expect(file).toMatchObject({ type: "file", size: 8, encoding: "base64" });
  const { data: listing } = await octokit.rest.repos.getContent({ ...shop, path: "" });
  expect(listing).toMatchObject([
    { name: "README.md", type: "file" },
    { name: "src", type: "dir" },
  ]);
  const raw = await octokit.rest.repos.getContent({
    ...shop,
    path: "README.md",
    mediaType: { format: "raw" },
  });
  expect(raw.data).toBe("# shop\n");
  await expect(octokit.rest.repos.getContent({ ...shop, path: "none" })).rejects.toMatchObject({
    status: 404,
  });
});

test("deliveries are signed, complete and listed; a repeat keeps its GUID", async () => {
  const { sim, app, received } = scene;
  const number = sim.openIssue("acme/shop", {
    title: "Two labels",
    author: "mona",
    labels: ["agent", "bug"],
  });
  sim.comment("acme/shop", number, { body: "/agent fix", by: "mona" });
  sim.suspend(scene.installation, "mona");
  sim.unsuspend(scene.installation, "mona");
  await scene.settled();
  const mine = received.filter(
    ({ payload }) => (payload["issue"] as { number?: number } | undefined)?.number === number,
  );
  expect(mine.map((each) => each.name).sort()).toEqual([
    "issue_comment.created",
    "issues.labeled",
    "issues.labeled",
    "issues.opened",
  ]);
  expect(mine.every((each) => each.isSigned)).toBe(true);
  expect(mine[0]?.payload).toMatchObject({
    installation: { id: scene.installation },
    organization: { login: "acme" },
    sender: { login: "mona" },
  });
  const { data } = await app.rest.apps.listWebhookDeliveries({ per_page: 5 });
  expect(data).toHaveLength(5);
  const [newest] = data;
  const { data: detail } = await app.rest.apps.getWebhookDelivery({ delivery_id: newest?.id ?? 0 });
  expect(detail.request.payload).toMatchObject({ action: "unsuspend" });
  await app.rest.apps.redeliverWebhookDelivery({ delivery_id: newest?.id ?? 0 });
  await scene.settled();
  expect(received.filter((each) => each.guid === newest?.guid)).toHaveLength(2);
  const pages = await app.paginate(app.rest.apps.listWebhookDeliveries, { per_page: 50 });
  expect(pages.length).toBe(sim.deliveries.length);
});

test("limits are told, and what has not changed costs nothing", async () => {
  const { octokit } = await scene.token();
  const first = await octokit.rest.repos.get(shop);
  const etag = first.headers.etag ?? "";
  await expect(octokit.rest.repos.get({ ...shop, headers: { "if-none-match": etag } })).rejects.toMatchObject(
    { status: 304 },
  );
  const { data } = await octokit.rest.rateLimit.get();
  expect(data.rate.limit).toBe(5000);
  expect(5000 - data.rate.remaining).toBe(Number(first.headers["x-ratelimit-used"]) + 1);
});

test("the judge finds what is wrong", () => {
  const oracle = openapiOracle();
  const label = { method: "POST", route: "/repos/{owner}/{repo}/labels", status: 201 };
  const answer = {
    id: 1,
    node_id: "x",
    url: "http://x.test/",
    name: "agent",
    color: "ededed",
    default: false,
    description: null,
  };
  expect(oracle.check({ ...label, requestBody: { name: "agent" }, responseBody: answer })).toEqual([]);
  expect(
    oracle.check({ ...label, requestBody: { name: "agent", colour: "red" }, responseBody: answer }),
  ).toHaveLength(1);
  expect(oracle.check({ ...label, requestBody: {}, responseBody: answer })).toHaveLength(1);
  expect(oracle.check({ ...label, responseBody: answer })).toHaveLength(1);
  expect(
    oracle.check({ ...label, requestBody: { name: "agent" }, responseBody: { ...answer, id: "1" } }),
  ).toHaveLength(1);
  expect(oracle.check({ ...label, status: 202, requestBody: { name: "agent" } })).toHaveLength(1);
  const list = { method: "GET", route: "/repos/{owner}/{repo}/issues", status: 200, responseBody: [] };
  expect(oracle.check({ ...list, query: { state: "all", per_page: "100" } })).toEqual([]);
  expect(oracle.check({ ...list, query: { state: "every" } })).toHaveLength(1);
  expect(oracle.check({ ...list, query: { states: "all" } })).toHaveLength(1);
  expect(oracle.check({ ...list, route: "unknown" })).toHaveLength(1);
  expect(
    oracle.checkDelivery({ event: "issues", action: "labeled", payload: { action: "labeled" } }),
  ).not.toEqual([]);
  expect(oracle.checkDelivery({ event: "issues", action: "painted", payload: {} })).toHaveLength(1);
});
