/** The caretaker's questions, on both databases. */
import { expect, test } from "vitest";
import { defaultSettings } from "../../src/domain/settings.ts";
import { openStore, type Store } from "../../src/store/database.ts";
import { forgetStops, rememberUnlabelled, unlabelledAt } from "../../src/store/memos.ts";
import { startRun } from "../../src/store/runs.ts";
import {
  runsMovedSince,
  runsWithTokensLeft,
  sessionsOfRuns,
  sleepers,
  watchedRuns,
} from "../../src/store/sleepers.ts";
import { Disk } from "./disk.ts";
import { freshDatabase, serverUrl } from "./server.ts";

const now = 1_795_305_600_000;

async function withRuns(store: Store): Promise<void> {
  const sender = { login: "mona", id: 1, type: "User" };
  const origin = {
    trigger: { kind: "label" as const, label: "agent" },
    at: now,
    sender,
    title: "Add is wrong",
  };
  for (const [issue, id] of ["alarmed", "asleep", "overdue", "failing"].entries()) {
    const place = { installation: 1, repositoryId: 2, owner: "acme", repo: "shop", issue };
    await store.db.transaction().execute((tx) =>
      startRun(tx, {
        ...{ id, triggerKey: id, place, settings: defaultSettings, now },
        // Only what the rows need; the rest of an origin is text to them.
        origin: origin as never,
      }),
    );
    await store.db
      .updateTable("runs")
      .set({ session: `s-${id}`, looked_at: now })
      .where("id", "=", id)
      .execute();
  }
  const wakes = [
    { key: "run:alarmed", at: now + 1, pokes: 0, tries: 0 },
    { key: "run:overdue", at: now - 1, pokes: 0, tries: 0 },
    { key: "run:failing", at: now + 1, pokes: 0, tries: 3 },
  ];
  await store.db.insertInto("wakes").values(wakes).execute();
}

/** Runs at rest: with an open session that nobody would archive, with an alarm for it, and with none that is open. */
async function atRest(store: Store): Promise<void> {
  const ids = ["alarmed", "asleep", "overdue"];
  await store.db
    .updateTable("runs")
    .set({ phase: "resting", looked_at: null })
    .where("id", "in", ids)
    .execute();
  const archived = { name: "archive s-overdue", value_json: "true", done_at: now };
  await store.db
    .insertInto("facts")
    .values({ run_id: "overdue", round: 0, begun_at: now, ...archived })
    .execute();
  const found = await sleepers(store.db, now);
  expect(found.map(({ kind, id }) => `${kind}:${id}`)).toEqual(["run:asleep"]);
}

async function answers(store: Store): Promise<void> {
  await withRuns(store);
  const watched = (await watchedRuns(store.db)).map(({ id }) => id);
  expect(watched.toSorted()).toEqual(["alarmed", "asleep", "overdue"]);
  const found = await sleepers(store.db, now);
  expect(found.map(({ kind, id }) => `${kind}:${id}`).toSorted()).toEqual(["run:asleep", "run:overdue"]);
  expect([await runsMovedSince(store.db, now), await runsMovedSince(store.db, now + 1)]).toEqual([
    true,
    false,
  ]);
  const fact = {
    run_id: "asleep",
    round: 0,
    name: "session 2",
    value_json: null,
    begun_at: now,
    done_at: null,
  };
  await store.db.insertInto("facts").values(fact).execute();
  expect(await sessionsOfRuns(store.db, ["asleep", "not ours"])).toEqual(
    new Map([["asleep", { ended: false, session: "s-asleep", opening: true }]]),
  );
  expect(await runsWithTokensLeft(store.db)).toEqual([]);
  const thread = { repositoryId: 2, issue: 3, label: "agent" };
  await rememberUnlabelled(store.db, thread, now);
  await forgetStops(store.db, now);
  expect(await unlabelledAt(store.db, thread)).toBe(now);
  await forgetStops(store.db, now + 1);
  expect(await unlabelledAt(store.db, thread)).toBeUndefined();
  await atRest(store);
}

test("on SQLite", async () => {
  const store = await openStore({ kind: "lent", connection: new Disk().open() });
  await answers(store);
  await store.close();
});

test.skipIf(!serverUrl)("on PostgreSQL", async () => {
  const { url, drop } = await freshDatabase();
  const store = await openStore({ kind: "postgres", url });
  await answers(store);
  await store.close();
  await drop();
});
