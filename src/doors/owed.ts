/**
 * Replies that a delivery still owes: written down with the change they tell of, and given until they are. So a
 * command that was carried out is answered once, whatever GitHub says in between and whoever dies.
 */
import { isProblem } from "../domain/errors.ts";
import type { Place } from "../domain/run.ts";
import type { Tx } from "../engine/engine.ts";
import type { Logger } from "../log.ts";
import { dropMemo, readMemo, writeMemo } from "../store/memos.ts";
import { type ReplyParts, replyOnce } from "./replies.ts";

/** A comment that is owed, given once per `key`. `since`: when what it replies to was received. */
export interface Owed {
  place: Place;
  key: string;
  text: string;
  since: number;
}

/** Writes down what a delivery owes, in the transaction of the change it tells of. */
export async function owe(tx: Tx, delivery: string, replies: Owed[]): Promise<void> {
  if (replies.length > 0) await writeMemo(tx, memoOf(delivery), JSON.stringify(replies));
}

/** Gives what a delivery owes. Throws *later*; where nobody can be told, what was done stands all the same. */
export async function giveOwed(parts: ReplyParts & { log: Logger }, delivery: string): Promise<void> {
  const { db } = parts.store;
  const memo = await readMemo(db, memoOf(delivery));
  if (memo === undefined) return;
  for (const { place, ...reply } of JSON.parse(memo) as Owed[]) {
    try {
      await replyOnce(parts, place, reply);
    } catch (error) {
      if (!isProblem(error) || error.kind === "later") throw error;
      parts.log.warn({ delivery_id: delivery, err: error }, "a command was carried out without a reply");
    }
  }
  await dropMemo(db, memoOf(delivery));
}

function memoOf(delivery: string): string {
  return `owed ${delivery}`;
}
