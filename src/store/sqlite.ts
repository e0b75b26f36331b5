/**
 * The embedded database: Node's own SQLite behind Kysely, one process at a time.
 * The only file that imports `node:sqlite` but the thread that copies its log, for newer Node versions rename its class.
 * It knows files, locks and SQLite's result codes; it does not know the tables.
 */
import { chmodSync, existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import {
  type DialectAdapter,
  SqliteAdapter,
  type SqliteDatabase,
  SqliteDialect,
  type SqliteStatement,
} from "kysely";
import { type Clock, pause } from "../clock.ts";
import { Problem } from "../domain/errors.ts";
import { Checkpoints } from "./checkpoints.ts";
import { LogSync } from "./log-sync.ts";

/** How long a second process waits for the first to leave: a deploy overlaps by at most its drain time. */
const lockWaitMsMax = 15_000;
const lockRetryMs = 250;
/** How long a statement waits for another reader of the file, such as a backup; it blocks the process. */
const busyMsMax = 1_000;
const pageBytes = 16_384;
/** At 64 MB of log SQLite copies by itself what the thread of `checkpoints.ts` has left. */
const logPagesMax = 4_000;
/** Statements kept prepared: preparing one again costs five times its use. */
const statementsMax = 256;

/** Result codes of SQLite that speak of the machine, not of the statement (sqlite.org/rescode.html). */
const code = {
  busy: 5,
  locked: 6,
  readOnly: 8,
  ioError: 10,
  corrupt: 11,
  full: 13,
  cannotOpen: 14,
  notADatabase: 26,
};

/** SQLite's primary result code, undefined for an error that is not SQLite's. */
function resultCode(error: unknown): number | undefined {
  if (!(error instanceof Error && "errcode" in error && typeof error.errcode === "number")) return undefined;
  return error.errcode & 0xff;
}

/** `later` for trouble of the machine; every other error as it came: a broken constraint is the caller's to read. */
function troubleOf(error: unknown): unknown {
  switch (resultCode(error)) {
    case code.full:
      return new Problem(
        "later",
        "store_full",
        "The disk that holds the database is full. Free some space on it.",
        {
          cause: error,
        },
      );
    case code.busy:
    case code.locked:
    case code.readOnly:
    case code.ioError:
    case code.corrupt:
    case code.cannotOpen:
      return new Problem("later", "store_unavailable", "The database file cannot be read or written now.", {
        cause: error,
      });
    default:
      return error;
  }
}

/** Runs `call`, telling trouble of the machine as `later`. */
function clearly<T>(call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw troubleOf(error);
  }
}

/** One prepared statement in the shape Kysely asks for. */
function statementOf(prepared: StatementSync): SqliteStatement {
  return {
    reader: prepared.columns().length > 0,
    all: (parameters) => clearly(() => prepared.all(...(parameters as SQLInputValue[]))),
    run: (parameters) => clearly(() => prepared.run(...(parameters as SQLInputValue[]))),
    iterate: (parameters) => clearly(() => prepared.iterate(...(parameters as SQLInputValue[]))),
  };
}

/** The connection in the shape Kysely asks for, with a bounded store of prepared statements. */
function connectionOf(database: DatabaseSync): SqliteDatabase {
  const statements = new Map<string, SqliteStatement>();
  // After a full disk SQLite has rolled back by itself; asking again would hide the cause behind a second error.
  const rollback: SqliteStatement = {
    reader: false,
    all: () => [],
    run: () => {
      if (database.isTransaction) database.exec("rollback");
      return { changes: 0, lastInsertRowid: 0 };
    },
    iterate: () => [].values(),
  };
  return {
    close: () => database.close(),
    prepare: (sql) => {
      if (sql === "rollback") return rollback;
      // A pragma takes effect while it is compiled, so a statement that is kept would do nothing.
      if (sql.startsWith("pragma ")) return clearly(() => statementOf(database.prepare(sql)));
      const known = statements.get(sql);
      if (known) return known;
      if (statements.size >= statementsMax) statements.clear();
      const made = clearly(() => statementOf(database.prepare(sql)));
      statements.set(sql, made);
      return made;
    },
  };
}

/** A database in memory, gone when it is closed: for tests. */
export function memoryConnection(): SqliteDatabase {
  return connectionOf(new DatabaseSync(":memory:"));
}

/** SQLite can change tables inside a transaction; Kysely assumes not, and a killed migration would leave half of one. */
class TransactionalAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}

/** Kysely's SQLite dialect on one connection, with migrations in transactions. */
export class EmbeddedDialect extends SqliteDialect {
  override createAdapter(): DialectAdapter {
    return new TransactionalAdapter();
  }
}

/** Opens a file that only its owner can read. */
function openPrivate(path: string): DatabaseSync {
  const database = new DatabaseSync(path, { timeout: busyMsMax });
  chmodSync(path, 0o600);
  return database;
}

/** Takes the lock at once or returns undefined. The kernel frees it when the process ends, however it ends. */
function tryLock(path: string): DatabaseSync | undefined {
  const lock = new DatabaseSync(path, { timeout: 0 });
  try {
    chmodSync(path, 0o600);
    lock.exec("begin exclusive");
    return lock;
  } catch (error) {
    lock.close();
    if (resultCode(error) === code.busy) return undefined;
    throw error;
  }
}

/** Holds the exclusive lock of the directory, waiting for the process before us; `refused` when it stays. */
async function lockOf(dataDir: string, clock: Clock): Promise<DatabaseSync> {
  const until = clock.now() + lockWaitMsMax;
  for (;;) {
    const lock = tryLock(join(dataDir, "lock.db"));
    if (lock) return lock;
    if (clock.now() >= until) {
      throw new Problem(
        "refused",
        "store_locked",
        `Another process is using ${dataDir} and did not leave within ${lockWaitMsMax / 1000} s. ` +
          "Stop it, or set DATABASE_URL to run several replicas on PostgreSQL.",
      );
    }
    await pause(clock, lockRetryMs);
  }
}

/** Opens the file durably: a commit returns after the disk has it. */
function openDurable(path: string): DatabaseSync {
  const database = openPrivate(path);
  try {
    // Only a new file takes it. A delivery of 12 KB fills one page of this size, but four of the usual one.
    database.exec(`pragma page_size = ${pageBytes}`);
    const { journal_mode: mode } = database.prepare("pragma journal_mode = wal").get() ?? {};
    if (mode !== "wal") {
      throw new Problem(
        "refused",
        "store_unsuitable",
        `The file system of ${path} cannot hold a database in WAL mode. Use a local disk, not a network one.`,
      );
    }
    database.exec("pragma synchronous = full");
    database.exec(`pragma wal_autocheckpoint = ${logPagesMax}`);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** What is wrong with the place, in words: SQLite's or the file system's own error is the cause. */
function placeProblem(error: unknown, dataDir: string): unknown {
  if (error instanceof Problem) return error;
  if (resultCode(error) === code.notADatabase || resultCode(error) === code.corrupt) {
    return new Problem(
      "refused",
      "store_damaged",
      `A file in ${dataDir} is not a database of ours, or is damaged. Move it away or restore it from a backup.`,
      { cause: error },
    );
  }
  if (resultCode(error) === code.full) return troubleOf(error);
  return new Problem(
    "refused",
    "store_unwritable",
    `The data directory ${dataDir} cannot be written. Give this user the right to write it, or set DATA_DIR.`,
    { cause: error },
  );
}

/** An open file and what gives up its lock. */
export interface EmbeddedFile {
  connection: SqliteDatabase;
  log: LogSync;
  /** Lets the next process in; call it after the connection is closed. Again is harmless. */
  unlock(): void;
}

/**
 * Opens `patchwright.db` in `dataDir`, alone: directory 0700 when it is made here, files 0600, WAL, every commit
 * synced. `refused`: `store_locked` after 15 s, `store_unwritable`, `store_damaged`, `store_unsuitable`.
 */
export async function openFile(dataDir: string, clock: Clock): Promise<EmbeddedFile> {
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    const lock = await lockOf(dataDir, clock);
    try {
      const path = join(dataDir, "patchwright.db");
      const connection = connectionOf(openDurable(path));
      const log = new LogSync(`${path}-wal`, new Checkpoints(path, clock));
      return { connection, log, unlock: () => lock.isOpen && lock.close() };
    } catch (error) {
      lock.close();
      throw error;
    }
  } catch (error) {
    throw placeProblem(error, dataDir);
  }
}

/** Opens the `patchwright.db` that a service has made, without its lock. `refused` `store_missing` where none is. */
export function openBeside(dataDir: string): SqliteDatabase {
  const path = join(dataDir, "patchwright.db");
  if (!existsSync(path)) {
    const words = `There is no database in ${dataDir}. Start the service once, or set DATA_DIR as it has it.`;
    throw new Problem("refused", "store_missing", words);
  }
  try {
    return connectionOf(openDurable(path));
  } catch (error) {
    throw placeProblem(error, dataDir);
  }
}
