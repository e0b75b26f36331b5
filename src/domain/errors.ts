/**
 * The four kinds of trouble, named by what the caller must do.
 * Made on floor 2, where statuses are read; above it nobody looks at a status code.
 */

/**
 * - `later`: the world is briefly unwell; wait and try again
 * - `refused`: no, and a person can change that
 * - `gone`: the thing no longer exists
 * - `fault`: our mistake or an undocumented reply
 */
export type ProblemKind = "later" | "refused" | "gone" | "fault";

/** Extra facts of a problem: how long a server asked us to wait, and what caused it. */
export interface ProblemDetail {
  /** Milliseconds the server asked us to wait before another attempt. */
  retryAfterMs?: number;
  /** True when it is certain that the request had no effect, so that nobody need look for one. */
  undone?: boolean;
  cause?: unknown;
}

/** An error whose message a stranger may read: it names what is wrong and what to do, and holds no secret. */
export class Problem extends Error {
  readonly kind: ProblemKind;
  /** Stable and short, for tests and metrics: `github_rate_limited`. */
  readonly code: string;
  readonly retryAfterMs: number | undefined;
  /** Certain that nothing was done: every `no`, and a `later` that came instead of the effect. */
  readonly undone: boolean;

  constructor(kind: ProblemKind, code: string, message: string, detail: ProblemDetail = {}) {
    super(message, detail.cause === undefined ? undefined : { cause: detail.cause });
    this.name = "Problem";
    this.kind = kind;
    this.code = code;
    this.retryAfterMs = detail.retryAfterMs;
    this.undone = detail.undone ?? kind !== "later";
  }
}

/** Is this a `Problem` of one of these kinds (of any kind when none is named)? */
export function isProblem(error: unknown, ...kinds: ProblemKind[]): error is Problem {
  return error instanceof Problem && (kinds.length === 0 || kinds.includes(error.kind));
}
