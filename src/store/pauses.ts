/**
 * Accounts whose new rounds the operator holds back. The queue reads the same rows.
 */
import type { Db } from "./schema.ts";

/** The last migration that changed what is read and written here: older code that has been through it agrees on it. */
export const pausesSince = "0002_limits";

/** Holds an account's new rounds back from now on; one that is held back already stays so. */
export async function holdBack(db: Db, owner: string, now: number): Promise<void> {
  await db
    .insertInto("pauses")
    .values({ owner: owner.toLowerCase(), since: now })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

/** Lets them in again. False when they were not held back. */
export async function letGo(db: Db, owner: string): Promise<boolean> {
  const gone = await db.deleteFrom("pauses").where("owner", "=", owner.toLowerCase()).executeTakeFirst();
  return gone.numDeletedRows > 0n;
}

/** Accounts that are held back. */
export async function pausedOwners(db: Db): Promise<string[]> {
  const rows = await db.selectFrom("pauses").select("owner").orderBy("owner").execute();
  return rows.map(({ owner }) => owner);
}

/** How many rounds of an account are at work and how many wait for their turn. */
export async function heldBack(db: Db, owner: string): Promise<{ atWork: number; waiting: number }> {
  const rows = await db
    .selectFrom("places")
    .select((select) => ["state", select.fn.countAll<number>().as("count")])
    .where((where) => where(where.fn("lower", ["owner"]), "=", owner.toLowerCase()))
    .groupBy("state")
    .execute();
  const count = (...states: string[]) =>
    rows.reduce((sum, row) => sum + (states.includes(row.state) ? row.count : 0), 0);
  return { atWork: count("held"), waiting: count("waiting", "returning") };
}
