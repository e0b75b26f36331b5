/**
 * Commits, files and refs as GitHub writes them, built from what git says.
 * Reads the world, changes nothing.
 */
import type { CommitRecord, FileChange } from "./diff.ts";
import { userJson } from "./payload-account.ts";
import { repositoryApi } from "./payload-repository.ts";
import { type Account, fullName, type Json, nodeId, type Repository, type World } from "./world.ts";

/** Unsigned, as every `git push` commit is. */
const unsigned = { verified: false, reason: "unsigned", signature: null, payload: null, verified_at: null };

/** The address GitHub gives an account for its commits. */
export function noreplyOf(account: Account): string {
  return `${account.id}+${account.login}@users.noreply.github.com`;
}

function accountBehind(world: World, email: string): Json {
  const account = [...world.accounts.values()].find((each) => noreplyOf(each) === email);
  return account ? userJson(world, account) : {};
}

function isoUtc(date: string): string {
  return new Date(date).toISOString().replace(".000Z", "Z");
}

/** A commit of the Git Data API. */
export function gitCommitJson(world: World, repository: Repository, commit: CommitRecord): Json {
  const url = repositoryApi(world, repository);
  const page = `${world.url}/${fullName(repository)}/commit`;
  return {
    sha: commit.sha,
    node_id: nodeId("Commit", repository.id) + commit.sha,
    url: `${url}/git/commits/${commit.sha}`,
    html_url: `${page}/${commit.sha}`,
    author: { ...commit.author, date: isoUtc(commit.author.date) },
    committer: { ...commit.committer, date: isoUtc(commit.committer.date) },
    tree: { sha: commit.tree, url: `${url}/git/trees/${commit.tree}` },
    message: commit.message,
    parents: commit.parents.map((sha) => ({
      sha,
      url: `${url}/git/commits/${sha}`,
      html_url: `${page}/${sha}`,
    })),
    verification: unsigned,
  };
}

/** A commit of the Repositories API. */
export function commitJson(world: World, repository: Repository, commit: CommitRecord): Json {
  const url = repositoryApi(world, repository);
  const page = `${world.url}/${fullName(repository)}/commit`;
  return {
    sha: commit.sha,
    node_id: nodeId("Commit", repository.id) + commit.sha,
    commit: {
      author: { ...commit.author, date: isoUtc(commit.author.date) },
      committer: { ...commit.committer, date: isoUtc(commit.committer.date) },
      message: commit.message,
      tree: { sha: commit.tree, url: `${url}/git/trees/${commit.tree}` },
      url: `${url}/git/commits/${commit.sha}`,
      comment_count: 0,
      verification: unsigned,
    },
    url: `${url}/commits/${commit.sha}`,
    html_url: `${page}/${commit.sha}`,
    comments_url: `${url}/commits/${commit.sha}/comments`,
    author: accountBehind(world, commit.author.email),
    committer: accountBehind(world, commit.committer.email),
    parents: commit.parents.map((sha) => ({ sha, url: `${url}/commits/${sha}`, html_url: `${page}/${sha}` })),
  };
}

/** A `diff-entry`: a file of a comparison, a commit or a pull request. `head` is the commit it leads to. */
export function fileJson(
  world: World,
  repository: Repository,
  { file, head }: { file: FileChange; head: string },
): Json {
  const path = encodeURI(file.path);
  const page = `${world.url}/${fullName(repository)}`;
  return {
    sha: file.sha,
    filename: file.path,
    status: file.status,
    additions: file.additions,
    deletions: file.deletions,
    changes: file.additions + file.deletions,
    blob_url: `${page}/blob/${head}/${path}`,
    raw_url: `${page}/raw/${head}/${path}`,
    contents_url: `${repositoryApi(world, repository)}/contents/${path}?ref=${head}`,
    ...(file.patch !== undefined && { patch: file.patch }),
    ...(file.previousPath !== undefined && { previous_filename: file.previousPath }),
  };
}

/** A ref. */
export function refJson(
  world: World,
  repository: Repository,
  { name, sha }: { name: string; sha: string },
): Json {
  const url = repositoryApi(world, repository);
  return {
    ref: name,
    node_id: nodeId("Ref", repository.id) + Buffer.from(name).toString("base64url"),
    url: `${url}/git/${name}`,
    object: { sha, type: "commit", url: `${url}/git/commits/${sha}` },
  };
}

/** A commit as check suites show it. */
export function simpleCommitJson({ sha, tree, message, author, committer }: CommitRecord): Json {
  const person = ({ name, email }: CommitRecord["author"]) => ({ name, email });
  return {
    id: sha,
    tree_id: tree,
    message,
    timestamp: isoUtc(committer.date),
    author: person(author),
    committer: person(committer),
  };
}

/** A commit as `push` deliveries list it. */
export function pushedCommitJson(
  world: World,
  repository: Repository,
  pushed: { commit: CommitRecord; files: FileChange[] },
): Json {
  const { commit, files } = pushed;
  const paths = (status: FileChange["status"]) =>
    files.filter((file) => file.status === status).map((file) => file.path);
  const person = ({ name, email, date }: CommitRecord["author"]) => ({
    name,
    email,
    date: isoUtc(date),
    username: name,
  });
  return {
    id: commit.sha,
    tree_id: commit.tree,
    distinct: true,
    message: commit.message,
    timestamp: isoUtc(commit.committer.date),
    url: `${world.url}/${fullName(repository)}/commit/${commit.sha}`,
    author: person(commit.author),
    committer: person(commit.committer),
    added: paths("added"),
    removed: paths("removed"),
    modified: [...paths("modified"), ...paths("renamed")],
  };
}
