/**
 * A person's tokens between sign-in and sign-out: how they lie in the store, sealed to their visit, how they are
 * replaced, and how they are given back. It knows no cookies and no pages.
 * Invariants: no tokens are relied on before they are written down; a row goes only when what was read of it surely
 * leads no further.
 */
import { createHash } from "node:crypto";
import type { Clock } from "../clock.ts";
import { isProblem, Problem } from "../domain/errors.ts";
import { Secret } from "../domain/secret.ts";
import { whoIs } from "../github/sight.ts";
import type { OAuth, VisitorTokens } from "../github/visitor-token.ts";
import type { Logger } from "../log.ts";
import type { Store } from "../store/database.ts";
import type { VisitRow } from "../store/schema.ts";
import type { Seal } from "../store/seal.ts";
import { addVisit, changeVisit, dropVisit, findVisit } from "../store/visits.ts";

/** What tokens are kept with. */
export interface TokenParts {
  store: Store;
  seal: Seal;
  oauth: OAuth;
  clock: Clock;
  log: Logger;
}

/** A visit ends by itself after this. */
export const visitMs = 30 * 24 * 3_600_000;

/** Tokens with less life than this are replaced before they are used. */
export const visitorMarginMs = 60_000;

/** A sign-in that has not got a name by then never gets one. */
const nameMs = 10 * 60_000;

/** Attempts to put new tokens into a row that is being sealed under another key. */
const triesMax = 3;

type Owner = Pick<VisitRow, "id" | "person_id">;

/** A visit's tokens belong to its row and its person, as a run's tokens to theirs. */
function rowOf({ id, person_id }: Owner) {
  return { runId: "visit", resource: String(person_id), tokenId: id };
}

/** The tokens as they are written down. */
export function sealTokens(
  seal: Seal,
  owner: Owner,
  { access, refresh, accessUntil, refreshUntil }: VisitorTokens,
): string {
  const plain = { access: access.reveal(), refresh: refresh?.reveal(), accessUntil, refreshUntil };
  return seal.seal(new Secret(JSON.stringify(plain)), rowOf(owner));
}

/** The tokens of a visit; undefined when no key opens them. */
export function openTokens(seal: Seal, row: Owner & Pick<VisitRow, "sealed">): VisitorTokens | undefined {
  const plain = seal.open(row.sealed, rowOf(row));
  if (!plain) return undefined;
  const { access, refresh, ...times } = JSON.parse(plain.reveal()) as Record<string, string> & {
    accessUntil?: number;
    refreshUntil?: number;
  };
  return {
    access: new Secret(access ?? ""),
    ...(refresh === undefined ? {} : { refresh: new Secret(refresh) }),
    ...times,
  };
}

/** Was it sealed under the first key? */
export function isFirstSealed(seal: Seal, row: VisitRow): boolean {
  return seal.isFirst(row.sealed, rowOf(row));
}

/** Does the token that calls are made with have no life left to speak of? */
export function isSpent({ accessUntil }: VisitorTokens, now: number): boolean {
  return accessUntil !== undefined && accessUntil - visitorMarginMs <= now;
}

/** An id of a row whose tokens are only there to be given back: no cookie's hash looks like it. */
function nobody(of: string): string {
  return `nobody ${createHash("sha256").update(of).digest("hex")}`;
}

/**
 * Writes down what a sign-in brought before GitHub has said who signs in: as a visit that no cookie opens and that is
 * over after minutes. `id`: of the visit it may become.
 */
export async function keepNameless(parts: TokenParts, id: string, tokens: VisitorTokens): Promise<VisitRow> {
  const began_at = parts.clock.now() - visitMs + nameMs;
  const owner = { id: nobody(id), person_id: 0, login: "", began_at };
  const row = { ...owner, sealed: sealTokens(parts.seal, owner, tokens) };
  return writtenDown(parts, tokens, async () => {
    await addVisit(parts.store.db, row);
    return row;
  });
}

/**
 * Replaces the tokens of a visit by its refresh token. Returns the row they lie in: another one, which no cookie opens
 * and which is over, where theirs is gone or holds others by now. Throws what the refresh throws.
 */
export async function replaceTokens(
  parts: TokenParts,
  row: VisitRow,
  refresh: Secret,
): Promise<{ row: VisitRow; tokens: VisitorTokens }> {
  const tokens = await parts.oauth.refresh(refresh);
  return writtenDown(parts, tokens, async () => ({
    row: await putTokens(parts, { row, refresh, tokens }),
    tokens,
  }));
}

async function putTokens(
  { store, seal, clock }: TokenParts,
  { row, refresh, tokens }: { row: VisitRow; refresh: Secret; tokens: VisitorTokens },
): Promise<VisitRow> {
  let seen: VisitRow | undefined = row;
  for (let tries = 0; seen && tries < triesMax; tries += 1) {
    const sealed = sealTokens(seal, row, tokens);
    if (await changeVisit(store.db, seen, { sealed })) return { ...seen, sealed };
    const now = await findVisit(store.db, row.id);
    // The same tokens, sealed anew under another key: this is still their row.
    const isTheirs = now && openTokens(seal, now)?.refresh?.reveal() === refresh.reveal();
    seen = isTheirs ? now : undefined;
  }
  const owner = { ...row, id: nobody(row.sealed), began_at: clock.now() - visitMs - 1 };
  const spare = { ...owner, sealed: sealTokens(seal, owner, tokens) };
  await addVisit(store.db, spare);
  return spare;
}

/** Tokens that cannot be written down are given back at once: nobody would know them. */
async function writtenDown<Done>(
  { oauth, log }: TokenParts,
  { access }: VisitorTokens,
  write: () => Promise<Done>,
): Promise<Done> {
  try {
    return await write();
  } catch (error) {
    await oauth.revoke(access).catch((cause: unknown) => {
      log.error({ err: cause }, "a visitor's tokens were neither written down nor given back");
    });
    throw error;
  }
}

/**
 * Gives a visit's tokens back and forgets it. A token that has expired is replaced first: what lives for months is the
 * refresh token, and it goes with the token that came by it. Throws where they may live on, and the row stays: asked
 * again, it goes on from where it was. `refused` `visit_sealed` when no key opens them.
 */
export async function giveBack(parts: TokenParts, row: VisitRow): Promise<void> {
  const { store, seal, oauth, clock } = parts;
  const tokens = openTokens(seal, row);
  if (!tokens) throw unopened();
  const { access, refresh } = tokens;
  if (!refresh) {
    if (!(await oauth.revoke(access))) await checkDead(oauth, access);
    return dropVisit(store.db, row);
  }
  if (!isSpent(tokens, clock.now()) && (await oauth.revoke(access))) return dropVisit(store.db, row);
  // One that GitHub does not know may have expired before its time: then its refresh token lives.
  const next = await replaceTokens(parts, row, refresh).catch((error: unknown) => {
    if (!isProblem(error) || error.code !== "github_refresh_dead") throw error;
  });
  if (next && !(await oauth.revoke(next.tokens.access)))
    throw new Problem("later", "github_unwell", "GitHub does not know a token that it has just given out.");
  await dropVisit(store.db, next?.row ?? row);
}

/** GitHub says *not found* for more than one reason; a token that still opens something is not dead. */
async function checkDead(oauth: OAuth, token: Secret): Promise<void> {
  const isAlive = await whoIs(oauth.as(token)).then(
    () => true,
    (error: unknown) => {
      if (!isProblem(error) || error.code !== "github_credentials") throw error;
      return false;
    },
  );
  if (isAlive)
    throw new Problem("refused", "github_sign_in", "GitHub does not take a token back that is alive.");
}

/** What a visit comes to whose tokens no key opens. */
export function unopened(): Problem {
  return new Problem("refused", "visit_sealed", "No seal key opens the tokens of a visit.");
}
