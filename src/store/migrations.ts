/**
 * How the tables came to be: one text for SQLite and PostgreSQL, run at every start before anything else.
 * A migration that has shipped is never edited; a new one gets the next number.
 */
import { type Kysely, sql } from "kysely";
import type { Migration } from "kysely/migration";
import type { Progress } from "../domain/progress.ts";
import { defaultSettings, type Settings } from "../domain/settings.ts";
import { createJournal, createVisits, describeRuns } from "./dashboard-tables.ts";
import { createLimits, createPaces } from "./limits-tables.ts";
import type { Schema } from "./schema.ts";

/** The inbox: what GitHub sent. */
async function createDeliveries({ schema }: Kysely<Schema>): Promise<void> {
  await schema
    .createTable("deliveries")
    .addColumn("id", "text", (column) => column.primaryKey())
    .addColumn("event", "text", (column) => column.notNull())
    .addColumn("body", "text", (column) => column.notNull())
    .addColumn("body_hash", "text", (column) => column.notNull())
    .addColumn("received_at", "bigint", (column) => column.notNull())
    .addColumn("state", "text", (column) => column.notNull())
    .addColumn("done_at", "bigint")
    .addColumn("verdict", "text")
    .execute();
  await schema
    .createIndex("deliveries_by_state")
    .on("deliveries")
    .columns(["state", "received_at"])
    .execute();
  await schema
    .createIndex("deliveries_by_body")
    .on("deliveries")
    .columns(["body_hash", "received_at"])
    .execute();
}

/** The runs; an issue has at most one that is working. */
async function createRuns({ schema }: Kysely<Schema>): Promise<void> {
  await schema
    .createTable("runs")
    .addColumn("id", "text", (column) => column.primaryKey())
    .addColumn("trigger_key", "text", (column) => column.notNull().unique())
    .addColumn("installation_id", "bigint", (column) => column.notNull())
    .addColumn("repository_id", "bigint", (column) => column.notNull())
    .addColumn("owner", "text", (column) => column.notNull())
    .addColumn("repo", "text", (column) => column.notNull())
    .addColumn("issue", "bigint", (column) => column.notNull())
    .addColumn("origin_json", "text", (column) => column.notNull())
    .addColumn("settings_json", "text", (column) => column.notNull())
    .addColumn("round", "integer", (column) => column.notNull())
    .addColumn("phase", "text", (column) => column.notNull())
    .addColumn("ending_json", "text")
    .addColumn("stop_json", "text")
    .addColumn("session", "text")
    .addColumn("pull", "bigint")
    .addColumn("head", "text")
    .addColumn("held", "text")
    .addColumn("progress_json", "text", (column) => column.notNull())
    .addColumn("epoch", "bigint", (column) => column.notNull())
    .addColumn("created_at", "bigint", (column) => column.notNull())
    .addColumn("round_at", "bigint", (column) => column.notNull())
    .addColumn("looked_at", "bigint")
    .addColumn("ended_at", "bigint")
    .execute();
  await schema
    .createIndex("runs_working")
    .unique()
    .on("runs")
    .columns(["repository_id", "issue"])
    .where(sql.ref("phase"), "=", sql.lit("working"))
    .execute();
  await schema.createIndex("runs_by_session").on("runs").column("session").execute();
  await schema.createIndex("runs_by_pull").on("runs").columns(["repository_id", "pull"]).execute();
  await schema.createIndex("runs_by_issue").on("runs").columns(["repository_id", "issue"]).execute();
  await schema
    .createIndex("runs_by_phase")
    .on("runs")
    .columns(["installation_id", "phase", "round_at"])
    .execute();
  await schema.createIndex("runs_by_creation").on("runs").column("created_at").execute();
  await schema.createIndex("runs_by_end").on("runs").column("ended_at").execute();
  await schema
    .createIndex("runs_watched")
    .on("runs")
    .column("looked_at")
    .where(sql.ref("looked_at"), "is not", null)
    .execute();
}

/** What belongs to a run: facts, notes, tokens. */
async function createRunParts({ schema }: Kysely<Schema>): Promise<void> {
  await schema
    .createTable("facts")
    .addColumn("run_id", "text", (column) => column.notNull())
    .addColumn("round", "integer", (column) => column.notNull())
    .addColumn("name", "text", (column) => column.notNull())
    .addColumn("value_json", "text")
    .addColumn("begun_at", "bigint", (column) => column.notNull())
    .addColumn("done_at", "bigint")
    .addPrimaryKeyConstraint("facts_key", ["run_id", "round", "name"])
    .execute();
  await schema
    .createTable("notes")
    .addColumn("id", "text", (column) => column.primaryKey())
    .addColumn("run_id", "text", (column) => column.notNull())
    .addColumn("round", "integer", (column) => column.notNull())
    .addColumn("kind", "text", (column) => column.notNull())
    .addColumn("author", "text", (column) => column.notNull())
    .addColumn("text", "text", (column) => column.notNull())
    .addColumn("source_json", "text", (column) => column.notNull())
    .addColumn("at", "bigint", (column) => column.notNull())
    .execute();
  await schema.createIndex("notes_by_run").on("notes").columns(["run_id", "at"]).execute();
  await schema
    .createTable("tokens")
    .addColumn("id", "text", (column) => column.primaryKey())
    .addColumn("run_id", "text", (column) => column.notNull())
    .addColumn("resource", "text", (column) => column.notNull())
    .addColumn("contents", "text", (column) => column.notNull())
    .addColumn("state", "text", (column) => column.notNull())
    .addColumn("sealed", "text", (column) => column.notNull())
    .addColumn("minted_at", "bigint", (column) => column.notNull())
    .addColumn("expires_at", "bigint", (column) => column.notNull())
    .addColumn("held_at", "bigint")
    .addColumn("retired_at", "bigint")
    .execute();
  await schema.createIndex("tokens_by_run").on("tokens").column("run_id").execute();
}

/** What the process itself remembers: replies given, alarms of the embedded engine, memos. */
async function createMemory({ schema }: Kysely<Schema>): Promise<void> {
  await schema
    .createTable("replies")
    .addColumn("key", "text", (column) => column.primaryKey())
    .addColumn("repository_id", "bigint", (column) => column.notNull())
    .addColumn("at", "bigint", (column) => column.notNull())
    .execute();
  await schema.createIndex("replies_by_time").on("replies").columns(["repository_id", "at"]).execute();
  await schema
    .createTable("wakes")
    .addColumn("key", "text", (column) => column.primaryKey())
    .addColumn("at", "bigint", (column) => column.notNull())
    .addColumn("pokes", "bigint", (column) => column.notNull())
    .addColumn("tries", "integer", (column) => column.notNull())
    .execute();
  // Three letters tell the kinds apart, so that a burst of one kind is not read through to find another's.
  await schema.createIndex("wakes_by_kind").on("wakes").expression(sql`substr(key, 1, 3), at`).execute();
  await schema
    .createTable("memos")
    .addColumn("name", "text", (column) => column.primaryKey())
    .addColumn("value", "text", (column) => column.notNull())
    .execute();
}

/** Rounds that were at work before there were places keep on: each has one. */
async function placeWorkingRuns(db: Kysely<Schema>): Promise<void> {
  const working = await db.selectFrom("runs").selectAll().where("phase", "=", "working").execute();
  for (const run of working) {
    const settings = { ...defaultSettings, ...(JSON.parse(run.settings_json) as Partial<Settings>) };
    const { costCents = 0, carriedCents = 0 } = JSON.parse(run.progress_json) as Partial<Progress>;
    await db
      .insertInto("places")
      .values({
        run_id: run.id,
        installation_id: run.installation_id,
        repository_id: run.repository_id,
        owner: run.owner,
        ...{ state: "held", ticket: 0, lap: 0, asked_at: run.round_at, since: run.round_at },
        most: settings.limits.active_runs,
        day_cents: Math.round(settings.limits.budget_usd_per_day * 100),
        budget: Math.round(settings.budget_usd * 100),
        spent: costCents + carriedCents,
      })
      .execute();
  }
}

/** Settings files as they were read last, for all replicas. */
async function createSettingsFiles({ schema }: Kysely<Schema>): Promise<void> {
  await schema
    .createTable("settings_files")
    .addColumn("key", "text", (column) => column.primaryKey())
    .addColumn("installation_id", "bigint", (column) => column.notNull())
    .addColumn("repository_id", "bigint")
    .addColumn("found_json", "text")
    .addColumn("read_at", "bigint", (column) => column.notNull())
    .addColumn("pushes", "bigint", (column) => column.notNull())
    .addColumn("seen", "integer", (column) => column.notNull())
    .execute();
  await schema
    .createIndex("settings_files_by_repository")
    .on("settings_files")
    .column("repository_id")
    .execute();
  await schema
    .createIndex("settings_files_by_installation")
    .on("settings_files")
    .column("installation_id")
    .execute();
}

/** When the words of a run were taken out of its rows. */
async function addForgottenAt({ schema }: Kysely<Schema>): Promise<void> {
  await schema.alterTable("runs").addColumn("forgotten_at", "bigint").execute();
  await schema
    .createIndex("runs_with_texts")
    .on("runs")
    .column("ended_at")
    .where(sql.ref("forgotten_at"), "is", null)
    .execute();
}

/** Of deliveries that ask nothing no body is ever looked for, and they are most. */
async function indexFewerBodies({ schema }: Kysely<Schema>): Promise<void> {
  await schema.dropIndex("deliveries_by_body").execute();
  await schema
    .createIndex("deliveries_by_body")
    .on("deliveries")
    .columns(["body_hash", "received_at"])
    .where(sql.ref("body_hash"), "<>", sql.lit(""))
    .execute();
}

/** All migrations by name, in order of their names. */
export const migrations: Record<string, Migration> = {
  "0001_first_tables": {
    up: async (db) => {
      await createDeliveries(db);
      await createRuns(db);
      await createRunParts(db);
      await createMemory(db);
    },
  },
  "0002_limits": {
    up: async (db) => {
      await createLimits(db);
      await placeWorkingRuns(db);
    },
  },
  "0003_edits": {
    up: async ({ schema }) => {
      await schema.alterTable("runs").addColumn("edited_at", "bigint").execute();
    },
  },
  "0004_dashboard": {
    up: async (db) => {
      await describeRuns(db);
      await createJournal(db);
      await createVisits(db);
    },
  },
  "0005_settings_files": { up: createSettingsFiles },
  "0006_paces": { up: createPaces },
  "0007_forgetting": { up: addForgottenAt },
  "0008_askers": {
    up: async ({ schema }) => {
      await schema.alterTable("notes").addColumn("asker_json", "text").execute();
    },
  },
  "0009_bodies": { up: indexFewerBodies },
  "0010_attempts": {
    up: async ({ schema }) => {
      await schema.alterTable("facts").addColumn("tried_at", "bigint").execute();
    },
  },
};
