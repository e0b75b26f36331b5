/**
 * Git's objects in memory, with git's own names for them: files, trees and commits by SHA-1, refs by
 * directory. All repositories of the process share the objects, so nothing has to be packed or sent.
 */
import { createHash } from "node:crypto";

/** A commit. `files` maps each path to the name of its content. */
export interface Commit {
  sha: string;
  tree: string;
  parents: string[];
  /** `name <email>`. */
  author: string;
  /** Seconds since the epoch. */
  atS: number;
  message: string;
  files: Map<string, string>;
}

/** What a folder holds under a name. */
export interface Entry {
  mode: string;
  name: string;
  sha: string;
}

const contents = new Map<string, Buffer>();
const trees = new Map<string, Entry[]>();
const commits = new Map<string, Commit>();
const places = new Map<string, Map<string, string>>();

/** Refs of the repository in a directory: full name → commit; `HEAD` may name a branch. */
export function refsOf(directory: string): Map<string, string> {
  const known = places.get(directory) ?? new Map<string, string>();
  places.set(directory, known);
  return known;
}

function nameOf(kind: string, bytes: Buffer): string {
  return createHash("sha1").update(`${kind} ${bytes.length}\0`).update(bytes).digest("hex");
}

/** Keeps a file's content and names it. */
export function keepContent(bytes: Buffer): string {
  const sha = nameOf("blob", bytes);
  contents.set(sha, bytes);
  return sha;
}

/** A file's content by its name. */
export function contentOf(sha: string): Buffer | undefined {
  return contents.get(sha);
}

/** A folder's entries by its name, in git's order. */
export function entriesOf(sha: string): Entry[] | undefined {
  return trees.get(sha);
}

/** A commit by its full name. */
export function commitOf(sha: string): Commit | undefined {
  return commits.get(sha);
}

/** Makes a commit and names it. */
export function makeCommit(parts: Omit<Commit, "sha" | "tree">): Commit {
  const tree = treeOf(parts.files);
  const who = `${parts.author} ${parts.atS} +0000`;
  const text = [
    `tree ${tree}`,
    ...parts.parents.map((parent) => `parent ${parent}`),
    `author ${who}`,
    `committer ${who}`,
    "",
    parts.message,
  ].join("\n");
  const commit = { ...parts, sha: nameOf("commit", Buffer.from(text)), tree };
  commits.set(commit.sha, commit);
  return commit;
}

/** The name of the tree that holds these files. */
function treeOf(files: Map<string, string>): string {
  const below = new Map<string, Map<string, string>>();
  const entries: Entry[] = [];
  for (const [path, sha] of files) {
    const [first = "", ...rest] = path.split("/");
    if (rest.length === 0) entries.push({ mode: "100644", name: first, sha });
    else below.set(first, (below.get(first) ?? new Map<string, string>()).set(rest.join("/"), sha));
  }
  for (const [name, inner] of below) entries.push({ mode: "40000", name, sha: treeOf(inner) });
  const order = ({ mode, name }: Entry) => (mode === "40000" ? `${name}/` : name);
  entries.sort((one, other) => (order(one) < order(other) ? -1 : 1));
  const bytes = entries.flatMap(({ mode, name, sha }) => [
    Buffer.from(`${mode} ${name}\0`),
    Buffer.from(sha, "hex"),
  ]);
  const sha = nameOf("tree", Buffer.concat(bytes));
  trees.set(sha, entries);
  return sha;
}

/** The commit and all before it, nearest first. */
export function historyOf(sha: string): Commit[] {
  const found = new Map<string, Commit>();
  for (let next = [sha]; next.length > 0; ) {
    const here = next.flatMap((one) => (found.has(one) ? [] : (commitOf(one) ?? [])));
    for (const commit of here) found.set(commit.sha, commit);
    next = here.flatMap(({ parents }) => parents);
  }
  return [...found.values()];
}
