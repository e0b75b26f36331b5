/**
 * Stopping the run of a thread. A stop is remembered whatever it finds: what it was about may be on its way, or wait
 * for a run that is being stopped already.
 */
import { Problem } from "../domain/errors.ts";
import type { Place, Run, Stop } from "../domain/run.ts";
import type { Tx } from "../engine/engine.ts";
import { rememberStop, takeDecision } from "../store/memos.ts";
import { notesOf } from "../store/notes.ts";
import { keepRun, liveRun, liveRuns, type RunKey, stopRun } from "../store/runs.ts";
import { isBeforeOwnRequest, isBeforeRequest, type StopTimes } from "./precedence.ts";
import type { Change, IntakeParts } from "./verdict.ts";

/** What has changed has been written: an agent that is to stop costs money by the second. */
const againMs = 100;

/** What a stop would end, as it was when GitHub was asked about it. */
export interface Target {
  run: Run | undefined;
  /** How much has been said to it. */
  notes: number;
  /** Was the stop meant for what was before? */
  isOlder: boolean;
}

/** Finds what a stop would end. `later` while GitHub cannot say which came first. */
export async function targetOfStop(parts: IntakeParts, key: RunKey, times: StopTimes): Promise<Target> {
  const { db } = parts.store;
  const run = await liveRun(db, key);
  if (!run) return { run, notes: 0, isOlder: false };
  const notes = await notesOf(db, run.id);
  return { run, notes: notes.length, isOlder: await isBeforeRequest(parts, { run, notes }, times) };
}

/** Finds what rests on the issue beside what was found: what closes an issue closes the matter of all its runs. */
export async function targetsBeside(
  parts: IntakeParts,
  key: RunKey,
  { found, times }: { found: Target; times: StopTimes },
): Promise<Target[]> {
  const { db } = parts.store;
  const resting = (await liveRuns(db, key)).filter(
    ({ id, phase }) => id !== found.run?.id && phase === "resting",
  );
  return Promise.all(
    resting.map(async (run) => {
      const notes = await notesOf(db, run.id);
      const isOlder = await isBeforeOwnRequest(parts, { run, notes }, times);
      return { run, notes: notes.length, isOlder };
    }),
  );
}

/** Ends those of them that the stop was meant for. Resolves with the runs to wake; `later` like `holdTarget`. */
export async function endTargets(
  tx: Tx,
  parts: Pick<IntakeParts, "clock">,
  { targets, stop }: { targets: Target[]; stop: Stop },
): Promise<string[]> {
  const ended: string[] = [];
  for (const target of targets) {
    if (!target.run || target.isOlder) continue;
    const run = await holdTarget(tx, parts, { key: { kind: "id", id: target.run.id }, target });
    if (!run) continue;
    await stopRun(tx, run.id, stop);
    ended.push(run.id);
  }
  return ended;
}

/**
 * Keeps everybody else from deciding about the issue until `tx` is over, and holds what was found to what is so now:
 * resolves with the run, or throws `later`, with nothing done, where it is another, does something else or was told more.
 */
export async function holdTarget(
  tx: Tx,
  { clock }: Pick<IntakeParts, "clock">,
  { key, target: { run, notes } }: { key: RunKey; target: Target },
): Promise<Run | undefined> {
  const issue = issueOf(key, run);
  if (issue) await takeDecision(tx, issue, clock.now());
  const found = await liveRun(tx, key);
  const now = found && (await keepRun(tx, found.id));
  const said = now ? await notesOf(tx, now.id) : [];
  const isSame = now?.id === run?.id && now?.round === run?.round && now?.phase === run?.phase;
  if (isSame && said.length === notes) return now;
  throw new Problem("later", "run_changed", "The issue's run has just changed.", {
    undone: true,
    retryAfterMs: againMs,
  });
}

/** Remembers a stop for what comes after it though it was asked for before. */
export async function rememberWord(
  tx: Tx,
  { key, run, times, isGone }: { key: RunKey; run: Run | undefined; times: StopTimes; isGone?: boolean },
): Promise<void> {
  // On a pull request it is about the run that proposed it, and no other of the issue's.
  const issue = key.kind === "pull" ? { ...key, issue: key.pull } : issueOf(key, run);
  const { writtenAt, receivedAt } = times;
  if (issue && isGone) await rememberStop(tx, issue, { which: "gone", at: receivedAt });
  const word =
    writtenAt === undefined
      ? { which: "heard" as const, at: receivedAt }
      : { which: "written" as const, at: writtenAt };
  if (issue) await rememberStop(tx, issue, word);
}

/** Writes down that a run is to stop. */
export async function askRun(tx: Tx, { id }: Pick<Run, "id">, stop: Stop): Promise<Change> {
  await stopRun(tx, id, stop);
  return { verdict: `stop asked of ${id}`, wake: id };
}

/** The issue that decisions are taken about: also of a stop on the pull request of its run. */
function issueOf(key: RunKey, run: Run | undefined): Pick<Place, "repositoryId" | "issue"> | undefined {
  return run?.place ?? (key.kind === "issue" ? key : undefined);
}
