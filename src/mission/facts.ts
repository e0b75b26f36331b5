/**
 * `once(name, act)`: the written fact, or do it and write it. *Begun* is written before the act; a fact
 * found begun without a result is looked for first. A fact never holds a secret.
 */
import type { OpenSession, OpenVault } from "../agent/agent.ts";
import type { Clock } from "../clock.ts";
import { type Act, idempotent } from "../domain/act.ts";
import type { Beside } from "../domain/besides.ts";
import type { Ending, Met } from "../domain/ending.ts";
import { isProblem, Problem } from "../domain/errors.ts";
import type { Journaled } from "../domain/journal.ts";
import type { Person } from "../domain/run.ts";
import type { Reason } from "../domain/screening.ts";
import type { Submission } from "../domain/words.ts";
import type { OwnComment } from "../github/issue.ts";
import type { Pull } from "../github/pull.ts";
import type { Store } from "../store/database.ts";
import { beginFact, changeWith, type FactKey, forgetFact, writeFact } from "../store/facts.ts";
import { changeRun, type HeldRun, type RunChange } from "../store/runs.ts";

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
  [suite: `suite ${number}`]: { head: string; outcome?: string };
  /** By check run: where in the session its log is. */
  [log: `log ${number}`]: { path: string };
  /** Said on the pull request that the checks are repaired no more. */
  exhausted: OwnComment;
  /** When the label was put on, by GitHub's record: milliseconds since the epoch; absent where it tells of no such one. */
  labelled: { at?: number };
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
const ofTheRun: ReadonlySet<string> = new Set([
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
const answeredByPeople: ReadonlySet<string> = new Set(["question", "plan"]);

type Repeated<K extends keyof Facts> = (value: Facts[K]) => RunChange;
type Found<K extends keyof Facts> = Pick<Act<Facts[K]>, "find">;

/** The facts of one held run. */
export interface Ledger {
  /** The fact's value; undefined while it is not written. */
  read<K extends keyof Facts>(name: K): Facts[K] | undefined;
  /** When the fact was written, milliseconds since the epoch; undefined while it is not. */
  writtenAt(name: keyof Facts): number | undefined;
  /** When its act began: of a question or plan the first attempt, of all others the last, or when that was given up. */
  begunAt(name: keyof Facts): number | undefined;
  /** The written fact, or the act and then the fact. `change` says what of it the run's row repeats. */
  once<K extends keyof Facts>(name: K, act: Act<Facts[K]>, change?: Repeated<K>): Promise<Facts[K]>;
  /** The written fact, or what an attempt that had begun left behind; undefined where there was none. Makes nothing. */
  settle<K extends keyof Facts>(name: K, act: Found<K>, change?: Repeated<K>): Promise<Facts[K] | undefined>;
  /** Writes a fact that replaces the one before. */
  write<K extends keyof Facts>(name: K, value: Facts[K]): Promise<void>;
  /** All written facts of this round (and of the run) whose name begins so, oldest first, with their times. */
  all<T>(prefix: string): { name: string; value: T; at: number; begunAt: number }[];
  /** Writes to the row, fenced, and to the journal with it. */
  change(change: RunChange, entries?: Journaled[]): Promise<void>;
  /**
   * Resolves while this worker surely holds the run; throws `Fenced`, or `later` where nobody can tell. Asked
   * before an act that is repeated rather than looked for.
   */
  still(): Promise<void>;
}

/**
 * A process that stands still loses its runs ten seconds after its last sign of life, and gives one every five:
 * so soon after a write that the store took, nobody else holds the run. The rest of the five is for sending.
 */
const proofMsMax = 2_000;

/** Lists lag behind what was made, and what nobody waits for any more may still be carried out. */
const settleMs = 10_000;

/** The ledger of a run that this worker holds. Throws `Fenced` from every write once somebody else does. */
export function ledgerOf(store: Store, held: HeldRun, clock: Clock): Ledger {
  const known = knownOf(held);
  let provenAt = Number.NEGATIVE_INFINITY;
  const proving = async (write: Promise<void>) => {
    const began = clock.now();
    await write;
    provenAt = began;
  };
  const begin = async (fact: FactKey) => {
    const triedAt = clock.now();
    const first = answeredByPeople.has(firstWord(fact.name)) ? known.get(fact.name) : undefined;
    const tried = { begunAt: first?.begunAt ?? triedAt, triedAt };
    await proving(beginFact(store, held, { ...fact, ...tried }));
    known.set(fact.name, { ...tried, value: null, doneAt: null });
  };
  const write = async (name: string, value: unknown, change: RunChange) => {
    const at = clock.now();
    await proving(writeFact(store, held, { ...keyOf(held, name), at, value, change }));
    const tried = known.get(name) ?? { begunAt: at, triedAt: at };
    known.set(name, { ...tried, value: JSON.stringify(value), doneAt: at });
  };
  const read = <T>(name: string): T | undefined => {
    const json = known.get(name)?.value;
    return json === null || json === undefined ? undefined : (JSON.parse(json) as T);
  };
  return {
    read: (name) => read(name),
    writtenAt: (name) => known.get(name)?.doneAt ?? undefined,
    begunAt: (name) => known.get(name)?.begunAt,
    once: async (name, act, change) => {
      const written = read<Facts[typeof name]>(name);
      if (written !== undefined) return written;
      const begun = known.get(name);
      const found = begun && (await lookFor(act, begun, clock));
      const value = found ?? (await make(name, act));
      await write(name, value, change?.(value) ?? {});
      return value;
    },
    settle: async (name, act, change) => {
      const written = read<Facts[typeof name]>(name);
      const begun = known.get(name);
      if (written !== undefined || !begun) return written;
      const found = await lookFor(act, begun, clock);
      if (found !== undefined) await write(name, found, change?.(found) ?? {});
      return found;
    },
    write: (name, value) => write(name, value, {}),
    all: <T>(prefix: string) =>
      [...known.keys()].flatMap((name) => {
        const value = name.startsWith(prefix) ? read<T>(name) : undefined;
        const { doneAt, begunAt } = known.get(name) ?? { doneAt: 0, begunAt: 0 };
        return value === undefined ? [] : [{ name, value, at: doneAt ?? begunAt, begunAt }];
      }),
    change: (change, entries = []) => proving(changeWith(store, held, change, entries)),
    still,
  };

  async function still(): Promise<void> {
    if (clock.now() - provenAt <= proofMsMax) return;
    await proving(changeRun(store.db, held, {}));
    if (clock.now() - provenAt <= proofMsMax) return;
    throw new Problem("later", "run_in_doubt", "The service stood still; another may hold the run.", {
      undone: true,
    });
  }

  async function make<T>(name: string, act: Act<T>): Promise<T> {
    // An act that is its own look needs no *begun*: doing it again finds what it did.
    if (act.find === act.make) {
      await still();
      return act.make();
    }
    const fact = keyOf(held, name);
    await begin(fact);
    try {
      await still();
      return await act.make();
    } catch (error) {
      if (isProblem(error) && error.undone) {
        await forgetFact(store, held, fact);
        known.delete(name);
      }
      // Given up, it may be carried out all the same: from now on it counts how long it cannot be found.
      else await begin(fact);
      throw error;
    }
  }
}

/** Too soon after the attempt *not found* says nothing, and doing it again might make a second one. */
async function lookFor<T>(
  act: Pick<Act<T>, "find"> & Partial<Act<T>>,
  { begunAt, triedAt }: { begunAt: number; triedAt: number },
  clock: Clock,
): Promise<T | undefined> {
  const found = await act.find(begunAt);
  const retryAfterMs = triedAt + settleMs - clock.now();
  if (found !== undefined || act.find === act.make || retryAfterMs <= 0) return found;
  const words = "It is not known yet whether what was asked for was done.";
  throw new Problem("later", "act_unsettled", words, { retryAfterMs });
}

function keyOf({ run }: HeldRun, name: string): FactKey {
  return { round: ofTheRun.has(firstWord(name)) ? 0 : run.round, name };
}

function firstWord(name: string): string {
  return name.split(" ")[0] ?? "";
}

/** The facts of the run and of its round, by name. */
function knownOf(held: HeldRun) {
  const facts = held.facts.filter(({ name, round }) => round === keyOf(held, name).round);
  return new Map(
    facts.map((row) => {
      const { value_json: value, begun_at: begunAt, done_at: doneAt } = row;
      return [row.name, { value, begunAt, triedAt: row.tried_at ?? begunAt, doneAt }];
    }),
  );
}

/** The event by which a note was told to the agent: as a message, or as the result of a call. */
export function toldAs(ledger: Ledger, note: string): string | undefined {
  const answers = ledger.all<Facts[`answer ${string}`]>("answer ");
  return ledger.read(`note ${note}`)?.id ?? answers.find(({ value }) => value.note === note)?.value.id;
}

/** An act without an outside: what is known is only written down. */
export function noted<T>(value: T): Act<T> {
  return idempotent(async () => value);
}
