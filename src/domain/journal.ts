/**
 * What a run's journal remembers of its course besides the facts: how the work went on, what was asked, what
 * became of each token. Entries are samples, so that a long run has no more of them than a person reads.
 * An entry never holds a secret; of a token it knows our own id.
 */
import type { Progress } from "./progress.ts";
import { type Run, spentCents } from "./run.ts";
import { redact } from "./secret.ts";

/** One entry. Money in whole US cents, times in milliseconds since the epoch. */
export type JournalEntry =
  /** How far the run had come: the agent's last words, what it did and cost since the run began. */
  | { kind: "work"; words: string; counts: Progress["counts"]; cents: number }
  | { kind: "question"; text: string }
  | { kind: "token"; step: TokenStep; token: string; resource: string; contents: string; expiresAt: number };

/** The steps of a token's life. */
export type TokenStep = "minted" | "handed over" | "revoked" | "expired";

/** An entry with its time and its name: written again under one name, the newer entry stands. */
export interface Journaled {
  name: string;
  at: number;
  entry: JournalEntry;
}

/** Characters of a text that are kept. */
const textMax = 600;
/** One sample in this span, early in a round and later: some 350 in a round of four hours. */
const slotMsEarly = 5_000;
const slotMsLate = 60_000;
const earlyMs = 10 * 60_000;

/** What a look at the session adds to the journal; nothing where it found nothing new. */
export function entriesOf(run: Run, before: Progress, now: number): Journaled[] {
  const { progress } = run;
  const known = new Set(before.calls.map(({ id }) => id));
  const questions = progress.calls.flatMap(({ id, name, input }): Journaled[] => {
    const { question } = input;
    if (known.has(id) || name !== "ask_maintainer" || typeof question !== "string") return [];
    return [{ name: `question ${id}`, at: now, entry: { kind: "question", text: kept(question) } }];
  });
  return [...(isNews(before, progress) ? [sample(run, now)] : []), ...questions];
}

function isNews(before: Progress, after: Progress): boolean {
  const told = ({ words, counts, costCents }: Progress) => JSON.stringify([words, counts, costCents]);
  return told(before) !== told(after);
}

function sample(run: Run, now: number): Journaled {
  const slotMs = now - run.roundAt < earlyMs ? slotMsEarly : slotMsLate;
  const { words, counts } = run.progress;
  const entry: JournalEntry = { kind: "work", words: kept(words), counts, cents: spentCents(run) };
  return { name: `work ${run.round} ${Math.floor(now / slotMs) * slotMs}`, at: now, entry };
}

function kept(text: string): string {
  return redact(text).slice(0, textMax);
}
