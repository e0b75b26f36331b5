/**
 * Writes that come together share one transaction, because the disk's sync is what costs and SQLite syncs
 * once per transaction: under a burst thirty acknowledgements and what is worked off beside them pay for one.
 * It does not know what is written. Only for a store with one connection, where no two transactions overlap.
 */
import { setImmediate as turn } from "node:timers/promises";
import { type Kysely, sql, type Transaction } from "kysely";
import { isProblem } from "../domain/errors.ts";
import type { Schema } from "./schema.ts";

/** A write that shares its transaction; run a second time, alone, when one of the others is refused. */
export type Write<T> = (tx: Transaction<Schema>) => Promise<T>;

/** Writes of one transaction. */
const writesMax = 200;
/** Turns of the event loop that are waited for while each brings another write. */
const turnsMax = 4;

interface Pending {
  /** Writes, and resolves with what to do once the transaction has committed. */
  write: Write<() => void>;
  reject: (error: unknown) => void;
}

/** Gathers writes and commits them, one transaction at a time; while one is synced, the next is written. */
export class SharedCommit {
  readonly #db: Kysely<Schema>;
  readonly #sync: (() => Promise<void>) | undefined;
  readonly #queue: Pending[] = [];
  #writing: boolean = false;
  /** The sync under way. Two at once would be one after the other for the disk. */
  #synced: Promise<unknown> = Promise.resolve();

  /** `sync` brings what was committed to the disk; left out, the commit itself does. */
  constructor(db: Kysely<Schema>, sync?: () => Promise<void>) {
    this.#db = db;
    this.#sync = sync;
  }

  /** Resolves when the write is durable; rejects with its own error, or with the trouble of the transaction. */
  add<T>(write: Write<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const told: Write<() => void> = async (tx) => {
        const result = await write(tx);
        return () => resolve(result);
      };
      this.#queue.push({ write: told, reject });
      if (!this.#writing) void this.#drain();
    });
  }

  async #drain(): Promise<void> {
    this.#writing = true;
    while (this.#queue.length > 0) {
      await this.#gather();
      await this.#settle(this.#queue.splice(0, writesMax));
    }
    this.#writing = false;
  }

  /** At least one turn, so that everything the sockets hold now goes into the same transaction. */
  async #gather(): Promise<void> {
    for (let turns = 0, seen = 0; turns < turnsMax && this.#queue.length > seen; turns += 1) {
      seen = this.#queue.length;
      await turn();
    }
  }

  /** Writes a batch. One refused for one of its writes is tried one by one. */
  async #settle(batch: Pending[]): Promise<void> {
    try {
      const told = await this.#commit(batch);
      await this.#synced;
      this.#synced = this.#bring(batch, told);
    } catch (error) {
      if (batch.length > 1 && !isProblem(error)) {
        for (const pending of batch) await this.#settle([pending]);
        return;
      }
      for (const { reject } of batch) reject(error);
    }
  }

  /** One transaction, which may be lost with the power until it is synced. */
  #commit(batch: Pending[]): Promise<(() => void)[]> {
    if (!this.#sync) return inTransaction(this.#db, batch);
    return this.#db.connection().execute(async (connection) => {
      await sql`pragma synchronous = normal`.execute(connection);
      try {
        return await inTransaction(connection, batch);
      } finally {
        await sql`pragma synchronous = full`.execute(connection);
      }
    });
  }

  /**
   * Brings what was committed to the disk, then tells everybody in it. Never rejects. The disk is waited for
   * outside the event loop, which meanwhile reads the next requests: inside it, the wait was two fifths of the
   * time under load.
   */
  async #bring(batch: Pending[], told: (() => void)[]): Promise<void> {
    try {
      await this.#sync?.();
      for (const tell of told) tell();
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }
}

function inTransaction(db: Kysely<Schema>, batch: Pending[]): Promise<(() => void)[]> {
  return db.transaction().execute(async (tx) => {
    const told: (() => void)[] = [];
    for (const { write } of batch) told.push(await write(tx));
    return told;
  });
}
