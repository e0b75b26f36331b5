/**
 * An issue that is edited while a run works on it: the run keeps the text it was asked with, and says so.
 */
import type { Intent } from "../domain/intent.ts";
import { liveRun, noteEdit } from "../store/runs.ts";
import { type IntakeParts, keyOf, written } from "./verdict.ts";

/** Notes an edit of title or body for the run at work; one that the run's own text already holds is none. */
export function hearEdit(
  parts: IntakeParts,
  delivery: string,
  { place, title, body, at }: Extract<Intent, { kind: "edited" }>,
): Promise<string> {
  return written(parts, delivery, async (tx) => {
    const run = await liveRun(tx, keyOf("issue", place));
    if (run?.phase !== "working" || at < run.origin.at) return { verdict: "ignored: no run at work" };
    if (run.origin.title === title && run.origin.body === body)
      return { verdict: "ignored: the run has this text" };
    await noteEdit(tx, run.id, at);
    return { verdict: `edit told to ${run.id}`, wake: run.id };
  });
}
