/**
 * An outside act that must happen once, as *find or do*. A first attempt makes without looking; an attempt
 * that follows one whose result was never written looks first. Rooms that speak to the outside return acts,
 * the mission performs them through `once`.
 */

/** Both halves of an act. */
export interface Act<T> {
  /**
   * Looks for what an earlier attempt, begun or given up at `begunAt` (milliseconds since the epoch), may have left.
   * Whoever asks soon afterwards does not believe *not found* yet.
   */
  find(begunAt: number): Promise<T | undefined>;
  /** Does it. Never retried by anybody below. */
  make(): Promise<T>;
}

/** An act whose repetition changes nothing and whose result is that it was done. */
export function repeatable(act: () => Promise<void>): Act<true> {
  return idempotent(async (): Promise<true> => {
    await act();
    return true;
  });
}

/** An act that is its own look: doing it again changes nothing and answers the same. */
export function idempotent<T>(make: () => Promise<T>): Act<T> {
  return { find: make, make };
}
