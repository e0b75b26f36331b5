/**
 * When an installation token is replaced, and when its retired predecessor is revoked.
 * Arithmetic over the two times a token is born with: the same rules serve GitHub's hour and a test's
 * seconds. Knows nothing of who mints, holds or stores a token. All times are milliseconds since the epoch.
 */

/** The two times of a token. GitHub's `expires_at` has whole seconds, our `mintedAt` milliseconds. */
export interface TokenLife {
  mintedAt: number;
  expiresAt: number;
}

/** Share of its life that is left when a token is due. A quarter is the limit; the rest is time to act. */
const shareLeftWhenDue = 0.35;
/** Longest a retired token outlives the hand-over of its successor: work begun with it may finish. */
const graceMsMax = 60_000;
const graceShare = 0.1;

/** Span between minting and expiry in milliseconds; 0 where clocks disagree so far that none is left. */
export function lifeMs(token: TokenLife): number {
  return Math.max(token.expiresAt - token.mintedAt, 0);
}

/** When the token is due to be replaced, counted back from its expiry: after 39 of 60 minutes. */
export function replaceAt(token: TokenLife): number {
  return Math.floor(token.expiresAt - lifeMs(token) * shareLeftWhenDue);
}

/** When a token retired at `retiredAt` may be revoked: 60 s later, or a tenth of its life if that is shorter. */
export function revokeRetiredAt(retired: { retiredAt: number; lifeMs: number }): number {
  return retired.retiredAt + Math.min(graceMsMax, Math.ceil(Math.max(retired.lifeMs, 0) * graceShare));
}

/** Does GitHub still take the token at `at`? It is dead exactly at its expiry. */
export function usable(token: TokenLife, at: number): boolean {
  return at < token.expiresAt;
}
