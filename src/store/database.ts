/**
 * Opens what must survive: SQLite in a directory, or PostgreSQL, behind one Kysely with the tables in place.
 * Above this file nobody knows which of the two it is, except the engine that is chosen with it.
 *
 * On SQLite there is one connection: inside `db.transaction()` use only the transaction handed to you —
 * a query on `db` itself would wait for the transaction to end, and the transaction for it — and await nothing
 * but queries there, for everybody else waits too.
 */
import { Kysely, type SqliteDatabase, sql } from "kysely";
import type { Clock } from "../clock.ts";
import { isProblem, Problem } from "../domain/errors.ts";
import type { Secret } from "../domain/secret.ts";
import type { PostgresOptions } from "./postgres.ts";
import type { Schema } from "./schema.ts";
import { SharedCommit, type Write } from "./shared-commit.ts";
import { EmbeddedDialect, openBeside, openFile } from "./sqlite.ts";
import { migrate } from "./tables.ts";

/** Where to store. */
export type StoreOptions =
  /** A file in `dataDir`, alone; the clock measures the wait for a process that is still there. */
  | { kind: "embedded"; dataDir: string; clock: Clock }
  /** The same file beside whoever has it, for one short write; its tables are as they are. */
  | { kind: "beside"; dataDir: string }
  /** A connection that is somebody else's, such as one in memory; closed with the store. */
  | { kind: "lent"; connection: SqliteDatabase }
  /** `asItIs`: beside the replicas that have it; its tables are as they are. */
  | ({ kind: "postgres"; asItIs?: true } & PostgresOptions);

/** Where a configuration wants to store. */
export function storeOptions(
  { databaseUrl, dataDir }: { databaseUrl?: Secret; dataDir: string },
  clock: Clock,
): StoreOptions {
  const url = databaseUrl?.reveal();
  return url === undefined ? { kind: "embedded", dataDir, clock } : { kind: "postgres", url };
}

/** The same place for somebody beside the service: of its tables nothing is changed, whatever runs there. */
export function storeBeside({
  databaseUrl,
  dataDir,
}: {
  databaseUrl?: Secret;
  dataDir: string;
}): StoreOptions {
  const url = databaseUrl?.reveal();
  return url === undefined ? { kind: "beside", dataDir } : { kind: "postgres", url, asItIs: true };
}

/** The open database. Every statement tells trouble of the machine as a `later` problem, `store_unavailable` or `store_full`. */
export interface Store {
  readonly db: Kysely<Schema>;
  readonly dialect: "sqlite" | "postgres";
  /** Writes in a transaction that others may share, because one sync then serves all; may run `write` twice. */
  together<T>(write: Write<T>): Promise<T>;
  /** Resolves when the database answers; else throws `later` `store_unavailable`. */
  check(): Promise<void>;
  /** Closes it and lets the next process in. */
  close(): Promise<void>;
}

/** The dialect for these options, and what to do after closing. */
async function dialectFor(options: StoreOptions) {
  switch (options.kind) {
    case "embedded": {
      const { connection, log, unlock } = await openFile(options.dataDir, options.clock);
      const dialect = new EmbeddedDialect({ database: connection });
      return { name: "sqlite", dialect, log, unlock } as const;
    }
    case "beside": {
      const dialect = new EmbeddedDialect({ database: openBeside(options.dataDir) });
      return { name: "sqlite", dialect, log: undefined, unlock: () => undefined } as const;
    }
    case "lent":
      return {
        name: "sqlite",
        dialect: new EmbeddedDialect({ database: options.connection }),
        log: undefined,
        unlock: () => undefined,
      } as const;
    case "postgres": {
      const { postgresDialect } = await import("./postgres.ts");
      return {
        name: "postgres",
        dialect: postgresDialect(options),
        log: undefined,
        unlock: () => undefined,
      } as const;
    }
  }
}

/** Somebody else's tables, which may be another version's, are left alone. */
function isAsItIs(options: StoreOptions): boolean {
  return options.kind === "beside" || (options.kind === "postgres" && options.asItIs === true);
}

/**
 * Opens the store and, unless it is opened as it is, brings its tables up to this code. Throws a `Problem` whose
 * sentence says what to do: `refused` `store_locked`, `store_unwritable`, `store_damaged`, `store_unsuitable`, `store_newer`, `store_denied`;
 * `later` `store_unavailable`, `store_full`.
 */
export async function openStore(options: StoreOptions): Promise<Store> {
  const { name, dialect, log, unlock } = await dialectFor(options);
  const db = new Kysely<Schema>({ dialect });
  const close = async () => {
    try {
      await log?.close();
      await db.destroy();
    } finally {
      unlock();
    }
  };
  const check = async () => {
    try {
      await sql`select name from memos limit 1`.execute(db);
    } catch (error) {
      if (isProblem(error)) throw error;
      throw new Problem("later", "store_unavailable", "The database does not answer.", { cause: error });
    }
  };
  try {
    if (!isAsItIs(options)) await migrate(db);
  } catch (error) {
    await close();
    throw error;
  }
  const shared = new SharedCommit(db, log && (() => log.run()));
  // PostgreSQL shares syncs between its connections by itself.
  const together = <T>(write: Write<T>) =>
    name === "sqlite" ? shared.add(write) : db.transaction().execute(write);
  return { db, dialect: name, together, check, close };
}
