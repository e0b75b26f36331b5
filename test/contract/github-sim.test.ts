/**
 * A tour through everything the simulated GitHub offers, with a real Octokit; GitHub's own description judges
 * every request, every answer and every delivery of it.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { openScene, type Scene } from "../sim/github/scene.ts";
import { openapiOracle } from "./openapi-oracle.ts";

const shop = { owner: "acme", repo: "shop" };
const oracle = openapiOracle();
let scene: Scene;

beforeAll(async () => {
  scene = await openScene();
});

afterAll(async () => {
  await scene.settled();
  const { sim } = scene;
  const known = sim.log.filter(
    ({ route }) => !["unknown", "graphql", "git-upload-pack", "git-receive-pack"].includes(route),
  );
  const flaws = [
    ...known.flatMap((each) => oracle.check(each)),
    ...sim.deliveries.flatMap((each) => oracle.checkDelivery(each)),
  ];
  await scene.stop();
  expect([...new Set(flaws)]).toEqual([]);
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

test("refs, commits, trees, blobs and comparisons are those of real git", async () => {
  const { sim } = scene;
  const { octokit } = await scene.token();
  const main = await sim.branchHead("acme/shop", "main");
  const sha = await sim.pushCommit("acme/shop", "feature/a", {
    files: { "src/cart.txt": "one\nthree\n", "new.txt": "n\n" },
    by: "mona",
  });
  expect((await octokit.rest.git.getRef({ ...shop, ref: "heads/feature/a" })).data.object.sha).toBe(sha);
  const { data } = await octokit.rest.repos.compareCommitsWithBasehead({
    ...shop,
    basehead: "main...feature/a",
  });
  expect(data).toMatchObject({
    status: "ahead",
    ahead_by: 1,
    behind_by: 0,
    total_commits: 1,
    merge_base_commit: { sha: main },
  });
  expect(data.files).toMatchObject([
    { filename: "new.txt", status: "added", patch: "@@ -0,0 +1 @@\n+n" },
    {
      filename: "src/cart.txt",
      status: "modified",
      additions: 1,
      deletions: 1,
      patch: "@@ -1,2 +1,2 @@\n one\n-two\n+three",
    },
  ]);
  await sim.pushCommit("acme/shop", "feature/a", {
    files: { "README.md": null, "READ ME.md": "# shop\n" },
    by: "mona",
  });
  const renamed = (await octokit.rest.repos.getCommit({ ...shop, ref: "feature/a" })).data.files;
  expect(renamed).toMatchObject([
    { status: "renamed", previous_filename: "README.md", filename: "READ ME.md" },
  ]);
  expect((await octokit.rest.git.getCommit({ ...shop, commit_sha: sha })).data.parents[0]?.sha).toBe(main);
  const tree = (await octokit.rest.git.getTree({ ...shop, tree_sha: "feature/a", recursive: "1" })).data.tree;
  expect(tree.map((each) => each.path)).toEqual(["READ ME.md", "new.txt", "src", "src/cart.txt"]);
  const blob = (await octokit.rest.git.getBlob({ ...shop, file_sha: tree[1]?.sha ?? "" })).data;
  expect(Buffer.from(blob.content, "base64").toString()).toBe("n\n");
  expect((await octokit.rest.repos.listCommits({ ...shop, sha: "feature/a" })).data).toHaveLength(3);
  expect((await octokit.rest.repos.getBranch({ ...shop, branch: "feature/a" })).data.commit.sha).not.toBe(
    sha,
  );
  await octokit.rest.git.createRef({ ...shop, ref: "refs/heads/kept", sha: main ?? "" });
  await octokit.rest.git.updateRef({ ...shop, ref: "heads/kept", sha });
  await expect(
    octokit.rest.git.updateRef({ ...shop, ref: "heads/kept", sha: main ?? "" }),
  ).rejects.toMatchObject({ status: 422 });
  await octokit.rest.git.updateRef({ ...shop, ref: "heads/kept", sha: main ?? "", force: true });
  expect((await octokit.rest.git.listMatchingRefs({ ...shop, ref: "heads/ke" })).data).toHaveLength(1);
  await octokit.rest.git.deleteRef({ ...shop, ref: "heads/kept" });
  await expect(octokit.rest.git.getRef({ ...shop, ref: "heads/kept" })).rejects.toMatchObject({
    status: 404,
  });
});

test("a pull request from opening to merging", async () => {
  const { sim } = scene;
  const { octokit } = await scene.token();
  const issue = sim.openIssue("acme/shop", { title: "Fix me", author: "mona" });
  const sha = await sim.pushCommit("acme/shop", "claude/s1", { files: { "fix.txt": "fixed\n" }, by: "mona" });
  const draft = {
    ...shop,
    head: "claude/s1",
    base: "main",
    title: "Fix",
    body: `Closes #${issue}`,
    draft: true,
  };
  const { data: opened } = await octokit.rest.pulls.create(draft);
  const pull = { ...shop, pull_number: opened.number };
  expect(opened).toMatchObject({
    draft: true,
    commits: 1,
    changed_files: 1,
    head: { sha },
    user: { login: sim.app.botLogin },
  });
  await expect(octokit.rest.pulls.create(draft)).rejects.toMatchObject({
    status: 422,
    message: /already exists for acme:claude\/s1/,
  });
  expect((await octokit.rest.pulls.list({ ...shop, head: "acme:claude/s1" })).data).toHaveLength(1);
  expect((await octokit.rest.pulls.list({ ...shop, head: "acme:other" })).data).toHaveLength(0);
  await octokit.rest.pulls.requestReviewers({ ...pull, reviewers: ["mona"] });
  expect(sim.pull("acme/shop", opened.number).reviewers).toEqual(["mona"]);
  const pushed = await sim.pushCommit("acme/shop", "claude/s1", {
    files: { "more.txt": "more\n" },
    by: "mona",
  });
  expect((await octokit.rest.pulls.get(pull)).data.head.sha).toBe(pushed);
  expect((await octokit.rest.pulls.listFiles(pull)).data.map((each) => each.filename)).toEqual([
    "fix.txt",
    "more.txt",
  ]);
  expect((await octokit.rest.pulls.listCommits(pull)).data.map((each) => each.sha)).toEqual([sha, pushed]);
  const comments = [{ path: "fix.txt", line: 1, body: "No" }];
  const review = sim.review("acme/shop", opened.number, {
    state: "CHANGES_REQUESTED",
    body: "Hm",
    comments,
    by: "mona",
  });
  expect((await octokit.rest.pulls.listReviews(pull)).data).toMatchObject([
    { id: review, state: "CHANGES_REQUESTED" },
  ]);
  expect((await octokit.rest.pulls.getReview({ ...pull, review_id: review })).data.body).toBe("Hm");
  expect((await octokit.rest.pulls.listReviewComments(pull)).data).toMatchObject([
    { path: "fix.txt", body: "No" },
  ]);
  expect((await octokit.rest.pulls.listCommentsForReview({ ...pull, review_id: review })).data).toHaveLength(
    1,
  );
  await octokit.rest.pulls.update({ ...pull, title: "Fix it", body: `Fixes #${issue}` });
  await sim.mergePull("acme/shop", opened.number, { by: "mona" });
  expect((await octokit.rest.pulls.get(pull)).data).toMatchObject({
    merged: true,
    state: "closed",
    merged_by: { login: "mona" },
  });
  expect(sim.issue("acme/shop", issue).state).toBe("closed");
  expect(await sim.file("acme/shop", "main", "fix.txt")).toBe("fixed\n");
});

test("check runs, ours and those of other Apps", async () => {
  const { sim } = scene;
  const { octokit } = await scene.token();
  const head_sha = (await sim.branchHead("acme/shop", "main")) ?? "";
  const { data: run } = await octokit.rest.checks.create({
    ...shop,
    name: "patchwright",
    head_sha,
    status: "in_progress",
  });
  expect(run).toMatchObject({ status: "in_progress", conclusion: null, app: { id: sim.app.id } });
  const output = { title: "Held", summary: "Two files" };
  await octokit.rest.checks.update({ ...shop, check_run_id: run.id, conclusion: "action_required", output });
  expect((await octokit.rest.checks.get({ ...shop, check_run_id: run.id })).data).toMatchObject({
    status: "completed",
    output,
  });
  const suite = await sim.completeSuite("acme/shop", {
    branch: "main",
    runs: [{ name: "build", conclusion: "failure", title: "Red" }],
  });
  const { data } = await octokit.rest.checks.listForRef({ ...shop, ref: "main" });
  expect(data.check_runs.map((each) => each.name)).toEqual(["patchwright", "build"]);
  expect((await octokit.rest.checks.listForSuite({ ...shop, check_suite_id: suite })).data.total_count).toBe(
    1,
  );
});

test("labels of the repository", async () => {
  const { octokit } = await scene.token();
  await octokit.rest.issues.createLabel({
    ...shop,
    name: "agent: deep",
    color: "5319e7",
    description: "Think longer",
  });
  await expect(octokit.rest.issues.createLabel({ ...shop, name: "Agent: Deep" })).rejects.toMatchObject({
    status: 422,
    message: /already_exists/,
  });
  expect((await octokit.rest.issues.getLabel({ ...shop, name: "agent: deep" })).data.color).toBe("5319e7");
  await octokit.rest.issues.deleteLabel({ ...shop, name: "agent: deep" });
  expect(
    (await octokit.rest.issues.listLabelsForRepo(shop)).data.some((each) => each.name === "agent: deep"),
  ).toBe(false);
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
