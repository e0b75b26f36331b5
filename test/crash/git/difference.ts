/**
 * How two commits differ, as the simulated GitHub asks `git diff` for it. One hunk a file: enough for
 * changes in one place.
 */
import { type Commit, contentOf } from "./objects.ts";

const none = "0".repeat(40);
const contextLines = 3;

interface Changed {
  path: string;
  /** What it was called before, where it was renamed. */
  was?: string;
  before: string | undefined;
  after: string | undefined;
}

function changedBetween(from: Commit | undefined, to: Commit): Changed[] {
  const paths = [...new Set([...(from?.files.keys() ?? []), ...to.files.keys()])].sort();
  return paths
    .map((path) => ({ path, before: from?.files.get(path), after: to.files.get(path) }))
    .filter(({ before, after }) => before !== after);
}

/** Files that were moved as they are, as `-M` sees them; one that was moved and changed at once is not known here. */
function withRenames(changed: Changed[]): Changed[] {
  const gone = changed.filter(({ after }) => after === undefined);
  const found = changed.map((one) => {
    if (one.before !== undefined) return one;
    const at = gone.findIndex(({ before }) => before === one.after);
    const [was] = at < 0 ? [] : gone.splice(at, 1);
    return was ? { ...one, was: was.path, before: was.before } : one;
  });
  for (const { path, before, after } of found) {
    const lines = new Set(before === undefined ? linesOf(after) : []);
    if (gone.some((one) => linesOf(one.before).some((line) => lines.has(line))))
      throw new Error(`the stand-in for git cannot tell whether ${path} was renamed`);
  }
  return found.filter((one) => one.after !== undefined || gone.includes(one));
}

function linesOf(sha: string | undefined): string[] {
  const text = sha === undefined ? "" : (contentOf(sha)?.toString() ?? "");
  return text === "" ? [] : text.replace(/\n$/, "").split("\n");
}

interface Hunk {
  start: number;
  removed: string[];
  added: string[];
  old: string[];
}

function hunkOf({ before, after }: Changed): Hunk {
  const [old, fresh] = [linesOf(before), linesOf(after)];
  let start = 0;
  while (start < Math.min(old.length, fresh.length) && old[start] === fresh[start]) start += 1;
  let end = 0;
  while (end < Math.min(old.length, fresh.length) - start && old.at(-1 - end) === fresh.at(-1 - end))
    end += 1;
  return {
    start,
    old,
    removed: old.slice(start, old.length - end),
    added: fresh.slice(start, fresh.length - end),
  };
}

const letterOf = ({ was, before, after }: Changed) =>
  was !== undefined ? "R100" : before === undefined ? "A" : after === undefined ? "D" : "M";
const modeOf = (sha: string | undefined) => (sha === undefined ? "000000" : "100644");
const span = (start: number, count: number) =>
  count === 1 ? `${start + 1}` : `${count === 0 ? start : start + 1},${count}`;

function patchOf(changed: Changed): string {
  const { path, was, before, after } = changed;
  if (was !== undefined)
    return `diff --git a/${was} b/${path}\nsimilarity index 100%\nrename from ${was}\nrename to ${path}\n`;
  const { start, old, removed, added } = hunkOf(changed);
  const lead = old.slice(Math.max(0, start - contextLines), start);
  const rest = old.slice(start + removed.length, start + removed.length + contextLines);
  const from = start - lead.length;
  const heading = old.slice(0, from).findLast((line) => /^[A-Za-z_$]/.test(line));
  // Git ends a name with a space in it by a tab.
  const tab = path.includes(" ") ? "\t" : "";
  const around = lead.length + rest.length;
  const mode =
    before === undefined ? "new file mode 100644\n" : after === undefined ? "deleted file mode 100644\n" : "";
  const kept = before !== undefined && after !== undefined ? " 100644" : "";
  const lines = [
    ...lead.map((line) => ` ${line}`),
    ...removed.map((line) => `-${line}`),
    ...added.map((line) => `+${line}`),
    ...rest.map((line) => ` ${line}`),
  ];
  return `diff --git a/${path} b/${path}\n${mode}index ${before ?? none}..${after ?? none}${kept}
--- ${before === undefined ? "/dev/null" : `a/${path}${tab}`}\n+++ ${after === undefined ? "/dev/null" : `b/${path}${tab}`}
@@ -${span(from, around + removed.length)} +${span(from, around + added.length)} @@${heading === undefined ? "" : ` ${heading}`}\n${lines.join("\n")}\n`;
}

function rawOf(changed: Changed): string {
  const { before, after } = changed;
  return `:${modeOf(before)} ${modeOf(after)} ${before ?? none} ${after ?? none} ${letterOf(changed)}\0${namesOf(changed)}\0`;
}

function numbersOf(changed: Changed): string {
  if (changed.was !== undefined) return `0\t0\t\0${namesOf(changed)}\0`;
  const { removed, added } = hunkOf(changed);
  return `${added.length}\t${removed.length}\t${changed.path}\0`;
}

const namesOf = ({ path, was }: Changed) => (was === undefined ? path : `${was}\0${path}`);

/** What `git diff --raw --numstat --patch -z FROM TO` prints. */
export function difference(from: Commit | undefined, to: Commit): string {
  const all = withRenames(changedBetween(from, to));
  if (all.length === 0) return "";
  return [...all.map(rawOf), ...all.map(numbersOf), "\0", ...all.map(patchOf)].join("");
}
