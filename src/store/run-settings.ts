/**
 * The settings a run works by, which the limits count by as well: replaced from outside when its budget was
 * raised, or by its holder.
 */
import { budgetCents, type Origin, type RunSettings, spentCents } from "../domain/run.ts";
import type { Store } from "./database.ts";
import { tooDear } from "./days.ts";
import { changeRun, type HeldRun } from "./runs.ts";
import type { Db } from "./schema.ts";

/** Replaces the settings of a run. The caller has seized it (`seizeRun`), so that its holder does not write others. */
export async function resettle(tx: Db, id: string, settings: RunSettings, origin?: Origin): Promise<void> {
  const from = origin === undefined ? {} : { origin_json: JSON.stringify(origin) };
  await tx
    .updateTable("runs")
    .set({ settings_json: JSON.stringify(settings), ...from })
    .where("id", "=", id)
    .execute();
  await tx
    .updateTable("places")
    .set({ budget: budgetCents(settings) })
    .where("run_id", "=", id)
    .execute();
}

/** Writes the settings and the origin as the caller holds them. Throws `Fenced` when somebody else holds the run. */
export function keepSettings(store: Store, held: HeldRun): Promise<void> {
  return store.db.transaction().execute((tx) => keep(tx, held));
}

/**
 * The same, unless they cost more than the run was let in with and the day does not allow that: resolves with why,
 * with nothing written.
 */
export function keepAffordable(store: Store, held: HeldRun, now: number): Promise<string | undefined> {
  const { id, settings, place } = held.run;
  return store.db.transaction().execute(async (tx) => {
    const cents = budgetCents(settings);
    const costing = { run: id, place, settings, spentCents: spentCents(held.run), now };
    const isMore = held.place !== undefined && cents > held.place.budget;
    const dear = isMore ? await tooDear(tx, costing, cents) : undefined;
    if (dear === undefined) await keep(tx, held);
    return dear;
  });
}

async function keep(tx: Db, held: HeldRun): Promise<void> {
  const { id, settings, origin } = held.run;
  await changeRun(tx, held, {});
  await resettle(tx, id, settings, origin);
}
