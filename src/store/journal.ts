/**
 * The journal of a run: what people who look at it are shown besides its facts. It is written in the
 * transaction of what it tells of, and goes with the run's texts.
 */
import type { JournalEntry, Journaled } from "../domain/journal.ts";
import type { Db } from "./schema.ts";

/** Entries of one run that are read: the newest. */
const readMax = 3_000;

/** Writes entries; one of the same name is replaced. */
export async function writeJournal(tx: Db, run: string, entries: Journaled[]): Promise<void> {
  for (const { name, at, entry } of entries) {
    const entry_json = JSON.stringify(entry);
    await tx
      .insertInto("journal")
      .values({ run_id: run, name, at, entry_json })
      .onConflict((conflict) => conflict.columns(["run_id", "name"]).doUpdateSet({ at, entry_json }))
      .execute();
  }
}

/** The newest entries of a run, oldest first. */
export async function readJournal(db: Db, run: string): Promise<Journaled[]> {
  const rows = await db
    .selectFrom("journal")
    .select(["name", "at", "entry_json"])
    .where("run_id", "=", run)
    .orderBy("at", "desc")
    .limit(readMax)
    .execute();
  return rows
    .map(({ name, at, entry_json }) => ({ name, at, entry: JSON.parse(entry_json) as JournalEntry }))
    .toReversed();
}
