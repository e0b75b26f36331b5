/** Who is at work and who waits, and what a day has come to, on both databases. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { defaultSettings } from "../../src/domain/settings.ts";
import { openStore, type Store } from "../../src/store/database.ts";
import { noteSpent, placeOf, spentToday, tooDear } from "../../src/store/days.ts";
import {
  type Asking,
  admitRound,
  comeBack,
  fillPlaces,
  leavePlace,
  queueOf,
  queues,
} from "../../src/store/limits.ts";
import { Disk } from "./disk.ts";
import { freshDatabase, serverUrl } from "./server.ts";

const now = Date.UTC(2026, 10, 22, 12);
const dayMs = 24 * 3_600_000;
const installation = 1;

function asking(
  run: string,
  change: { repository?: number; limits?: object; budget?: number; at?: number } = {},
): Asking {
  const limits = { ...defaultSettings.limits, active_runs: 2, ...change.limits };
  const settings = { ...defaultSettings, budget_usd: change.budget ?? 5, limits };
  const place = { installation, repositoryId: change.repository ?? 1, owner: "Acme" };
  return { run, round: 1, place, settings, spentCents: 0, now: change.at ?? now };
}

function suite(make: () => Promise<{ store: Store; drop(): Promise<void> }>): void {
  let store: Store;
  let drop: () => Promise<void>;
  beforeEach(async () => {
    ({ store, drop } = await make());
  });
  afterEach(async () => {
    await store.close();
    await drop();
  });
  const within = <T>(act: (tx: Parameters<typeof admitRound>[0]) => Promise<T>) =>
    store.db.transaction().execute(act);
  const admit = (...all: Asking[]) =>
    all.reduce((before, one) => before.then(() => within((tx) => admitRound(tx, one))), Promise.resolve());
  const state = async (run: string) => (await placeOf(store.db, run))?.state;
  const leave = (run: string, how: "ended" | "away" = "ended") =>
    within((tx) => leavePlace(tx, asking(run), how));
  const place = async (run: string) => {
    const row = await placeOf(store.db, run);
    return row && (await queueOf(store.db, row)).place;
  };
  const metOf = async (run: string) =>
    (await store.db.selectFrom("facts").select("value_json").where("run_id", "=", run).executeTakeFirst())
      ?.value_json;

  test("over the limit rounds wait, and a freed place goes to the next in the same transaction", async () => {
    await admit(...["a", "b", "c", "d"].map((run) => asking(run)));
    expect(await Promise.all(["a", "b", "c", "d"].map(state))).toEqual([
      "held",
      "held",
      "waiting",
      "waiting",
    ]);
    expect([await place("c"), await place("d"), await place("a")]).toEqual([1, 2, undefined]);
    expect(await leave("a")).toEqual(["c"]);
    expect([await state("a"), await state("c"), await place("d")]).toEqual([undefined, "held", 1]);
  });

  test("a repository with less at work goes before an older round of another", async () => {
    await admit(asking("a"), asking("b"), asking("c"), asking("lone", { repository: 2 }));
    expect([await place("lone"), await place("c")]).toEqual([1, 2]);
    expect(await leave("b")).toEqual(["lone"]);
  });

  test("a lone round takes the place that is kept for it, at once", async () => {
    const ten = { limits: { active_runs: 10 } };
    for (let at = 0; at < 12; at += 1) await admit(asking(`run${at}`, ten));
    await admit(asking("lone", { ...ten, repository: 2 }));
    const rows = await store.db.selectFrom("places").select("state").where("repository_id", "=", 1).execute();
    expect(rows.filter((row) => row.state === "held")).toHaveLength(9);
    expect(await state("lone")).toBe("held");
  });

  test("a round that waits on people holds no place, and takes one when it comes back", async () => {
    await admit(asking("a"), asking("b"), asking("c"));
    expect(await leave("a", "away")).toEqual(["c"]);
    expect(await within((tx) => comeBack(tx, asking("a")))).toEqual([]);
    expect([await state("a"), await place("a")]).toEqual(["returning", 1]);
    expect(await leave("b")).toEqual(["a"]);
    expect(await leave("c", "away")).toEqual([]);
    expect(await within((tx) => comeBack(tx, asking("c")))).toEqual(["c"]);
  });

  test("the runs of a day are counted, and the next day begins anew", async () => {
    const two = { limits: { runs_per_day: 2, active_runs: 10 } };
    await admit(asking("a", two), asking("b", two), asking("c", two));
    expect(await state("c")).toBeUndefined();
    expect(await metOf("c")).toContain("2 runs were started here today");
    await admit({ ...asking("c", two), run: "later", round: 2 }, asking("d", { ...two, at: now + dayMs }));
    expect([await state("later"), await state("d")]).toEqual(["held", "held"]);
  });

  test("money that rounds may still spend is set aside, and never promised twice", async () => {
    const cap = { limits: { budget_usd_per_day: 12, active_runs: 10 } };
    await admit(asking("a", cap), asking("b", cap), asking("c", cap));
    expect(await metOf("c")).toContain("$0.00 are spent and $10.00 are set aside");
    await within((tx) => noteSpent(tx, { ...asking("a"), spentCents: 300 }));
    expect(await spentToday(store.db, installation, now)).toEqual({ runs: 2, spent: 300, setAside: 700 });
    await within((tx) => noteSpent(tx, { ...asking("a"), spentCents: 300 }));
    await leave("a");
    expect(await spentToday(store.db, installation, now)).toEqual({ runs: 2, spent: 300, setAside: 500 });
    expect(await within((tx) => tooDear(tx, asking("b", cap), 900))).toBeUndefined();
    expect(await within((tx) => tooDear(tx, asking("b", cap), 901))).toContain("set aside");
  });

  test("a round whose turn comes when the day has nothing left is turned away, and the next is looked at", async () => {
    const cap = { limits: { budget_usd_per_day: 11, active_runs: 1 } };
    await admit(asking("a", cap), asking("b", { ...cap, budget: 6 }), asking("c", { ...cap, budget: 1 }));
    await within((tx) => noteSpent(tx, { ...asking("a"), spentCents: 600 }));
    expect(await leave("a")).toEqual(["b", "c"]);
    expect([await state("b"), await state("c")]).toEqual(["refused", "held"]);
  });

  test("what waits on people keeps its money", async () => {
    const cap = { limits: { budget_usd_per_day: 7, active_runs: 10 } };
    await admit(asking("a", cap));
    await leave("a", "away");
    await admit(asking("b", cap));
    expect(await metOf("b")).toContain("$5.00 are set aside");
  });

  test("an operator's pause holds an account's new rounds until it is over", async () => {
    await store.db.insertInto("pauses").values({ owner: "acme", since: now }).execute();
    await admit(asking("a"));
    const row = await placeOf(store.db, "a");
    expect(row && (await queueOf(store.db, row))).toEqual({ place: 1, isPaused: true });
    const queue = { installation, owner: "Acme" };
    expect(await queues(store.db)).toEqual([queue]);
    expect(await within((tx) => fillPlaces(tx, queue, now))).toEqual([]);
    await store.db.deleteFrom("pauses").execute();
    expect(await within((tx) => fillPlaces(tx, queue, now))).toEqual(["a"]);
  });

  test("rounds that ask at the same time never exceed the limits together", async () => {
    const limits = { limits: { active_runs: 5, budget_usd_per_day: 35 } };
    const runs = Array.from({ length: 24 }, (_, at) => `run${at}`);
    await Promise.all(
      runs.map((run, at) => within((tx) => admitRound(tx, asking(run, { ...limits, repository: at % 3 })))),
    );
    const held = async () =>
      (await store.db.selectFrom("places").select("run_id").where("state", "=", "held").execute()).map(
        ({ run_id }) => run_id,
      );
    expect(await held()).toHaveLength(5);
    const first = await held();
    await Promise.all(first.map((run) => leave(run)));
    expect(await held()).toHaveLength(5);
    expect((await spentToday(store.db, installation, now)).setAside).toBe(2_500);
  });
}

describe("in memory", () => {
  suite(async () => ({
    store: await openStore({ kind: "lent", connection: new Disk().open() }),
    drop: async () => undefined,
  }));
});

describe.skipIf(!serverUrl)("on PostgreSQL", () => {
  suite(async () => {
    const { url, drop } = await freshDatabase();
    return { store: await openStore({ kind: "postgres", url }), drop };
  });
});
