/**
 * The tables and columns of the dashboard: what the list of runs is filtered by, the journal, who has signed
 * in. Part of the migrations, so what has shipped here is never edited.
 */
import type { Kysely } from "kysely";
import type { Origin } from "../domain/run.ts";
import type { RunRow, Schema } from "./schema.ts";

const batchRows = 500;

/** What a list shows of a run, as columns of their own; filled in for the runs there are. */
export async function describeRuns(db: Kysely<Schema>): Promise<void> {
  const texts = ["state", "person", "label", "model", "title", "fate"];
  for (const name of texts) await db.schema.alterTable("runs").addColumn(name, "text").execute();
  for (const name of ["cost_cents", "state_at", "pull_at"])
    await db.schema.alterTable("runs").addColumn(name, "bigint").execute();
  for (;;) {
    const rows = await db
      .selectFrom("runs")
      .selectAll()
      .where("person", "is", null)
      .limit(batchRows)
      .execute();
    for (const row of rows)
      await db.updateTable("runs").set(described(row)).where("id", "=", row.id).execute();
    if (rows.length < batchRows) break;
  }
  await db.schema
    .createIndex("runs_by_repository")
    .on("runs")
    .columns(["repository_id", "created_at"])
    .execute();
}

function described(row: RunRow): Partial<RunRow> {
  const { trigger, sender, title } = JSON.parse(row.origin_json) as Partial<Origin>;
  const { model } = JSON.parse(row.settings_json) as { model?: string };
  const progress = JSON.parse(row.progress_json) as { costCents?: number; carriedCents?: number };
  const ending = JSON.parse(row.ending_json ?? "{}") as { kind?: string };
  const { why } = JSON.parse(row.stop_json ?? "{}") as { why?: string };
  const fate = /^pull request (merged|closed)$/.exec(why ?? "")?.[1];
  return {
    person: sender?.login ?? "",
    label: trigger?.kind === "label" ? trigger.label : null,
    model: model ?? null,
    title: title ?? null,
    state: ending.kind ?? "working",
    state_at: row.ended_at ?? row.round_at,
    cost_cents: (progress.costCents ?? 0) + (progress.carriedCents ?? 0),
    fate: fate ?? null,
  };
}

/** The journal of the runs. */
export async function createJournal({ schema }: Kysely<Schema>): Promise<void> {
  await schema
    .createTable("journal")
    .addColumn("run_id", "text", (column) => column.notNull())
    .addColumn("name", "text", (column) => column.notNull())
    .addColumn("at", "bigint", (column) => column.notNull())
    .addColumn("entry_json", "text", (column) => column.notNull())
    .addPrimaryKeyConstraint("journal_key", ["run_id", "name"])
    .execute();
}

/** Who has signed in to the dashboard. */
export async function createVisits({ schema }: Kysely<Schema>): Promise<void> {
  await schema
    .createTable("visits")
    .addColumn("id", "text", (column) => column.primaryKey())
    .addColumn("person_id", "bigint", (column) => column.notNull())
    .addColumn("login", "text", (column) => column.notNull())
    .addColumn("sealed", "text", (column) => column.notNull())
    .addColumn("began_at", "bigint", (column) => column.notNull())
    .execute();
  await schema.createIndex("visits_by_time").on("visits").column("began_at").execute();
}
