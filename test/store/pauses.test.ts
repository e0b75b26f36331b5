/** From which version on a database holds pauses as this code reads and writes them. */
import { Kysely } from "kysely";
import { Migrator } from "kysely/migration";
import { expect, test } from "vitest";
import { migrations } from "../../src/store/migrations.ts";
import { pausesSince } from "../../src/store/pauses.ts";
import type { Schema } from "../../src/store/schema.ts";
import { EmbeddedDialect, memoryConnection } from "../../src/store/sqlite.ts";

/** The tables that `pauses.ts` touches, after all migrations up to this one. */
async function tablesAfter(migration: string) {
  const db = new Kysely<Schema>({ dialect: new EmbeddedDialect({ database: memoryConnection() }) });
  const migrator = new Migrator({ db, provider: { getMigrations: async () => migrations } });
  const { error } = await migrator.migrateTo(migration);
  expect(error).toBeUndefined();
  const tables = (await db.introspection.getTables()).filter(({ name }) => /^(pauses|places)$/.test(name));
  await db.destroy();
  return tables;
}

test("the migration that is named is the last that changed them", async () => {
  const names = Object.keys(migrations).toSorted();
  const all = await Promise.all(names.map(tablesAfter));
  const last = all.findIndex((tables) => JSON.stringify(tables) === JSON.stringify(all.at(-1)));
  expect(names[last]).toBe(pausesSince);
});
