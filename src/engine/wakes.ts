/**
 * The table `wakes`, which both engines write: when each key rings, and how it fared.
 * It knows SQL and no workers. Every wake raises the row's `pokes`, and a worker's answer is written only where
 * they are what they were at its entry, so an answer never overwrites a wake that came meanwhile. Where a second
 * process may enter while the first stands still, an entry raises them too.
 */
import { type Kysely, sql } from "kysely";
import { isProblem } from "../domain/errors.ts";
import type { Schema, WakeRow } from "../store/schema.ts";
import { type Tx, type Wake, type WakeKind, wakeKinds } from "./engine.ts";

const backoffMsMin = 1_000;
const backoffMsMax = 300_000;
const hintMsMax = 86_400_000;

/** The row's key of a wake. */
export function keyOf({ kind, id }: Pick<Wake, "kind" | "id">): string {
  return `${kind}:${id}`;
}

/** The kind and the id in a row's key; undefined when it is no key of ours. */
export function partsOf(key: string): { kind: WakeKind; id: string } | undefined {
  const kind = wakeKinds.find((each) => key.startsWith(`${each}:`));
  return kind && { kind, id: key.slice(kind.length + 1) };
}

/** Writes the wakes, the earliest of each key; resolves with the rows as they stand then, one per key. */
export async function writeWakes(tx: Tx, wakes: readonly Wake[]): Promise<WakeRow[]> {
  const earliest = new Map<string, number>();
  for (const wake of wakes) {
    const key = keyOf(wake);
    earliest.set(key, Math.min(Math.ceil(wake.at), earliest.get(key) ?? Number.POSITIVE_INFINITY));
  }
  if (earliest.size === 0) return [];
  // In order of keys, so that two transactions that wake the same keys wait for each other instead of deadlocking.
  const rows = [...earliest].toSorted(([a], [b]) => (a < b ? -1 : 1));
  return tx
    .insertInto("wakes")
    .values(rows.map(([key, at]) => ({ key, at, pokes: 0, tries: 0 })))
    .onConflict((conflict) =>
      conflict.column("key").doUpdateSet({
        at: sql<number>`case when excluded.at < wakes.at then excluded.at else wakes.at end`,
        pokes: sql<number>`wakes.pokes + 1`,
      }),
    )
    .returningAll()
    .execute();
}

/**
 * Enters a key that is due by `dueBy`: from now on the answer of an earlier entry is not written any more.
 * Resolves with the row, undefined when there is nothing to do.
 */
export async function enterWake(
  db: Kysely<Schema>,
  key: string,
  dueBy: number,
): Promise<WakeRow | undefined> {
  return db
    .updateTable("wakes")
    .set((update) => ({ pokes: update("pokes", "+", 1) }))
    .where("key", "=", key)
    .where("at", "<=", dueBy)
    .returningAll()
    .executeTakeFirst();
}

/** The row of a key, held until the transaction ends, so that no wake comes between it and its job; on PostgreSQL. */
export async function lockWake(tx: Tx, key: string): Promise<WakeRow | undefined> {
  return tx.selectFrom("wakes").selectAll().where("key", "=", key).forUpdate().executeTakeFirst();
}

/** What a worker's turn came to: when to ring next (undefined: not before somebody wakes it) and failures in a row. */
export interface Answer {
  next: number | undefined;
  tries: number;
}

/**
 * Writes the answer to the entry that saw `row`. Resolves false when a wake came meanwhile:
 * then the row stays due as it is, and only `tries` is noted.
 */
export async function writeAnswer(
  db: Kysely<Schema>,
  row: WakeRow,
  { next, tries }: Answer,
): Promise<boolean> {
  const { key, pokes } = row;
  const written =
    next === undefined
      ? await db.deleteFrom("wakes").where("key", "=", key).where("pokes", "=", pokes).executeTakeFirst()
      : await db
          .updateTable("wakes")
          .set({ at: Math.ceil(next), tries })
          .where("key", "=", key)
          .where("pokes", "=", pokes)
          .executeTakeFirst();
  if (("numDeletedRows" in written ? written.numDeletedRows : written.numUpdatedRows) > 0n) return true;
  await db.updateTable("wakes").set({ tries }).where("key", "=", key).execute();
  return false;
}

/**
 * Milliseconds until a worker that threw is tried again. What the problem asks for (`retryAfterMs`, at most a day)
 * is never undercut, and spread over a tenth more so that many who were told the same do not come back together;
 * without it a second, doubling with `tries` (failures in a row, from 1) to five minutes, of which half is chance.
 * `random` gives a number from 0 to below 1.
 */
export function againAfterMs(error: unknown, tries: number, random: () => number): number {
  const hintMs = isProblem(error) ? error.retryAfterMs : undefined;
  if (hintMs !== undefined) return Math.ceil(Math.min(Math.max(hintMs, 0), hintMsMax) * (1 + random() / 10));
  const fullMs = Math.min(backoffMsMin * 2 ** Math.min(tries - 1, 20), backoffMsMax);
  return Math.ceil((fullMs * (1 + random())) / 2);
}
