/**
 * Time as an argument: whoever needs the hour or an alarm is handed a `Clock`.
 * The only file that reads the system's time; tests pass a virtual clock and no test sleeps.
 */

/** The time and alarms. All times are milliseconds since the epoch, all spans milliseconds. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Calls `call` once, `ms` from now (at once when `ms` is not positive); returns a function that calls it off. */
  after(ms: number, call: () => void): () => void;
}

/** Longest span `setTimeout` takes; a longer one fires at once (Node's documentation of timers). */
const timerMsMax = 2_147_483_647;

/** The machine's clock. Alarms keep the process alive only through what they belong to. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after: (ms, call) => {
    const timer = setTimeout(call, Math.min(Math.max(ms, 0), timerMsMax));
    return () => clearTimeout(timer);
  },
};

/** Resolves `ms` from now, or as soon as `signal` aborts. */
export function pause(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const done = () => {
      off();
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const off = clock.after(ms, done);
    signal?.addEventListener("abort", done, { once: true });
  });
}
