/** People who have signed in by the App, and where their browsers may be sent back to. */
import type { Account } from "./world.ts";

/** What the world remembers of sign-ins. */
export interface Visitors {
  /** What acts for a person, by SHA-256. */
  tokens: Map<string, { account: Account; expiresAt: number }>;
  callbackUrls: string[];
}

/** Nobody has signed in yet. */
export function noVisitors(): Visitors {
  return { tokens: new Map(), callbackUrls: [] };
}
