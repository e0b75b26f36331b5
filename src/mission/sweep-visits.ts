/**
 * Visits that ran out while their browser stayed away, or were ended while GitHub could not be asked: their tokens
 * are given back, as often as it takes, and their rows removed. And visits whose tokens lie under a seal key that is
 * being replaced: they are sealed anew, so that the old key can be taken away.
 */
import { isProblem, Problem } from "../domain/errors.ts";
import type { VisitRow } from "../store/schema.ts";
import { changeVisit, dropVisit, visitsAfter, visitsBefore } from "../store/visits.ts";
import type { SweepParts } from "./sweep-parts.ts";
import { giveBack, isFirstSealed, openTokens, sealTokens, visitMs } from "./visitor-seal.ts";

type VisitParts = Pick<SweepParts, "store" | "seal" | "oauth" | "clock" | "log">;

/** Visits ended in one pass. */
const endedMax = 100;
/** Visits met in one pass whose tokens cannot be given back: mostly it is the App's own secret that GitHub refuses. */
const keptMax = 20;
/** Visits looked at in one pass for the key they are sealed under. */
const sealedMax = 1_000;
/** Visits remembered as told of. */
const toldMax = 1_000;
/** How long after its end a visit waits for a seal key to come back; and how far GitHub's clock may be from ours. */
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
  let resealedTo = "";
  let last: VisitRow | undefined;
  return async () => {
    resealedTo = await reseal({ ...parts, told }, resealedTo);
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
    const { isSealed, livesUntil } = lifeOf(parts, row);
    const waitsUntil = (isSealed ? row.began_at + visitMs : livesUntil) + graceMs;
    if (waitsUntil < clock.now()) {
      tellUngiven(parts, isSealed, livesUntil);
      await dropVisit(store.db, row);
      return "ended";
    }
    if (error.kind === "later") return "unwell";
    if (isNew(parts.told, row.id))
      log.warn({ err: error }, "the tokens of a visit that is over cannot be given back yet");
    return "kept";
  }
}

/** What is said of tokens that nobody gives back any more. */
function tellUngiven({ log }: VisitParts, isSealed: boolean, livesUntil: number): void {
  const fields = { lives_until: new Date(livesUntil).toISOString() };
  if (isSealed)
    log.error(
      fields,
      "a visit's tokens are not given back: no seal key opens them. GitHub lets them live until then at most, or for ever where the App's user tokens do not expire; they can be revoked on the App's page",
    );
  else log.warn(fields, "the tokens of a visit expired at GitHub without being given back");
}

/** Until when GitHub lets a visit's tokens live at most; ever, where they do not expire. */
function lifeOf({ seal }: VisitParts, row: VisitRow): { isSealed: boolean; livesUntil: number } {
  const tokens = openTokens(seal, row);
  // They were replaced for the last time while the visit lasted.
  const atMost = row.began_at + visitMs + refreshMs;
  if (!tokens) return { isSealed: true, livesUntil: atMost };
  const { refresh, refreshUntil = atMost, accessUntil = Number.POSITIVE_INFINITY } = tokens;
  return { isSealed: false, livesUntil: refresh ? refreshUntil : accessUntil };
}

/** Seals anew what lies under a key that is not the first. Returns the id to go on from, by and by round all visits. */
async function reseal(parts: Telling, from: string): Promise<string> {
  const { store, seal, log, told } = parts;
  const rows = await visitsAfter(store.db, from, sealedMax);
  let [resealed, unopened] = [0, 0];
  for (const row of rows) {
    if (isFirstSealed(seal, row)) continue;
    const tokens = openTokens(seal, row);
    if (!tokens && isNew(told, row.id)) unopened += 1;
    if (!tokens) continue;
    if (await changeVisit(store.db, row, { sealed: sealTokens(seal, row, tokens) })) resealed += 1;
  }
  if (resealed > 0) log.info({ visits: resealed }, "tokens of visits were sealed under the first key");
  if (unopened > 0)
    log.warn(
      { visits: unopened },
      "no seal key opens the tokens of visits: put their key back to give them back",
    );
  return rows.length < sealedMax ? "" : (rows.at(-1)?.id ?? "");
}

/** Each visit is told of once. */
function isNew(told: Set<string>, id: string): boolean {
  if (told.has(id)) return false;
  if (told.size >= toldMax) told.clear();
  told.add(id);
  return true;
}
