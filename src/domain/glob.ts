/**
 * Globs of `paths.deny` against paths in a pushed commit. The globs are a maintainer's, the paths are an
 * agent's and so hostile: a matcher that compiles to a backtracking regular expression (picomatch, minimatch)
 * takes half a minute for `*a*a*a*b` on a path of 1,000 letters. This one takes at most
 * glob length × path length steps, whatever either says.
 *
 * A glob is matched against the whole path: `*` any characters of one name, `?` one character, `**` as a whole
 * name any number of folders. `folder/**` also means the entry `folder` itself, lest a link take its place.
 */

const globCharsMax = 200;

/** What is wrong with a glob, as a clause for its author; undefined when nothing is. */
export function globProblem(glob: string): string | undefined {
  if (glob === "" || glob.length > globCharsMax) return `must have 1 to ${globCharsMax} characters`;
  if (/[{}[\]\\!]/.test(glob)) return "may use `*`, `**` and `?` only: write two entries instead of `{a,b}`";
  if (/^\/|\/$|\/\//.test(glob))
    return "must be a path from the root without a slash at either end; `folder/**` for all in it";
  if (glob.split("/").some((name) => name !== "**" && name.includes("**")))
    return "may use `**` as a whole name only, as in `a/**/b`";
  return undefined;
}

/**
 * Gives for a path the first of the globs that matches it. Without regard to case, nor to differences of
 * spelling that some file systems do not see (NFKC).
 */
export function globMatcher(globs: readonly string[]): (path: string) => string | undefined {
  const parts = globs.map((glob) => ({ glob, names: namesOf(glob) }));
  return (path) => {
    const names = namesOf(path);
    return parts.find((part) => matches(part.names, names))?.glob;
  };
}

/** The names of a path or glob, each as its letters. */
function namesOf(text: string): string[][] {
  return text
    .normalize("NFKC")
    .toLowerCase()
    .split("/")
    .map((name) => [...name]);
}

function matches(glob: string[][], names: string[][]): boolean {
  return wild(glob, names, folders);
}

/** What stands for any number of items, and whether a part of the pattern fits one item. */
interface Rule<T> {
  isAny: (part: T) => boolean;
  fits: (part: T, item: T) => boolean;
}

const letters: Rule<string> = {
  isAny: (part) => part === "*",
  fits: (part, letter) => part === "?" || part === letter,
};

const folders: Rule<string[]> = {
  isAny: (part) => part.length === 2 && part[0] === "*" && part[1] === "*",
  fits: (part, name) => wild(part, name, letters),
};

/** Does the pattern cover all items? After a mismatch only the last `any` takes one item more. */
function wild<T>(pattern: readonly T[], items: readonly T[], { isAny, fits }: Rule<T>): boolean {
  let at = 0;
  let taken = 0;
  let afterAny: number | undefined;
  let takenByAny = 0;
  for (let item = items[taken]; item !== undefined; item = items[taken]) {
    const part = pattern[at];
    if (part !== undefined && isAny(part)) {
      at += 1;
      afterAny = at;
      takenByAny = taken;
    } else if (part !== undefined && fits(part, item)) {
      at += 1;
      taken += 1;
    } else if (afterAny !== undefined) {
      at = afterAny;
      takenByAny += 1;
      taken = takenByAny;
    } else {
      return false;
    }
  }
  return pattern.slice(at).every(isAny);
}
