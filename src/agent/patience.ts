/**
 * How long a call to the platform may take, whether the SDK may repeat it, and when *not found* is believed.
 */
import type { Act } from "../domain/act.ts";
import { Problem } from "../domain/errors.ts";

/** Never repeated by the SDK: a second POST would be a second session or message. */
export const once = { maxRetries: 0, timeout: 60_000 } as const;
/** Reads may be repeated; briefly, because the engine repeats them anyway. */
export const read = { maxRetries: 1, timeout: 30_000 } as const;

/** A list may lag behind what was made, and what nobody waits for any more may still be carried out. */
const settleMs = 10_000;
/** Clocks differ, and what an attempt made may be older than its end: lists are read from so much earlier. */
export const slackMs = 3 * 60_000;

/** An act whose *not found* is `later` for ten seconds after the attempt: too early to do it again. */
export function patient<T>(act: Act<T>, now: () => number): Act<T> {
  return {
    find: async (begunAt) => {
      const found = await act.find(begunAt);
      const retryAfterMs = begunAt + settleMs - now();
      if (found !== undefined || retryAfterMs <= 0) return found;
      const words = "It is not known yet whether the Claude platform did what it was asked.";
      throw new Problem("later", "claude_unsettled", words, { retryAfterMs });
    },
    make: act.make,
  };
}
