/**
 * The tables of the limits: who is at work or waits for it, what a day has come to, whom the operator has paused.
 * Money is whole US cents, times milliseconds since the epoch.
 */
import type { Kysely } from "kysely";

/** A round that has not ended, as the limits see it. Written only under the installation's row of `turns`. */
export interface PlaceRow {
  run_id: string;
  installation_id: number;
  repository_id: number;
  owner: string;
  /**
   * `held`: at work. `waiting`: for its turn, with no money set aside. `away`: waits on people and holds no place,
   * but its money stays set aside; `returning`: from there, for its turn. `refused`: the day has nothing left for it.
   */
  state: "waiting" | "returning" | "held" | "away" | "refused";
  /** Grows with every round that asks; nobody of one repository overtakes. */
  ticket: number;
  /** How often the turn has to come round to its repository until it is this one's. */
  lap: number;
  asked_at: number;
  /** When it was let in last. */
  since: number | null;
  /** `limits.active_runs` of its settings. */
  most: number;
  /** `limits.budget_usd_per_day` of its settings. */
  day_cents: number;
  /** What the run may cost, and what it had cost when that was seen last. */
  budget: number;
  spent: number;
}

/** One row an installation: whoever changes its places raises the ticket first, so that one does at a time. */
export interface TurnRow {
  installation_id: number;
  ticket: number;
  /** Of the round that was let in from the queue last. */
  lap: number;
}

/** What an installation began and spent on a day of UTC. */
export interface DayRow {
  installation_id: number;
  /** Days since the epoch. */
  day: number;
  runs: number;
  cents: number;
}

/** An account whose new runs the operator holds back. */
export interface PauseRow {
  /** Login in lower case. */
  owner: string;
  since: number;
}

/** Calls to others that are counted together, as those of an installation. */
export interface PaceRow {
  /** `github:INSTALLATION`, `github:app`, `github:anybody`, `claude:creates`, `claude:others`. */
  name: string;
  /** `Counts` of domain/pace.ts by bucket. */
  counts_json: string;
  /** Until when the other side wants no calls at all. */
  closed_until: number;
  /** Raised by every taking, which locks the row. */
  takings: number;
}

/** Makes the table of counted calls. */
export async function createPaces({ schema }: Pick<Kysely<unknown>, "schema">): Promise<void> {
  await schema
    .createTable("paces")
    .addColumn("name", "text", (column) => column.primaryKey())
    .addColumn("counts_json", "text", (column) => column.notNull())
    .addColumn("closed_until", "bigint", (column) => column.notNull())
    .addColumn("takings", "bigint", (column) => column.notNull())
    .execute();
}

/** Makes the tables. */
export async function createLimits({ schema }: Pick<Kysely<unknown>, "schema">): Promise<void> {
  await schema
    .createTable("places")
    .addColumn("run_id", "text", (column) => column.primaryKey())
    .addColumn("installation_id", "bigint", (column) => column.notNull())
    .addColumn("repository_id", "bigint", (column) => column.notNull())
    .addColumn("owner", "text", (column) => column.notNull())
    .addColumn("state", "text", (column) => column.notNull())
    .addColumn("ticket", "bigint", (column) => column.notNull())
    .addColumn("lap", "bigint", (column) => column.notNull())
    .addColumn("asked_at", "bigint", (column) => column.notNull())
    .addColumn("since", "bigint")
    .addColumn("most", "integer", (column) => column.notNull())
    .addColumn("day_cents", "bigint", (column) => column.notNull())
    .addColumn("budget", "bigint", (column) => column.notNull())
    .addColumn("spent", "bigint", (column) => column.notNull())
    .execute();
  await schema
    .createIndex("places_in_turn")
    .on("places")
    .columns(["installation_id", "state", "repository_id", "ticket"])
    .execute();
  await schema
    .createTable("turns")
    .addColumn("installation_id", "bigint", (column) => column.primaryKey())
    .addColumn("ticket", "bigint", (column) => column.notNull())
    .addColumn("lap", "bigint", (column) => column.notNull())
    .execute();
  await schema
    .createTable("days")
    .addColumn("installation_id", "bigint", (column) => column.notNull())
    .addColumn("day", "bigint", (column) => column.notNull())
    .addColumn("runs", "bigint", (column) => column.notNull())
    .addColumn("cents", "bigint", (column) => column.notNull())
    .addPrimaryKeyConstraint("days_key", ["installation_id", "day"])
    .execute();
  await schema
    .createTable("pauses")
    .addColumn("owner", "text", (column) => column.primaryKey())
    .addColumn("since", "bigint", (column) => column.notNull())
    .execute();
}
