/**
 * What lies at the paths of a commit. A commit is listed once, whole, and asked as often as there are paths:
 * most of a story's questions are for files that are not there, and each would start git.
 */
import { git, resolve, tryGit, wholeHash } from "./git.ts";

/** One entry of a tree. */
export interface TreeEntry {
  mode: string;
  type: string;
  sha: string;
  size: number | undefined;
  path: string;
}

/** The entries of a tree: one level, or all with `recursive`. `undefined` when there is no such tree. */
export async function treeOf(
  directory: string,
  tree: string,
  recursive: boolean,
): Promise<TreeEntry[] | undefined> {
  const args = ["ls-tree", "-z", "--long", ...(recursive ? ["-r", "-t"] : []), tree];
  const out = await git(directory, args).catch(() => undefined);
  return out
    ?.split("\0")
    .filter(Boolean)
    .map((line) => {
      const [head = "", path = ""] = line.split("\t");
      const [mode = "", type = "", sha = "", size = "-"] = head.split(/ +/);
      return { mode, type, sha, size: size === "-" ? undefined : Number(size), path };
    });
}

/** The entry at a path of the commit that a ref or a hash names, or `undefined`. */
export async function entryAt(directory: string, ref: string, path: string): Promise<TreeEntry | undefined> {
  const commit = wholeHash.test(ref) ? ref : await resolve(directory, ref);
  const entries = commit === undefined ? undefined : await treeOf(directory, commit, true);
  return entries?.find((entry) => entry.path === path);
}

/** The bytes of a file at a commit, or `undefined`. */
export async function fileAt(directory: string, ref: string, path: string): Promise<Buffer | undefined> {
  const entry = await entryAt(directory, ref, path);
  if (entry?.type !== "blob") return undefined;
  return (await tryGit(directory, ["cat-file", "blob", entry.sha])).stdout;
}
