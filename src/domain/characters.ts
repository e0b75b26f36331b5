/**
 * Which characters a person sees: a text without those that draw nothing, and where it may be cut.
 * It knows neither Markdown nor HTML.
 */
import { stripVTControlCharacters } from "node:util";

/**
 * Characters that draw nothing or turn the text around: Unicode's default-ignorable code points (zero-width,
 * bidirectional controls, tags, soft hyphen, Hangul fillers), interlinear annotations, line separators and
 * controls other than tab and newline. A joiner between emoji and a variation selector after one stay.
 */
const hidden = new RegExp(
  [
    String.raw`(?!(?<=[\p{Extended_Pictographic}\p{Emoji_Modifier}]\ufe0f?)\u200d(?=\p{Extended_Pictographic}))`,
    String.raw`(?!(?<=\p{Extended_Pictographic})[\ufe0e\ufe0f]|(?<=[0-9#*])\ufe0f(?=\u20e3))`,
    String.raw`(?![\t\n])[\p{Default_Ignorable_Code_Point}\p{Cc}\ufff9-\ufffb\u2028\u2029]`,
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
