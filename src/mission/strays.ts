/**
 * Tokens that were minted and perhaps not written down: the store failed, or another worker took the run over.
 * They are kept in memory until it is known, and those that nobody else knows of are given back. A process that
 * dies meanwhile leaves them to expire: with no store there is no other place to note them.
 */
import type { Clock } from "../clock.ts";
import { isProblem } from "../domain/errors.ts";
import type { Secret } from "../domain/secret.ts";
import type { GitHub } from "../github/client.ts";
import type { Logger } from "../log.ts";
import type { Metrics } from "../metrics.ts";
import type { Store } from "../store/database.ts";
import { isRecorded } from "../store/tokens.ts";

/** A token that may be known to nobody but this process. Times are milliseconds since the epoch. */
export interface Stray {
  id: string;
  token: Secret;
  installation: number;
  expiresAt: number;
  /** When to ask whether it was written down: a commit whose answer was lost may be under way before. */
  askAt: number;
}

/** What strays are asked about and given back with. */
export interface StrayRooms {
  store: Store;
  github: Pick<GitHub, "revoke">;
  clock: Clock;
  log: Logger;
  metrics: Pick<Metrics, "tokens">;
}

/** Kept at once; of more the oldest are left to expire. */
const keptMax = 1_000;

/** The strays of this process. */
export class Strays {
  readonly #kept = new Map<string, Stray>();

  /** Keeps one until it is known. */
  keep(stray: Stray): void {
    this.#kept.set(stray.id, stray);
    for (const id of this.#kept.keys()) {
      if (this.#kept.size <= keptMax) return;
      this.#kept.delete(id);
    }
  }

  /**
   * Gives back those that were not written down, and lets go of the others. Never throws: at the first trouble it
   * leaves the rest for the next time.
   */
  async settle(rooms: StrayRooms): Promise<void> {
    for (const stray of [...this.#kept.values()]) {
      const now = rooms.clock.now();
      if (now < stray.askAt) continue;
      const isOver = now >= stray.expiresAt || (await settled(rooms, stray).catch(() => undefined));
      if (isOver === undefined) return;
      if (isOver) this.#kept.delete(stray.id);
    }
  }
}

/** Is nothing left to do about it? */
async function settled({ store, github, log, metrics }: StrayRooms, stray: Stray): Promise<boolean> {
  if (await isRecorded(store.db, stray.id)) return true;
  try {
    await github.revoke(stray.token, stray.installation);
  } catch (error) {
    // An installation that is gone has killed the token with it; a suspended one may come back.
    if (!isProblem(error, "gone", "refused")) throw error;
    if (error.code === "github_suspended") return false;
  }
  log.info({ token_id: stray.id }, "token that was not written down revoked");
  metrics.tokens.inc({ what: "revoked" });
  return true;
}
