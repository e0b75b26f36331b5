/**
 * How a round ends. `endingOf` reads the agent's side and says what was met; whether a pull request
 * comes of it is only known once GitHub has been asked what was pushed.
 */
import type { Progress } from "./progress.ts";
import type { Reason } from "./screening.ts";

/** The ending of a round, as the issue shows it. */
export type Ending =
  | { kind: "opened"; pull: number; url: string }
  | { kind: "no changes" }
  | { kind: "stopped"; why: string; by?: string }
  | { kind: "failed"; words: string }
  | { kind: "refused"; words: string }
  | ({ kind: "budget reached" | "timed out" } & CutOff)
  | { kind: "unanswered" };

const kinds: Record<Ending["kind"], true> = {
  opened: true,
  "no changes": true,
  stopped: true,
  failed: true,
  refused: true,
  "budget reached": true,
  "timed out": true,
  unanswered: true,
};

/** How rounds end. */
export const endingKinds = Object.keys(kinds) as Ending["kind"][];

/** What became of work that was cut off: in a pull request (`unfinished`: marked so), or held back. */
export interface CutOff {
  pull?: number;
  url?: string;
  unfinished?: true;
  held?: { reasons: Reason[]; more: number };
}

/** What the mission met, before it is known what was pushed. */
export type Met =
  | { kind: "finished" }
  | Extract<Ending, { kind: "stopped" | "failed" | "refused" | "unanswered" }>
  | { kind: "budget reached" }
  | { kind: "timed out" };

/** What of a run tells whether it is to go on; times are milliseconds since the epoch. */
interface Underway {
  stop?: { why: string; by?: string };
  roundAt: number;
  settings: { limits: { minutes: number } };
}

/** Called off by a person? Asked before anything is spent. */
export function calledOff({ stop }: Pick<Underway, "stop">): Met | undefined {
  return stop && endingOfStop(stop);
}

/** Called off by the clock at `now`? It does not count while the run waits for its turn or on people. */
export function outOfTime(run: Underway, now: number): Met | undefined {
  return now >= deadline(run) ? { kind: "timed out" } : undefined;
}

/** Stops that are a no to the App, which people can take back: what is told, and the remedy. */
const refusals: Record<string, string> = {
  "the App was suspended":
    "The App's installation was suspended. When an owner has unsuspended it in the installation's settings, `/agent retry` starts again.",
  "the repository was taken out of the App's installation":
    "The repository was taken out of the App's installation. An owner can add it again in the installation's settings.",
};

/** The ending of a run that was stopped. */
export function endingOfStop({
  why,
  by,
}: {
  why: string;
  by?: string;
}): Extract<Ending, { kind: "stopped" | "refused" }> {
  const words = refusals[why];
  if (words !== undefined) return { kind: "refused", words };
  return { kind: "stopped", why, ...(by === undefined ? {} : { by }) };
}

/** When the round's working time is over. */
export function deadline(run: Underway): number {
  return run.roundAt + run.settings.limits.minutes * 60_000;
}

/** When the agent is told to finish and push: four fifths of the time are over. */
export function lastCall(run: Underway): number {
  return run.roundAt + run.settings.limits.minutes * 48_000;
}

/**
 * Has the agent come to an end? `sent` holds the ids of the messages and answers of this round: an idle
 * that is older than what we sent last is not the end of anything.
 */
export function endingOf(progress: Progress, sent: string[]): Met | undefined {
  const trouble = progress.trouble;
  if (trouble) return { kind: "failed", words: trouble };
  if (progress.status === "terminated") {
    return { kind: "failed", words: "The Claude session ended unexpectedly. `/agent retry` starts again." };
  }
  const idle = progress.idle;
  if (!idle) return undefined;
  switch (idle.reason) {
    case "budget_reached":
      return { kind: "budget reached" };
    case "refusal":
      return {
        kind: "failed",
        words: "The model declined this request. Rephrase the issue, then `/agent retry`.",
      };
    case "retries_exhausted":
      return {
        kind: "failed",
        words: "The model could not be reached after several attempts. `/agent retry` starts again.",
      };
    case "end_turn":
      return sent.every((id) => progress.heard.includes(id)) ? { kind: "finished" } : undefined;
    case "requires_action":
      return undefined;
    default:
      return idle.reason satisfies never;
  }
}
