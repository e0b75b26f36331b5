/**
 * The platform's request limits, per minute and kind of endpoint
 * (300 for creating, 1,200 for reading; the platform's documentation).
 */
import type { Clock } from "../../../src/clock.ts";
import { Refusal } from "./refusal.ts";

/** Requests allowed per minute. */
export interface RateLimits {
  create: number;
  read: number;
}

/** The documented limits. */
export const documentedLimits: RateLimits = { create: 300, read: 1200 };

const windowMs = 60_000;

/** Refuses (429 with `retry-after`) what exceeds the limit within a sliding minute. */
export class RateLimiter {
  readonly #clock: Clock;
  readonly #limits: RateLimits;
  readonly #times: Record<keyof RateLimits, number[]> = { create: [], read: [] };

  constructor(clock: Clock, limits: RateLimits) {
    this.#clock = clock;
    this.#limits = limits;
  }

  /** Counts one request; throws a `Refusal` when there are too many. */
  count(kind: keyof RateLimits): void {
    const now = this.#clock.now();
    const times = this.#times[kind].filter((at) => at > now - windowMs);
    this.#times[kind] = times;
    const [oldest] = times;
    if (oldest !== undefined && times.length >= this.#limits[kind]) {
      const retryAfterS = Math.ceil((oldest + windowMs - now) / 1000);
      throw new Refusal(429, "this request would exceed your organization's rate limit", { retryAfterS });
    }
    times.push(now);
  }
}
