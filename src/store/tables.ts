/**
 * Which version's tables a database has: how they are brought up to this code's, and how they are only looked at,
 * from beside replicas that may be of another version. Several replicas may start together: Kysely's migrator lets
 * one of them work while the others wait.
 */
import { type Kysely, sql } from "kysely";
import { Migrator } from "kysely/migration";
import { Problem } from "../domain/errors.ts";
import { migrations } from "./migrations.ts";
import type { Schema } from "./schema.ts";

/** How a database stands to this code. */
export interface Tables {
  /** Names of migrations that it has not been through. */
  pending: string[];
  /** Names in it that this code does not know: it was written by a newer version. */
  unknown: string[];
  /** True where no version has made its tables yet. */
  isEmpty: boolean;
}

/** Looks at a database and changes nothing. */
export async function tablesOf(db: Kysely<Schema>): Promise<Tables> {
  const infos = await migratorOf(db).getMigrations();
  const pending = infos.filter(({ executedAt }) => executedAt === undefined).map(({ name }) => name);
  const isEmpty = pending.length === infos.length;
  return { pending, unknown: isEmpty ? [] : await unknownMigrations(db), isEmpty };
}

function migratorOf(db: Kysely<Schema>): Migrator {
  return new Migrator({ db, provider: { getMigrations: async () => migrations } });
}

async function unknownMigrations(db: Kysely<Schema>): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`select name from kysely_migration`.execute(db);
  return rows.map((row) => row.name).filter((name) => !(name in migrations));
}

/** Brings the database up to this code. `refused` `store_newer` when it is ahead of it. */
export async function migrate(db: Kysely<Schema>): Promise<void> {
  const { error } = await migratorOf(db).migrateToLatest();
  if (error === undefined) return;
  if (error instanceof Problem) throw error;
  const unknown = await unknownMigrations(db);
  throw unknown.length === 0 ? error : newer(unknown, error);
}

/** The problem of a database that is ahead of this code. */
export function newer(unknown: string[], cause?: unknown): Problem {
  const words = `The database was written by a newer version (it has ${unknown.join(", ")}). Start that version, or restore a backup.`;
  return new Problem("refused", "store_newer", words, { cause });
}
