/**
 * Who is at work in an installation and who waits for it, counted by us in the transaction that changes it: the
 * row of `turns` is raised first, so that one such transaction of an installation runs at a time, on PostgreSQL
 * too. A place that becomes free is given to the next round in the same transaction; nobody looks for one.
 * Money that rounds may still spend is set aside from the day's.
 * It knows no wakes: whoever calls it wakes the rounds it names.
 */
import { refusal } from "../domain/allowance.ts";
import { lapOf, nextInTurn, placeInQueue, type Waiting } from "../domain/queue.ts";
import { budgetCents, type Place } from "../domain/run.ts";
import { addToDay, type Costing, dayCents, isAffordable, lockTurns, spentToday, wantedBy } from "./days.ts";
import type { PlaceRow } from "./limits-tables.ts";
import type { Db } from "./schema.ts";

/** A round that asks to be at work. */
export interface Asking extends Costing {
  round: number;
}

/** Rounds that are let in, or turned away for want of money, by one change. */
const letInMax = 20;
const waits = ["waiting", "returning"] as const;

/**
 * Lets a new round in or into the queue. Over the day's limits it is turned away instead: its ending is written as
 * the fact *met*, so that the mission closes it before anything is spent.
 */
export async function admitRound(tx: Db, asking: Asking): Promise<void> {
  const { run, round, place, settings, spentCents, now } = asking;
  const turn = await lockTurns(tx, place.installation);
  const isRun = round === 1;
  const today = await spentToday(tx, place.installation, now);
  const words = refusal(today, { ...wantedBy(asking), isRun }, now);
  if (words !== undefined) return turnAway(tx, { run, round, words, now });
  if (isRun) await addToDay(tx, place.installation, { now, runs: 1, cents: 0 });
  const { atWork, isQueue, isPaused } = await standing(tx, place);
  const { active_runs: most } = settings.limits;
  const elder = isQueue ? await lastOf(tx, place) : undefined;
  const { ticket } = turn;
  const lap = lapOf(turn.lap, elder?.lap);
  const own = { repository: place.repositoryId, ticket, lap, most };
  const rivals = isQueue && !elder ? await headsOf(tx, place.installation) : [];
  const isIn = !isPaused && !elder && nextInTurn<Waiting>([...rivals, own], atWork) === own;
  await putPlace(tx, {
    ...ofRun(asking),
    ...{ state: isIn ? "held" : "waiting", ticket, lap, asked_at: now, since: isIn ? now : null },
    ...{ most, day_cents: dayCents(settings), budget: budgetCents(settings), spent: spentCents },
  });
}

/** Lets a round that goes on after waiting for people in, or into the queue. Resolves with the rounds to wake. */
export async function comeBack(tx: Db, asking: Asking): Promise<string[]> {
  const { place, settings, spentCents, now } = asking;
  const turn = await lockTurns(tx, place.installation);
  const lap = lapOf(turn.lap, (await lastOf(tx, place))?.lap);
  await putPlace(tx, {
    ...ofRun(asking),
    ...{ state: "returning", ticket: turn.ticket, lap, asked_at: now, since: null },
    ...{ most: settings.limits.active_runs, day_cents: dayCents(settings) },
    ...{ budget: budgetCents(settings), spent: spentCents },
  });
  return letIn(tx, place, now);
}

/** Gives a round's place up: for good, or while it waits on people. Resolves with the rounds to wake. */
export async function leavePlace(
  tx: Db,
  { run, place, now }: Pick<Asking, "run" | "place" | "now">,
  how: "ended" | "away",
): Promise<string[]> {
  await lockTurns(tx, place.installation);
  if (how === "ended") await tx.deleteFrom("places").where("run_id", "=", run).execute();
  else await tx.updateTable("places").set({ state: "away", since: null }).where("run_id", "=", run).execute();
  return letIn(tx, place, now);
}

/** Lets in whoever may be at work now. Resolves with the rounds to wake, at most twenty. */
export async function fillPlaces(
  tx: Db,
  place: Pick<Place, "installation" | "owner">,
  now: number,
): Promise<string[]> {
  await lockTurns(tx, place.installation);
  return letIn(tx, place, now);
}

async function letIn(tx: Db, place: Pick<Place, "installation" | "owner">, now: number): Promise<string[]> {
  const woken: string[] = [];
  for (const { isQueue, isPaused, atWork } = await standing(tx, place); isQueue && !isPaused; ) {
    const next = nextInTurn(await headsOf(tx, place.installation), atWork);
    if (!next || woken.length >= letInMax) break;
    const isRich = next.state === "returning" || (await isAffordable(tx, next, now));
    const change = isRich ? { state: "held" as const, since: now } : { state: "refused" as const };
    await tx.updateTable("places").set(change).where("run_id", "=", next.run_id).execute();
    if (isRich) atWork.set(next.repository, (atWork.get(next.repository) ?? 0) + 1);
    await tx
      .updateTable("turns")
      .set({ lap: next.lap })
      .where("installation_id", "=", place.installation)
      .where("lap", "<", next.lap)
      .execute();
    woken.push(next.run_id);
  }
  return woken;
}

/** Where a round stands in the queue: 1 is the next. `isPaused`: nobody's turn comes before the operator says so. */
export async function queueOf(
  db: Db,
  row: Pick<PlaceRow, "installation_id" | "owner" | "ticket">,
): Promise<{ place: number | undefined; isPaused: boolean }> {
  const { atWork, isPaused } = await standing(db, { installation: row.installation_id, owner: row.owner });
  const waiting = await db
    .selectFrom("places")
    .select(["repository_id as repository", "ticket", "lap"])
    .where("installation_id", "=", row.installation_id)
    .where("state", "in", waits)
    .execute();
  return { place: placeInQueue(waiting, atWork, row.ticket), isPaused };
}

/** Installations in which rounds wait for their turn, each with its account (at most 500). */
export async function queues(db: Db): Promise<Pick<Place, "installation" | "owner">[]> {
  return db
    .selectFrom("places")
    .select((select) => ["installation_id as installation", select.fn.min("owner").as("owner")])
    .where("state", "in", waits)
    .groupBy("installation_id")
    .limit(500)
    .execute();
}

/** Who is at work by repository, whether anybody waits, and whether the operator holds the account back. */
async function standing(
  db: Db,
  { installation, owner }: Pick<Place, "installation" | "owner">,
): Promise<{ atWork: Map<number, number>; isQueue: boolean; isPaused: boolean }> {
  const mine = db.selectFrom("places").where("installation_id", "=", installation);
  const rows = await mine
    .select((select) => ["repository_id", select.fn.countAll<number>().as("count")])
    .where("state", "=", "held")
    .groupBy("repository_id")
    .execute();
  const { waiting, paused } = await db
    .selectNoFrom([
      mine.select("run_id").where("state", "in", waits).limit(1).as("waiting"),
      db.selectFrom("pauses").select("since").where("owner", "=", owner.toLowerCase()).as("paused"),
    ])
    .executeTakeFirstOrThrow();
  return {
    atWork: new Map(rows.map(({ repository_id, count }) => [repository_id, count])),
    isQueue: waiting !== null,
    isPaused: paused !== null,
  };
}

type Head = PlaceRow & { repository: number };

/** The newest waiting round of a repository; undefined when none waits. */
async function lastOf(
  db: Db,
  { installation, repositoryId }: Pick<Place, "installation" | "repositoryId">,
): Promise<PlaceRow | undefined> {
  return db
    .selectFrom("places")
    .selectAll()
    .where("installation_id", "=", installation)
    .where("state", "in", waits)
    .where("repository_id", "=", repositoryId)
    .orderBy("ticket", "desc")
    .limit(1)
    .executeTakeFirst();
}

/** The oldest waiting round of each repository. */
async function headsOf(db: Db, installation: number): Promise<Head[]> {
  const oldest = db
    .selectFrom("places")
    .select((select) => select.fn.min("ticket").as("ticket"))
    .where("installation_id", "=", installation)
    .where("state", "in", waits)
    .groupBy("repository_id");
  const rows = await db
    .selectFrom("places")
    .selectAll()
    .where("installation_id", "=", installation)
    .where("state", "in", waits)
    .where("ticket", "in", oldest)
    .execute();
  return rows.map((row) => ({ ...row, repository: row.repository_id }));
}

function ofRun({ run, place }: Asking) {
  return {
    run_id: run,
    installation_id: place.installation,
    repository_id: place.repositoryId,
    owner: place.owner,
  };
}

async function putPlace(tx: Db, row: PlaceRow): Promise<void> {
  await tx
    .insertInto("places")
    .values(row)
    .onConflict((conflict) => conflict.column("run_id").doUpdateSet(row))
    .execute();
}

async function turnAway(
  tx: Db,
  { run, round, words, now }: { run: string; round: number; words: string; now: number },
): Promise<void> {
  const value_json = JSON.stringify({ kind: "refused", words });
  await tx
    .insertInto("facts")
    .values({ run_id: run, round, name: "met", value_json, begun_at: now, done_at: now })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}
