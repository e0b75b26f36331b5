/**
 * Commits and differences read out of git: what `compare`, `commits`, `trees` and `contents` answer is built from these.
 * Knows git's formats and nothing of GitHub's.
 */
import { git, type Signature } from "./git.ts";

/** A commit as git holds it; times are ISO texts. */
export interface CommitRecord {
  sha: string;
  tree: string;
  parents: string[];
  author: Signature & { date: string };
  committer: Signature & { date: string };
  message: string;
}

const commitFormat = "%H%x00%T%x00%P%x00%an%x00%ae%x00%aI%x00%cn%x00%ce%x00%cI%x00%B%x01";

/** Commits of a range or below a commit, newest first unless `args` says otherwise. */
export async function log(directory: string, args: string[]): Promise<CommitRecord[]> {
  const out = await git(directory, ["log", `--format=${commitFormat}`, ...args, "--"]);
  return out
    .split("\u0001")
    .map((record) => record.replace(/^\n/, ""))
    .filter(Boolean)
    .map(parseCommit);
}

function parseCommit(record: string): CommitRecord {
  const at = record.split("\0");
  const text = (index: number) => at[index] ?? "";
  return {
    sha: text(0),
    tree: text(1),
    parents: text(2).split(" ").filter(Boolean),
    author: { name: text(3), email: text(4), date: text(5) },
    committer: { name: text(6), email: text(7), date: text(8) },
    message: text(9).replace(/\n+$/, ""),
  };
}

/** How one file differs. `patch` is absent for binary files and what is too large to show. */
export interface FileChange {
  path: string;
  previousPath?: string;
  status: "added" | "removed" | "modified" | "renamed" | "copied" | "changed";
  sha: string;
  additions: number;
  deletions: number;
  patch?: string;
}

const statuses: Record<string, FileChange["status"]> = {
  A: "added",
  D: "removed",
  M: "modified",
  R: "renamed",
  C: "copied",
  T: "changed",
};

/** GitHub leaves out the patch of a file above these (limits of its diffs). */
const patchBytesMax = 500_000;
const patchLinesMax = 20_000;

/** How git tells a difference here: all three formats in one run, because starting git costs more than what it does. */
export const diffFlags = [
  ...["-M", "--no-color", "--no-ext-diff", "--full-index", "--abbrev=40"],
  ...["--raw", "--numstat", "--patch", "-z"],
];

/** The files that differ between two commits (`undefined` before the first), in git's order. */
export async function changes(
  directory: string,
  from: string | undefined,
  to: string,
): Promise<FileChange[]> {
  const range = from ? [from, to] : ["4b825dc642cb6eb9a060e54bf8d69288fbee4904", to];
  const out = await git(directory, ["diff", ...diffFlags, ...range]);
  // The lists end where a NUL follows a NUL: no name is empty.
  const end = out.indexOf("\0\0");
  const fields = out.slice(0, Math.max(end, 0)).split("\0");
  const files = parseRaw(fields);
  const counts = parseNumbers(fields);
  const texts = perFile(out.slice(end + 2));
  return files.map((file, index) => {
    const [additions, deletions] = counts[index] ?? [0, 0];
    const patch = hunksOf(texts[index] ?? "");
    const shown = patch !== "" && patch.length <= patchBytesMax && additions + deletions <= patchLinesMax;
    return { ...file, additions, deletions, ...(shown && { patch }) };
  });
}

/** One text per file; a file that changed its type comes as two sections under the same heading. */
function perFile(patches: string): string[] {
  const texts: string[] = [];
  for (const section of patches.split(/^(?=diff --git )/m).filter(Boolean)) {
    const heading = section.slice(0, section.indexOf("\n") + 1);
    const last = texts.at(-1);
    if (last?.startsWith(heading)) texts[texts.length - 1] = last + section;
    else texts.push(section);
  }
  return texts;
}

function hunksOf(text: string): string {
  const start = text.search(/^@@ /m);
  return start < 0 ? "" : text.slice(start).replace(/\n$/, "");
}

/** Takes the raw entries out of the fields; each begins with a colon where none else does. */
function parseRaw(fields: string[]): Omit<FileChange, "additions" | "deletions">[] {
  const files: Omit<FileChange, "additions" | "deletions">[] = [];
  while (fields[0]?.startsWith(":")) {
    const [, , before = "", after = "", letter = "M"] = fields[0].split(" ");
    const status = statuses[letter.charAt(0)] ?? "changed";
    const sha = status === "removed" ? before : after;
    if (status === "renamed" || status === "copied") {
      const [, previousPath = "", path = ""] = fields.splice(0, 3);
      files.push({ path, previousPath, status, sha });
    } else {
      const [, path = ""] = fields.splice(0, 2);
      files.push({ path, status, sha });
    }
  }
  return files;
}

function parseNumbers(fields: string[]): [number, number][] {
  const counts: [number, number][] = [];
  for (let index = 0; index < fields.length; ) {
    const [plus = "0", minus = "0", path = ""] = (fields[index] ?? "").split("\t");
    counts.push([Number(plus) || 0, Number(minus) || 0]);
    index += path === "" ? 3 : 1;
  }
  return counts;
}
