/** The clock of the tests: alarms ring in order, each at its own moment. */
import { expect, test } from "vitest";
import { pause } from "../../src/clock.ts";
import { VirtualClock } from "./virtual-clock.ts";

test("alarms ring in order of time, then of setting, at their own moment", async () => {
  const clock = new VirtualClock({ nowMs: 1_000 });
  const rung: string[] = [];
  const ring = (name: string) => () => rung.push(`${name} ${clock.now()}`);
  clock.after(20, ring("b"));
  clock.after(10, ring("a"));
  clock.after(20, ring("c"));
  clock.after(21, ring("late"));
  expect(clock.next()).toBe(1_010);
  await clock.advance(20);
  expect(rung).toEqual(["a 1010", "b 1020", "c 1020"]);
  expect(clock.now()).toBe(1_020);
});

test("an alarm called off does not ring, and one set by an alarm rings when due", async () => {
  const clock = new VirtualClock({ nowMs: 0 });
  const rung: number[] = [];
  const off = clock.after(5, () => rung.push(-1));
  clock.after(1, () => clock.after(1, () => rung.push(clock.now())));
  off();
  await clock.advance(10);
  expect(rung).toEqual([2]);
  expect(clock.next()).toBeUndefined();
});

test("what awaits between alarms goes on", async () => {
  const clock = new VirtualClock({ nowMs: 0 });
  const naps = async () => {
    for (let nap = 0; nap < 100; nap += 1) await pause(clock, 10);
    return clock.now();
  };
  const done = naps();
  await clock.advance(1_000);
  expect(await done).toBe(1_000);
});
