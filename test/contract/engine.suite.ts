/**
 * What every engine must do, whatever it stands on. An implementation brings a `World`: a store, engines on it,
 * and a way to let time pass — virtual for the embedded engine, real for one that lives in a server.
 */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Problem } from "../../src/domain/errors.ts";
import type { Engine, Failure, Wake } from "../../src/engine/engine.ts";
import { gate, type Latency, noting, runsBy, turns, type World } from "./engine-world.ts";

/** Runs the suite against one implementation. */
export function engineSuite(
  name: string,
  make: () => Promise<World>,
  { dueMsMax, takeOverMsMax }: Latency,
): void {
  describe(name, () => {
    let world: World;
    let engines: Engine[];
    const engine = async (onFailure?: (failure: Failure) => void) => {
      const made = await world.engine(onFailure);
      engines.push(made);
      return made;
    };
    const wake = async (by: Engine, ...wakes: Wake[]) => {
      await world.store.db.transaction().execute((tx) => by.wake(tx, ...wakes));
      by.knock();
    };
    beforeEach(async () => {
      world = await make();
      engines = [];
    });
    afterEach(async () => {
      await Promise.all(engines.map((each) => each.stop(1_000)));
      await world.close();
    });

    test("a due wake is entered with its id; a worker that returns nothing is not entered again", async () => {
      const entered: string[] = [];
      const one = await engine();
      await one.start(runsBy(noting(entered)));
      expect(one.ailing()).toBeUndefined();
      await wake(one, { kind: "run", id: "a:b", at: world.now() });
      await world.until(() => entered.length > 0, dueMsMax);
      await world.pass(dueMsMax);
      expect(entered).toEqual(["a:b"]);
      expect(one.held()).toBe(0);
    });

    test("a wake rings at its time, not before; the earliest of several wins", async () => {
      const entered: number[] = [];
      const one = await engine();
      await one.start(
        runsBy(async () => {
          entered.push(world.now());
          return undefined;
        }),
      );
      const start = world.now();
      await wake(one, { kind: "run", id: "a", at: start + 60_000 });
      await wake(one, { kind: "run", id: "a", at: start + 3_000 });
      await wake(one, { kind: "run", id: "a", at: start + 90_000 });
      await world.until(() => entered.length > 0, 3_000 + dueMsMax);
      expect(entered[0]).toBeGreaterThanOrEqual(start + 3_000);
      await world.pass(dueMsMax);
      expect(entered).toHaveLength(1);
    });

    test("a worker is woken at the time it returned, and brought forward by a wake", async () => {
      const entered: number[] = [];
      const one = await engine();
      const start = world.now();
      await one.start(
        runsBy(async () => {
          entered.push(world.now());
          return entered.length === 1 ? start + 3_000 : world.now() + 3_600_000;
        }),
      );
      await wake(one, { kind: "run", id: "a", at: start });
      await world.until(() => entered.length === 2, 3_000 + 2 * dueMsMax);
      expect(entered[1]).toBeGreaterThanOrEqual(start + 3_000);
      await wake(one, { kind: "run", id: "a", at: world.now() });
      await world.until(() => entered.length === 3, dueMsMax);
    });

    test("a wake written while the key is held is not lost, and the key is held once", async () => {
      const one = await engine();
      const first = gate();
      let entries = 0;
      let inside = 0;
      let insideMax = 0;
      await one.start(
        runsBy(async () => {
          entries += 1;
          inside += 1;
          insideMax = Math.max(insideMax, inside);
          if (entries === 1) await first.passed;
          inside -= 1;
          return undefined;
        }),
      );
      await wake(one, { kind: "run", id: "a", at: world.now() });
      await world.until(() => entries === 1, dueMsMax);
      await wake(one, { kind: "run", id: "a", at: world.now() });
      await world.pass(dueMsMax);
      expect([entries, one.held()]).toEqual([1, 1]);
      first.open();
      await world.until(() => entries === 2, dueMsMax);
      expect(insideMax).toBe(1);
    });

    test("wakes raced against returning workers are never lost", async () => {
      const one = await engine();
      const wished = new Map<string, number>();
      const served = new Map<string, number>();
      await one.start(
        runsBy(async (id) => {
          // What is seen here may be answered for; what is wished after it must bring another entry.
          const seen = wished.get(id) ?? 0;
          await turns(seen % 3);
          served.set(id, seen);
          return seen % 2 === 0 ? undefined : world.now() + 3_600_000;
        }),
      );
      const wish = async (id: string, value: number) => {
        await world.store.db.transaction().execute(async (tx) => {
          await one.wake(tx, { kind: "run", id, at: world.now() });
          wished.set(id, value);
        });
        one.knock();
      };
      const keys = Array.from({ length: 8 }, (_, key) => `key ${key}`);
      for (let round = 0; round < 30; round += 1) {
        const twice = async (id: string, place: number) => {
          await wish(id, 2 * round + 1);
          await turns((place * 7 + round) % 12);
          await wish(id, 2 * round + 2);
        };
        await Promise.all(keys.map(twice));
        await world.until(() => keys.every((id) => served.get(id) === 2 * round + 2), 2 * dueMsMax);
      }
    });

    test("a transaction rolled back leaves no wake", async () => {
      const one = await engine();
      let entries = 0;
      await one.start(
        runsBy(async () => {
          entries += 1;
          return undefined;
        }),
      );
      const rolledBack = world.store.db.transaction().execute(async (tx) => {
        await one.wake(tx, { kind: "run", id: "a", at: world.now() });
        throw new Error("the fact could not be written");
      });
      await expect(rolledBack).rejects.toThrow("the fact");
      one.knock();
      await world.pass(dueMsMax);
      expect(entries).toBe(0);
    });

    test("a worker's error is reported and tried again, not before the server's hint", async () => {
      const failures: Failure[] = [];
      const entered: number[] = [];
      const one = await engine((failure) => failures.push(failure));
      await one.start(
        runsBy(async () => {
          entered.push(world.now());
          if (entered.length === 1) throw new Error("unexpected");
          if (entered.length === 2) throw new Problem("later", "busy", "Busy.", { retryAfterMs: 4_000 });
          return undefined;
        }),
      );
      await wake(one, { kind: "run", id: "a", at: world.now() });
      await world.until(() => entered.length === 3, 8_000 + 3 * dueMsMax);
      const [first = 0, second = 0, third = 0] = entered;
      expect(second - first).toBeGreaterThanOrEqual(500);
      expect(third - second).toBeGreaterThanOrEqual(4_000);
      expect(failures.map(({ kind, id, tries }) => [kind, id, tries])).toEqual([
        ["run", "a", 1],
        ["run", "a", 2],
      ]);
    });

    test("no more than atOnce of a kind are held, and a burst of one kind does not starve another", async () => {
      const one = await engine();
      const hold = gate();
      let [inside, insideMax, deliveries] = [0, 0, 0];
      const runs: string[] = [];
      await one.start({
        ...runsBy(noting(runs)),
        delivery: {
          atOnce: 4,
          work: async () => {
            inside += 1;
            insideMax = Math.max(insideMax, inside);
            await hold.passed;
            inside -= 1;
            deliveries += 1;
            return undefined;
          },
        },
      });
      const burst = Array.from({ length: 100 }, (_, n) => ({
        kind: "delivery" as const,
        id: `d${n}`,
        at: world.now(),
      }));
      await wake(one, ...burst);
      await world.until(() => inside === 4, dueMsMax);
      await wake(one, { kind: "run", id: "r", at: world.now() });
      await world.until(() => runs.length === 1, dueMsMax);
      expect(deliveries).toBe(0);
      hold.open();
      await world.until(() => deliveries === 100, 2 * dueMsMax);
      expect(insideMax).toBe(4);
    });

    test("sleepers do not slow a wake", async () => {
      const one = await engine();
      const entered: string[] = [];
      await one.start(runsBy(noting(entered)));
      const far = world.now() + 3_600_000;
      for (let batch = 0; batch < 20; batch += 1) {
        const wakes = Array.from({ length: 500 }, (_, n) => ({
          kind: "run" as const,
          id: `s${batch}.${n}`,
          at: far,
        }));
        await world.store.db.transaction().execute((tx) => one.wake(tx, ...wakes));
      }
      await wake(one, { kind: "run", id: "now", at: world.now() });
      await world.until(() => entered.length > 0, dueMsMax);
      expect(entered).toEqual(["now"]);
    });

    test("stop aborts the signal, waits for the worker, and enters nothing more", async () => {
      const one = await engine();
      let entries = 0;
      let aborted = false;
      await one.start(
        runsBy(async (_id, signal) => {
          entries += 1;
          await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
          aborted = true;
          return undefined;
        }),
      );
      await wake(one, { kind: "run", id: "a", at: world.now() });
      await world.until(() => entries === 1, dueMsMax);
      await one.stop(5_000);
      expect([aborted, one.held()]).toEqual([true, 0]);
      expect(one.ailing()).toBeDefined();
      await world.store.db
        .transaction()
        .execute((tx) => one.wake(tx, { kind: "run", id: "b", at: world.now() }));
      one.knock();
      await world.pass(dueMsMax);
      expect(entries).toBe(1);
    });

    test("what a crashed engine held, or never looked at, is entered by the next one", async () => {
      const one = await engine();
      let held = 0;
      await one.start(
        runsBy(async () => {
          held += 1;
          await new Promise(() => {});
          return undefined;
        }),
      );
      await wake(one, { kind: "run", id: "held", at: world.now() });
      await world.until(() => held === 1, dueMsMax);
      await world.crash(one);
      engines = [];
      const two = await engine();
      const entered: string[] = [];
      await world.store.db
        .transaction()
        .execute((tx) => two.wake(tx, { kind: "run", id: "fresh", at: world.now() }));
      await two.start(runsBy(noting(entered)));
      await world.until(() => entered.length === 2, takeOverMsMax);
      expect(new Set(entered)).toEqual(new Set(["fresh", "held"]));
    });
  });
}
