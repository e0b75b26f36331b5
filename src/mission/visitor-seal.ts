/**
 * A person's tokens between sign-in and sign-out: how they lie in the store, sealed to their visit, and how
 * they are given back. It knows no cookies and no pages.
 * Invariant: a row goes only when its tokens surely lead no further.
 */
import type { Clock } from "../clock.ts";
import { isProblem, Problem } from "../domain/errors.ts";
import { Secret } from "../domain/secret.ts";
import { whoIs } from "../github/sight.ts";
import type { OAuth, VisitorTokens } from "../github/visitor-token.ts";
import type { Store } from "../store/database.ts";
import type { VisitRow } from "../store/schema.ts";
import type { Seal } from "../store/seal.ts";
import { dropVisit, resealVisit } from "../store/visits.ts";

/** What tokens are kept with. */
export interface TokenParts {
  store: Store;
  seal: Seal;
  oauth: OAuth;
  clock: Clock;
}

/** A visit ends by itself after this. */
export const visitMs = 30 * 24 * 3_600_000;

/** Tokens with less life than this are replaced before they are used. */
export const visitorMarginMs = 60_000;

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

/** Does the token that calls are made with have no life left to speak of? */
export function isSpent({ accessUntil }: VisitorTokens, now: number): boolean {
  return accessUntil !== undefined && accessUntil - visitorMarginMs <= now;
}

/**
 * Gives a visit's tokens back and forgets it. A token that has expired is replaced first: what lives for months is the
 * refresh token, and it goes with the token that came by it. Throws where they may live on, and the row stays: asked
 * again, it goes on from where it was.
 */
export async function giveBack(parts: TokenParts, row: VisitRow): Promise<void> {
  const tokens = openTokens(parts.seal, row);
  // With its key gone nobody can give it back.
  if (tokens) await giveTokensBack(parts, row, tokens);
  await dropVisit(parts.store.db, row.id);
}

async function giveTokensBack(
  { store, seal, oauth, clock }: TokenParts,
  row: VisitRow,
  tokens: VisitorTokens,
): Promise<void> {
  const { access, refresh } = tokens;
  if (!refresh) {
    if (!(await oauth.revoke(access))) await checkDead(oauth, access);
    return;
  }
  if (!isSpent(tokens, clock.now()) && (await oauth.revoke(access))) return;
  // One that GitHub does not know may have expired before its time: then its refresh token lives.
  const next = await oauth.refresh(refresh).catch((error: unknown) => {
    if (!isProblem(error) || error.code !== "github_refresh_dead") throw error;
  });
  if (!next) return;
  // Written down first: otherwise a GitHub that fails now leaves tokens alive that nobody knows.
  await resealVisit(store.db, row, sealTokens(seal, row, next));
  if (!(await oauth.revoke(next.access)))
    throw new Problem("later", "github_unwell", "GitHub does not know a token that it has just given out.");
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
