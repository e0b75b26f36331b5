/**
 * Forgetting: the words of people and agents leave the rows of ended runs, the rows themselves leave later.
 * What stays meanwhile counts and bills: who asked for what kind of run where, when, how it ended, what it cost.
 */
import type { Ending } from "../domain/ending.ts";
import { noProgress, type Progress } from "../domain/progress.ts";
import type { Origin, Stop } from "../domain/run.ts";
import type { Db, RunRow } from "./schema.ts";

/** Runs that are worked off in one turn. */
const runsMax = 200;
/** Facts without words: by them sessions and pull requests are found again. */
const lasting = ["session%", "archive %", "pull"];

/** Ended runs whose words are still there: ended before `before`, or all of an installation. At most 200. */
export async function runsWithTexts(
  db: Db,
  which: { before: number } | { installation: number },
): Promise<string[]> {
  const wordy = db
    .selectFrom("runs")
    .select("id")
    .where("forgotten_at", "is", null)
    .where("phase", "=", "ended")
    .limit(runsMax);
  const rows = await ("before" in which
    ? wordy.where("ended_at", "<", which.before)
    : wordy.where("installation_id", "=", which.installation)
  ).execute();
  return rows.map(({ id }) => id);
}

/** Installations of runs whose words are still there. */
export async function installationsWithTexts(db: Db): Promise<number[]> {
  const rows = await db
    .selectFrom("runs")
    .select("installation_id")
    .distinct()
    .where("forgotten_at", "is", null)
    .execute();
  return rows.map(({ installation_id }) => installation_id);
}

/** Takes the words out of ended runs (at most 200 ids): request, notes, plans, summaries, last words, endings. */
export async function forgetTexts(tx: Db, ids: string[], now: number): Promise<void> {
  if (ids.length === 0) return;
  for (const table of ["notes", "journal"] as const)
    await tx.deleteFrom(table).where("run_id", "in", ids).execute();
  await tx
    .deleteFrom("facts")
    .where("run_id", "in", ids)
    .where((is) => is.not(is.or(lasting.map((name) => is("name", "like", name)))))
    .execute();
  const rows = await tx.selectFrom("runs").selectAll().where("id", "in", ids).execute();
  for (const row of rows)
    await tx
      .updateTable("runs")
      .set({ ...wordless(row), forgotten_at: now })
      .where("id", "=", row.id)
      .where("phase", "=", "ended")
      .execute();
}

function wordless(row: RunRow) {
  const origin = JSON.parse(row.origin_json) as Origin;
  const progress = JSON.parse(row.progress_json) as Progress;
  const ending = JSON.parse(row.ending_json ?? "null") as Ending | null;
  const stop = JSON.parse(row.stop_json ?? "null") as Stop | null;
  const { before: _before, trigger, ...asked } = origin;
  const still = trigger.kind === "command" ? { ...trigger, instructions: "" } : trigger;
  const { costCents, carriedCents, counts } = progress;
  return {
    origin_json: JSON.stringify({ ...asked, trigger: still, title: "", body: "" }),
    progress_json: JSON.stringify({ ...noProgress, costCents, carriedCents, counts }),
    ending_json: ending && JSON.stringify("words" in ending ? { ...ending, words: "" } : ending),
    title: "",
    stop_json: stop && JSON.stringify({ why: stop.why, at: stop.at }),
  };
}

/** Deletes the rows of runs that ended before `before` and have no words any more. */
export async function forgetRuns(tx: Db, before: number): Promise<void> {
  const rows = await tx
    .selectFrom("runs")
    .select("id")
    .where("ended_at", "<", before)
    .where("forgotten_at", "is not", null)
    .limit(runsMax)
    .execute();
  const ids = rows.map(({ id }) => id);
  if (ids.length === 0) return;
  for (const table of ["facts", "notes", "journal", "tokens"] as const)
    await tx.deleteFrom(table).where("run_id", "in", ids).execute();
  await tx.deleteFrom("runs").where("id", "in", ids).execute();
}

/**
 * Empties the payloads of an installation's finished deliveries, whose ids stay, by which a repeat is known, and
 * drops its settings files.
 * GitHub writes its JSON without spaces.
 */
export async function emptyInstallation(tx: Db, installation: number): Promise<void> {
  await tx.deleteFrom("settings_files").where("installation_id", "=", installation).execute();
  const own = `"installation":{"id":${installation}`;
  await tx
    .updateTable("deliveries")
    .set({ body: "" })
    .where("state", "!=", "waiting")
    .where((is) => is.or([is("body", "like", `%${own},%`), is("body", "like", `%${own}}%`)]))
    .execute();
}
