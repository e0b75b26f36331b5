/**
 * Visits that ran out while their browser stayed away, or were ended while GitHub could not be asked: their tokens
 * are given back and their rows removed. A row whose tokens cannot be given back goes a day later all the same.
 */
import { isProblem } from "../domain/errors.ts";
import { dropVisit, visitsBefore } from "../store/visits.ts";
import type { SweepParts } from "./sweep-parts.ts";
import { giveBack, visitMs } from "./visitor-seal.ts";

type VisitParts = Pick<SweepParts, "store" | "seal" | "oauth" | "clock" | "log">;

/** Visits ended in one pass. */
const endedMax = 100;
/** How long a row waits for a GitHub that cannot be asked. */
const graceMs = 24 * 3_600_000;

/** Ends the visits that ran out, the oldest first. True when none is left that can be ended now. */
export async function sweepVisits(parts: VisitParts): Promise<boolean> {
  const { store, seal, oauth, clock, log } = parts;
  const now = clock.now();
  const over = await visitsBefore(store.db, now - visitMs, endedMax);
  for (const row of over) {
    try {
      if (oauth) await giveBack({ store, seal, oauth }, row, now);
    } catch (error) {
      if (!isProblem(error)) throw error;
      // GitHub is unwell: what is younger waits as well.
      if (error.kind === "later" && now - visitMs - row.began_at < graceMs) return true;
      log.warn({ err: error }, "the token of a visit that is over was not given back");
    }
    await dropVisit(store.db, row.id);
  }
  return over.length < endedMax;
}
