/**
 * A figure of the scoreboard: what it is, what it has to come to, and how it is measured.
 * Each has a file of its own beside this one and a line in `limits.ts`.
 */

/** What was measured, in words, and whether it is what it has to be. */
export interface Measured {
  words: string;
  met: boolean;
}

/** How much is measured: all there is, what stands for it, or as little as shows that the measurement itself works. */
export const size = process.argv.includes("--full")
  ? "full"
  : process.argv.includes("--quick")
    ? "quick"
    : "usual";

/** A row of the scoreboard. */
export interface Figure {
  /** `S10`. */
  id: string;
  what: string;
  target: string;
  measure(): Promise<Measured>;
}
