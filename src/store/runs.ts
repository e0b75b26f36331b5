/**
 * Runs, their facts and what was said to them. The row is the one truth about a run; its holder raises
 * `epoch`, and whoever writes under an older one is told so instead of writing.
 */
import type { Kysely, Transaction } from "kysely";
import type { Ending } from "../domain/ending.ts";
import { noProgress, type Progress } from "../domain/progress.ts";
import {
  type Note,
  type Origin,
  outweighs,
  type Place,
  type Run,
  type RunSettings,
  type Stop,
} from "../domain/run.ts";
import type { Settings } from "../domain/settings.ts";
import { placeOf } from "./days.ts";
import { admitRound } from "./limits.ts";
import type { PlaceRow } from "./limits-tables.ts";
import { fateOf, type ListedColumn, listed } from "./listing.ts";
import { notesOf } from "./notes.ts";
import type { Db, FactRow, RunRow, Schema } from "./schema.ts";

/** A run somebody else holds by now: everything read before is stale, so the holder stops and forgets. */
export class Fenced extends Error {
  constructor(run: string) {
    super(`another worker holds ${run}`);
    this.name = "Fenced";
  }
}

/** A run as its holder has it. */
export interface HeldRun {
  run: Run;
  facts: FactRow[];
  /** How the limits see its round; undefined where it was turned away, and while none is open. */
  place: PlaceRow | undefined;
  epoch: number;
  /** The state that lists show. */
  state?: string | null;
}

/** What a run begins with. */
export interface NewRun {
  id: string;
  triggerKey: string;
  place: Place;
  origin: Origin;
  settings: Settings;
  now: number;
}

/** Starts a run, or puts it into the queue. `known`: this trigger has had its run; `busy`: the issue has a working run. */
export async function startRun(
  tx: Transaction<Schema>,
  start: NewRun,
): Promise<"started" | "known" | "busy"> {
  const { place } = start;
  const inserted = await tx
    .insertInto("runs")
    .values({
      id: start.id,
      trigger_key: start.triggerKey,
      installation_id: place.installation,
      repository_id: place.repositoryId,
      owner: place.owner,
      repo: place.repo,
      issue: place.issue,
      origin_json: JSON.stringify(start.origin),
      settings_json: JSON.stringify(start.settings),
      round: 1,
      phase: "working",
      progress_json: JSON.stringify(noProgress),
      epoch: 0,
      created_at: start.now,
      round_at: start.now,
      ending_json: null,
      stop_json: null,
      session: null,
      pull: null,
      head: null,
      held: null,
      ended_at: null,
      ...listed(start),
    })
    .onConflict((conflict) => conflict.doNothing())
    .returning("id")
    .executeTakeFirst();
  if (inserted) {
    const { id: run, settings, now } = start;
    await admitRound(tx, { run, round: 1, place, settings, spentCents: 0, now });
    return "started";
  }
  const known = await tx
    .selectFrom("runs")
    .select("id")
    .where("trigger_key", "=", start.triggerKey)
    .executeTakeFirst();
  return known ? "known" : "busy";
}

/** Takes hold of a run, fencing whoever held it before; undefined when there is no such run. */
export async function holdRun(db: Kysely<Schema>, id: string): Promise<HeldRun | undefined> {
  return db.transaction().execute(async (tx) => {
    const row = await tx
      .updateTable("runs")
      .set((update) => ({ epoch: update("epoch", "+", 1) }))
      .where("id", "=", id)
      .returningAll()
      .executeTakeFirst();
    if (!row) return undefined;
    const facts = await tx
      .selectFrom("facts")
      .selectAll()
      .where("run_id", "=", id)
      .orderBy("begun_at")
      .execute();
    const place = await placeOf(tx, id);
    return { run: runOf(row, await notesOf(tx, id)), facts, place, epoch: row.epoch, state: row.state };
  });
}

/** A change of the row by its holder. */
export type RunChange = Partial<
  Pick<
    RunRow,
    | "round"
    | "round_at"
    | "phase"
    | "ending_json"
    | "origin_json"
    | "session"
    | "pull"
    | "head"
    | "held"
    | "progress_json"
    | "looked_at"
    | "ended_at"
    | ListedColumn
  >
>;

/** Writes to a held run. Throws `Fenced` when somebody else holds it by now. */
export async function changeRun(tx: Db, held: HeldRun, change: RunChange): Promise<void> {
  // The update locks the row: a new holder waits for it, or it finds the new holder's number.
  const done = await tx
    .updateTable("runs")
    .set({ epoch: held.epoch, ...change })
    .where("id", "=", held.run.id)
    .where("epoch", "=", held.epoch)
    .executeTakeFirst();
  if (done.numUpdatedRows === 0n) throw new Fenced(held.run.id);
}

/** What a run is found by. */
export type RunKey =
  | { kind: "id"; id: string }
  | { kind: "issue"; repositoryId: number; issue: number }
  | { kind: "pull"; repositoryId: number; pull: number }
  | { kind: "session"; session: string };

/** The run that has not ended, without its notes: the one at work, else the newest at rest. */
export async function liveRun(db: Db, key: RunKey): Promise<Run | undefined> {
  const runs = await liveRuns(db, key);
  return runs.find(({ phase }) => phase === "working") ?? runs[0];
}

/** All that have not ended, newest first, without their notes. One is at work at most. */
export async function liveRuns(db: Db, key: RunKey): Promise<Run[]> {
  const rows = await keyed(allRuns(db).where("phase", "!=", "ended"), key).execute();
  return rows.map((row) => runOf(row, []));
}

/** The newest run, ended or not, without its notes. */
export async function latestRun(db: Db, key: RunKey): Promise<Run | undefined> {
  const row = await keyed(allRuns(db), key).executeTakeFirst();
  return row && runOf(row, []);
}

/** The live run whose session pushes to `branch`. */
export async function runOfBranch(
  db: Db,
  { repositoryId, branch }: { repositoryId: number; branch: string },
): Promise<Run | undefined> {
  const session = /^claude\/(.+)$/.exec(branch)?.[1];
  const run = session === undefined ? undefined : await liveRun(db, { kind: "session", session });
  return run?.place.repositoryId === repositoryId ? run : undefined;
}

type RunQuery = ReturnType<typeof allRuns>;

function allRuns(db: Db) {
  return db.selectFrom("runs").selectAll().orderBy("created_at", "desc");
}

function keyed(rows: RunQuery, key: RunKey): RunQuery {
  switch (key.kind) {
    case "id":
      return rows.where("id", "=", key.id);
    case "issue":
      return rows.where("repository_id", "=", key.repositoryId).where("issue", "=", key.issue);
    case "pull":
      return rows.where("repository_id", "=", key.repositoryId).where("pull", "=", key.pull);
    case "session":
      return rows.where("session", "=", key.session);
    default:
      return key satisfies never;
  }
}

/**
 * A run that has not ended, as it is now and stays until `tx` is over, without its notes. Whoever holds it is
 * fenced, so the caller wakes it.
 */
export function seizeRun(tx: Db, id: string): Promise<Run | undefined> {
  return locked(tx, id, 1);
}

/** The same, and nobody is fenced: its holder waits. */
export function keepRun(tx: Db, id: string): Promise<Run | undefined> {
  return locked(tx, id, 0);
}

async function locked(tx: Db, id: string, raise: 0 | 1): Promise<Run | undefined> {
  const row = await tx
    .updateTable("runs")
    .set((update) => ({ epoch: update("epoch", "+", raise) }))
    .where("id", "=", id)
    .where("phase", "!=", "ended")
    .returningAll()
    .executeTakeFirst();
  return row && runOf(row, []);
}

/** Asks a run to stop; the first to ask is remembered, unless a later one closes the matter for good. */
export async function stopRun(tx: Db, id: string, stop: Stop): Promise<void> {
  // The update locks the row: of two who ask at once the second sees what the first has asked.
  const row = await tx
    .updateTable("runs")
    .set((update) => ({ epoch: update.ref("epoch") }))
    .where("id", "=", id)
    .returning("stop_json")
    .executeTakeFirst();
  const before = parsed<Stop>(row?.stop_json ?? null);
  if (before && !outweighs(stop, before)) return;
  await tx
    .updateTable("runs")
    .set({ stop_json: JSON.stringify(stop), ...fateOf(stop) })
    .where("id", "=", id)
    .execute();
}

/** Remembers that the issue was edited while the run works on the text it was asked with. */
export async function noteEdit(tx: Db, id: string, at: number): Promise<void> {
  await tx.updateTable("runs").set({ edited_at: at }).where("id", "=", id).execute();
}

/** What asks the run to stop by now, whatever its holder read before; undefined when nothing does. */
export async function stopOf(db: Db, id: string): Promise<Stop | undefined> {
  const row = await db.selectFrom("runs").select("stop_json").where("id", "=", id).executeTakeFirst();
  return parsed<Stop>(row?.stop_json ?? null);
}

/** A run from its row and its notes. */
export function runOf(row: RunRow, notes: Note[]): Run {
  const ending = parsed<Ending>(row.ending_json);
  const stop = parsed<Stop>(row.stop_json);
  return {
    id: row.id,
    place: {
      installation: row.installation_id,
      repositoryId: row.repository_id,
      owner: row.owner,
      repo: row.repo,
      issue: row.issue,
    },
    origin: JSON.parse(row.origin_json) as Origin,
    settings: JSON.parse(row.settings_json) as RunSettings,
    round: row.round,
    phase: row.phase,
    progress: JSON.parse(row.progress_json) as Progress,
    notes,
    createdAt: row.created_at,
    roundAt: row.round_at,
    ...(ending ? { ending } : {}),
    ...(stop ? { stop } : {}),
    ...(row.session === null ? {} : { session: row.session }),
    ...(row.pull === null ? {} : { pull: row.pull }),
    ...(row.head === null ? {} : { head: row.head }),
    ...(row.held === null ? {} : { held: row.held }),
    ...(row.edited_at === null ? {} : { editedAt: row.edited_at }),
  };
}

function parsed<T>(json: string | null): T | undefined {
  return json === null ? undefined : (JSON.parse(json) as T);
}
