/**
 * How the demonstration speaks of a token: by the beginning of its hash, never by a part of itself.
 */

/** A short fingerprint of a token from its SHA-256 in hex, with or without `sha256:` before it. */
export function tokenName(sha256: string | undefined): string {
  return sha256 === undefined ? "no token" : `token #${sha256.replace("sha256:", "").slice(0, 8)}`;
}
