/**
 * What a run comes to know of its outside, by name. A fact never holds a secret. It does not know how facts are
 * written; `ledger.ts` does.
 */
import type { OpenSession, OpenVault } from "../agent/agent.ts";
import { type Act, idempotent } from "../domain/act.ts";
import type { Beside } from "../domain/besides.ts";
import type { Ending, Met } from "../domain/ending.ts";
import type { Person } from "../domain/run.ts";
import type { Reason } from "../domain/screening.ts";
import type { Submission } from "../domain/words.ts";
import type { OwnComment } from "../github/issue.ts";
import type { Pull } from "../github/pull.ts";

/** A session with the ids of the tokens it was opened with; none are known of an adopted one. */
export type RunSession = OpenSession & { tokens?: Record<string, string> };

/** A vault, and the id of the run's token it was made with; none is known of an adopted one. */
export type RunVault = OpenVault & { token?: string };

/** The comments that went into the request, as they stood at the trigger. */
export interface Thread {
  quoted: { id: number; author: string; at: string; text: string }[];
  leftOut: string[];
}

/** The pictures that went into the request, and those that did not with the reason. */
export interface Pictures {
  sent: { address: string; sha256: string }[];
  leftOut: { address: string; why: string }[];
}

/** What a run comes to know, by name. */
export interface Facts {
  // Of the run:
  eyes: { id: number };
  comment: OwnComment;
  session: RunSession;
  /** Sessions after the first, by number. */
  [session: `session ${number}`]: RunSession;
  /** By session; `sha256` of the text as it was sent, unknown of one found again. */
  [request: `request ${string}`]: { id: string; sha256?: string };
  /** By number of the session: the vault it is opened with. */
  [vault: `vault ${number}`]: RunVault;
  [closed: `closed ${string}`]: true;
  /** By MCP server: why the run works without it. */
  [without: `without ${string}`]: { why: string };
  /** By number of the session: the repositories it mounts besides. */
  [besides: `besides ${number}`]: Beside[];
  [archive: `archive ${string}`]: true;
  /** By session: the cap it was given last, in whole US cents. */
  [budget: `budget ${string}`]: number;
  /** `unfinished`: its body says so. */
  pull: Pull & { unfinished?: true };
  reviewers: boolean;
  /** By note: told to the agent, acknowledged, read. */
  [note: `note ${string}`]: { id: string };
  [taken: `taken ${string}`]: { id: number };
  [heard: `heard ${string}`]: { id: number };
  /** By call. `note`: whose words the answer carries; said once, in whatever round. */
  [answer: `answer ${string}`]: { id: string; note?: string };
  /** By check suite: it failed on a commit; `outcome` once that was looked at. */
  [suite: `suite ${number}`]: { head: string; completedAt?: number; outcome?: string };
  /** By check run: where in the session its log is. */
  [log: `log ${number}`]: { path: string };
  /** Said on the pull request that the checks are repaired no more. */
  exhausted: OwnComment;
  /** When the label was put on, by GitHub's record: milliseconds since the epoch; empty where it tells of no such one. */
  labelled: { id?: number; at?: number };
  thread: Thread;
  pictures: Pictures;
  shown: { text: string; at: number };
  /** By reaction, and by note: how rounds ended, on what started the run or opened the round. */
  [mark: `mark ${string}`]: { id: number };
  /** By ticket: it had to wait for its turn, and has begun since. */
  [turn: `turn ${number}`]: { waitedMs: number };
  // Of a round:
  [submission: `submission ${string}`]: Submission;
  [question: `question ${string}`]: OwnComment;
  [plan: `plan ${string}`]: { text: string };
  /** By commit: what was held back, and why. */
  [held: `held ${string}`]: { reasons: Reason[]; more: number };
  [reminder: `reminder ${string}`]: OwnComment;
  approval: { head: string; by: string; person?: Person };
  met: Met;
  interrupt: true;
  /** A day of closing has passed and GitHub answers: what is put off is tried for an hour more. */
  late: true;
  ending: Ending;
  /** The ending could not be told: GitHub does not let us speak; it may be tried again; it was. */
  untold: "waiting" | "due" | "told";
  /** Our check run on the pull request: on the head a round found, and by commit on what it left. `ours`: our own head by then. */
  check: { id: number; sha: string; ours?: string };
  [checked: `checked ${string}`]: { id: number };
  /** By commit: said on the pull request that it is held back. */
  [told: `told ${string}`]: OwnComment;
  /** By thread. */
  [alarm: `alarm ${number}`]: OwnComment;
  /** What we answer under a review or comment on the pull request. */
  reply: OwnComment;
}

/** First words of the facts that belong to the run; all others belong to a round. */
export const ofTheRun: ReadonlySet<string> = new Set([
  "eyes",
  "comment",
  "session",
  "request",
  "besides",
  "vault",
  "closed",
  "without",
  "archive",
  "budget",
  "pull",
  "reviewers",
  "note",
  "taken",
  "heard",
  "answer",
  "suite",
  "log",
  "exhausted",
  "labelled",
  "thread",
  "pictures",
  "shown",
  "turn",
  "mark",
]);

/** First words of the facts that people answer: they may do so from the first attempt on. */
export const answeredByPeople: ReadonlySet<string> = new Set(["question", "plan"]);

/** An act without an outside: what is known is only written down. */
export function noted<T>(value: T): Act<T> {
  return idempotent(async () => value);
}
