/**
 * Installations that have left: noted in the transaction that stops their runs, and kept until everything that
 * is remembered of them is deleted, whatever crashes meanwhile.
 */
import type { Db } from "./schema.ts";

const prefix = "departed ";
/** Looked at in one turn of the caretaker. */
const departuresMax = 50;

/** An installation that has left, and when (milliseconds since the epoch). */
export interface Departure {
  installation: number;
  at: number;
}

/** Notes that an installation has left; noted before, it keeps its time. */
export async function noteDeparture(tx: Db, { installation, at }: Departure): Promise<void> {
  await tx
    .insertInto("memos")
    .values({ name: `${prefix}${installation}`, value: String(at) })
    .onConflict((conflict) => conflict.column("name").doNothing())
    .execute();
}

/** Installations of which something is still remembered. */
export async function departures(db: Db): Promise<Departure[]> {
  const rows = await db
    .selectFrom("memos")
    .selectAll()
    .where("name", "like", `${prefix}%`)
    .limit(departuresMax)
    .execute();
  return rows.map(({ name, value }) => ({
    installation: Number(name.slice(prefix.length)),
    at: Number(value),
  }));
}

/** Nothing is remembered of it any more. */
export async function departed(db: Db, installation: number): Promise<void> {
  await db.deleteFrom("memos").where("name", "=", `${prefix}${installation}`).execute();
}
