/**
 * What GitHub could not deliver before this process was there, a stop perhaps. Until it has been read nothing is
 * proposed. It does not know what was missed, only whether somebody has looked.
 */
import type { Clock } from "../clock.ts";
import type { Logger } from "../log.ts";
import type { Store } from "../store/database.ts";
import type { Inbox } from "../store/deliveries.ts";
import { logReadAt } from "./sweep-deliveries.ts";

/** Where GitHub's log cannot be read, or is long, people are not kept waiting for longer. */
const waitMsMax = 10 * 60_000;

/** Asks about the backlog of one process. */
export interface Backlog {
  /** Has everything that came before the start been read and worked off, or been waited for in vain? */
  isRead(): Promise<boolean>;
}

/** The backlog of a process that started at `startedAt`, milliseconds since the epoch. */
export function createBacklog(
  { store, box, clock, log }: { store: Store; box: Pick<Inbox, "waiting">; clock: Clock; log: Logger },
  startedAt: number,
): Backlog {
  let isRead = false;
  const look = async () => {
    const isLogRead = ((await logReadAt(store.db)) ?? 0) >= startedAt;
    if (isLogRead && (await box.waiting(startedAt)).length === 0) return true;
    if (clock.now() - startedAt <= waitMsMax) return false;
    log.warn("deliveries that were missed could not be read in time; pull requests are opened all the same");
    return true;
  };
  return {
    isRead: async () => {
      isRead ||= await look();
      return isRead;
    },
  };
}
