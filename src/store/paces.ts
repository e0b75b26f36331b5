/**
 * Counts of calls to others, one row for whoever counts them together, shared by all replicas: whoever wants to
 * call takes what it needs in one small transaction, and only what is left is granted.
 */
import { sql } from "kysely";
import { type Bucket, type Counts, counted, roomFor } from "../domain/pace.ts";
import type { Store } from "./database.ts";

/** What is taken of a bucket: all of `least`, or nothing; as far as there is room, up to `most`. */
export interface Taking {
  bucket: Bucket;
  least: number;
  most: number;
  /** The part of each limit that may be used for it, 0 to 1. */
  share: number;
}

/** What a row says: the counts by bucket, and until when the other side wants no calls at all. */
export interface Shared {
  counts: Record<string, Counts>;
  closedUntil: number;
}

/** What the counts leave of what is taken, and the counts after it. `granted` is undefined when that is not enough. */
export function grant(
  counts: Record<string, Counts>,
  takings: Record<string, Taking>,
  now: number,
): { counts: Record<string, Counts>; granted: Record<string, number> | undefined } {
  const granted: Record<string, number> = {};
  const after = { ...counts };
  for (const [key, { bucket, least, most, share }] of Object.entries(takings)) {
    const count = roomFor(counts[key] ?? [], bucket, { now, count: most, share });
    if (count < least) return { counts, granted: undefined };
    granted[key] = count;
    after[key] = counted(counts[key] ?? [], bucket, { now, count });
  }
  return { counts: after, granted };
}

/** Takes from all buckets or from none. `granted` is undefined when there was no room for the least of each. */
export function takeCalls(
  store: Store,
  name: string,
  { now, takings }: { now: number; takings: Record<string, Taking> },
): Promise<Shared & { granted: Record<string, number> | undefined }> {
  return store.together(async (tx) => {
    // The write locks the row, so that two replicas do not grant the same room.
    const row = await tx
      .insertInto("paces")
      .values({ name, counts_json: "{}", closed_until: 0, takings: 1 })
      .onConflict((conflict) =>
        conflict.column("name").doUpdateSet({ takings: sql<number>`paces.takings + 1` }),
      )
      .returning(["counts_json", "closed_until"])
      .executeTakeFirstOrThrow();
    const counts = JSON.parse(row.counts_json) as Record<string, Counts>;
    const closedUntil = row.closed_until;
    if (closedUntil > now) return { counts, closedUntil, granted: undefined };
    const taken = grant(counts, takings, now);
    if (!taken.granted) return { ...taken, closedUntil };
    const counts_json = JSON.stringify(taken.counts);
    await tx.updateTable("paces").set({ counts_json }).where("name", "=", name).execute();
    return { ...taken, closedUntil };
  });
}

/** Until when the other side wants no calls, as whoever counts here was told last; 0 where nobody was. Writes nothing. */
export async function closedUntil(store: Store, name: string): Promise<number> {
  const row = await store.db
    .selectFrom("paces")
    .select("closed_until")
    .where("name", "=", name)
    .executeTakeFirst();
  return row?.closed_until ?? 0;
}

/** Writes that the other side wants no calls until then; a time that is later already stays. */
export async function closeCalls(store: Store, name: string, until: number): Promise<void> {
  await store.together(async (tx) => {
    await tx
      .insertInto("paces")
      .values({ name, counts_json: "{}", closed_until: until, takings: 0 })
      .onConflict((conflict) =>
        conflict.column("name").doUpdateSet({
          closed_until: sql<number>`case when excluded.closed_until > paces.closed_until then excluded.closed_until else paces.closed_until end`,
        }),
      )
      .execute();
  });
}
