/**
 * `once(name, act)`: the written fact, or do it and write it. *Begun* is written before the act; a fact
 * found begun without a result is looked for first.
 */
import type { Clock } from "../clock.ts";
import type { Act } from "../domain/act.ts";
import { isProblem, Problem } from "../domain/errors.ts";
import type { Journaled } from "../domain/journal.ts";
import type { Store } from "../store/database.ts";
import { beginFact, changeWith, type FactKey, forgetFact, writeFact } from "../store/facts.ts";
import { changeRun, type HeldRun, type RunChange } from "../store/runs.ts";
import type { FactRow } from "../store/schema.ts";
import { answeredByPeople, type Facts, ofTheRun } from "./facts.ts";

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
  const begin = async (name: string) => {
    const triedAt = clock.now();
    const first = answeredByPeople.has(firstWord(name)) ? known.get(name) : undefined;
    const tried = { begunAt: first?.begunAt ?? triedAt, triedAt };
    await proving(beginFact(store, held, { ...keyOf(held, name), ...tried }));
    known.set(name, { ...tried, value: null, doneAt: null });
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
    const words = "The service stood still; another may hold the run.";
    throw new Problem("later", "run_in_doubt", words, { undone: true });
  }

  async function make<T>(name: string, act: Act<T>): Promise<T> {
    // An act that is its own look needs no *begun*: doing it again finds what it did.
    if (act.find === act.make) {
      await still();
      return act.make();
    }
    await begin(name);
    try {
      await still();
      return await act.make();
    } catch (error) {
      if (isProblem(error) && error.undone) {
        await forgetFact(store, held, keyOf(held, name));
        known.delete(name);
      }
      // Given up, it may be carried out all the same: from now on it counts how long it cannot be found.
      else await begin(name);
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
  const entry = ({ name, value_json: value, begun_at: begunAt, tried_at, done_at: doneAt }: FactRow) =>
    // A replica of an older version, beside us during an upgrade, moves only the beginning.
    [name, { value, begunAt, triedAt: Math.max(begunAt, tried_at ?? begunAt), doneAt }] as const;
  return new Map(facts.map(entry));
}

/** The event by which a note was told to the agent: as a message, or as the result of a call. */
export function toldAs(ledger: Ledger, note: string): string | undefined {
  const answers = ledger.all<Facts[`answer ${string}`]>("answer ");
  return ledger.read(`note ${note}`)?.id ?? answers.find(({ value }) => value.note === note)?.value.id;
}
