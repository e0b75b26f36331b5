/** Who has signed in, by the hash of their browser's cookie. What is sealed in a row is not this file's business. */
import type { Db, VisitRow } from "./schema.ts";

/** A row as it was read: what has changed since is somebody else's. */
type Read = Pick<VisitRow, "id" | "sealed">;

/** Writes a new visit. */
export async function addVisit(db: Db, visit: VisitRow): Promise<void> {
  await db.insertInto("visits").values(visit).execute();
}

/** The visit of that id; undefined when there is none. */
export function findVisit(db: Db, id: string): Promise<VisitRow | undefined> {
  return db.selectFrom("visits").selectAll().where("id", "=", id).executeTakeFirst();
}

/** Puts another row, or some columns of it, in the place of the one that was read. False when it has changed meanwhile. */
export async function changeVisit(db: Db, read: Read, changes: Partial<VisitRow>): Promise<boolean> {
  const done = await db
    .updateTable("visits")
    .set(changes)
    .where("id", "=", read.id)
    .where("sealed", "=", read.sealed)
    .executeTakeFirst();
  return done.numUpdatedRows === 1n;
}

/** Lets a visit have begun at `beganAt`, long ago: it is over, and its tokens stay known until they are given back. */
export async function backdateVisit(db: Db, id: string, beganAt: number): Promise<void> {
  await db
    .updateTable("visits")
    .set({ began_at: beganAt })
    .where("id", "=", id)
    .where("began_at", ">", beganAt)
    .execute();
}

/** Forgets a visit, unless it holds other tokens by now than those that were read. */
export async function dropVisit(db: Db, read: Read): Promise<void> {
  await db.deleteFrom("visits").where("id", "=", read.id).where("sealed", "=", read.sealed).execute();
}

/** Visits that began before `before`, the oldest first; with `after`, those follow first that come after it. */
export function visitsBefore(
  db: Db,
  { before, after, limit }: { before: number; after?: Pick<VisitRow, "id" | "began_at">; limit: number },
): Promise<VisitRow[]> {
  const over = db.selectFrom("visits").selectAll().where("began_at", "<", before);
  const turned = after
    ? over.orderBy(({ eb, or, and }) =>
        eb
          .case()
          .when(
            or([
              eb("began_at", ">", after.began_at),
              and([eb("began_at", "=", after.began_at), eb("id", ">", after.id)]),
            ]),
          )
          .then(0)
          .else(1)
          .end(),
      )
    : over;
  return turned.orderBy("began_at").orderBy("id").limit(limit).execute();
}

/** Visits by id, those after `after`. */
export function visitsAfter(db: Db, after: string, limit: number): Promise<VisitRow[]> {
  return db.selectFrom("visits").selectAll().where("id", ">", after).orderBy("id").limit(limit).execute();
}
