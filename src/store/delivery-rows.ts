/**
 * Writes rows of deliveries that are new. On PostgreSQL all in one statement, because the way there is what costs.
 * On SQLite a statement a row, which is compiled and prepared once: one statement of thirty rows that returns ids
 * costs it twice as much. It does not know when a transaction begins or ends.
 */
import type { Kysely, Transaction } from "kysely";
import type { Store } from "./database.ts";
import type { DeliveryRow, Schema } from "./schema.ts";

/** Writes the rows whose ids are new, of two with one id the first; resolves with those ids. */
export type InsertDeliveries = (tx: Transaction<Schema>, rows: DeliveryRow[]) => Promise<Set<string>>;

/** How rows are written into this store. */
export function insertionOf({ db, dialect }: Pick<Store, "db" | "dialect">): InsertDeliveries {
  return dialect === "sqlite" ? rowByRow(db) : allAtOnce;
}

const insertion = (db: Kysely<Schema>, rows: DeliveryRow[]) =>
  db
    .insertInto("deliveries")
    .values(rows)
    .onConflict((conflict) => conflict.column("id").doNothing());

async function allAtOnce(tx: Transaction<Schema>, rows: DeliveryRow[]): Promise<Set<string>> {
  const inserted = await insertion(tx, rows).returning("id").execute();
  return new Set(inserted.map(({ id }) => id));
}

/** Any row: what is compiled has places for values, in the order of its members. */
const pattern: DeliveryRow = {
  ...{ id: "", event: "", body: "", body_hash: "" },
  ...{ received_at: 0, state: "done", done_at: 0, verdict: "" },
};

function rowByRow(db: Kysely<Schema>): InsertDeliveries {
  const compiled = insertion(db, [pattern]).compile();
  return async (tx, rows) => {
    const fresh = new Set<string>();
    await tx.getExecutor().provideConnection(async (connection) => {
      for (const row of rows) {
        const parameters = columns.map((column) => row[column]);
        const { numAffectedRows } = await connection.executeQuery({ ...compiled, parameters });
        if (numAffectedRows === 1n) fresh.add(row.id);
      }
    });
    return fresh;
  };
}

const columns = Object.keys(pattern) as (keyof DeliveryRow)[];
