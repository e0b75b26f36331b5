/**
 * Replies that are given once, remembered so that nobody can make us talk twice: a refusal per person and
 * thread, an answer per command.
 */
import type { Store } from "./database.ts";

/** A reply: its key is unique over all time, its repository lets them be counted. */
export interface ReplyKey {
  key: string;
  repositoryId: number;
}

/** Whether a reply was claimed anew, was given before, or began at `since` and nobody knows how that ended. */
export type Claim = { kind: "new" } | { kind: "given" } | { kind: "begun"; since: number };

/** Claims a reply at `now`, in milliseconds since the epoch. */
export async function beginReply(store: Store, { key, repositoryId }: ReplyKey, now: number): Promise<Claim> {
  const inserted = await store.db
    .insertInto("replies")
    .values({ key, repository_id: repositoryId, at: -now })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst();
  if (inserted.numInsertedOrUpdatedRows === 1n) return { kind: "new" };
  const row = await store.db.selectFrom("replies").select("at").where("key", "=", key).executeTakeFirst();
  return row && row.at < 0 ? { kind: "begun", since: -row.at } : { kind: "given" };
}

/** Writes that the reply was given, at `at` milliseconds since the epoch. */
export async function finishReply(store: Store, { key }: ReplyKey, at: number): Promise<void> {
  await store.db.updateTable("replies").set({ at }).where("key", "=", key).execute();
}

/** Replies of one kind (`prefix` of their keys) given in a repository since `since`. */
export async function repliesSince(
  store: Store,
  { prefix, repositoryId, since }: { prefix: string; repositoryId: number; since: number },
): Promise<number> {
  const { count } = await store.db
    .selectFrom("replies")
    .select((select) => select.fn.countAll<number>().as("count"))
    .where("repository_id", "=", repositoryId)
    .where("at", ">=", since)
    .where("key", "like", `${prefix}%`)
    .executeTakeFirstOrThrow();
  return Number(count);
}
