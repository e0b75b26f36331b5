/**
 * What an installation spends in a day: what was begun and spent, and what rounds that were let in may still
 * spend. Whoever lets a round in reads it under the installation's row of `turns`, so that two never take the
 * same money.
 */
import { sql } from "kysely";
import { dayOf, refusal, type Today, type Wanted } from "../domain/allowance.ts";
import { budgetCents, type Place } from "../domain/run.ts";
import type { Settings } from "../domain/settings.ts";
import type { PlaceRow, TurnRow } from "./limits-tables.ts";
import type { Db } from "./schema.ts";

/** What a run's round costs, for the limits. */
export interface Costing {
  run: string;
  place: Pick<Place, "installation" | "repositoryId" | "owner">;
  settings: Settings;
  /** What the run has cost so far, in whole cents. */
  spentCents: number;
  now: number;
}

/** Raises the installation's ticket: until the transaction ends nobody else changes its places. */
export function lockTurns(tx: Db, installation: number): Promise<Pick<TurnRow, "ticket" | "lap">> {
  return tx
    .insertInto("turns")
    .values({ installation_id: installation, ticket: 1, lap: 0 })
    .onConflict((conflict) =>
      conflict.column("installation_id").doUpdateSet({ ticket: sql<number>`turns.ticket + 1` }),
    )
    .returning(["ticket", "lap"])
    .executeTakeFirstOrThrow();
}

/** What the installation has come to today. */
export async function spentToday(db: Db, installation: number, now: number): Promise<Today> {
  // One statement, so that money on its way from set aside to spent is not missed between two.
  const row = await db
    .selectNoFrom([
      db
        .selectFrom("places")
        .select(
          sql<number>`cast(coalesce(sum(case when budget > spent then budget - spent else 0 end), 0) as bigint)`.as(
            "sum",
          ),
        )
        .where("installation_id", "=", installation)
        .where("state", "in", ["held", "away", "returning"])
        .as("aside"),
      dayColumn(db, "runs", installation, now).as("runs"),
      dayColumn(db, "cents", installation, now).as("cents"),
    ])
    .executeTakeFirstOrThrow();
  return { runs: row.runs ?? 0, spent: row.cents ?? 0, setAside: row.aside ?? 0 };
}

function dayColumn(db: Db, column: "runs" | "cents", installation: number, now: number) {
  return db
    .selectFrom("days")
    .select(column)
    .where("installation_id", "=", installation)
    .where("day", "=", dayOf(now));
}

/** Why a run may not cost as much as `cents` from now on; undefined when the day allows it. In the caller's transaction. */
export async function tooDear(tx: Db, asking: Costing, cents: number): Promise<string | undefined> {
  await lockTurns(tx, asking.place.installation);
  const today = await spentToday(tx, asking.place.installation, asking.now);
  const own = await placeOf(tx, asking.run);
  const isIn = own !== undefined && own.state !== "waiting" && own.state !== "refused";
  const before = isIn ? Math.max(own.budget - own.spent, 0) : 0;
  const wanted = { ...wantedBy(asking), isRun: false, cents: Math.max(cents - asking.spentCents, 0) };
  return refusal({ ...today, setAside: today.setAside - before }, wanted, asking.now);
}

/** Moves what a run has cost since it was seen last from set aside to spent. */
export async function noteSpent(
  tx: Db,
  { run, place, spentCents, now }: Pick<Costing, "run" | "place" | "spentCents" | "now">,
): Promise<void> {
  const own = await placeOf(tx, run);
  const cents = spentCents - (own?.spent ?? spentCents);
  if (cents <= 0) return;
  await tx.updateTable("places").set({ spent: spentCents }).where("run_id", "=", run).execute();
  await addToDay(tx, place.installation, { now, runs: 0, cents });
}

/** How the limits see a run's round; undefined when it has none. */
export async function placeOf(db: Db, run: string): Promise<PlaceRow | undefined> {
  return db.selectFrom("places").selectAll().where("run_id", "=", run).executeTakeFirst();
}

/** Does the day allow what a waiting round may cost? */
export async function isAffordable(tx: Db, row: PlaceRow, now: number): Promise<boolean> {
  const today = await spentToday(tx, row.installation_id, now);
  const cents = Math.max(row.budget - row.spent, 0);
  const wanted = { isRun: false, cents, runsPerDay: 0, dayCents: row.day_cents };
  return refusal(today, wanted, now) === undefined;
}

/** Why the day has nothing left for a round that was turned away when its turn came, in words for people. */
export async function whyTurnedAway(db: Db, row: PlaceRow, now: number): Promise<string> {
  const today = await spentToday(db, row.installation_id, now);
  const wanted = { isRun: false, cents: row.budget - row.spent, runsPerDay: 0, dayCents: row.day_cents };
  return (
    refusal(today, wanted, now) ??
    "The day's money was set aside for other runs when its turn came. It may be tried again now."
  );
}

/** What a round asks of the day. */
export function wantedBy({
  settings,
  spentCents,
}: Pick<Costing, "settings" | "spentCents">): Omit<Wanted, "isRun"> {
  return {
    cents: Math.max(budgetCents(settings) - spentCents, 0),
    runsPerDay: settings.limits.runs_per_day,
    dayCents: dayCents(settings),
  };
}

/** The day's money by the settings, in whole cents. */
export function dayCents({ limits }: Settings): number {
  return Math.round(limits.budget_usd_per_day * 100);
}

/** Adds to what an installation has begun and spent today. */
export async function addToDay(
  tx: Db,
  installation: number,
  { now, runs, cents }: { now: number; runs: number; cents: number },
): Promise<void> {
  await tx
    .insertInto("days")
    .values({ installation_id: installation, day: dayOf(now), runs, cents })
    .onConflict((conflict) =>
      conflict.columns(["installation_id", "day"]).doUpdateSet({
        runs: sql<number>`days.runs + excluded.runs`,
        cents: sql<number>`days.cents + excluded.cents`,
      }),
    )
    .execute();
}

/** Days are kept this long after they are over. */
const daysKept = 7;

/** Forgets days that are long over, and places of runs that are not at work any more, however that came about. */
export async function forgetOldPlaces(db: Db, now: number): Promise<void> {
  await db
    .deleteFrom("days")
    .where("day", "<", dayOf(now) - daysKept)
    .execute();
  await db
    .deleteFrom("places")
    .where("run_id", "not in", (query) =>
      // As a literal: SQLite takes the index of working runs only when it sees the word.
      query.selectFrom("runs").select("id").where("phase", "=", sql.lit("working")),
    )
    .execute();
}
