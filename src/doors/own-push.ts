/**
 * What our own tokens moved. A token cannot be kept to a branch by GitHub, and the platform's word that it
 * keeps an agent to one is not evidence: every ref that moves in our name and is not a run's own stops
 * whoever was at work there, and is told.
 */
import type { Intent } from "../domain/intent.ts";
import { alarmText, isOwn, kindOf } from "../domain/move.ts";
import { pushersAt } from "../store/pushers.ts";
import { stopRun } from "../store/runs.ts";
import { conclude, type IntakeParts, written } from "./verdict.ts";

/** A ref that moved in our name. Which of several runs did it cannot be told, so all of them are stopped. */
export async function hearOwnPush(
  parts: IntakeParts,
  delivery: string,
  intent: Extract<Intent, { kind: "pushed" }>,
): Promise<string> {
  const { place, move, at, defaultBranch } = intent;
  const pushers = await pushersAt(parts.store.db, { repositoryId: place.repositoryId, at: move.at });
  if (pushers.some(({ own }) => isOwn(move, own)))
    return conclude(parts, delivery, "ignored: the run's own push");
  const runs = pushers.filter(({ run }) => run.phase !== "ended").map(({ run }) => run.id);
  parts.metrics.alarms.inc({ what: kindOf(move, defaultBranch) });
  parts.log.error(
    {
      delivery_id: delivery,
      installation_id: place.installation,
      repository_id: place.repositoryId,
      ...move,
      runs: pushers.map(({ run }) => run.id),
    },
    "a token of ours moved a ref that is not a run's own",
  );
  const alarm = alarmText(move, { alone: pushers.length === 1 });
  return written(parts, delivery, async (tx) => {
    for (const id of runs) await stopRun(tx, id, { why: "a push outside the run's branch", at, alarm });
    return { verdict: `alarm: ${move.ref} moved, ${runs.length} stopped`, wake: runs };
  });
}
