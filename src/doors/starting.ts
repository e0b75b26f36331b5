/**
 * Starting a run, and saying something to one: both are one transaction with the delivery's verdict. What
 * is said to a run at rest opens its next round.
 */

import { Problem } from "../domain/errors.ts";
import { runIdFrom } from "../domain/ids.ts";
import {
  askerIn,
  isAtCap,
  isClosed,
  type Note,
  type Origin,
  type Place,
  type Run,
  threadsOf,
} from "../domain/run.ts";
import type { Tx } from "../engine/engine.ts";
import { rememberAsked, repositoryStopAt, stopAt, takeDecision, unlabelledAt } from "../store/memos.ts";
import { addNote, notesOf, waitingOn } from "../store/notes.ts";
import { openRound, shiftRound } from "../store/rounds.ts";
import { liveRun, seizeRun, startRun } from "../store/runs.ts";
import { isOffSince } from "./labelling.ts";
import { type Closure, closureOf, isStoppedSince } from "./precedence.ts";
import { type Terms, tellTerms, termsOf } from "./terms.ts";
import { type Change, conclude, type IntakeParts, keyOf, written } from "./verdict.ts";

/** What a run begins with. */
export interface Start {
  place: Place;
  origin: Origin;
  triggerKey: string;
  label?: string;
  /** The pull request of the run whose work is asked for again. */
  pull?: number | undefined;
  /** When the label last came off, as far as was known when GitHub was asked whether it is on. */
  offAt?: number | undefined;
}

/** Starts a run; where one is alive on the issue, instructions become a note to it. */
export async function beginRun(parts: IntakeParts, delivery: string, start: Start): Promise<string> {
  const terms = await termsOf(parts, start);
  const alive = await liveRun(parts.store.db, keyOf("issue", start.place));
  // Settings decide what is begun; a run at work goes on by those it has.
  if (terms.kind === "refused" && alive?.phase !== "working") {
    await tellTerms(parts, start);
    return conclude(parts, delivery, terms.verdict);
  }
  const labels = start.label !== undefined ? [start.label] : labelsOf(terms);
  const [offs, closure] = await Promise.all([
    Promise.all(labels.map((label) => lastOff(parts, { ...start, label }))),
    closureOf(parts, start),
  ]);
  const id = runIdFrom(parts.random(20));
  return written(parts, delivery, async (tx) => {
    const { place, triggerKey } = start;
    const origin = terms.kind === "settings" ? terms.origin : start.origin;
    await takeDecision(tx, place, parts.clock.now());
    const resting = await liveRun(tx, keyOf("issue", place));
    if (resting?.phase !== "working" && (await isCalledOff(tx, start, { origin, closure })))
      return stoppedMeanwhile;
    if (resting?.phase === "resting" && !isClosed(resting) && origin.trigger.kind === "command")
      return tellOrigin(tx, parts, { run: resting, origin });
    if (await isCancelled(tx, start, offs)) return { verdict: "ignored: the label was taken off again" };
    if (terms.kind === "refused") {
      const run = await liveRun(tx, keyOf("issue", place));
      if (run) return tellOrigin(tx, parts, { run, origin });
      throw justEnded();
    }
    const now = parts.clock.now();
    const { settings } = terms;
    const began = await startRun(tx, { id, triggerKey, place, origin, settings, now });
    if (began === "started") return { verdict: `run ${id} started`, wake: id };
    if (began === "known") return { verdict: "ignored: this trigger has had its run" };
    const run = await liveRun(tx, keyOf("issue", place));
    if (!run) throw justEnded();
    return tellOrigin(tx, parts, { run, origin });
  });
}

/** What is asked for before a stop and read after it. */
export const stoppedMeanwhile: Change = { verdict: "ignored: it was stopped meanwhile" };

/** Was it stopped after it was asked for? Throws *later* where GitHub's record has to tell. */
async function isCalledOff(
  tx: Tx,
  { place, pull }: Start,
  { origin, closure }: { origin: Origin; closure: Closure },
): Promise<boolean> {
  const { at, askedAt, before } = origin;
  if ((await stopAt(tx, place, "gone")) !== undefined) return true;
  // Asked again on a page of ours, this moment.
  if (before && askedAt === undefined) return false;
  const { heardAt, lockedAt, takenAt, isAway } = closure;
  if ((await stopAt(tx, place, "heard")) !== heardAt) throw stopsChanged();
  if ((await repositoryStopAt(tx, place)) !== takenAt) throw stopsChanged();
  if (isAway) return true;
  if (at < (heardAt ?? 0) || (askedAt !== undefined && askedAt <= (lockedAt ?? 0))) return true;
  if (askedAt !== undefined)
    return isStoppedSince(tx, threadsOf({ place, ...(pull ? { pull } : {}) }), askedAt);
  if ((await stopAt(tx, place, "written")) !== undefined) throw stopsChanged();
  return false;
}

/** A label that came off: when that was heard of, and whether it was after what was asked for. */
interface Off {
  label: string;
  at: number | undefined;
  isSince: boolean;
}

/** Asked before the transaction, for GitHub's record may have to tell; `later` while it cannot. */
async function lastOff(
  parts: IntakeParts,
  { place, label, origin, offAt }: Start & { label: string },
): Promise<Off> {
  // Of a labelling the record has told already.
  if (origin.trigger.kind === "label" && !origin.before) return { label, at: offAt, isSince: false };
  const at = await unlabelledAt(parts.store.db, { ...place, label });
  if (at === undefined) return { label, at, isSince: false };
  // Asked on a page of ours, both by our clock.
  if (origin.askedAt === undefined) return { label, at, isSince: origin.at < at };
  return { label, at, isSince: await isOffSince(parts, { place, label, offAt: at }, origin.askedAt) };
}

/** Labels whose going ends a run that a command began: all of its settings. */
function labelsOf(terms: Terms): string[] {
  return terms.kind === "settings" ? Object.keys(terms.settings.labels) : [];
}

/** Was the label taken off after it was asked for? Throws *later* where that may have changed since it was looked at. */
async function isCancelled(tx: Tx, { place }: Start, offs: Off[]): Promise<boolean> {
  for (const { label, at } of offs)
    if ((await unlabelledAt(tx, { ...place, label })) !== at) throw stopsChanged();
  return offs.some(({ isSince }) => isSince);
}

/** Word of a stop came between two looks: the next try asks what it was about. */
function stopsChanged(): Problem {
  return new Problem("later", "stops_changed", "A stop has just come in.", { undone: true });
}

/** How soon what is said to a run that is being stopped looks again whether it has ended. */
const endingMs = 5_000;

/** What is said after a stop is not for the work that was stopped: it waits for its end. */
export function stopping(): Problem {
  const words = "The run that was stopped has not ended yet.";
  return new Problem("later", "run_stopping", words, { undone: true, retryAfterMs: endingMs });
}

/** It ended between two looks: the next try finds that. */
function justEnded(): Problem {
  return new Problem("later", "run_just_ended", "The run on the issue has just ended.", { undone: true });
}

/** Passes a command's instructions on; without any there is nothing to say. */
async function tellOrigin(
  tx: Tx,
  parts: IntakeParts,
  { run, origin }: { run: Run; origin: Origin },
): Promise<Change> {
  const { trigger } = origin;
  if (trigger.kind === "command" && run.phase === "working" && run.stop) throw stopping();
  if (trigger.kind !== "command" || (trigger.instructions === "" && run.phase === "working")) {
    if (origin.askedAt !== undefined) await rememberAsked(tx, run.place, origin.askedAt);
    return { verdict: "ignored: a run is at work" };
  }
  const pull = run.pull === undefined ? {} : { pull: run.pull };
  const writtenAt = origin.askedAt ?? origin.at;
  const source = { kind: "comment" as const, id: trigger.commentId, as: trigger.as, ...pull, writtenAt };
  const text = trigger.instructions === "" ? "Go on." : trigger.instructions;
  return tellRun(tx, parts, run, {
    id: `comment:${trigger.commentId}`,
    kind: "said",
    author: origin.sender.login,
    asker: askerIn(origin),
    text,
    source,
  });
}

/**
 * Writes a note to a run; one at rest begins its next round with it. Said twice, it is said once; said before the
 * newest stop, it is stopped with what it was about. `later` where the run has just ended.
 */
export async function tellRun(
  tx: Tx,
  { clock }: Pick<IntakeParts, "clock">,
  { id }: Pick<Run, "id">,
  said: Omit<Note, "round" | "at">,
): Promise<Change> {
  const run = await seizeRun(tx, id);
  if (!run) throw justEnded();
  const { writtenAt } = said.source;
  if (writtenAt !== undefined && (await isStoppedSince(tx, threadsOf(run), writtenAt)))
    return { ...stoppedMeanwhile, wake: id };
  if (run.phase === "working" && run.stop) throw stopping();
  const at = clock.now();
  const rests = run.phase === "resting";
  const earlier = await notesOf(tx, id);
  // At its cap a session takes no message: what is said waits for a raised budget.
  const kept = isAtCap(run, earlier) && said.source.kind !== "budget";
  const waiting = rests ? undefined : await waitingOn(tx, id);
  const wake = id;
  if (!(await addNote(tx, id, { ...said, round: rests ? run.round + 1 : run.round, at })))
    return { verdict: "ignored: said before", wake };
  if (kept) return { verdict: `kept for ${id}`, wake };
  if (rests && !(await openRound(tx, run, at)))
    return { verdict: `ignored: ${isClosed(run) ? "the matter is closed" : "another run is at work"}`, wake };
  if (waiting) await shiftRound(tx, id, at - Math.max(waiting.since, earlier.at(-1)?.at ?? 0));
  return { verdict: rests ? `round ${run.round + 1} of ${id} opened` : `told to ${id}`, wake };
}
