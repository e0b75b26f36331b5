/**
 * Finds secrets by their shape in text that is about to become public. Which shapes there are stands in
 * `leak-shapes.ts`; this file walks them, tells the likely from the example, and never repeats what it found.
 *
 * A leak cannot be approved, so a false alarm is costly: shapes with a mark of their own (`ghp_`, `sk-ant-`)
 * need only not be an obvious example, shapes without one (`password = "…"`) must also look random.
 */
import { leakShapes } from "./leak-shapes.ts";
import { redact } from "./secret.ts";

const leaksMax = 20;

/** A likely secret: what it is, and where in the text it stands (UTF-16 offsets, the end excluded). */
export interface Leak {
  /** Stable and short: `github_token`. */
  kind: string;
  /** What to call it: `a GitHub token`. */
  words: string;
  start: number;
  end: number;
}

/** The likely secrets in a text, at most 20, in the order they stand. Linear in the text's length. */
export function leaksIn(text: string): Leak[] {
  return search(text, leaksMax);
}

function search(text: string, max: number): Leak[] {
  const found: Leak[] = [];
  for (const { kind, words, shape, marked } of leakShapes) {
    for (const match of text.matchAll(shape)) {
      const secret = match[1] ?? match[0];
      if (isExample(secret) || !(marked ? varied(secret) : random(secret))) continue;
      const start = match.index + match[0].lastIndexOf(secret);
      found.push({ kind, words, start, end: start + secret.length });
      if (found.length >= max) return inOrder(found);
    }
  }
  return inOrder(found);
}

/** The text with `[secret]` in the place of every likely secret. */
export function withoutLeaks(text: string): string {
  const kept: string[] = [];
  let end = 0;
  for (const leak of search(text, text.length)) {
    if (leak.end <= end) continue;
    kept.push(text.slice(end, Math.max(leak.start, end)), "[secret]");
    end = leak.end;
  }
  return kept.join("") + text.slice(end);
}

/** Both searches, for words about to be shown: `redact` also knows the short and the cut, `withoutLeaks` more makers. */
export function withoutSecrets(text: string): string {
  return withoutLeaks(redact(text));
}

function inOrder(leaks: Leak[]): Leak[] {
  return leaks.toSorted((one, other) => one.start - other.start || other.end - one.end);
}

/**
 * Runs that documentation is written with and that random text all but never holds: AWS's EXAMPLE keys, the
 * alphabet, counting, and counting in base64 (the subject of jwt.io's sample).
 */
const exampleRun = /example|abcdefghij|0123456789|1234567890|xxxxxxxx|\.{4}|\*{4}|IxMjM0NTY3ODkwI/i;

/** Is it one of those? Only its beginning counts, or the word put behind a real token would let it through. */
export function isExample(secret: string): boolean {
  return exampleRun.test(secret.slice(0, 40));
}

/** Not a placeholder of one repeated letter: entropy of at least 2.5 bits a character. */
export function varied(secret: string): boolean {
  return bitsPerCharacter(secret) >= 2.5;
}

const placeholder =
  /pass|secret|token|your|change|dummy|sample|fake|test|mock|placeholder|redacted|localhost|[<>{}()$%\s]|\\u|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-/i;

/** Machine-made: mixed classes of characters in near even numbers, and no word of a person who fills a gap. */
function random(secret: string): boolean {
  if (placeholder.test(secret)) return false;
  const digits = secret.replace(/\D/g, "").length;
  const mixed = /[a-z]/.test(secret) && /[A-Z]/.test(secret) && digits >= 2;
  const lettersAndDigits = /[a-z]/i.test(secret) && digits * 6 >= secret.length;
  return (mixed || lettersAndDigits) && bitsPerCharacter(secret) >= 3.3;
}

/** Shannon's entropy of the text's own letters. */
function bitsPerCharacter(text: string): number {
  const counts = new Map<string, number>();
  for (const letter of text) counts.set(letter, (counts.get(letter) ?? 0) + 1);
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
  return [...counts.values()].reduce((bits, count) => bits - (count / total) * Math.log2(count / total), 0);
}
