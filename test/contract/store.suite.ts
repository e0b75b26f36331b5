/**
 * What every store must do, whatever it stands on: tables, constraints, transactions, the inbox.
 */
import { createHash } from "node:crypto";
import type { Insertable } from "kysely";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Problem } from "../../src/domain/errors.ts";
import type { Store } from "../../src/store/database.ts";
import { type Bell, inbox } from "../../src/store/deliveries.ts";
import type { RunRow } from "../../src/store/schema.ts";
import { VirtualClock } from "../sim/virtual-clock.ts";
import { staleWrites } from "./stale-holder.ts";

/** What an implementation brings to be tested. */
export interface Place {
  /** Opens a store on the same data, again and at the same time if it can. */
  open(): Promise<Store>;
  close(): Promise<void>;
}

/** A run with everything the table asks for. */
function runRow(changes: Partial<RunRow>): Insertable<RunRow> {
  return {
    id: "r1",
    trigger_key: "t1",
    installation_id: 1,
    repository_id: 2,
    owner: "acme",
    repo: "shop",
    issue: 3,
    origin_json: "{}",
    settings_json: "{}",
    round: 1,
    phase: "working",
    ending_json: null,
    stop_json: null,
    session: null,
    pull: null,
    head: null,
    held: null,
    progress_json: "{}",
    epoch: 0,
    created_at: 1_795_305_600_000,
    round_at: 1_795_305_600_000,
    looked_at: null,
    ended_at: null,
    edited_at: null,
    title: null,
    person: null,
    label: null,
    model: null,
    state: null,
    state_at: null,
    cost_cents: null,
    pull_at: null,
    fate: null,
    forgotten_at: null,
    ...changes,
  };
}

/** A bell that writes down what was rung, and can be made to fail. */
function listeningBell(): Bell & { rung: string[]; knocks: number; broken: boolean } {
  return {
    rung: [],
    knocks: 0,
    broken: false,
    async wake(_tx, ...wakes) {
      if (this.broken) throw new Error("the bell is broken");
      this.rung.push(...wakes.map(({ id }) => id));
    },
    knock() {
      this.knocks += 1;
    },
  };
}

/** Runs the suite against one implementation. */
export function storeSuite(name: string, make: () => Promise<Place>): void {
  describe(name, () => {
    let place: Place;
    let store: Store;
    beforeEach(async () => {
      place = await make();
      store = await place.open();
    });
    afterEach(async () => {
      await store.close();
      await place.close();
    });

    test("answers, and what is written is there after opening it again", async () => {
      await store.check();
      await store.db.insertInto("memos").values({ name: "agent", value: "agent_1" }).execute();
      await store.close();
      store = await place.open();
      expect(await store.db.selectFrom("memos").selectAll().execute()).toEqual([
        { name: "agent", value: "agent_1" },
      ]);
    });

    test("numbers come back as numbers, absent values as null", async () => {
      const row = runRow({ repository_id: 9_007_199_254_740_991 });
      await store.db.insertInto("runs").values(row).execute();
      expect(await store.db.selectFrom("runs").selectAll().executeTakeFirst()).toEqual(row);
    });

    test("one run per trigger, one working run per issue", async () => {
      const insert = (changes: Partial<RunRow>) =>
        store.db.insertInto("runs").values(runRow(changes)).execute();
      await insert({});
      await expect(insert({ id: "r2", issue: 9 })).rejects.toThrow();
      await expect(insert({ id: "r2", trigger_key: "t2" })).rejects.toThrow();
      await insert({ id: "r3", trigger_key: "t3", phase: "ended" });
      await insert({ id: "r4", trigger_key: "t4", repository_id: 7 });
      const again = await store.db
        .insertInto("runs")
        .values(runRow({ id: "r5", phase: "ended" }))
        .onConflict((conflict) => conflict.column("trigger_key").doNothing())
        .returning("id")
        .execute();
      expect(again).toEqual([]);
    });

    test("nothing is taken from a holder of a run who was overtaken", async () => {
      expect(await staleWrites(store)).toEqual([]);
    });

    test("a transaction that fails leaves nothing", async () => {
      const failing = store.db.transaction().execute(async (tx) => {
        await tx.insertInto("memos").values({ name: "half", value: "" }).execute();
        throw new Error("the other half failed");
      });
      await expect(failing).rejects.toThrow("the other half failed");
      expect(await store.db.selectFrom("memos").selectAll().execute()).toEqual([]);
    });

    test("a database that a newer version wrote is refused", async () => {
      await store.db
        .insertInto("kysely_migration" as never)
        .values({ name: "9999_from_the_future", timestamp: "2099-01-01T00:00:00.000Z" } as never)
        .execute();
      await store.close();
      await expect(place.open()).rejects.toMatchObject({ kind: "refused", code: "store_newer" });
      await expect(place.open()).rejects.toThrow("9999_from_the_future");
    });

    test("a closed store does not answer", async () => {
      await store.close();
      await expect(store.check()).rejects.toMatchObject({ kind: "later", code: "store_unavailable" });
    });

    describe("inbox", () => {
      const clock = new VirtualClock();
      const delivery = (id: string, body = `{"of":"${id}"}`) => ({ id, event: "issues", body });

      test("appends of one turn are stored once each, with their wakes", async () => {
        const bell = listeningBell();
        const box = inbox(store, bell, clock);
        const ids = Array.from({ length: 450 }, (_, n) => `d${n}`);
        const appended = await Promise.all([...ids, "d0"].map((id) => box.append(delivery(id))));
        expect(appended.slice(0, 450)).toEqual(ids.map(() => "new"));
        expect(appended[450]).toBe("known");
        expect(await box.append(delivery("d1"))).toBe("known");
        expect(bell.rung.toSorted((a, b) => a.localeCompare(b))).toEqual(
          ids.toSorted((a, b) => a.localeCompare(b)),
        );
        // 451 rows, at most 200 in a transaction.
        expect(bell.knocks).toBe(3);
        expect(await box.load("d7")).toEqual({
          ...delivery("d7"),
          body_hash: createHash("sha256").update(delivery("d7").body).digest("hex"),
          received_at: clock.now(),
          state: "waiting",
          done_at: null,
          verdict: null,
        });
        expect(await box.load("d9999")).toBeUndefined();
      });

      test("the body is kept as it came", async () => {
        const box = inbox(store, listeningBell(), clock);
        const body = `{"title":"naïve 🚀 \\u0000 \u2028 ''; drop table runs; --","long":"${"x".repeat(5_000_000)}"}`;
        await box.append(delivery("big", body));
        expect((await box.load("big"))?.body).toBe(body);
      });

      test("nothing is acknowledged when the wake cannot be written", async () => {
        const bell = listeningBell();
        const box = inbox(store, bell, clock);
        bell.broken = true;
        const appends = await Promise.allSettled([box.append(delivery("a")), box.append(delivery("b"))]);
        expect(appends.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
        await expect(box.append(delivery("a"))).rejects.toMatchObject({
          kind: "later",
          code: "store_unavailable",
        });
        expect([await box.load("a"), bell.knocks]).toEqual([undefined, 0]);
        bell.broken = false;
        expect(await box.append(delivery("a"))).toBe("new");
      });

      test("a queue beyond its bound sends them away", async () => {
        const box = inbox(store, listeningBell(), clock);
        const appends = Array.from({ length: 5_001 }, (_, n) => box.append(delivery(`d${n}`)));
        await expect(appends[5_000]).rejects.toMatchObject({ kind: "later" });
        expect(await appends[4_999]).toBe("new");
      });

      test("of two copies under different ids only the later one was seen before", async () => {
        const box = inbox(store, listeningBell(), clock);
        await box.append(delivery("b", "{}"));
        await clock.advance(1);
        await Promise.all([box.append(delivery("a", "{}")), box.append(delivery("c", "{}"))]);
        const hash = (await box.load("a"))?.body_hash ?? "";
        const [first, second] = [clock.now() - 1, clock.now()];
        expect(await Promise.all(["a", "b", "c"].map((id) => box.lastCopy(hash, id)))).toEqual([
          first,
          undefined,
          second,
        ]);
        await box.fail("b", new Problem("fault", "broken", "Broken."));
        expect(await Promise.all(["a", "c"].map((id) => box.lastCopy(hash, id)))).toEqual([
          undefined,
          second,
        ]);
        expect(await box.lastCopy("another", "a")).toBeUndefined();
        expect(await box.known(["a", "another"])).toEqual(new Set(["a"]));
      });

      test("what asks nothing is nobody's copy", async () => {
        const box = inbox(store, listeningBell(), clock);
        await box.append({ ...delivery("idle", "{}"), verdict: "ignored: not a label of ours" });
        await clock.advance(1);
        await box.append(delivery("later", "{}"));
        const hash = (await box.load("later"))?.body_hash ?? "";
        expect(hash).toMatch(/^[0-9a-f]{64}$/);
        expect(await box.lastCopy(hash, "later")).toBeUndefined();
      });

      test("a finished delivery has its verdict, together with what it caused or not at all", async () => {
        const box = inbox(store, listeningBell(), clock);
        await Promise.all(["a", "b", "c"].map((id) => box.append(delivery(id))));
        await box.finish("a", "ignored");
        const failing = store.db.transaction().execute(async (tx) => {
          await box.finish("b", "run started", tx);
          throw new Error("rolled back");
        });
        await expect(failing).rejects.toThrow();
        await box.fail("c", new Problem("fault", "unreadable", "Unreadable."));
        const rows = await Promise.all(["a", "b", "c"].map((id) => box.load(id)));
        expect(rows.map((row) => [row?.state, row?.verdict])).toEqual([
          ["done", "ignored"],
          ["waiting", null],
          ["failed", "unreadable"],
        ]);
        expect(await box.waiting(clock.now() + 1)).toEqual(["b"]);
        expect(await box.waiting(clock.now())).toEqual([]);
      });

      test("pruning forgets old finished deliveries, and only those", async () => {
        const box = inbox(store, listeningBell(), clock);
        const ids = Array.from({ length: 1_200 }, (_, n) => `old${n}`);
        await Promise.all(ids.map((id) => box.append(delivery(id))));
        await box.append(delivery("waiting"));
        await store.db
          .updateTable("deliveries")
          .set({ state: "done" })
          .where("id", "<>", "waiting")
          .execute();
        await clock.advance(10);
        await box.append(delivery("young"));
        await box.finish("young", "ignored");
        expect(await box.prune(clock.now())).toBe(1_200);
        const left = await store.db.selectFrom("deliveries").select("id").orderBy("id").execute();
        expect(left.map(({ id }) => id)).toEqual(["waiting", "young"]);
      });
    });
  });
}
