/**
 * Whether a word that would end a run was meant for it, or for the run before. GitHub's deliveries may be minutes
 * late, so when a request was received says little of when it was made; GitHub's record is asked only where the word
 * was written before that.
 */
import type { Run } from "../domain/run.ts";
import { lastLabelling } from "../github/labels.ts";
import type { IntakeParts } from "./verdict.ts";

/**
 * Was it surely written before what the run was asked by? `at`: when, by GitHub's clock, at the latest. `later` when
 * GitHub cannot be asked.
 */
export async function isBeforeRequest(
  { github }: Pick<IntakeParts, "github">,
  { place, origin }: Pick<Run, "place" | "origin">,
  at: number,
): Promise<boolean> {
  if (at >= origin.at) return false;
  // One that follows another is asked for by whoever saw that one end: what is older was meant for it.
  if (origin.before) return true;
  if (origin.trigger.kind === "command") return at < (origin.askedAt ?? origin.at);
  const last = await lastLabelling(github, place, origin.trigger.label);
  return last?.kind !== "labeled" || at < last.at;
}
