/** So many an hour for each number, in this process: a bound for what a busy organisation would ask without end. */
import type { Clock } from "../clock.ts";

/** Takes one of the hour's for a number; false when there is none left. */
export type Hourly = (number: number) => boolean;

const hourMs = 3_600_000;

/** At most `max` in each hour of the clock. */
export function createHourly(clock: Pick<Clock, "now">, max: number): Hourly {
  const taken = new Map<number, number>();
  let hour = 0;
  return (number) => {
    const now = Math.floor(clock.now() / hourMs);
    if (now !== hour) taken.clear();
    hour = now;
    const count = taken.get(number) ?? 0;
    if (count >= max) return false;
    taken.set(number, count + 1);
    return true;
  };
}
