/**
 * A look at the session: what happened since the last one, on the row and on the timeline; what it has cost
 * leaves the day's money in the same transaction.
 */
import { entriesOf } from "../domain/journal.ts";
import { fullName, type Run, spentCents } from "../domain/run.ts";
import { noteSpent } from "../store/days.ts";
import { writeJournal } from "../store/journal.ts";
import { changeRun, type RunChange } from "../store/runs.ts";
import type { Tools } from "./tools.ts";

/** Looks, and writes down what it brought with a change of the run's row. Throws `gone` where the session is. */
export async function look(tools: Tools, session: string, also: RunChange): Promise<void> {
  const { held, agents, store, ledger, clock, metrics } = tools;
  const run: Run = held.run;
  const before = run.progress;
  const spentBefore = spentCents(run);
  run.progress = await agents.look(session, before);
  const spent = spentCents(run);
  const change = { ...also, progress_json: JSON.stringify(run.progress), cost_cents: spent };
  const entries = entriesOf(run, before, clock.now());
  if (spent <= spentBefore) return ledger.change(change, entries);
  const now = clock.now();
  await store.db.transaction().execute(async (tx) => {
    await changeRun(tx, held, change);
    await writeJournal(tx, run.id, entries);
    await noteSpent(tx, { run: run.id, place: run.place, spentCents: spent, now });
  });
  metrics.cost.inc(metrics.at(fullName(run.place)), spent - spentBefore);
}
