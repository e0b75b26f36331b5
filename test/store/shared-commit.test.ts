/** Writes that share a transaction share nothing else: each is told its own result, or its own error. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { openStore, type Store } from "../../src/store/database.ts";
import type { Write } from "../../src/store/shared-commit.ts";
import { Disk } from "./disk.ts";

let store: Store;
let commits: number;

beforeEach(async () => {
  const connection = new Disk().open((text) => {
    if (text === "commit") commits += 1;
  });
  store = await openStore({ kind: "lent", connection });
  commits = 0;
});
afterEach(() => store.close());

const wake =
  (key: string): Write<string> =>
  async (tx) => {
    await tx.insertInto("wakes").values({ key, at: 1, pokes: 0, tries: 0 }).execute();
    return key;
  };

test("writes of one moment are one transaction", async () => {
  const told = await Promise.all(["a", "b", "c"].map((key) => store.together(wake(key))));
  expect(told).toEqual(["a", "b", "c"]);
  expect(commits).toBe(1);
});

test("a refused write takes no other with it", async () => {
  await store.together(wake("b"));
  const told = await Promise.allSettled(["a", "b", "c"].map((key) => store.together(wake(key))));
  expect(told.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
  const rows = await store.db.selectFrom("wakes").select("key").orderBy("key").execute();
  expect(rows.map(({ key }) => key)).toEqual(["a", "b", "c"]);
});
