/**
 * Characters a reader of a diff does not see, or sees in another order than a compiler (Unicode's bidirectional
 * controls, "Trojan Source"). Knows nothing of diffs.
 */
import { noSelectorOfPicture, unseen } from "./characters.ts";

/**
 * The unseen, but for a selector that chooses an emoji's picture. A joiner (U+200C, U+200D) counts after ASCII only:
 * in emoji and in Persian or Indic words it belongs.
 */
const hidden = new RegExp(
  String.raw`${noSelectorOfPicture}(?!(?<=[^\0-\x7F])[\u200C\u200D])[${unseen}]`,
  "u",
);

/** Is there a hidden character in this line? A byte order mark at its beginning does not count. */
export function hasHidden(line: string): boolean {
  return hidden.test(line.startsWith("\uFEFF") ? line.slice(1) : line);
}

const unprintable = new RegExp(`${hidden.source}|[\\p{Cc}\\p{Cs}\`]`, "gu");

/** The text with hidden and control characters and backticks written out as `\u{…}`, at most `charsMax` long. */
export function visible(text: string, charsMax: number): string {
  const shown = text.replace(unprintable, (letter) => `\\u{${letter.codePointAt(0)?.toString(16)}}`);
  const letters = [...shown];
  return letters.length <= charsMax ? shown : `${letters.slice(0, charsMax - 1).join("")}…`;
}
