/**
 * A disk in memory: outlives the stores opened on it, as a file outlives a process.
 * Opening it again is a crash of whoever had it: their open transaction is undone and they write no more.
 */
import type { SqliteDatabase, SqliteStatement } from "kysely";
import { memoryConnection } from "../../src/store/sqlite.ts";

/** Hears of each statement before it runs; throwing stops it: for crashes at a chosen write. */
export type Watch = (sql: string) => void;

/** Holds one database; see the file's header. */
export class Disk {
  readonly #database = memoryConnection();
  #opened = 0;

  /** A connection for `openStore({ kind: "lent", connection })`; every earlier one is cut off. */
  open(watch: Watch = () => undefined): SqliteDatabase {
    this.#opened += 1;
    const own = this.#opened;
    this.#database.prepare("rollback").run([]);
    const cutOff = () => {
      if (own !== this.#opened) throw new Error("this connection's process is gone");
    };
    const guard =
      <T>(sql: string, call: (parameters: readonly unknown[]) => T) =>
      (parameters: readonly unknown[]) => {
        cutOff();
        watch(sql);
        cutOff();
        return call(parameters);
      };
    const guarded = (sql: string, { reader, all, run, iterate }: SqliteStatement): SqliteStatement => ({
      reader,
      all: guard(sql, all),
      run: guard(sql, run),
      iterate: guard(sql, iterate),
    });
    return {
      close: () => {
        if (own === this.#opened) this.#opened += 1;
      },
      prepare: (sql) => {
        cutOff();
        return guarded(sql, this.#database.prepare(sql));
      },
    };
  }
}
