/**
 * Which wish a label delivery is. A delivery tells neither when a label was put on nor which time it is,
 * and labelling does not touch the issue's own times, so two labellings may have the very same body.
 *
 * | what comes                                              | what becomes of it                          |
 * |---------------------------------------------------------|---------------------------------------------|
 * | the same delivery id again                              | known to the inbox: nothing                 |
 * | the label, on an issue without a run                    | a run                                       |
 * | the same body under a new id                            | no new labelling on GitHub's record: nothing|
 * | the label again after its run ended (off and on)        | a newer labelling on record: a new run      |
 * | the label again while its run is being stopped          | waits for the ending, then as above         |
 * | the label while a run is at work; label and command     | one run                                     |
 * | off and on, delivered in the wrong order                | the record says what is so now              |
 * | on, off, on within a second                            | one run, or stopped and one more            |
 * | an *on*, but somebody else put it on since              | nothing: that labelling has its own delivery|
 * | a late *on*, older than the newest run          | nothing                                     |
 * | a late or repeated *off*, while the label is on         | nothing                                     |
 * | a late *on* of an issue closed or stopped since it      | nothing                                     |
 *
 * GitHub is asked only where the inbox, the runs and the stops leave doubt. The record may lag behind a delivery, so
 * what it does not show yet is believed only some seconds after it came.
 */
import { Problem } from "../domain/errors.ts";
import type { Origin, Person, Place, Run } from "../domain/run.ts";
import { type Labelling as LabelRecord, lastLabelling } from "../github/labels.ts";
import { labellingOf } from "../store/facts.ts";
import { askedAt, rememberAsked, stopAt, unlabelledAt } from "../store/memos.ts";
import { latestRun } from "../store/runs.ts";
import type { DeliveryRow } from "../store/schema.ts";
import { inTime } from "./precedence.ts";
import { type IntakeParts, keyOf } from "./verdict.ts";

/**
 * A wish of its own, with the key its run is found by; or none, and why. `askedAt`: when the label was put on, where
 * the record was asked. `offAt`: when it last came off before that, as far as was known.
 */
export type Labelling =
  | { kind: "new"; triggerKey: string; askedAt?: number; offAt?: number }
  | { kind: "old"; why: string };

/** A label delivery as the inbox has it. */
type Row = Pick<DeliveryRow, "id" | "body_hash" | "received_at">;

/** A no of GitHub's record is believed this long after the delivery. */
const settledMs = 10_000;
/** GitHub's clock is not ours, and its times have whole seconds. */
const slackMs = 5_000;
/** How soon a labelling that waits for the ending of a stopped run looks again. */
const endingMs = 5_000;

/** Is a label put on a wish of its own? `later` while that cannot be told. */
export async function labelPutOn(
  parts: IntakeParts,
  row: Row,
  { place, label, origin }: { place: Place; label: string; origin: Pick<Origin, "sender"> },
): Promise<Labelling> {
  const { store, box } = parts;
  const [copyAt, run, offAt, stoppedAt, heardAt, goneAt] = await Promise.all([
    box.lastCopy(row.body_hash, row.id),
    latestRun(store.db, keyOf("issue", place)),
    unlabelledAt(store.db, { ...place, label }),
    stopAt(store.db, place, "written"),
    stopAt(store.db, place, "heard"),
    stopAt(store.db, place, "gone"),
  ]);
  if (goneAt !== undefined) return { kind: "old", why: "the issue is gone" };
  if (run?.phase === "working" && !run.stop) {
    // A stop that was received before may be on its way to the run.
    await settled(parts, row.received_at);
    const again = await lastLabelling(parts.github, place, label);
    if (again?.kind === "labeled") await rememberAsked(store.db, place, again.at);
    return { kind: "old", why: "a run is at work" };
  }
  if (run?.phase === "working") {
    throw new Problem("later", "run_stopping", "The run that was stopped has not ended yet.", {
      retryAfterMs: endingMs,
    });
  }
  if ([copyAt, offAt, stoppedAt, heardAt].every((at) => at === undefined) && !run)
    return { kind: "new", triggerKey: `label:${row.body_hash}` };
  const last = await lastLabelling(parts.github, place, label);
  const old = await whyOld(parts, { last, run, copyAt, stoppedAt, by: origin.sender });
  // Of a label that came off since, the record may not tell yet.
  const isSure = !old && last && last.at > (offAt ?? 0);
  if (!isSure) await settled(parts, Math.max(row.received_at, offAt ?? 0));
  if (old || !last) return { kind: "old", why: old ?? "the label is off" };
  const off = offAt === undefined ? {} : { offAt };
  return { kind: "new", triggerKey: `labeled:${last.id}`, askedAt: last.at, ...off };
}

/** What is known of a labelling besides GitHub's record of it. */
interface Known {
  last: LabelRecord | undefined;
  run: Run | undefined;
  copyAt: number | undefined;
  stoppedAt: number | undefined;
  by: Person;
}

/** Why the newest labelling on record is not a wish of its own; undefined when it is. */
async function whyOld(
  { store }: IntakeParts,
  { last, run, copyAt, stoppedAt, by }: Known,
): Promise<string | undefined> {
  if (last?.kind !== "labeled") return "the label is off";
  const isServed = run && isOwn(last, { run, own: await labellingOf(store.db, run.id) });
  if (isServed || (copyAt !== undefined && last.at <= copyAt + slackMs))
    return "this labelling has been served";
  if (stoppedAt !== undefined && last.at <= stoppedAt) return "it was stopped since";
  return isBy(last, by) ? undefined : "the label was put on by somebody else since";
}

/** One person's delivery does not speak for another's labelling, nor for an App's in a person's name. */
function isBy({ by, viaApp }: LabelRecord, sender: Person): boolean {
  return by?.id === sender.id && !(viaApp && by.type === "User");
}

/**
 * When a label that came off a working run was taken off, by GitHub's record, where it tells; or why that stops
 * nothing: it is on again. `later` while that cannot be told.
 */
export async function labelTakenOff(
  parts: IntakeParts,
  row: Row,
  { run, label }: { run: Run; label: string },
): Promise<{ writtenAt?: number } | { ignored: string }> {
  const { store, box, github, clock } = parts;
  const last = await inTime(parts, row.received_at, lastLabelling(github, run.place, label));
  if (last?.kind !== "labeled") return last ? { writtenAt: last.at } : {};
  const isCopy = (await box.lastCopy(row.body_hash, row.id)) !== undefined;
  // Put on again this moment, its delivery waits for what becomes of this one, and starts the next run.
  const isHeard = last.at <= ((await askedAt(store.db, run.place)) ?? 0);
  const isAwaited = !isHeard && clock.now() - last.at < settledMs - slackMs;
  if (isAwaited && !isCopy && !isOwn(last, { run, own: await labellingOf(store.db, run.id) })) return {};
  await settled(parts, row.received_at);
  return { ignored: "the label is on" };
}

/**
 * Was a label taken off after something was asked for by a command, at `askedAt` by GitHub's clock? `offAt`: when the
 * inbox last heard of one that came off, by ours. `later` while that cannot be told.
 */
export async function isOffSince(
  parts: IntakeParts,
  { place, label, offAt }: { place: Place; label: string; offAt: number },
  askedAt: number,
): Promise<boolean> {
  const last = await lastLabelling(parts.github, place, label);
  if (last?.kind === "labeled") await settled(parts, offAt);
  return last ? last.kind === "unlabeled" && askedAt <= last.at : askedAt < offAt;
}

/** Is it the labelling that the run was started by, or an older one? */
function isOwn(last: LabelRecord, { run, own }: { run: Run; own: Awaited<ReturnType<typeof labellingOf>> }) {
  // A command's run has no labelling of its own: what was put on before the command came with it.
  if (run.origin.trigger.kind === "command" && run.origin.askedAt !== undefined)
    return last.at <= run.origin.askedAt;
  // By its number, which earlier versions did not keep; the clocks are asked only where nothing was read.
  if (!own) return last.at <= run.origin.at + slackMs;
  return last.id === own.id || last.at < own.at || (own.id === undefined && last.at === own.at);
}

/** Throws *later* while GitHub's record may not show yet what was heard of at `since`. */
async function settled({ clock }: IntakeParts, since: number): Promise<void> {
  const retryAfterMs = since + settledMs - clock.now();
  if (retryAfterMs <= 0) return;
  throw new Problem("later", "labelling_unsettled", "GitHub's record of labels may not be up to date.", {
    retryAfterMs,
  });
}
