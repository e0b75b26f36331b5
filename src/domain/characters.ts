/**
 * Which characters a person sees: a text without those that draw nothing, and where it may be cut.
 * It knows neither Markdown nor HTML.
 */
import { stripVTControlCharacters } from "node:util";

/**
 * Characters that draw nothing or turn the text around, for a class of a regular expression with the flag `u`:
 * Unicode's default-ignorable code points (zero-width, bidirectional controls, tags, soft hyphen, Hangul fillers,
 * variation selectors), interlinear annotations and line separators.
 */
export const unseen = String.raw`\p{Default_Ignorable_Code_Point}\ufff9-\ufffb\u2028\u2029`;

/** Where a variation selector chooses between two pictures, as the beginning of a regular expression that refuses it. */
export const noSelectorOfPicture = String.raw`(?!(?<=\p{Extended_Pictographic})[\ufe0e\ufe0f]|(?<=[0-9#*])\ufe0f(?=\u20e3))`;

/** The unseen, and controls other than tab and newline. A joiner between emoji and a selector of a picture stay. */
const hidden = new RegExp(
  [
    String.raw`(?!(?<=[\p{Extended_Pictographic}\p{Emoji_Modifier}]\ufe0f?)\u200d(?=\p{Extended_Pictographic}))`,
    noSelectorOfPicture,
    String.raw`(?![\t\n])[${unseen}\p{Cc}]`,
  ].join(""),
  "gu",
);

/** The text without terminal escapes and hidden characters, lone surrogates replaced, newlines as `\n`. */
export function visibleText(text: string): string {
  const unescaped = stripVTControlCharacters(text.toWellFormed().replace(/\r\n?/g, "\n"));
  return unescaped.replace(hidden, "");
}

/** The first `max` UTF-16 units of a text, or one fewer where that would split a character. */
export function cut(text: string, max: number): string {
  const end = Math.max(0, max);
  return /[\ud800-\udbff]$/.test(text.slice(0, end)) && end < text.length
    ? text.slice(0, end - 1)
    : text.slice(0, end);
}
