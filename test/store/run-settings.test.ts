/** Settings that a run is given: from outside, and by its holder as long as it is the holder. */
import { expect, test } from "vitest";
import { budgetCents } from "../../src/domain/run.ts";
import { keepSettings, resettle } from "../../src/store/run-settings.ts";
import { Fenced, holdRun, latestRun, seizeRun } from "../../src/store/runs.ts";
import { withRun } from "./run.ts";

test("a holder that was overtaken does not write its settings over newer ones", async () => {
  const { store, id } = await withRun(0);
  const held = await holdRun(store.db, id);
  if (!held) throw new Error("no run");
  const { settings } = held.run;
  held.run.settings = { ...settings, budget_usd: 3 };
  await keepSettings(store, held);
  const cents = async () => {
    const run = await latestRun(store.db, { kind: "id", id });
    const place = await store.db.selectFrom("places").select("budget").executeTakeFirst();
    return [run && budgetCents(run.settings), place?.budget];
  };
  expect(await cents()).toEqual([300, 300]);
  await store.db.transaction().execute(async (tx) => {
    await seizeRun(tx, id);
    await resettle(tx, id, { ...settings, budget_usd: 20 });
  });
  await expect(keepSettings(store, held)).rejects.toThrow(Fenced);
  expect(await cents()).toEqual([2_000, 2_000]);
  await store.close();
});
