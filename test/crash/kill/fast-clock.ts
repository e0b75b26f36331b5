/**
 * The machine's time, some times faster: for plays in real time that would wait for minutes. Whoever is told
 * the same `since` and `speed` sees the same time, in whatever process. Loads nothing of the service: what is loaded
 * cannot be changed any more.
 */
import type { Clock } from "../../../src/clock.ts";

/** How time runs: at `since` (milliseconds since the epoch) it agrees with the machine's. */
export interface Pace {
  since: number;
  speed: number;
}

/** A clock that goes at this pace, by the machine's. */
export function fastClock(machine: Clock, { since, speed }: Pace): Clock {
  return {
    now: () => Math.round(since + (machine.now() - since) * speed),
    after: (ms, call) => machine.after(ms / speed, call),
  };
}

/** The change of `src/clock.ts` that gives a whole service this pace. */
export function paced({ since, speed }: Pace): { file: string; from: string; to: string }[] {
  const file = "src/clock.ts";
  return [
    {
      file,
      from: "now: () => Date.now(),",
      to: `now: () => Math.round(${since} + (Date.now() - ${since}) * ${speed}),`,
    },
    { file, from: "setTimeout(call, Math.min(", to: `setTimeout(call, (1 / ${speed}) * Math.min(` },
  ];
}
