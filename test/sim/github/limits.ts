/**
 * GitHub's rate limits: 5,000 requests an hour for each installation, as many points of GraphQL (a query of ours
 * costs one), and 80 creations of content a minute, 500 an hour. Knows the clock and counts; not what a request does.
 */
import type { Clock } from "../../../src/clock.ts";
import { Refusal } from "./refusal.ts";

/** What a budget of the hour is for, as `x-ratelimit-resource` names it. */
export type Resource = "core" | "graphql";

/** Budgets of an hour for each installation, and of content. */
export interface LimitOptions {
  requestsPerHour: number;
  graphqlPerHour: number;
  contentPerMinute: number;
  contentPerHour: number;
}

/** GitHub's documented numbers. */
export const documentedLimits: LimitOptions = {
  requestsPerHour: 5000,
  graphqlPerHour: 5000,
  contentPerMinute: 80,
  contentPerHour: 500,
};

const hourMs = 3_600_000;
const minuteMs = 60_000;

interface Window {
  used: number;
  resetAt: number;
}

/** Counts requests by who makes them (`installation 7`, `app`, `anonymous`). */
export class Limiter {
  readonly options: LimitOptions;
  readonly #clock: Clock;
  readonly #windows = new Map<string, Window>();
  #limitsContent = true;
  readonly #content = new Map<string, number[]>();

  constructor(clock: Clock, options: LimitOptions) {
    this.#clock = clock;
    this.options = options;
  }

  /** Switches the limits on content creation. */
  limitContent(isOn: boolean): void {
    this.#limitsContent = isOn;
  }

  #window(who: string, resource: Resource): Window {
    const now = this.#clock.now();
    const key = `${resource} ${who}`;
    const held = this.#windows.get(key);
    if (held && held.resetAt > now) return held;
    const fresh = { used: 0, resetAt: Math.floor(now / 1000) * 1000 + hourMs };
    this.#windows.set(key, fresh);
    return fresh;
  }

  /** Counts a request; false when the hour's budget is spent. */
  take(who: string, resource: Resource): boolean {
    if (this.state(who, resource).remaining <= 0) return false;
    this.#window(who, resource).used += 1;
    return true;
  }

  /** Counts a request to REST; refuses it when the hour's budget is spent. */
  count(who: string): void {
    if (!this.take(who, "core")) throw new Refusal(403, `API rate limit exceeded for ${who}.`);
  }

  /** Takes one request off the count. */
  forgive(who: string): void {
    this.#window(who, "core").used -= 1;
  }

  /** Counts a creation of content; refuses it with `retry-after` when there were too many. */
  countContent(who: string): void {
    if (!this.#limitsContent) return;
    const now = this.#clock.now();
    const times = (this.#content.get(who) ?? []).filter((at) => at > now - hourMs);
    const { contentPerMinute, contentPerHour } = this.options;
    const waitMs = Math.max(
      waitOf(times, contentPerMinute, now, minuteMs),
      waitOf(times, contentPerHour, now, hourMs),
    );
    this.#content.set(who, times);
    if (waitMs > 0) {
      const headers = { "retry-after": String(Math.ceil(waitMs / 1000)) };
      throw new Refusal(
        403,
        "You have exceeded a secondary rate limit and have been temporarily blocked from content creation. Please retry your request again later.",
        { headers },
      );
    }
    times.push(now);
  }

  /** What is left, as `rate_limit` and the headers show it. */
  state(
    who: string,
    resource: Resource = "core",
  ): { limit: number; used: number; remaining: number; reset: number } {
    const { used, resetAt } = this.#window(who, resource);
    const { requestsPerHour, graphqlPerHour } = this.options;
    const limit = resource === "core" ? requestsPerHour : graphqlPerHour;
    return { limit, used, remaining: limit - used, reset: resetAt / 1000 };
  }

  /** The headers of every response. */
  headers(who: string, resource: Resource = "core"): Record<string, string> {
    const { limit, used, remaining, reset } = this.state(who, resource);
    return {
      "x-ratelimit-limit": String(limit),
      "x-ratelimit-remaining": String(remaining),
      "x-ratelimit-used": String(used),
      "x-ratelimit-reset": String(reset),
      "x-ratelimit-resource": resource,
    };
  }
}

/** How long until fewer than `max` of the times lie within the span. */
function waitOf(times: number[], max: number, now: number, spanMs: number): number {
  const recent = times.filter((at) => at > now - spanMs);
  const oldest = recent[recent.length - max];
  return oldest === undefined ? 0 : oldest + spanMs - now;
}
