/**
 * A run's next round: opened from outside while the run rests, or begun by its holder with what was said too
 * late for the round that ends.
 */
import { forNextRound } from "../domain/progress.ts";
import { isClosed, type Note, type Run, spentCents } from "../domain/run.ts";
import type { Store } from "./database.ts";
import { admitRound } from "./limits.ts";
import { addNote } from "./notes.ts";
import { changeRun, type HeldRun, liveRun } from "./runs.ts";
import type { Db } from "./schema.ts";

/**
 * Opens the next round of a run at rest, which the caller has seized: working again or in the queue, from now,
 * with no stop asked. False when the matter is closed for good, or another run of its issue is working.
 */
export async function openRound(tx: Db, run: Run, now: number): Promise<boolean> {
  if (isClosed(run)) return false;
  const { repositoryId, issue } = run.place;
  const rival = await tx
    .selectFrom("runs")
    .select("id")
    .where("repository_id", "=", repositoryId)
    .where("issue", "=", issue)
    .where("phase", "=", "working")
    .executeTakeFirst();
  if (rival) return false;
  const opened = await tx
    .updateTable("runs")
    .set((update) => ({
      round: run.round + 1,
      round_at: now,
      phase: "working",
      state: "working",
      state_at: now,
      ending_json: null,
      stop_json: null,
      ended_at: null,
      progress_json: JSON.stringify(forNextRound(run.progress)),
      // A farewell in progress ends here.
      epoch: update("epoch", "+", 1),
    }))
    .where("id", "=", run.id)
    .where("round", "=", run.round)
    .where("phase", "=", "resting")
    .executeTakeFirst();
  if (opened.numUpdatedRows !== 1n) return false;
  const { id, place, settings, round } = run;
  await admitRound(tx, { run: id, round: round + 1, place, settings, spentCents: spentCents(run), now });
  return true;
}

/**
 * Begins the next round of a run at rest that the caller holds, with a note of its own finding. False where
 * `openRound` would not, or the note is known. Throws `Fenced` when somebody else holds the run.
 */
export async function reopenRound(store: Store, held: HeldRun, note: Omit<Note, "round">): Promise<boolean> {
  const { run } = held;
  return store.db.transaction().execute(async (tx) => {
    await changeRun(tx, held, {});
    // Read anew: the pull request may have been closed since. Not seized: where no round is opened, the caller
    // goes on holding it.
    const now = await liveRun(tx, { kind: "id", id: run.id });
    const isNew = !run.notes.some(({ id }) => id === note.id);
    if (!now || !isNew || !(await openRound(tx, now, note.at))) return false;
    return addNote(tx, run.id, { ...note, round: run.round + 1 });
  });
}

/** Moves a round's beginning, so that time spent waiting on people is not counted as work. */
export async function shiftRound(tx: Db, id: string, ms: number): Promise<void> {
  await tx
    .updateTable("runs")
    .set((update) => ({ round_at: update("round_at", "+", ms) }))
    .where("id", "=", id)
    .execute();
}

/** Begins the next round at `at` with the notes of these ids. Throws `Fenced` when somebody else holds the run. */
export async function beginNextRound(
  store: Store,
  held: HeldRun,
  { notes, at }: { notes: string[]; at: number },
): Promise<void> {
  const { run } = held;
  await store.db.transaction().execute(async (tx) => {
    await changeRun(tx, held, {
      round: run.round + 1,
      round_at: at,
      held: null,
      state: "working",
      state_at: at,
      ending_json: null,
      progress_json: JSON.stringify(forNextRound(run.progress)),
    });
    await tx
      .updateTable("notes")
      .set({ round: run.round + 1 })
      .where("run_id", "=", run.id)
      .where("id", "in", notes)
      .execute();
  });
}
