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
 * | on, off, on within a second                             | one run, stopped where *off* was read after |
 * | an *on*, but somebody else put it on since              | nothing: that labelling has its own delivery|
 * | a late *on*, older than the newest run          | nothing                                     |
 * | a late or repeated *off*, while the label is on         | nothing                                     |
 *
 * GitHub is asked only where the inbox and the runs leave doubt. The record may lag behind a delivery, so a
 * *no* is believed only some seconds after it came.
 */
import { Problem } from "../domain/errors.ts";
import type { Origin, Person, Place } from "../domain/run.ts";
import { type Labelling as LabelRecord, lastLabelling } from "../github/labels.ts";
import { unlabelledAt } from "../store/memos.ts";
import { latestRun } from "../store/runs.ts";
import type { DeliveryRow } from "../store/schema.ts";
import { type IntakeParts, keyOf } from "./verdict.ts";

/** A wish of its own, with the key its run is found by; or none, and why. */
export type Labelling = { kind: "new"; triggerKey: string } | { kind: "old"; why: string };

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
  const [copyAt, run, offAt] = await Promise.all([
    box.lastCopy(row.body_hash, row.id),
    latestRun(store.db, keyOf("issue", place)),
    unlabelledAt(store.db, { ...place, label }),
  ]);
  if (run?.phase === "working" && !run.stop) {
    // A stop that was received before may be on its way to the run.
    await settled(parts, row);
    return { kind: "old", why: "a run is at work" };
  }
  if (run?.phase === "working") {
    throw new Problem("later", "run_stopping", "The run that was stopped has not ended yet.", {
      retryAfterMs: endingMs,
    });
  }
  if (copyAt === undefined && offAt === undefined && !run) {
    return { kind: "new", triggerKey: `label:${row.body_hash}` };
  }
  const servedAt = Math.max(copyAt ?? 0, run?.origin.at ?? 0);
  const last = await lastLabelling(parts.github, place, label);
  if (last?.kind === "labeled" && last.at > servedAt + (servedAt === 0 ? 0 : slackMs)) {
    if (isBy(last, origin.sender)) return { kind: "new", triggerKey: `labeled:${last.id}` };
    await settled(parts, row);
    return { kind: "old", why: "the label was put on by somebody else since" };
  }
  await settled(parts, row);
  return {
    kind: "old",
    why: last?.kind === "labeled" ? "this labelling has been served" : "the label is off",
  };
}

/** One person's delivery does not speak for another's labelling, nor for an App's in a person's name. */
function isBy({ by, viaApp }: LabelRecord, sender: Person): boolean {
  return by?.id === sender.id && !(viaApp && by.type === "User");
}

/** Why a label taken off stops nothing; undefined when it may. A run is stopped by nothing older than itself. */
export async function unlabellingIgnored(
  parts: IntakeParts,
  row: Row,
  { place, label }: { place: Place; label: string },
): Promise<string | undefined> {
  if ((await parts.box.lastCopy(row.body_hash, row.id)) === undefined) return undefined;
  const last = await lastLabelling(parts.github, place, label);
  if (last?.kind !== "labeled") return undefined;
  await settled(parts, row);
  return "the label is on";
}

/** Was the label taken off after this labelling was received? Asked in the transaction that starts the run. */
export async function isOffSince(
  tx: Parameters<typeof unlabelledAt>[0],
  { place, label }: { place: Place; label: string },
  origin: Pick<Origin, "at">,
): Promise<boolean> {
  return ((await unlabelledAt(tx, { ...place, label })) ?? 0) > origin.at;
}

async function settled({ clock }: IntakeParts, { received_at: receivedAt }: Row): Promise<void> {
  const retryAfterMs = receivedAt + settledMs - clock.now();
  if (retryAfterMs <= 0) return;
  throw new Problem("later", "labelling_unsettled", "GitHub's record of labels may not be up to date.", {
    retryAfterMs,
  });
}
