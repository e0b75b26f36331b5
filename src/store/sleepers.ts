/**
 * Questions of the caretaker: which runs are watched, which sleep without an alarm, what is left over.
 * Every answer is bounded; it knows rows and no sessions.
 */
import { sql } from "kysely";
import type { Db } from "./schema.ts";

/** A run that waits for its session. Times are milliseconds since the epoch. */
export interface WatchedRun {
  id: string;
  session: string;
  roundAt: number;
  lookedAt: number;
}

/** Answers of one question at most. */
const rowsMax = 500;

/** All runs that wait for their sessions, except those the engine is backing off from. */
export async function watchedRuns(db: Db): Promise<WatchedRun[]> {
  const rows = await db
    .selectFrom("runs")
    .leftJoin("wakes", (join) => join.on("wakes.key", "=", sql<string>`'run:' || runs.id`))
    .select(["runs.id", "runs.session", "runs.round_at", "runs.looked_at"])
    .where("runs.looked_at", "is not", null)
    .where((where) => where.or([where("wakes.tries", "is", null), where("wakes.tries", "=", 0)]))
    .execute();
  return rows.flatMap(({ id, session, round_at: roundAt, looked_at: lookedAt }) =>
    session === null || lookedAt === null ? [] : [{ id, session, roundAt, lookedAt }],
  );
}

/** Has a run begun or ended since `since`? */
export async function runsMovedSince(db: Db, since: number): Promise<boolean> {
  const begun = db.selectFrom("runs").select("id").where("created_at", ">=", since).limit(1);
  const ended = db.selectFrom("runs").select("id").where("ended_at", ">=", since).limit(1);
  return Boolean((await begun.executeTakeFirst()) ?? (await ended.executeTakeFirst()));
}

/** What a run knows of its session: `opening` while another one may be on its way. */
export interface SessionOfRun {
  ended: boolean;
  session: string | null;
  opening: boolean;
}

/** Runs by id (at most 500 ids). Ids that are not ours are left out. */
export async function sessionsOfRuns(db: Db, ids: string[]): Promise<Map<string, SessionOfRun>> {
  if (ids.length === 0) return new Map();
  const begun = await db
    .selectFrom("facts")
    .select("run_id")
    .where("run_id", "in", ids)
    .where("name", "like", "session%")
    .where("done_at", "is", null)
    .execute();
  const opening = new Set(begun.map(({ run_id }) => run_id));
  const rows = await db
    .selectFrom("runs")
    .select(["id", "phase", "session"])
    .where("id", "in", ids)
    .execute();
  return new Map(
    rows.map(({ id, phase, session }) => [
      id,
      { ended: phase === "ended", session, opening: opening.has(id) },
    ]),
  );
}

/** Runs at rest or ended of which tokens are still written down. */
export async function runsWithTokensLeft(db: Db): Promise<string[]> {
  const rows = await db
    .selectFrom("tokens")
    .innerJoin("runs", "runs.id", "tokens.run_id")
    .select("runs.id")
    .distinct()
    .where("runs.phase", "!=", "working")
    .limit(rowsMax)
    .execute();
  return rows.map(({ id }) => id);
}

/** Forgets tokens that expired before `before`: nobody can use or revoke them. */
export async function forgetExpiredTokens(db: Db, before: number): Promise<void> {
  await db.deleteFrom("tokens").where("expires_at", "<", before).execute();
}

/**
 * What no alarm after `since` will wake: working runs, but for those that wait for their turn, runs at rest whose
 * session is open, and waiting deliveries.
 */
export async function sleepers(db: Db, since: number): Promise<{ kind: "run" | "delivery"; id: string }[]> {
  const runs = await db
    .selectFrom("runs")
    .leftJoin("wakes", (join) => join.on("wakes.key", "=", sql<string>`'run:' || runs.id`))
    .select("runs.id")
    // As a literal: SQLite takes the index of working runs only when it sees the word.
    .where("runs.phase", "=", sql.lit("working"))
    .where((where) => where.or([where("wakes.at", "is", null), where("wakes.at", "<", since)]))
    // Whoever gives up a place wakes the next.
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom("places")
            .select("places.run_id")
            .whereRef("places.run_id", "=", "runs.id")
            .where("places.state", "in", ["waiting", "returning"]),
        ),
      ),
    )
    .limit(rowsMax)
    .execute();
  const resting = await db
    .selectFrom("runs")
    .leftJoin("wakes", (join) => join.on("wakes.key", "=", sql<string>`'run:' || runs.id`))
    .select("runs.id")
    .where("runs.phase", "=", "resting")
    .where("runs.session", "is not", null)
    .where((where) => where.or([where("wakes.at", "is", null), where("wakes.at", "<", since)]))
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom("facts")
            .select("facts.run_id")
            .whereRef("facts.run_id", "=", "runs.id")
            .where("facts.name", "=", sql<string>`'archive ' || runs.session`)
            .where("facts.done_at", "is not", null),
        ),
      ),
    )
    .limit(rowsMax)
    .execute();
  const deliveries = await db
    .selectFrom("deliveries")
    .leftJoin("wakes", (join) => join.on("wakes.key", "=", sql<string>`'delivery:' || deliveries.id`))
    .select("deliveries.id")
    .where("deliveries.state", "=", "waiting")
    .where("deliveries.received_at", "<", since)
    .where((where) => where.or([where("wakes.at", "is", null), where("wakes.at", "<", since)]))
    .limit(rowsMax)
    .execute();
  return [
    ...[...runs, ...resting].map(({ id }) => ({ kind: "run" as const, id })),
    ...deliveries.map(({ id }) => ({ kind: "delivery" as const, id })),
  ];
}
