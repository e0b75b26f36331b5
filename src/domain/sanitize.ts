/**
 * Text of others made fit to pass on: strangers' words for the agent (`plainInput`), the agent's words for
 * GitHub (`harmless`, `harmlessTitle`), anybody's for a line of a log (`oneLine`). What a person reading GitHub
 * would not see does not reach the agent; what the agent says cannot act on GitHub.
 * It does not judge what visible words say, and knows neither prompts nor comments.
 */
import { cut, visibleText } from "./characters.ts";
import { withoutHiddenMarkup } from "./hidden-markup.ts";
import { inertLine, inertMarkdown } from "./inert-markup.ts";
import { withoutSecrets } from "./leaks.ts";
import { markdownCharsMax } from "./markdown.ts";

/** A text for a prompt, and the kinds of hidden things it no longer holds, in plain words, each once. */
export interface PlainInput {
  text: string;
  removed: string[];
}

/**
 * The text for a prompt, without what GitHub does not show: hidden characters and hidden markup. Text in an
 * element hidden by an attribute stays, as GitHub drops the attribute and shows it. Code keeps all but hidden
 * characters. What is too tangled to parse is read as HTML throughout. Secrets stay: a reader redacts.
 * Takes the first `markdownCharsMax` characters and says so; never throws.
 */
export function plainInput(markdown: string): PlainInput {
  const kept = cut(markdown, markdownCharsMax);
  const source = visibleText(kept);
  const { text, removed } = withoutHiddenMarkup(source);
  if (source !== kept.replace(/\r\n?/g, "\n")) removed.unshift("hidden characters");
  if (kept.length < markdown.length) removed.push(`text after the first ${markdownCharsMax} characters`);
  return { text, removed: [...new Set(removed)] };
}

/** One line of at most `max` code points (the last an ellipsis when cut): for titles and words in logs. */
export function oneLine(text: string, max: number): string {
  const spaced = text.slice(0, markdownCharsMax).replace(/[\s\u0085]+/g, " ");
  const points = Array.from(visibleText(spaced).trim());
  return points.length <= max ? points.join("") : `${points.slice(0, max - 1).join("")}…`;
}

/** What `harmless` keeps to. */
export interface HarmlessLimits {
  /** Longest result in UTF-16 units, so never more code points. */
  max: number;
  /** References left alive, as they are written: `#12`. None when absent. */
  references?: readonly string[];
}

const cutNote = "\n\n*The rest was cut.*";
/** How many shorter beginnings are tried, each a tenth shorter, before only an ellipsis is shown. */
const cutAttempts = 12;

/**
 * Markdown that shows what the agent's does and acts on nothing (`inertMarkdown`), without hidden characters and
 * secrets. Too long a text is cut between characters, its code blocks closed, with a note; of the source at most
 * twice `max` is read. Never throws.
 */
export function harmless(markdown: string, { max, references = [] }: HarmlessLimits): string {
  // Redacted before the cut too, which may leave of a secret too little to know it by.
  const safe = withoutSecrets(markdown);
  const kept = cut(safe, Math.min(2 * max, markdownCharsMax));
  const whole = inertMarkdown(withoutSecrets(visibleText(kept)), references);
  if (whole.length <= max && kept.length === safe.length) return whole;
  let room = max - cutNote.length;
  for (let attempt = 0; attempt < cutAttempts && room > 0; attempt += 1) {
    const part = inertMarkdown(cut(whole, room), references);
    if (part.length + cutNote.length <= max) return part + cutNote;
    room = Math.floor(room * 0.9);
  }
  return cut("…", max);
}

/** A title of one line and at most `max` code points: mentions and references in code spans, no secrets. */
export function harmlessTitle(text: string, max: number): string {
  const title = oneLine(inertLine(oneLine(text, markdownCharsMax)), max);
  const splitSpan = title.split("`").length % 2 === 0;
  return splitSpan ? `${title.slice(0, title.lastIndexOf("`")).trimEnd()}…` : title;
}
