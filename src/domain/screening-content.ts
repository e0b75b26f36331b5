/**
 * What one file of one commit holds: its kind, whether it was read in full, what its added lines hide.
 * Knows nothing of paths that are kept back, of limits or of verdicts.
 */
import { hasHidden } from "./hidden.ts";
import { leaksIn } from "./leaks.ts";
import { type Patch, readPatch } from "./patch.ts";

/** A file as one commit changes it. */
export interface ScreenedFile {
  path: string;
  /** The old path of a renamed or copied file. */
  previousPath?: string;
  /** GitHub's word: `added`, `modified`, `renamed` … Only of what is `removed` the contents do not count. */
  status: string;
  /** Git's mode of the new entry (`100644`). Absent where nobody looked, and on a removal. */
  mode?: string;
  /** GitHub's patch; absent where it gave none. */
  patch?: string;
  additions: number;
  deletions: number;
  /**
   * True for a binary. Where there is no patch it must be said why: true for a binary that nobody read, false
   * where the contents are text that this commit did not change (a mode, a pure rename) or empty. Absent means
   * that nobody looked.
   */
  binary?: boolean;
  /** The patch or the blob was cut by whoever gave it. */
  truncated?: boolean;
  /** Where a symbolic link (mode `120000`) points. Absent where nobody looked. */
  symlinkTarget?: string;
}

/** What can be said of a file's contents. */
export type ContentCode = "secret" | "symlink" | "submodule" | "binary" | "unread" | "hidden_characters";

/** Something found in a file; `words` is a clause to follow its path. */
export interface ContentFinding {
  code: ContentCode;
  words: string;
}

const unread = (why: string): ContentFinding => ({
  code: "unread",
  words: `could not be read in full: ${why}`,
});

/** What is to be said of a file's contents as one commit changes them. A removal adds nothing to look at. */
export function contentFindings(file: ScreenedFile): ContentFinding[] {
  if (file.status === "removed") return [];
  const patch = readPatch(file.patch ?? "");
  return kindFindings(file, patch) ?? [...completeness(file, patch), ...lineFindings(patch)];
}

/** Findings for what is no ordinary file; undefined for one that is. */
function kindFindings(file: ScreenedFile, patch: Patch): ContentFinding[] | undefined {
  switch (file.mode) {
    case "100644":
    case "100755":
      return file.binary ? [{ code: "binary", words: "is not text" }, ...leaksOfBinary(patch)] : undefined;
    case "160000":
      return [
        { code: "submodule", words: "is a submodule: another repository's commit" },
        ...leakFindings(addedText(patch)),
      ];
    case "120000":
      return [...linkFindings(file), ...leakFindings(addedText(patch))];
    default:
      return [
        unread(file.mode === undefined ? "its mode is unknown" : "it has an unusual mode"),
        ...lineFindings(patch),
      ];
  }
}

function linkFindings({ path, symlinkTarget }: ScreenedFile): ContentFinding[] {
  if (symlinkTarget === undefined) return [unread("it is a symbolic link to an unknown place")];
  const secrets = leakFindings(symlinkTarget);
  if (/\p{Cc}/u.test(symlinkTarget) || hasHidden(symlinkTarget))
    secrets.push({ code: "hidden_characters", words: "is a symbolic link to a name with hidden characters" });
  if (staysInTree(path, symlinkTarget)) return secrets;
  return [...secrets, { code: "symlink", words: "is a symbolic link that leads out of the repository" }];
}

/**
 * Does the link's target lie in the tree? By its letters alone: steps up are counted against the depth of the
 * link's folder, and one that follows a name is not trusted, for that name may be a link itself.
 */
function staysInTree(path: string, target: string): boolean {
  if (/^[/\\~]|^[a-z]:|[\0\\]/i.test(target)) return false;
  const names = target.split("/").filter((name) => name !== "" && name !== ".");
  const firstName = names.findIndex((name) => name !== "..");
  const stepsUp = firstName < 0 ? names.length : firstName;
  if (stepsUp > path.split("/").length - 1) return false;
  return !names.slice(stepsUp).some((name) => name === ".." || name.toLowerCase() === ".git");
}

/** Was all of the text read? The patch's own lines must add up to GitHub's counts. */
function completeness(file: ScreenedFile, patch: Patch): ContentFinding[] {
  if (file.truncated) return [unread("it is too large")];
  if (file.patch === undefined) {
    const nothingToRead = file.binary === false && file.additions === 0;
    return nothingToRead ? [] : [unread("GitHub shows no patch of it")];
  }
  const whole = patch.whole && patch.added.length === file.additions && patch.removed === file.deletions;
  return whole ? [] : [unread("its patch is cut short")];
}

const largeFilePointer = /^version https:\/\/git-lfs\.github\.com\/spec\//;

/** What the added lines hold. Secrets are looked for across lines, since a key has many. */
function lineFindings(patch: Patch): ContentFinding[] {
  const { added } = patch;
  const text = addedText(patch);
  const leaks = leakFindings(text);
  const hidden = added.find(({ text }) => hasHidden(text));
  return [
    ...leaks,
    ...(leaks.length > 0 ? [] : leakFindings(rejoined(text))),
    ...(added.some(({ text }) => largeFilePointer.test(text)) ? [unread("its contents lie in Git LFS")] : []),
    ...(hidden
      ? [
          {
            code: "hidden_characters" as const,
            words: `has hidden or reordering characters in line ${hidden.line}`,
          },
        ]
      : []),
  ];
}

/** Literals that the code puts together again, and lines that a backslash continues, as one text. */
function rejoined(text: string): string {
  return text
    .replaceAll(/["'`][ \t]{0,40}(?:[+.&|]{1,2}|\\)?\s{0,80}(?:[+.&|]{1,2}\s{0,40})?["'`]/g, "")
    .replaceAll(/\\\n[ \t]{0,80}/g, "");
}

/** The lines a file's patch adds, as one text. */
export function addedLines({ patch }: Pick<ScreenedFile, "patch">): string {
  return addedText(readPatch(patch ?? ""));
}

function addedText({ added }: Patch): string {
  return added.map(({ text }) => text).join("\n");
}

/** A binary is looked through as it is, and without the zeros that part the letters of UTF-16. */
function leaksOfBinary(patch: Patch): ContentFinding[] {
  const text = addedText(patch);
  return [...leakFindings(text), ...leakFindings(text.replaceAll("\0", ""))];
}

function leakFindings(text: string): ContentFinding[] {
  return leaksIn(text).map(({ words }) => ({ code: "secret", words: `holds ${words}` }));
}
