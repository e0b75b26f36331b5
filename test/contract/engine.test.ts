/** The engines, each held to the suite they share, and what one of them promises besides. */
import { describe, expect, test, vi } from "vitest";
import { pause, systemClock } from "../../src/clock.ts";
import { Problem } from "../../src/domain/errors.ts";
import { embeddedEngine } from "../../src/engine/embedded.ts";
import { type Engine, type Wake, type Worker, wakeKinds } from "../../src/engine/engine.ts";
import { pgbossEngine } from "../../src/engine/pgboss.ts";
import { againAfterMs } from "../../src/engine/wakes.ts";
import { openStore } from "../../src/store/database.ts";
import { VirtualClock } from "../sim/virtual-clock.ts";
import { Disk } from "../store/disk.ts";
import { cuttableWay, freshDatabase, serverUrl } from "../store/server.ts";
import { engineSuite } from "./engine.suite.ts";
import { noting, type World } from "./engine-world.ts";

/** The embedded engine on a disk in memory, in virtual time. */
async function embeddedWorld(): Promise<World> {
  const clock = new VirtualClock();
  const disk = new Disk();
  const open = () => openStore({ kind: "lent", connection: disk.open() });
  let store = await open();
  const until = async (condition: () => boolean, withinMs: number) => {
    const end = clock.now() + withinMs;
    while (!condition()) {
      if (clock.now() >= end) throw new Error(`not within ${withinMs} ms`);
      await clock.advance(10);
    }
  };
  return {
    get store() {
      return store;
    },
    engine: async (onFailure = () => undefined) =>
      embeddedEngine({ store, clock, random: () => 0.5, onFailure }),
    crash: async () => {
      store = await open();
    },
    now: () => clock.now(),
    until,
    pass: (ms) => clock.advance(ms),
    close: () => store.close(),
  };
}

engineSuite("embedded", embeddedWorld, { dueMsMax: 1_000, takeOverMsMax: 1_000 });

describe("embedded, besides", () => {
  const idle = { work: async () => undefined, atOnce: 1 };

  /** A store whose statements a test may stop, an engine on it, and its clock. */
  async function stage(watch: (sql: string) => void = () => undefined) {
    const clock = new VirtualClock();
    const store = await openStore({ kind: "lent", connection: new Disk().open(watch) });
    const engine = embeddedEngine({ store, clock, random: () => 0, onFailure: () => undefined });
    const wake = async (...wakes: Wake[]) => {
      await store.db.transaction().execute((tx) => engine.wake(tx, ...wakes));
      engine.knock();
    };
    return { clock, store, engine, wake };
  }

  test("a burst leaves turns of the event loop to others", async () => {
    const { clock, engine, wake } = await stage();
    let [entries, turns] = [0, 0];
    const work = async () => {
      entries += 1;
      return undefined;
    };
    await wake(
      ...Array.from({ length: 400 }, (_, n) => ({ kind: "run" as const, id: `${n}`, at: clock.now() })),
    );
    await engine.start({ run: { work, atOnce: 20 }, delivery: idle, sweep: idle });
    while (entries < 400) {
      await new Promise((resolve) => setImmediate(resolve));
      turns += 1;
    }
    expect(turns).toBeGreaterThanOrEqual(399);
  });

  test("a kind that gives way enters one wake in fifty milliseconds, and all when it need not any more", async () => {
    const { clock, engine, wake } = await stage();
    let isBusy: boolean = true;
    const entered: string[] = [];
    const delivery = { work: noting(entered), atOnce: 10, yields: () => isBusy };
    await wake(
      ...Array.from({ length: 30 }, (_, n) => ({ kind: "delivery" as const, id: `${n}`, at: clock.now() })),
    );
    await engine.start({ run: idle, delivery, sweep: idle });
    for (let knock = 0; knock < 100; knock += 1) {
      engine.knock();
      await clock.advance(10);
    }
    expect(entered.length).toBeGreaterThanOrEqual(15);
    expect(entered.length).toBeLessThanOrEqual(21);
    isBusy = false;
    await clock.advance(50);
    expect(entered).toHaveLength(30);
  });

  test("when nothing is due it looks no more often than every five minutes, and not after a stop", async () => {
    let looks = 0;
    const { clock, engine, wake } = await stage((text) => {
      if (text.startsWith("select") && text.includes("wakes")) looks += 1;
    });
    await wake({ kind: "run", id: "later", at: clock.now() + 3_600_000 });
    await engine.start({ run: idle, delivery: idle, sweep: idle });
    await clock.advance(1_000);
    looks = 0;
    await clock.advance(600_000);
    expect(looks).toBe(2 * wakeKinds.length);
    await engine.stop(0);
    expect(clock.next()).toBeUndefined();
  });

  test.each([
    ["forward", 3_600_000],
    ["back", -3_600_000],
  ])("a clock that is set %s is noticed within a minute", async (_way, jumpMs) => {
    const clock = new VirtualClock();
    let setBy = 0;
    let looks = 0;
    const set = {
      now: () => clock.now() + setBy,
      after: (ms: number, call: () => void) => clock.after(ms, call),
    };
    const watch = (text: string) => {
      if (text.startsWith("select") && text.includes("wakes")) looks += 1;
    };
    const store = await openStore({ kind: "lent", connection: new Disk().open(watch) });
    const engine = embeddedEngine({ store, clock: set, random: () => 0, onFailure: () => undefined });
    const entered: string[] = [];
    const work: Worker = async (id) => void entered.push(id);
    await engine.start({ run: { work, atOnce: 1 }, delivery: idle, sweep: idle });
    const at = set.now() + Math.max(jumpMs, 120_000);
    await store.db.transaction().execute((tx) => engine.wake(tx, { kind: "run", id: "later", at }));
    engine.knock();
    await clock.advance(1_000);
    looks = 0;
    setBy = jumpMs;
    await clock.advance(60_000);
    expect(looks).toBeGreaterThan(0);
    expect(entered).toEqual(jumpMs > 0 ? ["later"] : []);
    await engine.stop(0);
    expect(clock.next()).toBeUndefined();
  });

  test("a store that takes no answer makes it ail; the answer is kept and written when it does", async () => {
    let full: boolean = false;
    const { clock, store, engine, wake } = await stage((text) => {
      if (full && text.startsWith("delete")) throw new Problem("later", "store_full", "The disk is full.");
    });
    let entries = 0;
    const work = async () => {
      entries += 1;
      return undefined;
    };
    await engine.start({ run: { work, atOnce: 1 }, delivery: idle, sweep: idle });
    full = true;
    await wake({ kind: "run", id: "a", at: clock.now() });
    await clock.advance(5_000);
    expect([entries, engine.ailing()]).toEqual([1, expect.stringContaining("The disk is full.")]);
    full = false;
    await clock.advance(2_000);
    expect([entries, engine.ailing(), engine.held()]).toEqual([1, undefined, 0]);
    expect(await store.db.selectFrom("wakes").selectAll().execute()).toEqual([]);
  });

  test("what a worker returns after its signal aborted is not believed: the next start enters it again", async () => {
    const { clock, engine, wake } = await stage();
    let entries = 0;
    const work: Worker = async (_id, signal) => {
      entries += 1;
      if (entries === 1) await new Promise((resolve) => signal.addEventListener("abort", resolve));
      return undefined;
    };
    const workers = { run: { work, atOnce: 1 }, delivery: idle, sweep: idle };
    await engine.start(workers);
    await wake({ kind: "run", id: "a", at: clock.now() });
    await clock.advance(10);
    await engine.stop(0);
    await engine.start(workers);
    await clock.advance(10);
    expect(entries).toBe(2);
  });
});

test("backoff doubles from a second to five minutes, half of it chance; a hint is never undercut", () => {
  const fault = new Error("unexpected");
  const low = [1, 2, 3, 9, 10, 1_000].map((tries) => againAfterMs(fault, tries, () => 0));
  expect(low).toEqual([500, 1_000, 2_000, 128_000, 150_000, 150_000]);
  expect(againAfterMs(fault, 1_000, () => 1)).toBe(300_000);
  const hint = (retryAfterMs: number) => new Problem("later", "busy", "Busy.", { retryAfterMs });
  expect(againAfterMs(hint(60_000), 1, () => 0)).toBe(60_000);
  expect(againAfterMs(hint(60_000), 9, () => 1)).toBe(66_000);
});

/** pg-boss in a database of its own, in real time: its server keeps its own clock. */
async function pgbossWorld(): Promise<World> {
  const { url, drop } = await freshDatabase();
  const store = await openStore({ kind: "postgres", url });
  const ways = new Map<Engine, Awaited<ReturnType<typeof cuttableWay>>>();
  const crashed: Engine[] = [];
  const pass = (ms: number) => pause(systemClock, ms);
  return {
    store,
    engine: async (onFailure = () => undefined) => {
      const way = await cuttableWay(url);
      const tools = { store, url: way.url, clock: systemClock, random: () => 0.5, onFailure };
      const engine = pgbossEngine(tools);
      ways.set(engine, way);
      return engine;
    },
    crash: async (engine) => {
      ways.get(engine)?.cut();
      crashed.push(engine);
    },
    now: () => systemClock.now(),
    until: async (condition, withinMs) => {
      const end = systemClock.now() + withinMs;
      while (!condition()) {
        if (systemClock.now() >= end) throw new Error(`not within ${withinMs} ms`);
        await pass(20);
      }
    },
    pass,
    close: async () => {
      await Promise.all(crashed.map((engine) => engine.stop(1_000).catch(() => undefined)));
      for (const way of ways.values()) way.close();
      await store.close();
      await drop();
    },
  };
}

describe.skipIf(!serverUrl)("on PostgreSQL", () => {
  engineSuite("pg-boss", pgbossWorld, { dueMsMax: 2_500, takeOverMsMax: 30_000 });

  test("an engine that lost its database says so, and works again when it is back", async () => {
    const { url, drop } = await freshDatabase();
    const way = await cuttableWay(url);
    const store = await openStore({ kind: "postgres", url: way.url });
    const tools = { store, url: way.url, clock: systemClock, random: () => 0.5, onFailure: () => undefined };
    const engine = pgbossEngine(tools);
    let entries = 0;
    const work: Worker = async () => {
      entries += 1;
      return undefined;
    };
    const workers = { run: { work, atOnce: 2 }, delivery: { work, atOnce: 1 }, sweep: { work, atOnce: 1 } };
    await engine.start(workers);
    expect(engine.ailing()).toBeUndefined();
    way.cut();
    await vi.waitUntil(() => engine.ailing() !== undefined, { timeout: 60_000 });
    way.mend();
    await store.db
      .transaction()
      .execute((tx) => engine.wake(tx, { kind: "run", id: "a", at: systemClock.now() }));
    await vi.waitUntil(() => entries === 1, { timeout: 60_000 });
    await vi.waitUntil(() => engine.ailing() === undefined, { timeout: 60_000 });
    await engine.stop(1_000);
    expect(engine.ailing()).toBe("the engine is not running");
    await store.close();
    way.close();
    await drop();
  });

  test("two replicas: each key is held once at a time, and no wake is lost", async () => {
    const world = await pgbossWorld();
    const [one, two] = await Promise.all([world.engine(), world.engine()]);
    const inside = new Map<string, number>();
    const wished = new Map<string, number>();
    const served = new Map<string, number>();
    let insideMax = 0;
    const work: Worker = async (id) => {
      const seen = wished.get(id) ?? 0;
      inside.set(id, (inside.get(id) ?? 0) + 1);
      insideMax = Math.max(insideMax, inside.get(id) ?? 0);
      await world.pass(2);
      inside.set(id, (inside.get(id) ?? 0) - 1);
      served.set(id, seen);
      return seen % 3 === 0 ? world.now() + 3_600_000 : undefined;
    };
    const workers = { run: { work, atOnce: 4 }, delivery: { work, atOnce: 1 }, sweep: { work, atOnce: 1 } };
    await Promise.all([one.start(workers), two.start(workers)]);
    const ids = Array.from({ length: 12 }, (_, n) => `run ${n}`);
    const wakes = async (id: string, by: Engine) => {
      for (let wish = 1; wish <= 40; wish += 1) {
        await world.store.db.transaction().execute(async (tx) => {
          await by.wake(tx, { kind: "run", id, at: world.now() });
          wished.set(id, wish);
        });
      }
    };
    await Promise.all(ids.map((id, n) => wakes(id, n % 2 === 0 ? one : two)));
    await world.until(() => ids.every((id) => served.get(id) === 40), 5_000);
    expect(insideMax).toBe(1);
    await Promise.all([one.stop(1_000), two.stop(1_000)]);
    await world.close();
  });
});
