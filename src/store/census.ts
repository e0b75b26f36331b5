/**
 * How the store stands, counted when somebody looks at the metrics: runs by phase, which wait their turn, deliveries in hand.
 */
import type { Db, RunRow } from "./schema.ts";

/** Phases of a run that has not ended, each counted even where nobody is in it. */
const phases: Exclude<RunRow["phase"], "ended">[] = ["working", "resting"];

/** Runs that have not ended by phase, and deliveries that wait to be worked off. */
export async function census(
  db: Db,
): Promise<{ runs: Record<string, number>; queued: number; deliveriesWaiting: number }> {
  const runs = await db
    .selectFrom("runs")
    .select((of) => ["phase", of.fn.countAll().as("count")])
    .where("phase", "!=", "ended")
    .groupBy("phase")
    .execute();
  const waiting = await db
    .selectFrom("deliveries")
    .select((of) => of.fn.countAll().as("count"))
    .where("state", "=", "waiting")
    .executeTakeFirst();
  const queued = await db
    .selectFrom("runs")
    .select((of) => of.fn.countAll().as("count"))
    .where("phase", "=", "working")
    .where("state", "=", "queued")
    .executeTakeFirst();
  const none = phases.map((phase) => [phase, 0] as const);
  const counted = runs.map(({ phase, count }) => [phase, Number(count)] as const);
  return {
    runs: Object.fromEntries([...none, ...counted]),
    queued: Number(queued?.count ?? 0),
    deliveriesWaiting: Number(waiting?.count ?? 0),
  };
}
