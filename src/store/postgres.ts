/**
 * PostgreSQL through `pg`, for several replicas on one database.
 * It knows connections, timeouts and SQLSTATE codes; it does not know the tables. No message holds the
 * database's address: it may carry a password.
 */
import { PostgresDialect, type PostgresPool } from "kysely";
import { Pool, types } from "pg";
import { Problem } from "../domain/errors.ts";

const connectMsMax = 10_000;
const statementMsMax = 30_000;
/** A transaction left open by a stopped process must not hold its locks until after another has taken over. */
const idleInTransactionMsMax = 10_000;
const connectionsMaxDefault = 10;

/** Object id of `int8` (PostgreSQL's catalogue `pg_type`). */
const int8 = 20;

/** SQLSTATE codes and classes (PostgreSQL's manual, appendix A) that pass by themselves or with the machine's help. */
const passing = ["08", "40", "53", "55P03", "57", "58", "25006"];
/** Codes of a set-up that a person must correct: password, role, database, rights. */
const settingUp = ["28", "3D000", "42501"];
/** Errors of sockets and names, as Node codes them. */
const network = [
  "ECONNREFUSED",
  "ECONNRESET",
  "EPIPE",
  "ETIMEDOUT",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
];
/** `pg` gives these no code, only words. */
const lostConnection =
  /connection terminated|timeout exceeded when trying to connect|not queryable|query read timeout/i;

/** The error's code, of Node or SQLSTATE; empty when it has none. */
function codeOf(error: unknown): string {
  if (error instanceof AggregateError) return codeOf(error.errors[0]);
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
}

/** A `Problem` for trouble of the server or the way to it; every other error as it came. */
export function postgresTrouble(error: unknown): unknown {
  const code = codeOf(error);
  const starts = (prefixes: string[]) => prefixes.some((prefix) => code.startsWith(prefix));
  if (code === "53100") {
    return new Problem(
      "later",
      "store_full",
      "The disk of the PostgreSQL server is full. Free some space on it.",
      {
        cause: error,
      },
    );
  }
  if (network.includes(code) || (error instanceof Error && lostConnection.test(error.message))) {
    return new Problem(
      "later",
      "store_unavailable",
      `PostgreSQL does not answer${code === "" ? "" : ` (${code})`}. Check that it runs and that DATABASE_URL names its host and port.`,
      { cause: error },
    );
  }
  if (starts(passing)) {
    return new Problem("later", "store_unavailable", `PostgreSQL cannot serve us now (${code}).`, {
      cause: error,
    });
  }
  if (starts(settingUp)) {
    return new Problem(
      "refused",
      "store_denied",
      `PostgreSQL lets us not in (${code}). Check the user, password and database in DATABASE_URL, and the user's rights.`,
      { cause: error },
    );
  }
  return error;
}

/** Waits for `promise`, telling trouble of the server as a `Problem`. */
async function clearly<T>(promise: Promise<T>): Promise<T> {
  try {
    return await promise;
  } catch (error) {
    throw postgresTrouble(error);
  }
}

/** Numbers of `int8` as numbers: ours are ids and milliseconds, far below 2^53. */
const parsers = {
  getTypeParser: (id: number, format?: "text" | "binary") =>
    id === int8 && format !== "binary" ? Number : types.getTypeParser(id, format ?? "text"),
};

/** The address and how many connections to hold at once. */
export interface PostgresOptions {
  /** `postgres://user:password@host:port/database`. */
  url: string;
  connectionsMax?: number;
}

/** The pool in the shape Kysely asks for, with clear errors. */
function lend(pool: Pool): PostgresPool {
  return {
    options: pool.options,
    end: () => pool.end(),
    connect: async () => {
      const client = await clearly(pool.connect());
      return {
        // Kysely's type also covers cursors, which we never open.
        query: ((text: string, values: unknown[]) => clearly(client.query(text, [...values]))) as never,
        release: (destroy) => client.release(destroy),
      };
    },
  };
}

/** Kysely's dialect on a pool of its own; the first query connects. */
export function postgresDialect({
  url,
  connectionsMax = connectionsMaxDefault,
}: PostgresOptions): PostgresDialect {
  const pool = new Pool({
    connectionString: url,
    max: connectionsMax,
    connectionTimeoutMillis: connectMsMax,
    statement_timeout: statementMsMax,
    query_timeout: statementMsMax + connectMsMax,
    idle_in_transaction_session_timeout: idleInTransactionMsMax,
    application_name: "patchwright",
    keepAlive: true,
    types: parsers,
  });
  // A connection that dies tells its next statement so and is replaced; unheard, these events would end the process.
  pool.on("error", () => undefined);
  pool.on("connect", (client) => client.on("error", () => undefined));
  return new PostgresDialect({ pool: lend(pool) });
}
