/** Whether anything of a run's course has changed, told by far less than the course itself. */
import type { Db } from "./schema.ts";

/**
 * A text that stays the same as long as the run's row, facts, notes and journal do: to be compared, not read. Undefined
 * when there is no such run.
 */
export async function courseMark(db: Db, id: string): Promise<string | undefined> {
  const row = await db.selectFrom("runs").selectAll().where("id", "=", id).executeTakeFirst();
  if (!row) return undefined;
  // A fact that is written again has a newer time, and so has an entry of the journal.
  const facts = await db
    .selectFrom("facts")
    .select(({ fn }) => [fn.countAll().as("count"), fn.max("begun_at").as("begun")])
    .select(({ fn }) => [fn.count("done_at").as("done"), fn.max("done_at").as("at")])
    .where("run_id", "=", id)
    .execute();
  const notes = await db
    .selectFrom("notes")
    .select(({ fn }) => fn.countAll().as("count"))
    .where("run_id", "=", id)
    .execute();
  const journal = await db
    .selectFrom("journal")
    .select(({ fn }) => [fn.countAll().as("count"), fn.max("at").as("at")])
    .where("run_id", "=", id)
    .execute();
  return JSON.stringify([row, facts, notes, journal]);
}
