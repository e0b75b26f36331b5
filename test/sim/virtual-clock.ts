/**
 * Time for tests: stands still until a test moves it, so hours pass in milliseconds and nothing sleeps.
 * Between two alarms it lets promises, files and sockets of this process go on; it knows nothing of what they do.
 */
import type { Clock } from "../../src/clock.ts";

interface Alarm {
  at: number;
  /** Order of setting: alarms of one moment ring in it. */
  order: number;
  call: () => void;
}

const turnsBetweenAlarms = 5;

/** Lets everything that is ready in this process run, for a few turns of the event loop. */
async function breathe(): Promise<void> {
  for (let turn = 0; turn < turnsBetweenAlarms; turn += 1)
    await new Promise((resolve) => setImmediate(resolve));
}

/** When the clock starts (2026-11-22T00:00:00Z by default), and what to wait for before time moves on. */
export interface VirtualClockOptions {
  nowMs?: number;
  /** Resolves when what an alarm set off has come to rest; by default a few turns of the event loop. */
  settle?: () => Promise<void>;
}

/** A `Clock` that moves only by `advance`. */
export class VirtualClock implements Clock {
  #now: number;
  #order = 0;
  /** Sorted by time, then by order of setting. */
  readonly #alarms: Alarm[] = [];

  readonly #settle: () => Promise<void>;

  constructor({ nowMs = Date.UTC(2026, 10, 22), settle = breathe }: VirtualClockOptions = {}) {
    this.#now = nowMs;
    this.#settle = settle;
  }

  now(): number {
    return this.#now;
  }

  after(ms: number, call: () => void): () => void {
    const alarm = { at: this.#now + Math.max(ms, 0), order: this.#order, call };
    this.#order += 1;
    this.#alarms.splice(this.#placeOf(alarm), 0, alarm);
    return () => {
      const place = this.#alarms.indexOf(alarm);
      if (place >= 0) this.#alarms.splice(place, 1);
    };
  }

  /** When the next alarm rings, in milliseconds since the epoch; undefined when none is set. */
  next(): number | undefined {
    return this.#alarms[0]?.at;
  }

  /**
   * Moves time on by `ms`, ringing each due alarm at its own moment and letting the process go on after each,
   * so that alarms set meanwhile ring too when they are due.
   */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    await this.#settle();
    for (let alarm = this.#due(end); alarm; alarm = this.#due(end)) {
      this.#now = alarm.at;
      alarm.call();
      await this.#settle();
    }
    this.#now = end;
    await this.#settle();
  }

  /** Takes out the first alarm that is due by `end`. */
  #due(end: number): Alarm | undefined {
    const [first] = this.#alarms;
    return first && first.at <= end ? this.#alarms.shift() : undefined;
  }

  /** Where the alarm belongs, by bisection. */
  #placeOf(alarm: Alarm): number {
    let [low, high] = [0, this.#alarms.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      const other = this.#alarms[middle];
      if (other && (other.at < alarm.at || (other.at === alarm.at && other.order < alarm.order)))
        low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
