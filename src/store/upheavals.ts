/**
 * What an upheaval changes in the rows: whose runs it meets, what a repository is called now, which endings
 * can be told at last. It does not know why.
 */
import type { Origin } from "../domain/run.ts";
import type { Db, RunRow } from "./schema.ts";

/** Runs that one upheaval meets at most; a delivery that comes again finds the rest. */
const runsMax = 5_000;

/**
 * Runs that have not ended, of an installation or of repositories. `working`: only those at work. `before`: only
 * those that began earlier, milliseconds since the epoch.
 */
export async function runsIn(
  db: Db,
  where: ({ installation: number } | { repositories: number[] }) & { working?: true; before?: number },
): Promise<string[]> {
  const live = db
    .selectFrom("runs")
    .select("id")
    .where("phase", "in", where.working ? ["working"] : ["working", "resting"])
    .where("created_at", "<=", where.before ?? Number.MAX_SAFE_INTEGER)
    .limit(runsMax);
  const rows =
    "installation" in where
      ? await live.where("installation_id", "=", where.installation).execute()
      : where.repositories.length === 0
        ? []
        : await live.where("repository_id", "in", where.repositories).execute();
  return rows.map(({ id }) => id);
}

/** Whose these runs (at most 500 ids) are by now: a repository may have been transferred. Numbers of installations. */
export async function installationsOfRuns(db: Db, ids: string[]): Promise<Map<string, number>> {
  if (ids.length === 0) return new Map();
  const rows = await db.selectFrom("runs").select(["id", "installation_id"]).where("id", "in", ids).execute();
  return new Map(rows.map(({ id, installation_id: installation }) => [id, installation]));
}

/** A repository's name, and the installation it belongs to where that changed, in all its runs. */
export async function renameRepository(
  tx: Db,
  { repositoryId, ...named }: { repositoryId: number; owner: string; repo: string; installation?: number },
): Promise<void> {
  const { owner, repo, installation } = named;
  await tx
    .updateTable("runs")
    .set({ owner, repo, ...(installation === undefined ? {} : { installation_id: installation }) })
    .where("repository_id", "=", repositoryId)
    .execute();
}

/** The new name of an installation's account, in all its runs. */
export async function renameOwner(tx: Db, installation: number, owner: string): Promise<void> {
  await tx.updateTable("runs").set({ owner }).where("installation_id", "=", installation).execute();
}

/** Live runs that were asked for while the default branch was `from` work towards `to` from now on. */
export async function rebase(
  tx: Db,
  { repositoryId, from, to }: { repositoryId: number; from: string; to: string },
): Promise<string[]> {
  const ids = await runsIn(tx, { repositories: [repositoryId] });
  const moved: string[] = [];
  for (const id of ids) {
    const row = await tx.selectFrom("runs").select("origin_json").where("id", "=", id).executeTakeFirst();
    const origin = JSON.parse(row?.origin_json ?? "{}") as Origin;
    if (origin.defaultBranch !== from) continue;
    const origin_json = JSON.stringify({ ...origin, defaultBranch: to });
    await tx.updateTable("runs").set({ origin_json }).where("id", "=", id).execute();
    moved.push(id);
  }
  return moved;
}

const waiting = JSON.stringify("waiting");
const due = JSON.stringify("due");

/** Marks endings that could not be told as due, and returns their runs. */
export async function endingsDue(
  tx: Db,
  { installation, repositoryId }: { installation: number; repositoryId?: number },
): Promise<RunRow["id"][]> {
  const found = tx
    .selectFrom("facts")
    .innerJoin("runs", "runs.id", "facts.run_id")
    .select("runs.id")
    .where("runs.installation_id", "=", installation)
    .where("facts.name", "=", "untold")
    .where("facts.value_json", "=", waiting)
    .limit(runsMax);
  const rows = await (repositoryId === undefined
    ? found
    : found.where("runs.repository_id", "=", repositoryId)
  ).execute();
  const ids = [...new Set(rows.map(({ id }) => id))];
  for (const id of ids)
    await tx
      .updateTable("facts")
      .set({ value_json: due })
      .where("run_id", "=", id)
      .where("name", "=", "untold")
      .execute();
  return ids;
}
