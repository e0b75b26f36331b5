/**
 * The inbox: every delivery is written down, and the alarm that will read it, before it is acknowledged.
 * Appends that come together are one statement and one transaction, because the disk's sync is what costs.
 * It does not know what a delivery means.
 */
import { hash } from "node:crypto";
import { setImmediate as turn } from "node:timers/promises";
import { type Kysely, sql, type Transaction } from "kysely";
import { type Clock, pause } from "../clock.ts";
import { isProblem, Problem } from "../domain/errors.ts";
import type { Store } from "./database.ts";
import { type InsertDeliveries, insertionOf } from "./delivery-rows.ts";
import type { DeliveryRow, Schema } from "./schema.ts";

/** Bounds of one transaction; a single larger body goes alone. */
const batchRowsMax = 200;
const batchBytesMax = 4 * 1024 * 1024;
/** Bounds of what waits for its transaction; beyond them GitHub is told to come again. */
const queueRowsMax = 5_000;
const queueBytesMax = 128 * 1024 * 1024;
/** Transactions under way at once: while one is brought to the disk, the next is written. */
const underwayMax = 2;
/** How soon a transaction that could not even begin is begun again. */
const againMs = 100;
const pruneRowsMax = 500;
const pruneBatchesMax = 200;
const waitingMax = 500;
/** A burst: so many deliveries in one transaction, and how long it is taken to go on after the last one. */
const burstRowsMin = 6;
const burstMs = 50;

/** The part of the engine the inbox rings. */
export interface Bell {
  wake(tx: Transaction<Schema>, ...wakes: { kind: "delivery"; id: string; at: number }[]): Promise<void>;
  knock(): void;
}

/** A delivery as it came: its signature is verified, its body is JSON text. */
export interface Delivery {
  id: string;
  event: string;
  body: string;
  /** When it happened, where it comes late: milliseconds since the epoch; now when left out. */
  receivedAt?: number;
  /** Given where it asks nothing of us: it is stored as done, and nobody is woken for it. */
  verdict?: string;
}

/** Was this delivery's id seen before? */
export type Appended = "new" | "known";

/** Deliveries from the moment they are durable until they are forgotten. */
export interface Inbox {
  /** Resolves when the delivery is durable; `later` `store_unavailable` or `store_full` when it is not. */
  append(delivery: Delivery): Promise<Appended>;
  /** Are they coming in a burst? Then acknowledging goes before working off, which has no deadline. */
  bursting(): boolean;
  /** The delivery, or undefined when it was never here or is forgotten. */
  load(id: string): Promise<DeliveryRow | undefined>;
  /** Ids of deliveries received before `before` and not finished, oldest first, at most 500. */
  waiting(before: number): Promise<string[]>;
  /** Which of these ids (at most 500) were appended before. */
  known(ids: string[]): Promise<Set<string>>;
  /** When the same body was last received before under another id. Of two copies only the later one has one before it. */
  lastCopy(bodyHash: string, exceptId: string): Promise<number | undefined>;
  /** Marks it done with one word for people, within the transaction of what it caused when one is given. */
  finish(id: string, verdict: string, within?: Transaction<Schema>): Promise<void>;
  /** Marks it failed for good, with the problem's code as its verdict. */
  fail(id: string, problem: Problem): Promise<void>;
  /** Forgets finished deliveries received before `before`; resolves with how many, at most 100,000 a call. */
  prune(before: number): Promise<number>;
}

/** A delivery on its way to the disk, and who waits for it. */
interface Pending {
  row: DeliveryRow;
  bytes: number;
  resolve: (appended: Appended) => void;
  reject: (error: unknown) => void;
}

/** Takes from the front of the queue what one transaction may hold, at least one. */
function takeBatch(queue: Pending[]): Pending[] {
  let bytes = 0;
  const past = queue.findIndex(({ bytes: more }, place) => {
    bytes += more;
    return place > 0 && (place >= batchRowsMax || bytes > batchBytesMax);
  });
  return queue.splice(0, past < 0 ? queue.length : past);
}

/** Stores rows durably and resolves with the ids that are new; asks for the rows when it can write them. */
type WriteRows = (rows: () => DeliveryRow[]) => Promise<Set<string>>;

/** Gathers deliveries while a transaction is waited for, and writes them in one statement. */
class GroupCommit {
  readonly #write: WriteRows;
  readonly #clock: Clock;
  readonly #queue: Pending[] = [];
  #bytes = 0;
  #underway = 0;
  /** Is a transaction waited for that will take what has gathered? */
  #asked: boolean = false;

  constructor(write: WriteRows, clock: Clock) {
    this.#write = write;
    this.#clock = clock;
  }

  add(row: DeliveryRow): Promise<Appended> {
    const bytes = Buffer.byteLength(row.body);
    if (this.#queue.length >= queueRowsMax || this.#bytes + bytes > queueBytesMax) {
      return Promise.reject(
        new Problem("later", "store_unavailable", "Too many deliveries wait to be stored."),
      );
    }
    this.#bytes += bytes;
    return new Promise((resolve, reject) => {
      this.#queue.push({ row, bytes, resolve, reject });
      this.#ask();
    });
  }

  #ask(): void {
    if (this.#asked || this.#queue.length === 0 || this.#underway === underwayMax) return;
    this.#asked = true;
    this.#underway += 1;
    void this.#settle([]).finally(() => {
      this.#underway -= 1;
      this.#ask();
    });
  }

  /** Takes what one transaction may hold; the rest is the next one's. */
  #gathered(): Pending[] {
    const batch = takeBatch(this.#queue);
    this.#asked = false;
    this.#ask();
    return batch;
  }

  /**
   * Writes these, or what has gathered when the transaction begins, and tells everybody in it. A batch refused
   * for one of its rows is tried row by row.
   */
  async #settle(these: Pending[]): Promise<void> {
    let batch = these;
    try {
      const fresh = await this.#write(() => {
        if (batch.length === 0) batch = this.#gathered();
        return batch.map(({ row }) => row);
      });
      for (const { row, resolve } of batch) resolve(fresh.delete(row.id) ? "new" : "known");
    } catch (error) {
      if (batch.length === 0) {
        // Refused before it took anything: whoever waits is taken by the next one, and not at once.
        await pause(this.#clock, againMs);
        this.#asked = false;
        return;
      }
      if (batch.length > 1 && !isProblem(error)) {
        for (const pending of batch) await this.#settle([pending]);
        return;
      }
      const problem = isProblem(error)
        ? error
        : new Problem("later", "store_unavailable", "The delivery could not be stored.", { cause: error });
      for (const { reject } of batch) reject(problem);
    }
    this.#bytes -= batch.reduce((sum, { bytes }) => sum + bytes, 0);
  }
}

/** Writes new deliveries with their wakes in one transaction; resolves with the ids that were new. */
async function write(
  { store, insert, bell }: { store: Store; insert: InsertDeliveries; bell: Bell },
  rows: () => DeliveryRow[],
): Promise<Set<string>> {
  const { fresh, waiting } = await store.together(async (tx) => {
    // In order of ids, so that replicas that are sent the same deliveries wait for each other instead of
    // deadlocking. Of two with one id the first stays first.
    const given = rows().toSorted((one, other) => (one.id < other.id ? -1 : one.id > other.id ? 1 : 0));
    const fresh = await insert(tx, given);
    const waiting = given.filter(({ id, state }) => state === "waiting" && fresh.has(id));
    await bell.wake(tx, ...waiting.map(({ id, received_at: at }) => ({ kind: "delivery" as const, id, at })));
    return { fresh, waiting: waiting.length };
  });
  // Most of a burst asks for nothing, and a look for what is due costs the next acknowledgements.
  if (waiting > 0) bell.knock();
  return fresh;
}

/** When another copy of the body came last before this one, and was not given up. */
async function lastCopy(db: Kysely<Schema>, bodyHash: string, exceptId: string): Promise<number | undefined> {
  const own = await db
    .selectFrom("deliveries")
    .select("received_at")
    .where("id", "=", exceptId)
    .executeTakeFirst();
  // A bound of the index: of a body that came ten thousand times every later copy would be looked at otherwise.
  const at = own?.received_at ?? Number.MAX_SAFE_INTEGER;
  const earlier = await db
    .selectFrom("deliveries")
    .select("received_at")
    .where("body_hash", "=", bodyHash)
    // As the index says it, which does not hold the others.
    .where("body_hash", "<>", sql.lit(""))
    .where("id", "<>", exceptId)
    .where("state", "<>", "failed")
    .where("received_at", "<=", at)
    .where(({ or, eb }) => or([eb("received_at", "<", at), eb("id", "<", exceptId)]))
    .orderBy("received_at", "desc")
    .limit(1)
    .executeTakeFirst();
  return earlier?.received_at;
}

/** Deletes finished deliveries received before `before`, in small batches with a turn of the event loop between. */
async function prune(db: Kysely<Schema>, before: number): Promise<number> {
  let pruned = 0;
  for (let batch = 0; batch < pruneBatchesMax; batch += 1) {
    const { numDeletedRows } = await db
      .deleteFrom("deliveries")
      .where("id", "in", (select) =>
        select
          .selectFrom("deliveries")
          .select("id")
          .where("state", "in", ["done", "failed"])
          .where("received_at", "<", before)
          .limit(pruneRowsMax),
      )
      .executeTakeFirst();
    pruned += Number(numDeletedRows);
    if (numDeletedRows < BigInt(pruneRowsMax)) break;
    await turn();
  }
  return pruned;
}

/** The inbox of a store; `bell` is rung in the transaction that stores a delivery. */
export function inbox(store: Store, bell: Bell, clock: Clock): Inbox {
  const { db } = store;
  const insert = insertionOf(store);
  let burstUntil = 0;
  const commit = new GroupCommit(async (rows) => {
    const fresh = await write({ store, insert, bell }, rows);
    if (fresh.size >= burstRowsMin) burstUntil = clock.now() + burstMs;
    return fresh;
  }, clock);
  const close = (within: Kysely<Schema>, id: string, end: Pick<DeliveryRow, "state" | "verdict">) =>
    within
      .updateTable("deliveries")
      .set({ ...end, done_at: clock.now() })
      .where("id", "=", id)
      .execute();
  return {
    append: ({ id, event, body, receivedAt, verdict }) =>
      commit.add({
        id,
        event,
        body,
        // What asks nothing is compared with nothing: its hash, and its place in the index, cost each acknowledgement.
        body_hash: verdict === undefined ? hash("sha256", body) : "",
        received_at: receivedAt ?? clock.now(),
        state: verdict === undefined ? "waiting" : "done",
        done_at: verdict === undefined ? null : clock.now(),
        verdict: verdict ?? null,
      }),
    bursting: () => clock.now() < burstUntil,
    load: (id) => db.selectFrom("deliveries").selectAll().where("id", "=", id).executeTakeFirst(),
    waiting: async (before) => {
      const rows = await db
        .selectFrom("deliveries")
        .select("id")
        .where("state", "=", "waiting")
        .where("received_at", "<", before)
        .orderBy("received_at")
        .limit(waitingMax)
        .execute();
      return rows.map(({ id }) => id);
    },
    known: async (ids) => {
      if (ids.length === 0) return new Set();
      const rows = await db.selectFrom("deliveries").select("id").where("id", "in", ids).execute();
      return new Set(rows.map(({ id }) => id));
    },
    lastCopy: (bodyHash, exceptId) => lastCopy(db, bodyHash, exceptId),
    finish: async (id, verdict, within) => {
      const write = (tx: Transaction<Schema>) => close(tx, id, { state: "done", verdict });
      await (within ? write(within) : store.together(write));
    },
    fail: async (id, problem) => {
      await store.together((tx) => close(tx, id, { state: "failed", verdict: problem.code }));
    },
    prune: (before) => prune(db, before),
  };
}
