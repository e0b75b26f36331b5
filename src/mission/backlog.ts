/**
 * What GitHub could not deliver before this process was there, or since, a stop perhaps. Until it has been read nothing
 * is proposed, and what was asked for in that time is not begun. It does not know what was missed, only whether
 * somebody has looked.
 */
import type { Clock } from "../clock.ts";
import { Problem } from "../domain/errors.ts";
import type { Logger } from "../log.ts";
import type { Store } from "../store/database.ts";
import type { Inbox } from "../store/deliveries.ts";
import { lastCatchUp } from "./catch-up.ts";
import { logReadAt } from "./sweep-deliveries.ts";

/** Where GitHub's log cannot be read, or is long, people are not kept waiting for longer. */
const waitMsMax = 10 * 60_000;
/** What is younger than this was delivered, and so was what came after it. */
const freshMs = 60_000;
/** So long after they are in the inbox, stops and closings have been worked off. */
const heardMs = 10_000;
/** Ten thousand deliveries are read in less. */
const catchUpMsMax = 60 * 60_000;

/** Asks about the backlog of one process. */
export interface Backlog {
  /** Has everything that came before the start been read and worked off, or been waited for in vain? */
  isRead(): Promise<boolean>;
  /**
   * Throws `later` while what came after a delivery received at `at` (milliseconds since the epoch) may not be in the
   * inbox yet: it may have been called off since. What is waited for in vain is done without.
   */
  untilReadSince(at: number): Promise<void>;
}

/** Those who wait look again as often as what they wait for is long: ten thousand may be waiting. */
const againMs = { min: 2_000, max: 60_000 };

function unread(waitedMs: number): Problem {
  const words = "What GitHub could not deliver is still being read.";
  const retryAfterMs = Math.min(Math.max(waitedMs, againMs.min), againMs.max);
  return new Problem("later", "backlog_unread", words, { undone: true, retryAfterMs });
}

/** The backlog of a process that started at `startedAt`, milliseconds since the epoch. */
export function createBacklog(
  { store, box, clock, log }: { store: Store; box: Pick<Inbox, "waiting">; clock: Clock; log: Logger },
  startedAt: number,
): Backlog {
  let isRead = false;
  const isLogRead = async () => ((await logReadAt(store.db)) ?? 0) >= startedAt;
  const look = async () => {
    if ((await isLogRead()) && (await box.waiting(startedAt)).length === 0) return true;
    if (clock.now() - startedAt <= waitMsMax) return false;
    log.warn("deliveries that were missed could not be read in time; pull requests are opened all the same");
    return true;
  };
  return {
    isRead: async () => {
      isRead ||= await look();
      return isRead;
    },
    untilReadSince: async (at) => {
      const now = clock.now();
      if (now - at < freshMs) return;
      const last = await lastCatchUp(store.db);
      const isAllThere = last?.doneAt !== undefined && last.since >= startedAt;
      const waitedMs = now - startedAt;
      if (at < startedAt && waitedMs <= waitMsMax && !isAllThere && !(await isLogRead()))
        throw unread(waitedMs);
      if (!last || last.since <= at) return;
      if (last.doneAt === undefined && now - last.since <= catchUpMsMax) throw unread(now - last.since);
      if (last.doneAt !== undefined && now - last.doneAt < heardMs) throw unread(now - last.doneAt);
    },
  };
}
