/**
 * Visits that ran out while their browser stayed away, or were ended while GitHub could not be asked: their tokens
 * are given back, as often as it takes, and their rows removed.
 */
import { isProblem, Problem } from "../domain/errors.ts";
import type { VisitRow } from "../store/schema.ts";
import { dropVisit, visitsBefore } from "../store/visits.ts";
import type { SweepParts } from "./sweep-parts.ts";
import { giveBack, openTokens, visitMs } from "./visitor-seal.ts";

type VisitParts = Pick<SweepParts, "store" | "seal" | "oauth" | "clock" | "log">;

/** Visits ended in one pass. */
const endedMax = 100;
/** Visits met in one pass whose tokens cannot be given back: mostly it is the App's own secret that GitHub refuses. */
const keptMax = 20;
/** Visits remembered as told of. */
const toldMax = 1_000;
/** How far GitHub's clock may be from ours. */
const graceMs = 24 * 3_600_000;
/** GitHub lets a refresh token live for six months (*Refreshing user access tokens*). */
const refreshMs = 184 * 24 * 3_600_000;

/** What becomes of a visit that is over: its row goes, it waits, or GitHub is unwell and all wait. */
type Fate = "ended" | "kept" | "unwell";

/**
 * The caretaker's round over visits: ends those that are over, the oldest first, and after those that could not be
 * ended the ones that follow. True when none is left that can be ended now.
 */
export function createVisitSweep(parts: VisitParts): () => Promise<boolean> {
  const { store, clock } = parts;
  const told = new Set<string>();
  let last: VisitRow | undefined;
  return async () => {
    const over = await visitsBefore(store.db, {
      before: clock.now() - visitMs,
      limit: endedMax,
      ...(last ? { after: last } : {}),
    });
    const met = { ended: 0, kept: 0 };
    for (const row of over) {
      last = row;
      const fate = await end({ ...parts, told }, row);
      if (fate === "unwell") return true;
      met[fate] += 1;
      if (met.kept >= keptMax) break;
    }
    return over.length < endedMax || met.ended === 0;
  };
}

type Telling = VisitParts & { told: Set<string> };

async function end(parts: Telling, row: VisitRow): Promise<Fate> {
  const { oauth, store, clock, log } = parts;
  try {
    if (!oauth) throw new Problem("refused", "sign_in_off", "CLIENT_ID and CLIENT_SECRET are not set.");
    await giveBack({ ...parts, oauth }, row);
    return "ended";
  } catch (error) {
    if (!isProblem(error)) throw error;
    if (livesUntil(parts, row) + graceMs < clock.now()) {
      log.warn("the tokens of a visit expired at GitHub without being given back");
      await dropVisit(store.db, row);
      return "ended";
    }
    if (error.kind === "later") return "unwell";
    if (isNew(parts.told, row.id))
      log.warn({ err: error }, "the tokens of a visit that is over cannot be given back yet");
    return "kept";
  }
}

/** Until when GitHub lets a visit's tokens live at most; ever, where they do not expire. */
function livesUntil({ seal }: VisitParts, row: VisitRow): number {
  // They were replaced for the last time while the visit lasted.
  const atMost = row.began_at + visitMs + refreshMs;
  const {
    refresh,
    refreshUntil = atMost,
    accessUntil = Number.POSITIVE_INFINITY,
  } = openTokens(seal, row) ?? {};
  return refresh ? refreshUntil : accessUntil;
}

/** Each visit is told of once. */
function isNew(told: Set<string>, id: string): boolean {
  if (told.has(id)) return false;
  if (told.size >= toldMax) told.clear();
  told.add(id);
  return true;
}
