/**
 * What was said to a run, and what the run waits on. A note is written once under the id of what said it.
 */
import type { Note, NoteSource } from "../domain/run.ts";
import type { Db } from "./schema.ts";

/** Writes down what was said to a run; said again, it is there already. False then. */
export async function addNote(tx: Db, run: string, note: Note): Promise<boolean> {
  const { source, ...row } = note;
  const added = await tx
    .insertInto("notes")
    .values({ ...row, source_json: JSON.stringify(source), run_id: run })
    .onConflict((conflict) => conflict.column("id").doNothing())
    .executeTakeFirst();
  return added.numInsertedOrUpdatedRows === 1n;
}

/** All notes of a run, oldest first. */
export async function notesOf(db: Db, run: string): Promise<Note[]> {
  const rows = await db.selectFrom("notes").selectAll().where("run_id", "=", run).orderBy("at").execute();
  return rows.map(({ run_id: _run, source_json, ...note }) => ({
    ...note,
    source: JSON.parse(source_json) as NoteSource,
  }));
}

/** How many notes of a run have ids that begin so. */
export async function countNotes(db: Db, run: string, prefix: string): Promise<number> {
  const notes = await db.selectFrom("notes").select("id").where("run_id", "=", run).execute();
  return notes.filter(({ id }) => id.startsWith(prefix)).length;
}

/** What a run waits on people for. */
export interface Waiting {
  what: "question" | "plan";
  /** When it was shown, milliseconds since the epoch. */
  since: number;
}

/** What the run waits on; undefined while it waits on nobody. */
export async function waitingOn(db: Db, run: string): Promise<Waiting | undefined> {
  const facts = await db.selectFrom("facts").select(["name", "done_at"]).where("run_id", "=", run).execute();
  const done = new Map(facts.flatMap(({ name, done_at }) => (done_at === null ? [] : [[name, done_at]])));
  const open = [...done].flatMap(([name, since]) => {
    const [what, call] = name.split(" ");
    return (what === "question" || what === "plan") && !done.has(`answer ${call}`)
      ? [{ what, since } as const]
      : [];
  });
  return open.at(-1);
}
