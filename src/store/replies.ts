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

/** Claims a reply. `given`: it was given before; `begun`: an attempt began and nobody knows how it ended. */
export async function beginReply(
  store: Store,
  { key, repositoryId }: ReplyKey,
): Promise<"new" | "begun" | "given"> {
  const inserted = await store.db
    .insertInto("replies")
    .values({ key, repository_id: repositoryId, at: 0 })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst();
  if (inserted.numInsertedOrUpdatedRows === 1n) return "new";
  const row = await store.db.selectFrom("replies").select("at").where("key", "=", key).executeTakeFirst();
  return row?.at === 0 ? "begun" : "given";
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
