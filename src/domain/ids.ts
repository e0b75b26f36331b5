/**
 * Names that derive from a run, so that what was done but not written down is found again:
 * the marker in a comment or pull request, the marker in a message, the branch of a session.
 */

/** Identifier of a run: `run_` and 20 characters of the base32 alphabet without look-alikes. */
export type RunId = string;

const alphabet = "0123456789abcdefghjkmnpqrstvwxyz";

/** A run's id from 20 random bytes (longer input is cut). */
export function runIdFrom(bytes: Uint8Array): RunId {
  return `run_${[...bytes.subarray(0, 20)].map((byte) => alphabet[byte % 32]).join("")}`;
}

/** Hidden line by which our own comments and pull requests are found again. */
export function runMarker(run: RunId): string {
  return `<!-- patchwright:run:${run} -->`;
}

/** Hidden line of a comment that is not the status comment: a question, a refusal. */
export function commentMarker(run: RunId, name: string): string {
  return `<!-- patchwright:run:${run}:${name} -->`;
}

/** Hidden line of a reply that belongs to no run. */
export function replyMarker(key: string): string {
  return `<!-- patchwright:reply:${key} -->`;
}

/** Line in a message to the agent by which it is found among the session's events. */
export function messageMarker(run: RunId, name: string): string {
  return `[patchwright ${run} ${name}]`;
}

/** The one branch the platform's git proxy lets a session push to. */
export function sessionBranch(session: string): string {
  return `claude/${session}`;
}

/** Is it a branch a session pushes to? Whose, only its run knows. */
export function isSessionBranch(branch: string): boolean {
  return branch.startsWith("claude/");
}
