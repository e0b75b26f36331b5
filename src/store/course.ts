/** Everything that is written down of one run, for somebody who looks at it. */
import type { Journaled } from "../domain/journal.ts";
import type { Run } from "../domain/run.ts";
import { readJournal } from "./journal.ts";
import { type RunLine, runLine } from "./listing.ts";
import { notesOf } from "./notes.ts";
import { latestRun } from "./runs.ts";
import type { Db, FactRow } from "./schema.ts";

/** A run and its course. */
export interface Course {
  line: RunLine;
  run: Run;
  facts: FactRow[];
  journal: Journaled[];
}

/** The course of a run; undefined when there is no such run. */
export async function courseOf(db: Db, id: string): Promise<Course | undefined> {
  const [line, run] = [await runLine(db, id), await latestRun(db, { kind: "id", id })];
  if (!line || !run) return undefined;
  const facts = await db
    .selectFrom("facts")
    .selectAll()
    .where("run_id", "=", id)
    .orderBy("begun_at")
    .execute();
  return { line, run: { ...run, notes: await notesOf(db, id) }, facts, journal: await readJournal(db, id) };
}
