/**
 * The log of a job that failed, made fit to be read by an agent: without time stamps, terminal escapes, hidden
 * characters and secrets, and the end of it that fits into a message. Pure.
 */
import { cut, visibleText } from "./characters.ts";
import { withoutSecrets } from "./leaks.ts";

/** Longest log kept, in characters; of a longer one its end. */
export const logCharactersMax = 1_000_000;
const tailLinesMax = 150;
const tailCharactersMax = 12_000;
const lineCharactersMax = 2_000;
/** GitHub Actions writes one before every line. */
const timeStamp = /^\ufeff?\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z ?/gm;

/** A job's log. */
export interface JobLog {
  /** Its last lines, for a message. */
  tail: string;
  /** All that is kept of it; absent where the tail says it all. */
  whole?: string;
}

/** Cleans a log as it was downloaded. */
export function jobLog(raw: string): JobLog {
  const plain = visibleText(endOf(raw)).replace(timeStamp, "").trimEnd();
  const whole = withoutSecrets(plain)
    .split("\n")
    .map((line) => (line.length > lineCharactersMax ? `${cut(line, lineCharactersMax)}…` : line))
    .join("\n");
  const lines = whole.split("\n").slice(-tailLinesMax).join("\n");
  const tail = lines.length > tailCharactersMax ? lines.slice(-tailCharactersMax).toWellFormed() : lines;
  return tail.length < whole.length ? { tail, whole } : { tail };
}

/** Begins with a whole line: of a secret that was cut nobody could tell what it is. */
function endOf(raw: string): string {
  if (raw.length <= logCharactersMax) return raw;
  const end = raw.slice(-logCharactersMax);
  return end.slice(end.indexOf("\n") + 1);
}
