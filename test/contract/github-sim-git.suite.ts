/**
 * Real git against the simulated GitHub: clone, push, and every way a push is refused.
 */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type GitResult, tryGit } from "../sim/github/git.ts";
import { openScene, type Scene } from "../sim/github/scene.ts";
import { openapiOracle } from "./openapi-oracle.ts";

let scene: Scene;
let directory: string;
let clone: string;

beforeAll(async () => {
  scene = await openScene();
  directory = await mkdtemp(join(tmpdir(), "github-sim-git-"));
});

afterAll(async () => {
  await scene.settled();
  const oracle = openapiOracle();
  expect(scene.sim.deliveries.flatMap((each) => oracle.checkDelivery(each))).toEqual([]);
  await rm(directory, { recursive: true, force: true });
  await scene.stop();
});

beforeEach(async () => {
  const { secret } = await scene.token({ permissions: { contents: "read" } });
  clone = await mkdtemp(join(directory, "clone-"));
  const done = await tryGit(clone, ["clone", "--quiet", scene.remote("acme/shop", secret), "."]);
  expect(done.stderr).toBe("");
});

/** Commits files in the clone and pushes HEAD to a ref with the token. */
async function push(secret: string, ref: string, files: Record<string, string>): Promise<GitResult> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(clone, path)), { recursive: true });
    await writeFile(join(clone, path), content);
  }
  const person = ["-c", "user.name=Agent", "-c", "user.email=agent@example.com"];
  await tryGit(clone, ["add", "--all"]);
  await tryGit(clone, [...person, "commit", "--quiet", "--message", "Work"]);
  return tryGit(clone, ["push", scene.remote("acme/shop", secret), `HEAD:${ref}`]);
}

test("a push makes the branch, tells the App, and the bot is who pushed", async () => {
  const { sim, received } = scene;
  const { secret } = await scene.token({ permissions: { contents: "write" } });
  expect((await push(secret, "refs/heads/claude/one", { "fix.txt": "fixed\n" })).code).toBe(0);
  expect(await sim.file("acme/shop", "claude/one", "fix.txt")).toBe("fixed\n");
  await scene.settled();
  const told = received.filter((each) => String(each.payload["ref"]).endsWith("claude/one"));
  expect(told.map((each) => each.name).sort()).toEqual(["create", "push"]);
  expect(told[0]?.payload).toMatchObject({ sender: { login: sim.app.botLogin } });
});

test("a push to the head of a pull request is a synchronize; deleting the branch closes it", async () => {
  const { sim, received } = scene;
  const { secret } = await scene.token();
  await push(secret, "refs/heads/claude/two", { "a.txt": "a" });
  const number = await sim.openPull("acme/shop", { title: "Two", head: "claude/two", author: "mona" });
  const before = sim.pull("acme/shop", number).headSha;
  await push(secret, "refs/heads/claude/two", { "b.txt": "b" });
  const after = await sim.branchHead("acme/shop", "claude/two");
  expect(sim.pull("acme/shop", number).headSha).toBe(after);
  await scene.settled();
  expect(received.find((each) => each.name === "pull_request.synchronize")?.payload).toMatchObject({
    before,
    after,
    number,
  });
  await tryGit(clone, ["push", scene.remote("acme/shop", secret), ":refs/heads/claude/two"]);
  expect(sim.pull("acme/shop", number)).toMatchObject({ state: "closed", merged: false });
});

test("without credentials, with the token as user name, with a revoked one", async () => {
  const { sim } = scene;
  const { secret, octokit } = await scene.token();
  const list = (url: string) => tryGit(clone, ["ls-remote", url]);
  expect((await list(`${sim.url}/acme/shop`)).stderr).toMatch(/could not read Username/);
  expect((await list(`http://${secret}:x@${sim.host}/acme/shop`)).stderr).toMatch(/Authentication failed/);
  expect((await list(scene.remote("acme/shop.git", secret))).code).toBe(0);
  expect((await list(scene.remote("acme/none", secret))).stderr).toMatch(/Repository not found/);
  await octokit.request("DELETE /installation/token");
  expect((await list(scene.remote("acme/shop", secret))).stderr).toMatch(/Invalid username or token/);
  const bare = await fetch(`${sim.url}/acme/shop/info/refs?service=git-upload-pack`);
  expect([bare.status, bare.headers.get("www-authenticate")]).toEqual([401, 'Basic realm="GitHub"']);
});

test("reading does not allow writing, and neither allows what was not granted", async () => {
  const reader = await scene.token({ permissions: { contents: "read" } });
  const refused = await push(reader.secret, "refs/heads/claude/three", { "c.txt": "c" });
  expect(refused.stderr).toMatch(/Permission to acme\/shop.git denied to patchwright\[bot\]/);
  expect(refused.stderr).toMatch(/403/);
  const none = await scene.token({ permissions: { issues: "write" } });
  expect((await tryGit(clone, ["ls-remote", scene.remote("acme/shop", none.secret)])).stderr).toMatch(
    /Write access to repository not granted/,
  );
  expect(await scene.sim.branchHead("acme/shop", "claude/three")).toBeUndefined();
});

test("workflow files need their own permission", async () => {
  const { secret } = await scene.token();
  const refused = await push(secret, "refs/heads/claude/four", { ".github/workflows/ci.yml": "on: push\n" });
  expect(refused.code).not.toBe(0);
  expect(refused.stderr).toContain(
    "refusing to allow a GitHub App to create or update workflow `.github/workflows/ci.yml` without `workflows` permission",
  );
  expect(await scene.sim.branchHead("acme/shop", "claude/four")).toBeUndefined();
});

test("a repository rule refuses with GH013, another branch is free", async () => {
  const { sim } = scene;
  sim.configure("acme/shop", {
    rules: [{ ref: /^refs\/heads\/main$/, says: "Changes must be made through a pull request." }],
  });
  const { secret } = await scene.token();
  const refused = await push(secret, "refs/heads/main", { "d.txt": "d" });
  expect(refused.stderr).toMatch(
    /remote: error: GH013: Repository rule violations found for refs\/heads\/main/,
  );
  expect(refused.stderr).toMatch(/remote: - Changes must be made through a pull request/);
  expect(refused.stderr).toMatch(/push declined due to repository rule violations/);
  expect((await push(secret, "refs/heads/claude/five", {})).code).toBe(0);
});

test("a push that is not a fast forward is refused by git itself", async () => {
  const { sim } = scene;
  const { secret } = await scene.token();
  await push(secret, "refs/heads/claude/six", { "e.txt": "e" });
  await sim.pushCommit("acme/shop", "claude/six", { files: { "theirs.txt": "t" }, by: "mona" });
  expect((await push(secret, "refs/heads/claude/six", { "f.txt": "f" })).stderr).toMatch(/rejected/);
});

test("public repositories are read by anyone and written by nobody else", async () => {
  const { sim } = scene;
  await sim.addRepository({ owner: "acme", name: "open", private: false });
  const url = `${sim.url}/acme/open`;
  expect((await tryGit(clone, ["ls-remote", url])).code).toBe(0);
  expect((await tryGit(clone, ["push", url, "HEAD:refs/heads/x"])).stderr).toMatch(/could not read Username/);
});
