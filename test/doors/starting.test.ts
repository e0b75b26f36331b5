/** Something said to a run that ended between two looks: tried again, and nothing is written meanwhile. */
import { expect, test } from "vitest";
import { tellRun } from "../../src/doors/starting.ts";
import { VirtualClock } from "../sim/virtual-clock.ts";
import { withRun } from "../store/run.ts";

test("what is said to a run that has just ended is `later`, and no note of it", async () => {
  const { store, id } = await withRun(0);
  const note = {
    ...{ id: "comment:5", kind: "said" as const, author: "mona", text: "Use node:test." },
    source: { kind: "comment" as const, id: 5 },
  };
  await store.db.updateTable("runs").set({ phase: "ended" }).where("id", "=", id).execute();
  const said = store.db
    .transaction()
    .execute((tx) => tellRun(tx, { clock: new VirtualClock() }, { id }, note));
  await expect(said).rejects.toMatchObject({ kind: "later", code: "run_just_ended" });
  expect(await store.db.selectFrom("notes").selectAll().execute()).toEqual([]);
  await store.close();
});
