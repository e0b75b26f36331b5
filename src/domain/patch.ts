/**
 * Reads the `patch` text GitHub gives for a file of a commit: hunks of a unified diff without file headers.
 * Counts by the hunk headers, so a line of content that looks like a header is content. Decides nothing.
 */

/** A line the patch adds, without its `+`. */
export interface AddedLine {
  /** Its number in the new file, from 1. */
  line: number;
  text: string;
}

/** What a patch holds. `whole` is false where its hunks end early or are no hunks. */
export interface Patch {
  added: AddedLine[];
  removed: number;
  whole: boolean;
}

const hunkHeader = /^@@ -\d+(?:,(\d+))? \+(\d+)(?:,(\d+))? @@/;

/** Reads a patch. Never throws; linear in its length. */
export function readPatch(patch: string): Patch {
  const read: Patch = { added: [], removed: 0, whole: true };
  let line = 0;
  let oldLeft = 0;
  let newLeft = 0;
  for (const text of patch.split("\n")) {
    if (text.startsWith("\\")) continue;
    if (oldLeft <= 0 && newLeft <= 0) {
      const header = hunkHeader.exec(text);
      if (!header) {
        read.whole &&= text === "";
        continue;
      }
      oldLeft = Number(header[1] ?? 1);
      newLeft = Number(header[3] ?? 1);
      line = Number(header[2]);
      continue;
    }
    if (text.startsWith("+")) {
      read.added.push({ line, text: text.slice(1) });
      line += 1;
      newLeft -= 1;
    } else if (text.startsWith("-")) {
      read.removed += 1;
      oldLeft -= 1;
    } else {
      line += 1;
      oldLeft -= 1;
      newLeft -= 1;
    }
  }
  read.whole &&= oldLeft === 0 && newLeft === 0;
  return read;
}
