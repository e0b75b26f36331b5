/**
 * Replies that are given once, remembered so that nobody can make us talk twice: a refusal per person and
 * thread, an answer per command.
 */
import { sql } from "kysely";
import type { Store } from "./database.ts";
import { writeMemo } from "./memos.ts";
import type { Db } from "./schema.ts";

/** A reply: its key is unique over all time, its repository lets them be counted. */
export interface ReplyKey {
  key: string;
  repositoryId: number;
}

/** Whether a reply was claimed anew, was given before, or began at `since` and nobody knows how that ended. */
export type Claim = { kind: "new" } | { kind: "given" } | { kind: "begun"; since: number };

/** Claims a reply at `now`, in milliseconds since the epoch. */
export async function beginReply(db: Db, { key, repositoryId }: ReplyKey, now: number): Promise<Claim> {
  const inserted = await db
    .insertInto("replies")
    .values({ key, repository_id: repositoryId, at: -now })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst();
  if (inserted.numInsertedOrUpdatedRows === 1n) return { kind: "new" };
  const row = await db.selectFrom("replies").select("at").where("key", "=", key).executeTakeFirst();
  return row && row.at < 0 ? { kind: "begun", since: -row.at } : { kind: "given" };
}

/** Takes over a claim that began at `since`. False when somebody else was faster: what they do is under way. */
export async function takeOverReply(db: Db, { key }: ReplyKey, since: number, now: number): Promise<boolean> {
  const taken = await db
    .updateTable("replies")
    .set({ at: -now })
    .where("key", "=", key)
    .where("at", "=", -since)
    .executeTakeFirst();
  return taken.numUpdatedRows === 1n;
}

/** Writes that the reply was given, at `at` milliseconds since the epoch. */
export async function finishReply(store: Store, { key }: ReplyKey, at: number): Promise<void> {
  await store.db.updateTable("replies").set({ at }).where("key", "=", key).execute();
}

/** How many replies of one kind (`prefix` of their keys) may be given in a repository since `since`. */
export interface ReplyBound {
  prefix: string;
  max: number;
  since: number;
}

/** Claims a reply of a kind that is bounded, however many are claimed at the same moment. */
export function beginReplyWithin(
  store: Store,
  reply: ReplyKey,
  { prefix, max, since, now }: ReplyBound & { now: number },
): Promise<Claim | { kind: "too many" }> {
  const { repositoryId } = reply;
  return store.db.transaction().execute(async (tx) => {
    // Whoever writes this row first counts first; the others wait for their turn.
    await writeMemo(tx, `bounded replies ${repositoryId}`, String(now));
    const { count } = await tx
      .selectFrom("replies")
      .select((select) => select.fn.countAll<number>().as("count"))
      .where("repository_id", "=", repositoryId)
      .where(sql`abs(at)`, ">=", since)
      .where("key", "like", `${prefix}%`)
      .executeTakeFirstOrThrow();
    const known = await tx.selectFrom("replies").select("at").where("key", "=", reply.key).executeTakeFirst();
    return known || Number(count) < max ? beginReply(tx, reply, now) : { kind: "too many" };
  });
}
