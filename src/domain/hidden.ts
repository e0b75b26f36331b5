/**
 * Characters a reader of a diff does not see, or sees in another order than a compiler (Unicode's bidirectional
 * controls, "Trojan Source"). Knows nothing of diffs.
 */
import { noSelectorOfPicture, unseen } from "./characters.ts";

/** Scripts whose words are written with joiners (Unicode's Core Specification, section 23.2). */
const joined = "Arab Syrc Mong Nkoo Deva Beng Guru Gujr Orya Taml Telu Knda Mlym Sinh Tibt Mymr Khmr"
  .split(" ")
  .map((script) => String.raw`\p{Script_Extensions=${script}}`)
  .join("");

/**
 * The unseen, but for a selector that chooses an emoji's picture and for a joiner (U+200C, U+200D) in emoji and in
 * the words of scripts that join.
 */
const hidden = new RegExp(
  [
    noSelectorOfPicture,
    String.raw`(?!(?<=[\p{Extended_Pictographic}\p{Emoji_Modifier}\ufe0f${joined}])[\u200C\u200D])`,
    `[${unseen}]`,
  ].join(""),
  "u",
);

/** Controls a terminal obeys and no reader sees; a carriage return ends lines in some files. */
const controls = /(?![\t\f\r])\p{Cc}|\r(?!$)/u;

/** Is there a hidden character in this line? A byte order mark at its beginning does not count. */
export function hasHidden(line: string): boolean {
  const text = line.startsWith("\uFEFF") ? line.slice(1) : line;
  return hidden.test(text) || controls.test(text);
}

const unprintable = new RegExp(`${hidden.source}|[\\p{Cc}\\p{Cs}\`]`, "gu");

/** The text with hidden and control characters and backticks written out as `\u{…}`, at most `charsMax` long. */
export function visible(text: string, charsMax: number): string {
  const shown = text.replace(unprintable, (letter) => `\\u{${letter.codePointAt(0)?.toString(16)}}`);
  const letters = [...shown];
  return letters.length <= charsMax ? shown : `${letters.slice(0, charsMax - 1).join("")}…`;
}
