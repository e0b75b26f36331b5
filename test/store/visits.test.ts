/** Visits on both databases: what has changed since it was read stays, and all that are over get their turn. */
import { expect, test } from "vitest";
import { openStore, type Store } from "../../src/store/database.ts";
import {
  addVisit,
  changeVisit,
  dropVisit,
  findVisit,
  visitsAfter,
  visitsBefore,
} from "../../src/store/visits.ts";
import { Disk } from "./disk.ts";
import { freshDatabase, serverUrl } from "./server.ts";

const visit = (id: string, began_at: number) => ({
  id,
  person_id: 1,
  login: "mona",
  sealed: "first",
  began_at,
});

async function isKept(store: Store): Promise<void> {
  const read = visit("a", 1);
  await addVisit(store.db, read);
  expect(await changeVisit(store.db, read, { sealed: "second" })).toBe(true);
  expect(await changeVisit(store.db, read, { sealed: "third" })).toBe(false);
  await dropVisit(store.db, read);
  const now = await findVisit(store.db, "a");
  expect(now?.sealed).toBe("second");
  // Another row in its place, with an id of its own.
  expect(await changeVisit(store.db, { id: "a", sealed: "second" }, { ...read, id: "b", person_id: 2 })).toBe(
    true,
  );
  await dropVisit(store.db, { id: "a", sealed: "second" });
  expect(await findVisit(store.db, "b")).toEqual({ ...read, id: "b", person_id: 2 });
  await dropVisit(store.db, { id: "b", sealed: "first" });
}

async function hasTurns(store: Store): Promise<void> {
  const rows = [visit("c", 1), visit("a", 2), visit("d", 2), visit("b", 3), visit("young", 9)];
  for (const row of rows) await addVisit(store.db, row);
  const ids = async (after?: (typeof rows)[number]) =>
    (await visitsBefore(store.db, { before: 9, limit: 3, ...(after && { after }) })).map(({ id }) => id);
  expect(await ids()).toEqual(["c", "a", "d"]);
  expect(await ids(rows[1])).toEqual(["d", "b", "c"]);
  expect(await ids(rows[3])).toEqual(["c", "a", "d"]);
  const after = async (id: string) => (await visitsAfter(store.db, id, 2)).map((one) => one.id);
  expect([await after(""), await after("b"), await after("young")]).toEqual([["a", "b"], ["c", "d"], []]);
}

test("what has changed since it was read stays, and all have their turn, in memory", async () => {
  const store = await openStore({ kind: "lent", connection: new Disk().open() });
  await isKept(store);
  await hasTurns(store);
  await store.close();
});

test.skipIf(!serverUrl)(
  "what has changed since it was read stays, and all have their turn, on PostgreSQL",
  async () => {
    const { url, drop } = await freshDatabase();
    const store = await openStore({ kind: "postgres", url });
    await isKept(store);
    await hasTurns(store);
    await store.close();
    await drop();
  },
);
