/**
 * The engine of one process: a loop over due rows of `wakes`, in the store that this process holds alone.
 * That is why there are no claims: a row is held when this process says so, and one whose worker was killed
 * is simply still due at the next start. It does not know what its workers do.
 */
import { setImmediate as turn } from "node:timers/promises";
import { sql } from "kysely";
import { pause } from "../clock.ts";
import type { WakeRow } from "../store/schema.ts";
import {
  type Engine,
  type EngineTools,
  type Tx,
  type Wake,
  type WakeKind,
  type Workers,
  wakeKinds,
} from "./engine.ts";
import { type Answer, againAfterMs, writeAnswer, writeWakes } from "./wakes.ts";

/** The longest without a look at the store, also when nothing is due. */
const lookMsMax = 300_000;
/** The longest the loop sleeps: so soon it notices that the clock was set, forward or back. */
const sleepMsMax = 60_000;
/** How long a look or an answer waits when the store does not take it. */
const storeRetryMs = 1_000;
/** A kind that gives way enters one wake in so long: it goes on, but leaves the process to what is urgent. */
const yieldMs = 50;

/** A worker at work on a key. */
interface Hold {
  kind: WakeKind;
  leave: AbortController;
  left: Promise<void>;
}

/** The `Engine` of one process; build it with `embeddedEngine`. */
class EmbeddedEngine implements Engine {
  readonly #tools: EngineTools;
  readonly #holds = new Map<string, Hold>();
  /** When a kind that gives way last entered a wake. */
  readonly #gaveWay = new Map<WakeKind, number>();
  /** Undefined while stopped. */
  #workers: Workers | undefined;
  #trouble: string | undefined;
  /** Calls off the alarm for the next look. */
  #callOff = () => {};
  #looking: boolean = false;
  /** Somebody knocked since the last look began. */
  #knocked: boolean = false;

  constructor(tools: EngineTools) {
    this.#tools = tools;
  }

  async wake(tx: Tx, ...wakes: Wake[]): Promise<void> {
    await writeWakes(tx, wakes);
  }

  knock(): void {
    this.#knocked = true;
    if (this.#workers && !this.#looking) void this.#lookWhileKnocked();
  }

  async start(workers: Workers): Promise<void> {
    await this.#tools.store.check();
    this.#workers = workers;
    this.knock();
  }

  async stop(ms: number): Promise<void> {
    this.#workers = undefined;
    this.#callOff();
    const holds = [...this.#holds.values()];
    for (const { leave } of holds) leave.abort();
    const enough = new AbortController();
    await Promise.race([
      Promise.all(holds.map(({ left }) => left)),
      pause(this.#tools.clock, ms, enough.signal),
    ]);
    enough.abort();
  }

  ailing(): string | undefined {
    return this.#workers ? this.#trouble : "the engine is not running";
  }

  held(): number {
    return this.#holds.size;
  }

  /** Looks until nobody has knocked meanwhile, then sets the alarm for the next look. Never rejects. */
  async #lookWhileKnocked(): Promise<void> {
    const { clock } = this.#tools;
    this.#looking = true;
    this.#callOff();
    let nextAt = clock.now();
    while (this.#knocked && this.#workers) {
      this.#knocked = false;
      // A turn of the event loop first: SQLite answers without one, and the HTTP server waits for it.
      await turn();
      nextAt = await this.#look();
    }
    this.#looking = false;
    if (this.#workers) this.#sleep(nextAt);
  }

  /** Knocks at `nextAt`, or as soon as the clock is seen to have been set; nobody else is disturbed before. */
  #sleep(nextAt: number): void {
    const { clock } = this.#tools;
    const now = clock.now();
    this.#callOff = clock.after(Math.min(nextAt - now, sleepMsMax), () => {
      if (clock.now() >= nextAt || clock.now() < now) this.knock();
      else this.#sleep(nextAt);
    });
  }

  /** Enters what is due, kind by kind, as far as there is room. Resolves with the time of the next look. */
  async #look(): Promise<number> {
    const { clock } = this.#tools;
    let nextAt = clock.now() + lookMsMax;
    try {
      for (const kind of wakeKinds) nextAt = Math.min(nextAt, await this.#enterDue(kind));
      this.#trouble = undefined;
      return nextAt;
    } catch (error) {
      this.#trouble = `the store does not show what is due: ${wordsOf(error)}`;
      return clock.now() + storeRetryMs;
    }
  }

  /** Enters what is due of one kind. Resolves with the time of its next wake, infinite when none is in sight. */
  async #enterDue(kind: WakeKind): Promise<number> {
    const workers = this.#workers;
    if (!workers) return Number.POSITIVE_INFINITY;
    const { work, yields } = workers[kind];
    const isYielding = yields?.() === true;
    const atOnce = isYielding ? 1 : workers[kind].atOnce;
    const free = atOnce - [...this.#holds.values()].filter((hold) => hold.kind === kind).length;
    const now = this.#tools.clock.now();
    if (isYielding && Math.abs(now - (this.#gaveWay.get(kind) ?? 0)) < yieldMs) return now + yieldMs;
    // Whoever leaves knocks; until then a look costs the acknowledgements beside it and finds no room.
    if (free <= 0) return isYielding ? now + yieldMs : Number.POSITIVE_INFINITY;
    if (isYielding) this.#gaveWay.set(kind, now);
    // Who is held is asked before the rows are read: a row read while its holder leaves is already out of date.
    const held = new Set(this.#holds.keys());
    // At most `atOnce` of the earliest rows are held, so one more row shows whether there is anything else.
    const rows = await this.#tools.store.db
      .selectFrom("wakes")
      .selectAll()
      .where(sql`substr(key, 1, 3)`, "=", kind.slice(0, 3))
      .orderBy("at")
      .limit(atOnce + 1)
      .execute();
    for (const row of rows.filter(({ key, at }) => at <= now && !held.has(key)).slice(0, free)) {
      if (!this.#workers) break;
      this.#tools.onEntry?.(kind, now - row.at);
      const leave = new AbortController();
      const id = row.key.slice(kind.length + 1);
      const left = this.#hold({ kind, id, row, signal: leave.signal, work: () => work(id, leave.signal) });
      this.#holds.set(row.key, { kind, leave, left });
      await turn();
    }
    return rows.find(({ at }) => at > now)?.at ?? Number.POSITIVE_INFINITY;
  }

  /** From entry to the written answer. Never rejects. */
  async #hold({ kind, id, row, signal, work }: Entry): Promise<void> {
    const { clock, random, onFailure } = this.#tools;
    try {
      await this.#answer(row, { next: await work(), tries: 0 }, signal);
    } catch (error) {
      if (!signal.aborted) {
        const tries = row.tries + 1;
        const againMs = againAfterMs(error, tries, random);
        onFailure({ kind, id, error, tries, againMs });
        await this.#answer(row, { next: clock.now() + againMs, tries }, signal);
      }
    }
    this.#holds.delete(row.key);
    this.knock();
  }

  /** Writes the answer, again and again until the store takes it or the engine stops; unwritten, the row stays due. */
  async #answer(row: WakeRow, answer: Answer, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.#tools.store.together((tx) => writeAnswer(tx, row, answer));
        return;
      } catch (error) {
        this.#trouble = `the store does not take a worker's answer: ${wordsOf(error)}`;
        await pause(this.#tools.clock, storeRetryMs, signal);
      }
    }
  }
}

/** One entry of a worker. */
interface Entry {
  kind: WakeKind;
  id: string;
  row: WakeRow;
  signal: AbortSignal;
  work: () => Promise<number | undefined>;
}

/** The public sentence of an error. */
function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** An engine for the one process that holds the store. */
export function embeddedEngine(tools: EngineTools): Engine {
  return new EmbeddedEngine(tools);
}
