/**
 * One refusal per person and thread, remembered so that nobody can make us talk twice.
 */
import type { Store } from "./database.ts";

/** Who was refused where. */
export interface Refused {
  repositoryId: number;
  issue: number;
  senderId: number;
}

/** Claims the refusal. `told`: it was given before; `begun`: an attempt began and nobody knows how it ended. */
export async function beginRefusal(store: Store, refused: Refused): Promise<"new" | "begun" | "told"> {
  const { repositoryId: repository_id, issue, senderId: sender_id } = refused;
  const inserted = await store.db
    .insertInto("refusals")
    .values({ repository_id, issue, sender_id, at: 0 })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst();
  if (inserted.numInsertedOrUpdatedRows === 1n) return "new";
  const row = await keyed(store, refused).select("at").executeTakeFirst();
  return row?.at === 0 ? "begun" : "told";
}

/** Writes that the refusal was given, at `at` milliseconds since the epoch. */
export async function finishRefusal(store: Store, refused: Refused, at: number): Promise<void> {
  await store.db
    .updateTable("refusals")
    .set({ at })
    .where("repository_id", "=", refused.repositoryId)
    .where("issue", "=", refused.issue)
    .where("sender_id", "=", refused.senderId)
    .execute();
}

/** Refusals given in a repository since `since`. */
export async function refusalsSince(store: Store, repositoryId: number, since: number): Promise<number> {
  const { count } = await store.db
    .selectFrom("refusals")
    .select((select) => select.fn.countAll<number>().as("count"))
    .where("repository_id", "=", repositoryId)
    .where("at", ">=", since)
    .executeTakeFirstOrThrow();
  return Number(count);
}

function keyed(store: Store, { repositoryId, issue, senderId }: Refused) {
  return store.db
    .selectFrom("refusals")
    .where("repository_id", "=", repositoryId)
    .where("issue", "=", issue)
    .where("sender_id", "=", senderId);
}
