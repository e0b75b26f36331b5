/**
 * What was said to a run, and what the run waits on. A note is written once under the id of what said it.
 */
import type { Progress } from "../domain/progress.ts";
import type { Asker, Note, NoteSource } from "../domain/run.ts";
import type { Db } from "./schema.ts";

/** Writes down what was said to a run; said again, it is there already. False then. */
export async function addNote(tx: Db, run: string, note: Note): Promise<boolean> {
  const { source, asker, ...row } = note;
  const asker_json = asker ? JSON.stringify(asker) : null;
  const added = await tx
    .insertInto("notes")
    .values({ ...row, asker_json, source_json: JSON.stringify(source), run_id: run })
    .onConflict((conflict) => conflict.column("id").doNothing())
    .executeTakeFirst();
  return added.numInsertedOrUpdatedRows === 1n;
}

/** All notes of a run, oldest first. */
export async function notesOf(db: Db, run: string): Promise<Note[]> {
  const rows = await db.selectFrom("notes").selectAll().where("run_id", "=", run).orderBy("at").execute();
  return rows.map(({ run_id: _run, source_json, asker_json, ...note }) => ({
    ...note,
    ...(asker_json === null ? {} : { asker: JSON.parse(asker_json) as Asker }),
    source: JSON.parse(source_json) as NoteSource,
  }));
}

/** Ids of the notes the agent has been told, as a message or as the result of a call. */
export async function toldNotes(db: Db, run: string): Promise<Set<string>> {
  const facts = await db
    .selectFrom("facts")
    .select(["name", "value_json"])
    .where("run_id", "=", run)
    .where("value_json", "is not", null)
    .execute();
  const ids = facts.flatMap(({ name, value_json }) => {
    if (name.startsWith("note ")) return [name.slice("note ".length)];
    const note = name.startsWith("answer ")
      ? (JSON.parse(value_json ?? "{}") as { note?: string }).note
      : undefined;
    return note === undefined ? [] : [note];
  });
  return new Set(ids);
}

/** What a run waits on people for. */
export interface Waiting {
  what: "question" | "plan";
  /** When it was asked first, milliseconds since the epoch: people may answer before that is written down. */
  since: number;
  /** When a question was on its issue, by GitHub's clock; absent of a plan, and until that is written down. */
  askedAt?: number;
}

/** What the run's round waits on, the oldest call first; undefined while it waits on nobody. */
export async function waitingOn(db: Db, run: string): Promise<Waiting | undefined> {
  const facts = await db
    .selectFrom("facts")
    .innerJoin("runs", "runs.id", "facts.run_id")
    .select(["name", "begun_at", "done_at", "value_json", "progress_json"])
    .where("run_id", "=", run)
    .where((is) => is.or([is("facts.round", "=", is.ref("runs.round")), is("facts.round", "=", 0)]))
    .execute();
  const begun = new Map(facts.map((fact) => [fact.name, fact]));
  const { calls } = JSON.parse(facts[0]?.progress_json ?? '{"calls":[]}') as Pick<Progress, "calls">;
  for (const { id } of calls) {
    if (begun.get(`answer ${id}`)?.done_at) continue;
    for (const what of ["question", "plan"] as const) {
      const fact = begun.get(`${what} ${id}`);
      if (!fact) continue;
      const { at } = JSON.parse(fact.value_json ?? "{}") as { at?: number };
      return { what, since: fact.begun_at, ...(at === undefined ? {} : { askedAt: at }) };
    }
  }
  return undefined;
}
