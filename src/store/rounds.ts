/**
 * The next round of a run that is still held: begun by its holder, in one fenced write, with what was said
 * too late for the round that ends.
 */
import { forNextRound } from "../domain/progress.ts";
import type { Store } from "./database.ts";
import { changeRun, type HeldRun } from "./runs.ts";

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
