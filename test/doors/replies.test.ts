/** A reply whose first attempt came to nobody knows what, owed by two deliveries: one of them gives it. */
import { expect, test } from "vitest";
import { openStore } from "../../src/store/database.ts";
import { beginReply, takeOverReply } from "../../src/store/replies.ts";
import { Disk } from "../store/disk.ts";

test("of two who take over an old claim one goes on", async () => {
  const store = await openStore({ kind: "lent", connection: new Disk().open() });
  const reply = { key: "refused:2:3:9", repositoryId: 2 };
  await beginReply(store.db, reply, 1_000);
  const claims = await Promise.all([1, 2].map(() => beginReply(store.db, reply, 40_000)));
  expect(claims).toEqual([1, 2].map(() => ({ kind: "begun", since: 1_000 })));
  const taken = await Promise.all([1, 2].map(() => takeOverReply(store.db, reply, 1_000, 40_000)));
  expect(taken.toSorted()).toEqual([false, true]);
  expect(await beginReply(store.db, reply, 50_000)).toEqual({ kind: "begun", since: 40_000 });
  await store.close();
});
