/**
 * A push that GitHub refused (workflow files, a ruleset, a protected branch): the agent is told once, and when
 * it comes to rest with the refusal standing again, the round ends.
 */
import type { Met } from "../domain/ending.ts";
import { refusalText, refusedWords } from "../domain/push-result.ts";
import type { Run } from "../domain/run.ts";

/** What the agent is told when it has come to rest with its last push refused. */
export function refusalTold({
  progress,
  round,
}: Pick<Run, "progress" | "round">): { id: string; text: string }[] {
  const { idle, refusal } = progress;
  if (idle?.reason !== "end_turn" || !refusal) return [];
  return [{ id: refusalId({ round }), text: refusalText(refusal) }];
}

/** Under which name it is told; once a round. */
export function refusalId({ round }: Pick<Run, "round">): string {
  return `push-refused-${round}`;
}

/** What was met, when the agent was told of a refusal and rests with one again. */
export function unlessRefused(met: Met, { progress }: Pick<Run, "progress">): Met {
  if (met.kind !== "finished" || !progress.refusal) return met;
  return { kind: "failed", words: refusedWords(progress.refusal) };
}
