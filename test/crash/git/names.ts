/** What names stand for in a repository in memory, and what its folders hold. */
import { type Commit, commitOf, contentOf, entriesOf, refsOf } from "./objects.ts";

/** The commit a name stands for. */
export function resolved(directory: string, name: string): Commit | undefined {
  const bare = name.replace(/\^\{\w+\}$/, "");
  const refs = refsOf(directory);
  const branch = bare === "HEAD" ? (refs.get("HEAD") ?? "") : bare;
  const sha =
    refs.get(branch) ?? refs.get(`refs/heads/${branch}`) ?? refs.get(`refs/remotes/origin/${branch}`);
  return commitOf(sha ?? branch);
}

/** The object a name stands for: a commit, a folder or a file, by `NAME`, `NAME:PATH` or `NAME^{KIND}`. */
export function parsed(directory: string, name: string): string | undefined {
  const [head = "", path] = name.split(":");
  const commit = resolved(directory, head);
  if (path !== undefined) return commit && below(commit.tree, path);
  if (head.endsWith("^{tree}"))
    return commit?.tree ?? [head.replace("^{tree}", "")].find((sha) => entriesOf(sha));
  // A full name is taken at its word, as git does.
  return commit?.sha ?? (/^[0-9a-f]{40}$/.test(head) ? head : undefined);
}

/** Of which kind an object is; undefined when there is none. */
export function typeOf(sha: string): string | undefined {
  if (commitOf(sha)) return "commit";
  if (entriesOf(sha)) return "tree";
  return contentOf(sha) && "blob";
}

/** What lies at a path of a folder. */
function below(tree: string, path: string): string | undefined {
  const steps = path.split("/").filter(Boolean);
  return steps.reduce<string | undefined>(
    (sha, step) => entriesOf(sha ?? "")?.find(({ name }) => name === step)?.sha,
    tree,
  );
}

/** Did a commit change what lies at a path? */
export function touches({ tree, parents }: Commit, path: string): boolean {
  const here = below(tree, path);
  const before = parents.map((sha) => below(commitOf(sha)?.tree ?? "", path));
  return before.length === 0 ? here !== undefined : before.every((sha) => sha !== here);
}

/** `git ls-tree -z --long`, with `-r -t` when it is `deep`. */
export function listing(sha: string, deep: boolean, lead = ""): string | undefined {
  const tree = commitOf(sha)?.tree ?? sha;
  return entriesOf(tree)
    ?.map(({ mode, name, sha: entry }) => {
      const type = mode === "40000" ? "tree" : "blob";
      const size = type === "tree" ? "-" : String(contentOf(entry)?.length ?? 0);
      const line = `${mode.padStart(6, "0")} ${type} ${entry} ${size.padStart(7)}\t${lead}${name}\0`;
      return deep && type === "tree" ? `${line}${listing(entry, deep, `${lead}${name}/`) ?? ""}` : line;
    })
    .join("");
}
