/**
 * Refs, commits, trees, blobs and comparisons.
 */
import { z } from "zod";
import { refMoved } from "./acts-ref.ts";
import {
  actorOf,
  bodyOf,
  created,
  linkOf,
  listed,
  noContent,
  ok,
  pageOf,
  param,
  type Reply,
  type RepositoryCall,
  type Route,
} from "./call.ts";
import { type CommitRecord, changes, log } from "./diff.ts";
import { exclusively, isAncestor, mergeBase, refs, resolve, setRef, tryGit } from "./git.ts";
import { commitJson, fileJson, gitCommitJson, refJson } from "./payload-commit.ts";
import { repositoryApi } from "./payload-repository.ts";
import { notFound, Refusal, unprocessable } from "./refusal.ts";
import { treeOf } from "./tree.ts";
import { fullName, type Json, nodeId, type Repository } from "./world.ts";

const root = "/repos/{owner}/{repo}";

/** Routes of git's objects. */
export const gitRoutes: Route[] = [
  { method: "GET", template: `${root}/git/ref/{ref}`, needs: ["contents:read"], answer: oneRef },
  {
    method: "GET",
    template: `${root}/git/matching-refs/{ref}`,
    needs: ["contents:read"],
    answer: matchingRefs,
  },
  { method: "POST", template: `${root}/git/refs`, needs: ["contents:write"], answer: alone(createRef) },
  {
    method: "PATCH",
    template: `${root}/git/refs/{ref}`,
    needs: ["contents:write"],
    answer: alone(updateRef),
  },
  {
    method: "DELETE",
    template: `${root}/git/refs/{ref}`,
    needs: ["contents:write"],
    answer: alone(deleteRef),
  },
  {
    method: "GET",
    template: `${root}/git/commits/{commit_sha}`,
    needs: ["contents:read"],
    answer: gitCommit,
  },
  { method: "GET", template: `${root}/git/trees/{tree_sha}`, needs: ["contents:read"], answer: tree },
  { method: "GET", template: `${root}/git/blobs/{file_sha}`, needs: ["contents:read"], answer: blob },
  { method: "GET", template: `${root}/commits`, needs: ["contents:read"], answer: commits },
  { method: "GET", template: `${root}/commits/{ref}`, needs: ["contents:read"], answer: commitWithFiles },
  { method: "GET", template: `${root}/compare/{basehead}`, needs: ["contents:read"], answer: compare },
  { method: "GET", template: `${root}/branches/{branch}`, needs: ["contents:read"], answer: branch },
];

/** Waits its turn among the changes of the repository's refs. */
function alone(answer: (call: RepositoryCall) => Promise<Reply>): Route["answer"] {
  return (call) => exclusively(call.repository.directory, () => answer(call));
}

const hash = z.string().regex(/^[0-9a-f]{40}$/);

/** What a name stands for where GitHub takes a branch, tag or hash. */
export async function commitNamed(repository: Repository, name: string): Promise<string | undefined> {
  const short = name.replace(/^refs\//, "").replace(/^heads\//, "");
  const { directory } = repository;
  return (await resolve(directory, `refs/heads/${short}`)) ?? (await resolve(directory, name));
}

async function oneRef(call: RepositoryCall): Promise<Reply> {
  const name = `refs/${param(call, "ref")}`;
  const sha = (await refs(call.repository.directory)).get(name);
  if (!sha) throw notFound();
  return ok(refJson(call.world, call.repository, { name, sha }));
}

async function matchingRefs(call: RepositoryCall): Promise<Reply> {
  const found = [...(await refs(call.repository.directory, `refs/${param(call, "ref")}`))];
  return listed(call, found, ([name, sha]) => refJson(call.world, call.repository, { name, sha }));
}

function obeyRules(repository: Repository, name: string): void {
  const broken = repository.rules.find((rule) => rule.ref.test(name));
  if (broken) throw unprocessable(`Repository rule violations found\n\n${broken.says}\n\n`);
}

async function createRef(call: RepositoryCall): Promise<Reply> {
  const { world, repository } = call;
  const { directory } = repository;
  const { ref: name, sha } = bodyOf(call, z.object({ ref: z.string(), sha: hash }));
  if (!/^refs\/[^/]+\/.+/.test(name))
    throw unprocessable("Reference name must start with 'refs/' and contain at least two slashes.");
  if ((await tryGit(directory, ["check-ref-format", name])).code !== 0)
    throw unprocessable(`${name} is not a valid ref name.`);
  const there = await refs(directory);
  if (there.has(name)) throw unprocessable("Reference already exists");
  if (!(await resolve(directory, sha))) throw unprocessable("Object does not exist");
  if ([...there.keys()].some((other) => other.startsWith(`${name}/`) || name.startsWith(`${other}/`))) {
    throw unprocessable("Reference update failed");
  }
  obeyRules(repository, name);
  await setRef(directory, name, sha);
  await refMoved(world, repository, { move: { name, before: undefined, after: sha }, actor: actorOf(call) });
  return created(refJson(world, repository, { name, sha }));
}

async function updateRef(call: RepositoryCall): Promise<Reply> {
  const { world, repository } = call;
  const { directory } = repository;
  const { sha, force } = bodyOf(call, z.object({ sha: hash, force: z.boolean().default(false) }));
  const name = `refs/${param(call, "ref")}`;
  const before = (await refs(directory)).get(name);
  if (!before) throw unprocessable("Reference does not exist");
  if (!(await resolve(directory, sha))) throw unprocessable("Object does not exist");
  if (!force && !(await isAncestor(directory, before, sha)))
    throw unprocessable("Update is not a fast forward");
  obeyRules(repository, name);
  await setRef(directory, name, sha);
  await refMoved(world, repository, { move: { name, before, after: sha }, actor: actorOf(call) });
  return ok(refJson(world, repository, { name, sha }));
}

async function deleteRef(call: RepositoryCall): Promise<Reply> {
  const { world, repository } = call;
  const name = `refs/${param(call, "ref")}`;
  const before = (await refs(repository.directory)).get(name);
  if (!before) throw unprocessable("Reference does not exist");
  obeyRules(repository, name);
  await setRef(repository.directory, name, undefined);
  await refMoved(world, repository, { move: { name, before, after: undefined }, actor: actorOf(call) });
  return noContent;
}

async function onlyCommit(repository: Repository, sha: string | undefined): Promise<CommitRecord> {
  const [commit] = sha ? await log(repository.directory, ["--max-count=1", sha]) : [];
  if (!commit) throw notFound();
  return commit;
}

async function gitCommit(call: RepositoryCall): Promise<Reply> {
  const sha = await resolve(call.repository.directory, param(call, "commit_sha"));
  return ok(gitCommitJson(call.world, call.repository, await onlyCommit(call.repository, sha)));
}

async function tree(call: RepositoryCall): Promise<Reply> {
  const { world, repository } = call;
  const wanted = param(call, "tree_sha");
  const name = (await commitNamed(repository, wanted)) ?? wanted;
  const parsed = await tryGit(repository.directory, ["rev-parse", "--verify", "--quiet", `${name}^{tree}`]);
  const sha = parsed.stdout.toString().trim();
  const entries = parsed.code === 0 && (await treeOf(repository.directory, sha, call.query.has("recursive")));
  if (!entries) throw notFound();
  const url = `${repositoryApi(world, repository)}/git`;
  const written = entries.map(({ path, mode, type, sha: hashOf, size }) => ({
    ...{ path, mode, type, sha: hashOf },
    ...(size !== undefined && { size }),
    url: `${url}/${type === "tree" ? "trees" : "blobs"}/${hashOf}`,
  }));
  return ok({ sha, url: `${url}/trees/${sha}`, tree: written, truncated: false });
}

async function blob(call: RepositoryCall): Promise<Reply> {
  const { world, repository } = call;
  const sha = param(call, "file_sha");
  if (!/^[0-9a-f]{40}$/.test(sha))
    throw unprocessable("The sha parameter must be exactly 40 characters and contain only [0-9a-f].");
  const result = await tryGit(repository.directory, ["cat-file", "blob", sha]);
  if (result.code !== 0) throw notFound();
  const content = result.stdout.toString("base64");
  const url = `${repositoryApi(world, repository)}/git/blobs/${sha}`;
  return ok({
    sha,
    node_id: nodeId("Blob", repository.id) + sha,
    size: result.stdout.length,
    url,
    content,
    encoding: "base64",
  });
}

async function commits(call: RepositoryCall): Promise<Reply> {
  const { repository } = call;
  const start = call.query.get("sha") ?? repository.defaultBranch;
  const sha = await commitNamed(repository, start);
  if (!sha) throw notFound();
  const path = call.query.get("path");
  const found = path ? await logOfPath(repository, sha, path) : await log(repository.directory, [sha]);
  return listed(call, found, (commit) => commitJson(call.world, repository, commit));
}

async function logOfPath(repository: Repository, sha: string, path: string): Promise<CommitRecord[]> {
  const touching = await tryGit(repository.directory, ["rev-list", sha, "--", path]);
  const wanted = new Set(touching.stdout.toString().split("\n"));
  return (await log(repository.directory, [sha])).filter((commit) => wanted.has(commit.sha));
}

async function commitWithFiles(call: RepositoryCall): Promise<Reply> {
  const { world, repository } = call;
  const name = param(call, "ref");
  const sha = await commitNamed(repository, name);
  if (!sha) throw unprocessable(`No commit found for SHA: ${name}`);
  const commit = await onlyCommit(repository, sha);
  const files = await changes(repository.directory, commit.parents[0], sha);
  const additions = files.reduce((sum, file) => sum + file.additions, 0);
  const deletions = files.reduce((sum, file) => sum + file.deletions, 0);
  return ok({
    ...commitJson(world, repository, commit),
    stats: { additions, deletions, total: additions + deletions },
    files: files.slice(0, filesMax).map((file) => fileJson(world, repository, { file, head: sha })),
  });
}

/** A comparison lists at most this many files, on its first page only (GitHub's documentation). */
const filesMax = 300;

async function compare(call: RepositoryCall): Promise<Reply> {
  const { world, repository } = call;
  const { directory } = repository;
  const [, from = "", to = ""] = /^(.+?)\.\.\.(.+)$/.exec(param(call, "basehead")) ?? [];
  const base = await sideOf(repository, from);
  const head = await sideOf(repository, to);
  const middle = await mergeBase(directory, base, head);
  if (!middle) throw new Refusal(404, `No common ancestor between ${from} and ${to}.`);
  const ahead = (await log(directory, ["--topo-order", "--reverse", `${base}..${head}`])).map((each) =>
    commitJson(world, repository, each),
  );
  const behind = await log(directory, [`${head}..${base}`]);
  const { page } = pageOf(call);
  const size = call.query.has("per_page") || call.query.has("page") ? pageOf(call).size : 250;
  const files = page === 1 ? (await changes(directory, middle, head)).slice(0, filesMax) : undefined;
  const here = `${world.url}/${fullName(repository)}/compare/${from}...${to}`;
  const body: Json = {
    url: `${repositoryApi(world, repository)}/compare/${encodeURIComponent(from)}...${encodeURIComponent(to)}`,
    html_url: encodeURI(here),
    permalink_url: `${world.url}/${fullName(repository)}/compare/${base.slice(0, 7)}...${head.slice(0, 7)}`,
    diff_url: encodeURI(`${here}.diff`),
    patch_url: encodeURI(`${here}.patch`),
    base_commit: commitJson(world, repository, await onlyCommit(repository, base)),
    merge_base_commit: commitJson(world, repository, await onlyCommit(repository, middle)),
    status: statusOf(ahead.length, behind.length),
    ahead_by: ahead.length,
    behind_by: behind.length,
    total_commits: ahead.length,
    commits: ahead.slice((page - 1) * size, page * size),
    ...(files && { files: files.map((file) => fileJson(world, repository, { file, head })) }),
  };
  return { status: 200, body, headers: linkOf(call, ahead.length) };
}

async function sideOf(repository: Repository, name: string): Promise<string> {
  const owned = /^([^:]+):(.+)$/.exec(name);
  if (owned && owned[1]?.toLowerCase() !== repository.owner.login.toLowerCase()) throw notFound();
  const sha = await commitNamed(repository, owned?.[2] ?? name);
  if (!sha) throw notFound();
  return sha;
}

function statusOf(ahead: number, behind: number): string {
  if (ahead > 0) return behind > 0 ? "diverged" : "ahead";
  return behind > 0 ? "behind" : "identical";
}

async function branch(call: RepositoryCall): Promise<Reply> {
  const { world, repository } = call;
  const name = param(call, "branch");
  const sha = await resolve(repository.directory, `refs/heads/${name}`);
  if (!sha) throw new Refusal(404, "Branch not found");
  const url = `${repositoryApi(world, repository)}/branches/${encodeURIComponent(name)}`;
  return ok({
    name,
    commit: commitJson(world, repository, await onlyCommit(repository, sha)),
    _links: { self: url, html: `${world.url}/${fullName(repository)}/tree/${name}` },
    protected: false,
    protection: {
      enabled: false,
      required_status_checks: { enforcement_level: "off", contexts: [], checks: [] },
    },
    protection_url: `${url}/protection`,
  });
}
