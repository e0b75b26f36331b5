/**
 * A person's tokens between sign-in and sign-out: how they lie in the store, sealed to their visit, and how they
 * are given back. It knows no cookies and no pages.
 */
import { isProblem } from "../domain/errors.ts";
import { Secret } from "../domain/secret.ts";
import type { OAuth, VisitorTokens } from "../github/visitor-token.ts";
import type { Store } from "../store/database.ts";
import type { VisitRow } from "../store/schema.ts";
import type { Seal } from "../store/seal.ts";
import { resealVisit } from "../store/visits.ts";

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
  { access, refresh, accessUntil }: VisitorTokens,
): string {
  const plain = JSON.stringify({ access: access.reveal(), refresh: refresh?.reveal(), accessUntil });
  return seal.seal(new Secret(plain), rowOf(owner));
}

/** The tokens of a visit; undefined when no key opens them. */
export function openTokens(seal: Seal, row: Owner & Pick<VisitRow, "sealed">): VisitorTokens | undefined {
  const plain = seal.open(row.sealed, rowOf(row));
  if (!plain) return undefined;
  const { access, refresh, accessUntil } = JSON.parse(plain.reveal()) as Record<string, string> & {
    accessUntil?: number;
  };
  return {
    access: new Secret(access ?? ""),
    ...(refresh === undefined ? {} : { refresh: new Secret(refresh) }),
    ...(accessUntil === undefined ? {} : { accessUntil }),
  };
}

/** Does the token that calls are made with have no life left to speak of? */
export function isSpent({ accessUntil }: VisitorTokens, now: number): boolean {
  return accessUntil !== undefined && accessUntil - visitorMarginMs <= now;
}

/**
 * Gives a visit's tokens back. A token that has expired is replaced first: what lives for months is the refresh token,
 * and it goes with the token that came by it. Tokens that lead no further count as given back. `later` when GitHub
 * cannot be asked: asked again, it goes on from where it was.
 */
export async function giveBack(
  { store, seal, oauth }: { store: Store; seal: Seal; oauth: OAuth },
  row: VisitRow,
  now: number,
): Promise<void> {
  const tokens = openTokens(seal, row);
  if (!tokens) return;
  if (!isSpent(tokens, now)) return oauth.revoke(tokens.access);
  if (!tokens.refresh) return;
  try {
    const next = await oauth.refresh(tokens.refresh);
    // Written down first: otherwise a GitHub that fails now leaves tokens alive that nobody knows.
    await resealVisit(store.db, row, sealTokens(seal, row, next));
    await oauth.revoke(next.access);
  } catch (error) {
    if (!isProblem(error) || error.code !== "github_sign_in") throw error;
  }
}
