/** What rings when, on servers whose clocks are not the database's, nor each other's. */
import { describe, expect, onTestFinished, test } from "vitest";
import { type Clock, pause, systemClock } from "../../src/clock.ts";
import type { Engine, Wake, Worker } from "../../src/engine/engine.ts";
import { pgbossEngine } from "../../src/engine/pgboss.ts";
import { openStore } from "../../src/store/database.ts";
import { runsBy } from "../contract/engine-world.ts";
import { freshDatabase, serverUrl } from "../store/server.ts";

/** What PostgreSQL's looking costs at most. */
const dueMsMax = 2_500;

function clockOff(ms: number): Clock {
  return { now: () => systemClock.now() + ms, after: (spanMs, call) => systemClock.after(spanMs, call) };
}

/** A database, and engines on it that go by clocks of their own. */
async function stage() {
  const { url, drop } = await freshDatabase();
  const store = await openStore({ kind: "postgres", url });
  const engines: Engine[] = [];
  onTestFinished(async () => {
    await Promise.all(engines.map((engine) => engine.stop(2_000)));
    await store.close();
    await drop();
  });
  const replica = (clock: Clock) => {
    const tools = { store, url, clock, random: () => 0.5, onFailure: () => undefined };
    const engine = pgbossEngine(tools);
    engines.push(engine);
    const wake = (wakes: Wake) => store.db.transaction().execute((tx) => engine.wake(tx, wakes));
    return { wake, start: (work: Worker) => engine.start(runsBy(work)) };
  };
  const rows = () => store.db.selectFrom("wakes").select("key").execute();
  return { replica, rows };
}

/** Waits until so many were entered, `withinMs` at most. */
async function until(entered: readonly unknown[], count: number, withinMs: number): Promise<void> {
  const end = systemClock.now() + withinMs;
  while (entered.length < count && systemClock.now() < end) await pause(systemClock, 20);
  expect(entered).toHaveLength(count);
}

describe.skipIf(!serverUrl)("clocks that differ", () => {
  test.each([
    ["behind", -60_000],
    ["ahead of", 60_000],
  ])("a server a minute %s its database is woken when its own clock says", async (_way, offMs) => {
    const clock = clockOff(offMs);
    const { replica, rows } = await stage();
    const { wake, start } = replica(clock);
    const entered: number[] = [];
    const due: number[] = [];
    await start(async () => {
      entered.push(clock.now());
      const next = clock.now() + 2_000;
      if (entered.length === 3) return undefined;
      due.push(next);
      return next;
    });
    const first = clock.now() + 2_000;
    await wake({ kind: "run", id: "a", at: first });
    await until(entered, 3, 3 * (2_000 + dueMsMax));
    for (const [turn, at] of [first, ...due].entries()) expect(entered[turn]).toBeGreaterThanOrEqual(at);
    await pause(systemClock, 100);
    expect(await rows()).toEqual([]);
  });

  test("what rings before its time by this server's clock rings again when it is due here", async () => {
    const behindMs = 7_000;
    const { replica, rows } = await stage();
    const entered: number[] = [];
    const behind = replica(clockOff(-behindMs));
    await behind.start(async () => void entered.push(systemClock.now()));
    const at = systemClock.now();
    await replica(systemClock).wake({ kind: "run", id: "a", at });
    await until(entered, 1, behindMs + 2 * dueMsMax);
    expect(entered[0]).toBeGreaterThanOrEqual(at + behindMs);
    await pause(systemClock, 100);
    expect(await rows()).toEqual([]);
  });
});
