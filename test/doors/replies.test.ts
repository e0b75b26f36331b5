/** A reply whose first attempt came to nobody knows what, owed by two deliveries: one of them gives it. */
import { expect, test } from "vitest";
import { replyOnce } from "../../src/doors/replies.ts";
import { openStore } from "../../src/store/database.ts";
import { beginReply } from "../../src/store/replies.ts";
import { VirtualClock } from "../sim/virtual-clock.ts";
import { Disk } from "../store/disk.ts";
import { conversation } from "./slow-conversation.ts";

test("of two who find an old attempt one gives the reply, and the other finds it given", async () => {
  const store = await openStore({ kind: "lent", connection: new Disk().open() });
  const clock = new VirtualClock();
  const { github, posted } = conversation();
  const reply = { key: "refused:2:3:9", text: "No.", since: clock.now() };
  const place = { installation: 1, repositoryId: 2, owner: "acme", repo: "shop", issue: 3 };
  await beginReply(store.db, { ...reply, repositoryId: 2 }, clock.now());
  await clock.advance(31_000);
  const say = () => replyOnce({ github, store, clock }, place, reply);
  const told = await Promise.allSettled([say(), say()]);
  expect(told.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
  expect(told.find(({ status }) => status === "rejected")).toMatchObject({
    reason: { kind: "later", code: "reply_begun" },
  });
  await clock.advance(30_000);
  await say();
  expect(posted).toHaveLength(1);
  await store.close();
});
