/** Two who ask for a stop at the same moment: what closes the matter for good is remembered, whoever was first. */
import { sql } from "kysely";
import { expect, test } from "vitest";
import { openStore, type Store } from "../../src/store/database.ts";
import { forgetStops, rememberStop, stopAt, takeDecision } from "../../src/store/memos.ts";
import { latestRun, stopRun } from "../../src/store/runs.ts";
import type { Db } from "../../src/store/schema.ts";
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

test.skipIf(!serverUrl)("old stops are forgotten beside one that is just being written", async () => {
  const { url, drop } = await freshDatabase();
  const store = await openStore({ kind: "postgres", url });
  const issue = { repositoryId: 1, issue: 2 };
  const old = 1_600_000_000_000;
  await rememberStop(store.db, issue, { which: "written", at: old });
  await store.db.transaction().execute((tx) => takeDecision(tx, issue, old));
  let forgetting: Promise<void> | undefined;
  await store.db.transaction().execute(async (tx) => {
    await takeDecision(tx, issue, old + 1);
    forgetting = forgetStops(store.db, old + 10);
    // Somebody waits for our row by now.
    while ((await waiters(tx)) === 0);
    await rememberStop(tx, issue, { which: "written", at: old + 20 });
  });
  await forgetting;
  expect(await stopAt(store.db, issue, "written")).toBe(old + 20);
  await store.close();
  await drop();
});

async function waiters(db: Db): Promise<number> {
  const { rows } = await sql<{ count: string }>`
    select count(*) from pg_locks where not granted
    and pid in (select pid from pg_stat_activity where datname = current_database())`.execute(db);
  return Number(rows[0]?.count);
}
