/**
 * Settings files as they were read last, shared by all replicas: a push that one of them hears of counts for
 * all. It knows neither GitHub nor what a file says.
 */
import type { Db, SettingsFileRow } from "./schema.ts";

/** Name of an owner's repository for organisation-wide files. */
export const ownersRepository = ".github";

/** Keys of the two rows that decide for a repository. */
export function settingsKeys(where: { repositoryId: number; owner: string }): {
  repository: string;
  owner: string;
} {
  return { repository: `repository ${where.repositoryId}`, owner: ownerKey(where.owner) };
}

function ownerKey(login: string): string {
  return `owner ${login.toLowerCase()}`;
}

/** The rows of these keys, by key; made where they are missing, so that a push finds them. */
export async function settingsRows(
  db: Db,
  { keys, installation }: { keys: string[]; installation: number },
): Promise<Map<string, SettingsFileRow>> {
  const rows = await rowsOf(db, keys);
  const missing = keys.filter((key) => !rows.has(key));
  if (missing.length === 0) return rows;
  const unread = { installation_id: installation, found_json: null, read_at: 0, pushes: 0, seen: 0 };
  await db
    .insertInto("settings_files")
    .values(
      missing.map((key) => ({
        key,
        ...unread,
        repository_id: key.startsWith("repository ") ? Number(key.slice("repository ".length)) : null,
      })),
    )
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  return rowsOf(db, keys);
}

async function rowsOf(db: Db, keys: string[]): Promise<Map<string, SettingsFileRow>> {
  const rows = await db.selectFrom("settings_files").selectAll().where("key", "in", keys).execute();
  return new Map(rows.map((row) => [row.key, row]));
}

/** Keeps what was read at `readAt`, unless a push came since `pushes` was seen. */
export async function keepSettingsFile(
  db: Db,
  read: Pick<SettingsFileRow, "key" | "installation_id" | "repository_id" | "found_json" | "seen"> & {
    pushes: number;
    readAt: number;
  },
): Promise<void> {
  const { key, pushes, readAt, ...rest } = read;
  await db
    .updateTable("settings_files")
    .set({ ...rest, read_at: readAt })
    .where("key", "=", key)
    .where("pushes", "=", pushes)
    .execute();
}

/** A push to the default branch: what was read of that repository has to be read again. */
export async function settingsPushed(
  db: Db,
  { repositoryId, owner, repo }: { repositoryId: number; owner: string; repo: string },
): Promise<void> {
  const own = repo.toLowerCase() === ownersRepository ? [ownerKey(owner)] : [];
  // Most repositories have no row, and a look costs less than a write that changes nothing.
  const rows = await db
    .selectFrom("settings_files")
    .select("key")
    .where((where) =>
      where.or([
        where("repository_id", "=", repositoryId),
        ...(own.length > 0 ? [where("key", "in", own)] : []),
      ]),
    )
    .execute();
  if (rows.length === 0) return;
  await db
    .updateTable("settings_files")
    .set((update) => ({ pushes: update("pushes", "+", 1), read_at: 0 }))
    .where(
      "key",
      "in",
      rows.map(({ key }) => key),
    )
    .execute();
}

/**
 * The new name of an installation's account: that it had a file stays known, and the file is read again. What was
 * kept under that name was another account's, or read in the moment of the renaming.
 */
export async function renameOwnersFile(tx: Db, installation: number, owner: string): Promise<void> {
  const [key, prefix] = [ownerKey(owner), ownerKey("")];
  const rows = await tx
    .selectFrom("settings_files")
    .select(["key", "seen"])
    .where("installation_id", "=", installation)
    .where("key", "like", `${prefix}%`)
    .execute();
  const [old] = rows.filter((row) => row.key !== key);
  if (!old) return;
  const seen = Math.max(...rows.map((row) => row.seen));
  await tx.deleteFrom("settings_files").where("key", "=", key).execute();
  await tx
    .updateTable("settings_files")
    .set((update) => ({ key, seen, read_at: 0, pushes: update("pushes", "+", 1) }))
    .where("key", "=", old.key)
    .execute();
}

/** What was found last in any file of an installation; at most `max`, the newest first. */
export async function foundInInstallation(db: Db, installation: number, max: number): Promise<string[]> {
  const rows = await db
    .selectFrom("settings_files")
    .select("found_json")
    .where("installation_id", "=", installation)
    .where("found_json", "is not", null)
    .orderBy("read_at", "desc")
    .limit(max)
    .execute();
  return rows.flatMap(({ found_json: found }) => (found === null ? [] : [found]));
}

/** Forgets the texts of an installation's files. That there was a file stays known. */
export async function forgetSettingsTexts(db: Db, installation: number): Promise<void> {
  await db
    .updateTable("settings_files")
    .set({ found_json: null, read_at: 0 })
    .where("installation_id", "=", installation)
    .execute();
}
