/**
 * What is so, for those who ask: where a run stands, what a sender may do, and why nothing can be done on a
 * thread. Changes nothing.
 */
import type { Intent } from "../domain/intent.ts";
import { answers, helpText, statusText } from "../domain/replies.ts";
import { isAtCap, isClosed, type Place, type Run } from "../domain/run.ts";
import type { State } from "../domain/words.ts";
import { settingsBy } from "../mission/rulebook.ts";
import { placeOf } from "../store/days.ts";
import { queueOf } from "../store/limits.ts";
import { notesOf, waitingOn } from "../store/notes.ts";
import { latestRun, liveRun } from "../store/runs.ts";
import type { Db } from "../store/schema.ts";
import { type IntakeParts, keyOf } from "./verdict.ts";

type Asked = Pick<Extract<Intent, { kind: "command" }>, "place" | "origin" | "said" | "onPull">;

/** Where the newest run of the thread stands. */
export async function standing({ store, clock }: IntakeParts, { place, onPull }: Asked): Promise<string> {
  const run = await latestRun(store.db, keyOf(onPull ? "pull" : "issue", place));
  if (!run) return onPull ? answers.foreignPull : answers.noRun;
  const queued = run.phase === "working" ? await queuedState(store.db, run) : undefined;
  if (queued) return statusText(run, queued, clock.now());
  const waits = run.phase === "working" ? await waitingOn(store.db, run.id) : undefined;
  return statusText(run, stateOf(run, waits?.what), clock.now());
}

/** Its place in the queue as it is now; undefined when it does not wait for its turn. */
async function queuedState(db: Db, run: Run): Promise<Extract<State, { kind: "queued" }> | undefined> {
  const place = await placeOf(db, run.id);
  if (place?.state !== "waiting" && place?.state !== "returning") return undefined;
  return { kind: "queued", ...(await queueOf(db, place)) };
}

function stateOf(run: Run, waits: "question" | "plan" | undefined): State {
  if (run.phase !== "working" && run.ending) return { kind: "ended", ending: run.ending };
  if (waits === "question") return { kind: "waiting for an answer" };
  if (waits === "plan") return { kind: "waiting for approval", of: "plan", plan: "" };
  if (run.held !== undefined)
    return { kind: "waiting for approval", of: "head", head: run.held, reasons: [], more: 0 };
  return { kind: run.session === undefined ? "starting" : "working" };
}

/** The commands, with what the sender may do here. */
export async function helpFor(
  { rulebook, admission }: IntakeParts,
  { place, origin, said }: Asked,
): Promise<string> {
  const level = await admission.level({ place, origin, said });
  return helpText(origin.sender.login, level, settingsBy(await rulebook.at(place)).settings);
}

/** Why nothing can be done on a thread without a live run. */
export async function whyNothing(
  parts: IntakeParts,
  { place, onPull }: Pick<Asked, "place" | "onPull">,
): Promise<string> {
  if (onPull) return deadPull(parts, place);
  return (await latestRun(parts.store.db, keyOf("issue", place))) ? answers.runOver : answers.noRun;
}

/** Why nothing can be done on a pull request without a live run: its work is over, or it is not ours. */
export async function deadPull({ store }: IntakeParts, place: Place): Promise<string> {
  return (await latestRun(store.db, keyOf("pull", place))) ? answers.closedPull : answers.foreignPull;
}

/** Why what is said to a run at rest is kept and not worked on now; undefined when it can be. */
export async function whyKept({ store }: IntakeParts, run: Run): Promise<string | undefined> {
  if (run.phase !== "resting") return undefined;
  if (isClosed(run)) return answers.closedPull;
  if (isAtCap(run, await notesOf(store.db, run.id))) return answers.keptForBudget;
  const newest = await liveRun(store.db, keyOf("issue", run.place));
  return newest?.phase === "working" ? answers.otherAtWork : undefined;
}
