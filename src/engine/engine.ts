/**
 * PORT: the durable alarm clock. It wakes a key, lets one worker hold it at a time, and backs off when
 * the worker says *later*. It knows nothing of runs; `embedded.ts` serves one process, `pgboss.ts` many.
 */
import type { Transaction } from "kysely";
import type { Clock } from "../clock.ts";
import type { Store } from "../store/database.ts";
import type { Schema } from "../store/schema.ts";

/** What can be woken. The first three letters must differ: an index tells the kinds apart by them. */
export const wakeKinds = ["run", "delivery", "sweep"] as const;

/** What can be woken. */
export type WakeKind = (typeof wakeKinds)[number];

/** One alarm: the key `kind:id` rings at `at` (milliseconds since the epoch; the past is now). */
export interface Wake {
  kind: WakeKind;
  /** At most 200 characters. */
  id: string;
  at: number;
}

/** A transaction of the store, in which a wake is written together with the fact that causes it. */
export type Tx = Transaction<Schema>;

/**
 * Does the work of one wake. Returns when to be woken next (milliseconds since the epoch), or `undefined`
 * to sleep until somebody wakes the key. A thrown error is reported and tried again: after the
 * problem's `retryAfterMs`, else after a second that doubles to five minutes, with chance.
 * `signal` aborts when the engine stops or this worker has lost the key; what comes after it is not believed,
 * and the key is entered again.
 */
export type Worker = (id: string, signal: AbortSignal) => Promise<number | undefined>;

/** How the wakes of one kind are worked off. */
export interface Post {
  work: Worker;
  /** Wakes held at once. */
  atOnce: number;
  /** True while this process has something more urgent to do: then one is held at a time, and seldom. */
  yields?: () => boolean;
}

/** One worker per kind. */
export type Workers = Record<WakeKind, Post>;

/** A worker's error, for the log and the metrics. */
export interface Failure {
  kind: WakeKind;
  id: string;
  error: unknown;
  /** Failures in a row, this one included. */
  tries: number;
  /** Milliseconds until the next attempt, unless somebody wakes the key before. */
  againMs: number;
}

/** What every engine is built from. */
export interface EngineTools {
  store: Store;
  clock: Clock;
  /** A number from 0 to below 1. */
  random: () => number;
  /** Hears of every error a worker throws; must not throw itself. */
  onFailure: (failure: Failure) => void;
  /** Hears of every entry, and how many milliseconds after its time it came; must not throw itself. */
  onEntry?: (kind: WakeKind, lateMs: number) => void;
}

/** Wakes workers at the right time, each key held by one worker at a time. */
export interface Engine {
  /**
   * Rings for each of `wakes` (at most 500) once the transaction commits. Several wakes of one key become one,
   * the earliest. A wake written while the key is held is never lost: the worker is entered again after it returns.
   */
  wake(tx: Tx, ...wakes: Wake[]): Promise<void>;
  /** After the transaction of a due wake has committed: look now, do not wait for the next look. */
  knock(): void;
  /** Starts waking. Resolves when the engine takes work; rejects with the store's problem when it cannot. */
  start(workers: Workers): Promise<void>;
  /** Takes no new work, aborts the workers' signals, waits at most `ms` for them to leave. */
  stop(ms: number): Promise<void>;
  /** Undefined while healthy, else the reason in words. */
  ailing(): string | undefined;
  /** How many workers are at work in this process. */
  held(): number;
}
