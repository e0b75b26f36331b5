/**
 * Written facts of a run: *begun* before an act, its result after. Every write is fenced by the run's
 * epoch in the same transaction, so a holder that was overtaken cannot write one.
 */
import type { Journaled } from "../domain/journal.ts";
import type { Person } from "../domain/run.ts";
import type { Reason } from "../domain/screening.ts";
import type { Store } from "./database.ts";
import { writeJournal } from "./journal.ts";
import { changeRun, type HeldRun, type RunChange } from "./runs.ts";
import type { Db } from "./schema.ts";

/** Which fact: those of the run itself have round 0. */
export interface FactKey {
  round: number;
  name: string;
}

/** Writes that an act has begun, and when it was tried last; a later attempt moves both as it says. */
export function beginFact(
  store: Store,
  held: HeldRun,
  fact: FactKey & { begunAt: number; triedAt: number },
): Promise<void> {
  const times = { begun_at: fact.begunAt, tried_at: fact.triedAt };
  return fenced(store, held, {}, async (tx) => {
    await tx
      .insertInto("facts")
      .values({ ...key(held, fact), ...times, value_json: null, done_at: null })
      .onConflict((conflict) => conflict.columns(["run_id", "round", "name"]).doUpdateSet(times))
      .execute();
  });
}

/** Takes back a beginning whose act certainly had no effect. */
export function forgetFact(store: Store, held: HeldRun, fact: FactKey): Promise<void> {
  return fenced(store, held, {}, async (tx) => {
    await tx
      .deleteFrom("facts")
      .where("run_id", "=", held.run.id)
      .where("round", "=", fact.round)
      .where("name", "=", fact.name)
      .where("done_at", "is", null)
      .execute();
  });
}

/** Writes an act's result, together with what of it the row repeats. */
export function writeFact(
  store: Store,
  held: HeldRun,
  fact: FactKey & { at: number; value: unknown; change?: RunChange },
): Promise<void> {
  const value_json = JSON.stringify(fact.value);
  return fenced(store, held, fact.change ?? {}, async (tx) => {
    await tx
      .insertInto("facts")
      .values({ ...key(held, fact), value_json, begun_at: fact.at, done_at: fact.at })
      .onConflict((conflict) =>
        conflict.columns(["run_id", "round", "name"]).doUpdateSet({ value_json, done_at: fact.at }),
      )
      .execute();
  });
}

/** Writes to the row, and to the journal with it. */
export function changeWith(
  store: Store,
  held: HeldRun,
  change: RunChange,
  entries: Journaled[],
): Promise<void> {
  if (entries.length === 0) return changeRun(store.db, held, change);
  return fenced(store, held, change, (tx) => writeJournal(tx, held.run.id, entries));
}

function key(held: HeldRun, { round, name }: FactKey) {
  return { run_id: held.run.id, round, name };
}

function fenced(
  store: Store,
  held: HeldRun,
  change: RunChange,
  write: (tx: Db) => Promise<void>,
): Promise<void> {
  return store.db.transaction().execute(async (tx) => {
    await changeRun(tx, held, change);
    await write(tx);
  });
}

/** Id of the live run whose pull request has `branch` as its head; undefined when there is none. */
export async function runProposing(
  db: Db,
  { repositoryId, branch }: { repositoryId: number; branch: string },
): Promise<string | undefined> {
  const opened = await db
    .selectFrom("facts")
    .innerJoin("runs", "runs.id", "facts.run_id")
    .select(["runs.id", "facts.value_json"])
    .where("runs.repository_id", "=", repositoryId)
    .where("runs.phase", "!=", "ended")
    .where("facts.name", "=", "pull")
    .execute();
  const pull = (json: string | null) => JSON.parse(json ?? "{}") as { branch?: string };
  return opened.find(({ value_json }) => pull(value_json).branch === branch)?.id;
}

/** The labelling that started a run, by GitHub's record; undefined where that was not read, or told of none. */
export async function labellingOf(db: Db, run: string): Promise<{ id?: number; at: number } | undefined> {
  const fact = await db
    .selectFrom("facts")
    .select("value_json")
    .where("run_id", "=", run)
    .where("name", "=", "labelled")
    .executeTakeFirst();
  const { at, id } = JSON.parse(fact?.value_json ?? "{}") as { at?: number; id?: number };
  return at === undefined ? undefined : { at, ...(id === undefined ? {} : { id }) };
}

/** Why the head is held back that a run holds; empty where nothing is written of it. */
export async function reasonsHeld(
  db: Db,
  { id, round, held }: { id: string; round: number; held?: string },
): Promise<Reason[]> {
  const fact = await db
    .selectFrom("facts")
    .select("value_json")
    .where("run_id", "=", id)
    .where("round", "=", round)
    .where("name", "=", `held ${held}`)
    .executeTakeFirst();
  return (JSON.parse(fact?.value_json ?? "{}") as { reasons?: Reason[] }).reasons ?? [];
}

/** Writes a maintainer's approval of a held head, named by seven digits or more. Not the holder's: unfenced. */
export async function writeApproval(
  tx: Db,
  run: { id: string; round: number },
  { sha, by, at }: { sha: string; by: Person; at: number },
): Promise<void> {
  const value_json = JSON.stringify({ head: sha, by: by.login, person: by });
  await tx
    .insertInto("facts")
    .values({ run_id: run.id, round: run.round, name: "approval", value_json, begun_at: at, done_at: at })
    .onConflict((conflict) =>
      conflict.columns(["run_id", "round", "name"]).doUpdateSet({ value_json, done_at: at }),
    )
    .execute();
}

/** Was that head of a repository ever let through by a maintainer? */
export async function wasApproved(
  db: Db,
  { repositoryId, head }: { repositoryId: number; head: string },
): Promise<boolean> {
  const approvals = await db
    .selectFrom("facts")
    .innerJoin("runs", "runs.id", "facts.run_id")
    .select("facts.value_json")
    .where("runs.repository_id", "=", repositoryId)
    .where("facts.name", "=", "approval")
    .execute();
  const of = (json: string | null) => JSON.parse(json ?? "{}") as { head?: string };
  return approvals.some(({ value_json }) => head.startsWith(of(value_json).head ?? "none"));
}

/** Writes that a suite of checks failed on a commit, to be looked at when the run rests. Not the holder's: unfenced. */
export async function writeSuite(
  tx: Db,
  run: { id: string },
  { id, head, completedAt, at }: { id: number; head: string; completedAt: number | undefined; at: number },
): Promise<void> {
  const value_json = JSON.stringify({ head, completedAt });
  await tx
    .insertInto("facts")
    .values({ run_id: run.id, round: 0, name: `suite ${id}`, value_json, begun_at: at, done_at: at })
    .onConflict((conflict) =>
      conflict.columns(["run_id", "round", "name"]).doUpdateSet({ value_json, done_at: at }),
    )
    .execute();
}
