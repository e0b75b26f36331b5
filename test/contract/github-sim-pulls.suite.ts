/**
 * A tour through what the simulated GitHub offers of git objects, pull requests and checks, with a real Octokit;
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

test("two at once for the same branch: one is refused", async () => {
  const { sim } = scene;
  const { octokit } = await scene.token();
  const sha = await sim.pushCommit("acme/shop", "claude/race", { files: { "race.txt": "r" }, by: "mona" });
  const open = () => octokit.rest.pulls.create({ ...shop, head: "claude/race", base: "main", title: "Race" });
  const make = () => octokit.rest.git.createRef({ ...shop, ref: "refs/heads/race", sha });
  for (const act of [open, make]) {
    const results = await Promise.allSettled([act(), act(), act()]);
    expect(results.map((each) => each.status).sort()).toEqual(["fulfilled", "rejected", "rejected"]);
  }
});
