/**
 * The engine of many processes: pg-boss on the store's own PostgreSQL claims, watches and hands over.
 * The rows of `wakes` say when a key rings and how it fared; pg-boss's jobs only ring. Each wake writes both in
 * the caller's transaction, so for every row that is not being worked on there is a job waiting.
 *
 * A job is one short turn of a worker, never a run's whole life. It is not retried for a worker's error — that is
 * an answer like any other — but for a lost process, which pg-boss notices by its silent heartbeat.
 */
import { fromKysely, PgBoss } from "pg-boss";
import { pause } from "../clock.ts";
import { postgresTrouble } from "../store/postgres.ts";
import type { WakeRow } from "../store/schema.ts";
import {
  type Engine,
  type EngineTools,
  type Tx,
  type Wake,
  type WakeKind,
  type Worker,
  type Workers,
  wakeKinds,
} from "./engine.ts";
import {
  type Answer,
  againAfterMs,
  enterWake,
  keyOf,
  lockWake,
  partsOf,
  writeAnswer,
  writeWakes,
} from "./wakes.ts";

/** Seconds without a sign of life after which a job's process counts as lost; pg-boss allows no fewer. */
const heartbeatSeconds = 10;
/** How often lost jobs are looked for. */
const superviseSeconds = 5;
/** Due alarms and re-queued jobs send no notification: they are found by polling this often. */
const pollSeconds = 1;
/** A turn that takes longer is taken for hung and entered elsewhere. */
const turnSecondsMax = 900;
const finishedSecondsMax = 60;
const finishedSweepSeconds = 300;
/** A lost process is never the last attempt. */
const retriesMax = 1_000_000;
const retrySeconds = 1;
const retrySecondsMax = 300;
const connectionsMax = 10;
const connectMsMax = 10_000;
/** A row due within this is entered: so far the replicas' clocks may differ without delaying each other's wakes. */
const earlyMsMax = 5_000;
/** Of the time to stop, what is kept for giving unfinished jobs back. */
const handBackMs = 1_000;
/** How long after an error of pg-boss the engine counts as ailing: longer than it polls. */
const ailingMs = 10_000;

/** What the engine needs. */
export interface PgBossTools extends EngineTools {
  /** The store's own database: `postgres://…`, not through a pooler, which would lose notifications. */
  url: string;
}

/** What a job carries. */
interface Ring {
  id: string;
}

/** A job that pg-boss has handed to this process. */
interface Entry {
  kind: WakeKind;
  id: string;
  work: Worker;
  signal: AbortSignal;
}

/** The `Engine` of many processes; build it with `pgbossEngine`. */
class PgBossEngine implements Engine {
  readonly #tools: PgBossTools;
  readonly #leaves = new Set<AbortController>();
  #boss: Promise<PgBoss> | undefined;
  #running: boolean = false;
  #trouble: { words: string; at: number } | undefined;

  constructor(tools: PgBossTools) {
    this.#tools = tools;
  }

  async wake(tx: Tx, ...wakes: Wake[]): Promise<void> {
    const now = this.#tools.clock.now();
    const boss = await this.#opened();
    const rows = await writeWakes(tx, wakes);
    const isNew = ({ pokes }: WakeRow) => pokes === 0;
    for (const kind of wakeKinds) {
      const fresh = rows.filter((row) => isNew(row) && partsOf(row.key)?.kind === kind);
      const jobs = fresh.map((row) => jobOf(row, now)).filter((job) => job !== undefined);
      if (jobs.length > 0) await boss.insert(kind, jobs, { db: fromKysely(tx) });
    }
    for (const row of rows) if (!isNew(row)) await ring({ boss, tx, now }, row);
  }

  knock(): void {
    // The wake's transaction has knocked already: PostgreSQL notifies every replica when it commits.
  }

  async start(workers: Workers): Promise<void> {
    const boss = await this.#opened();
    for (const kind of wakeKinds) {
      const { work, atOnce } = workers[kind];
      for (let place = 0; place < atOnce; place += 1) await this.#offer(boss, kind, work);
    }
    this.#running = true;
  }

  async stop(ms: number): Promise<void> {
    this.#running = false;
    for (const leave of this.#leaves) leave.abort();
    const opened = await this.#boss?.catch(() => undefined);
    this.#boss = undefined;
    const stopped = opened?.stop({ graceful: true, timeout: ms - handBackMs, close: true });
    const enough = new AbortController();
    await Promise.race([
      stopped?.catch((error: unknown) => this.#note(error)),
      pause(this.#tools.clock, ms, enough.signal),
    ]);
    enough.abort();
  }

  ailing(): string | undefined {
    if (!this.#running) return "the engine is not running";
    const { words, at } = this.#trouble ?? { words: undefined, at: 0 };
    return this.#tools.clock.now() - at < ailingMs ? words : undefined;
  }

  held(): number {
    return this.#leaves.size;
  }

  /** Offers one place for jobs of the kind. A place that was used looks again at once, so a backlog drains unpolled. */
  async #offer(boss: PgBoss, kind: WakeKind, work: Worker): Promise<void> {
    const options = { pollingIntervalSeconds: pollSeconds, notifyPollingIntervalSeconds: pollSeconds };
    const place: string = await boss.work<Ring>(kind, options, async (jobs) => {
      for (const { data, signal } of jobs) await this.#enter({ kind, id: data.id, work, signal });
      boss.notifyWorker(place);
    });
  }

  /** pg-boss, started at the first need; a start that failed is tried again at the next. */
  #opened(): Promise<PgBoss> {
    this.#boss ??= this.#open().catch((error) => {
      this.#boss = undefined;
      throw postgresTrouble(error);
    });
    return this.#boss;
  }

  async #open(): Promise<PgBoss> {
    const boss = new PgBoss({
      connectionString: this.#tools.url,
      application_name: "patchwright engine",
      schema: "patchwright_engine",
      max: connectionsMax,
      connectionTimeoutMillis: connectMsMax,
      useListenNotify: true,
      schedule: false,
      superviseIntervalSeconds: superviseSeconds,
      monitorIntervalSeconds: superviseSeconds,
      maintenanceIntervalSeconds: finishedSweepSeconds,
      openTelemetry: { enabled: false },
    });
    boss.on("error", (error) => this.#note(error));
    try {
      await boss.start();
      for (const kind of wakeKinds) {
        await boss.createQueue(kind, {
          // One waiting and one active job of a key, across all processes.
          policy: "stately",
          notify: true,
          heartbeatSeconds,
          expireInSeconds: turnSecondsMax,
          deleteAfterSeconds: finishedSecondsMax,
          retryLimit: retriesMax,
          retryDelay: retrySeconds,
          retryBackoff: true,
          retryDelayMax: retrySecondsMax,
        });
      }
      return boss;
    } catch (error) {
      await boss.stop({ graceful: false }).catch(() => undefined);
      throw error;
    }
  }

  /** Keeps the error for `ailing`. */
  #note(reported: unknown): void {
    // pg-boss tells errors of its workers as plain copies, which have lost what makes an error of them.
    const problem = postgresTrouble(
      reported instanceof Error ? reported : Object.assign(new Error(), reported),
    );
    const words = problem instanceof Error ? problem.message : String(problem);
    this.#trouble = { words, at: this.#tools.clock.now() };
  }

  /** One turn of a worker. Throws when its answer could not be written: then pg-boss queues the job again. */
  async #enter(entry: Entry): Promise<void> {
    const { store, clock } = this.#tools;
    const leave = new AbortController();
    this.#leaves.add(leave);
    try {
      const key = keyOf(entry);
      const row = await enterWake(store.db, key, clock.now() + earlyMsMax);
      if (!row) return await this.#ringAgain(key);
      this.#tools.onEntry?.(entry.kind, Math.max(clock.now() - row.at, 0));
      const signal = AbortSignal.any([entry.signal, leave.signal]);
      const answer = await this.#answerOf({ ...entry, signal }, row);
      signal.throwIfAborted();
      const now = clock.now();
      const boss = await this.#opened();
      await store.db.transaction().execute(async (tx) => {
        const written = await writeAnswer(tx, row, answer);
        if (written && answer.next !== undefined)
          await ring({ boss, tx, now }, { ...row, at: Math.ceil(answer.next) });
      });
    } catch (error) {
      if (!leave.signal.aborted) this.#note(error);
      throw error;
    } finally {
      this.#leaves.delete(leave);
    }
  }

  /** For a row that is not due here yet: its job is spent with this turn, and a row without one never rings. */
  async #ringAgain(key: string): Promise<void> {
    const now = this.#tools.clock.now();
    const boss = await this.#opened();
    await this.#tools.store.db.transaction().execute(async (tx) => {
      const row = await lockWake(tx, key);
      if (row) await ring({ boss, tx, now }, row);
    });
  }

  /** Lets the worker do its turn; its error is an answer too, unless it has to leave. */
  async #answerOf({ kind, id, work, signal }: Entry, row: WakeRow): Promise<Answer> {
    const { clock, random, onFailure } = this.#tools;
    try {
      return { next: await work(id, signal), tries: 0 };
    } catch (error) {
      signal.throwIfAborted();
      const tries = row.tries + 1;
      const againMs = againAfterMs(error, tries, random);
      onFailure({ kind, id, error, tries, againMs });
      return { next: clock.now() + againMs, tries };
    }
  }
}

/** With what a job is written. `now` is our time before the first statement, so that no job is early. */
interface Ringing {
  boss: PgBoss;
  tx: Tx;
  now: number;
}

/** The job that rings for a row; undefined for a row that is not ours. */
function jobOf(row: WakeRow, now: number) {
  const parts = partsOf(row.key);
  // As a span, never as a time: the database's clock may differ from ours, and only a due job notifies.
  const startAfter = Math.max(row.at - now, 0) / 1_000;
  return parts && { data: { id: parts.id }, singletonKey: parts.id, startAfter };
}

/** Moves the waiting job of the row's key to the row's time, or makes one. */
async function ring({ boss, tx, now }: Ringing, row: WakeRow): Promise<void> {
  const parts = partsOf(row.key);
  const job = jobOf(row, now);
  if (!parts || !job) return;
  const { data, ...options } = job;
  await boss.upsert(parts.kind, data, { ...options, db: fromKysely(tx) });
}

/** An engine for each of the processes that share the store's PostgreSQL. */
export function pgbossEngine(tools: PgBossTools): Engine {
  return new PgBossEngine(tools);
}
