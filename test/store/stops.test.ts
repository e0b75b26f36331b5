/** Two who ask for a stop at the same moment: what closes the matter for good is remembered, whoever was first. */
import { expect, test } from "vitest";
import { openStore, type Store } from "../../src/store/database.ts";
import { latestRun, stopRun } from "../../src/store/runs.ts";
import { Disk } from "./disk.ts";
import { beginRun } from "./run.ts";
import { freshDatabase, serverUrl } from "./server.ts";

const asked = [
  { why: "issue closed", by: "mona", at: 1 },
  { why: "label removed", by: "rita", at: 1 },
] as const;

async function remembered(store: Store): Promise<string | undefined> {
  const id = await beginRun(store, 0);
  await Promise.all(asked.map((stop) => store.db.transaction().execute((tx) => stopRun(tx, id, stop))));
  return (await latestRun(store.db, { kind: "id", id }))?.stop?.why;
}

test("of two stops at once the final one stays, in memory", async () => {
  const store = await openStore({ kind: "lent", connection: new Disk().open() });
  expect(await remembered(store)).toBe("issue closed");
  await store.close();
});

test.skipIf(!serverUrl)("of two stops at once the final one stays, on PostgreSQL", async () => {
  const { url, drop } = await freshDatabase();
  const store = await openStore({ kind: "postgres", url });
  expect(await remembered(store)).toBe("issue closed");
  await store.close();
  await drop();
});
