/** A database from before the dashboard: its runs are described when the tables come to be. */
import { Kysely } from "kysely";
import { expect, test } from "vitest";
import { describeRuns } from "../../src/store/dashboard-tables.ts";
import { openStore } from "../../src/store/database.ts";
import { listRuns } from "../../src/store/listing.ts";
import type { Schema } from "../../src/store/schema.ts";
import { EmbeddedDialect } from "../../src/store/sqlite.ts";
import { Disk } from "./disk.ts";

const columns = ["state", "person", "label", "model", "title", "fate", "cost_cents", "state_at", "pull_at"];

test("runs that were there before are listed like all others", async () => {
  const disk = new Disk();
  const store = await openStore({ kind: "lent", connection: disk.open() });
  const sender = { login: "mona", id: 7, type: "User" };
  const row = (id: string) => ({
    id,
    trigger_key: id,
    installation_id: 1,
    repository_id: 2,
    owner: "acme",
    repo: "shop",
    issue: 3,
    origin_json: JSON.stringify({ sender, title: "Old", trigger: { kind: "label", label: "agent" } }),
    settings_json: '{"model":"claude-x"}',
    round: 1,
    phase: "ended" as const,
    ending_json: '{"kind":"opened","pull":9,"url":""}',
    stop_json: '{"why":"pull request merged","at":1}',
    pull: 9,
    progress_json: '{"costCents":40,"carriedCents":2}',
    epoch: 0,
    created_at: 1_000,
    round_at: 1_000,
    ended_at: 5_000,
  });
  for (let n = 0; n < 1_203; n += 1)
    await store.db
      .insertInto("runs")
      .values(row(`run_${n}`))
      .execute();
  const db = new Kysely<Schema>({ dialect: new EmbeddedDialect({ database: disk.open() }) });
  await db.schema.dropIndex("runs_by_repository").execute();
  for (const column of columns) await db.schema.alterTable("runs").dropColumn(column).execute();
  await describeRuns(db);
  const lines = await listRuns(db, { person: "mona", label: "agent", state: "merged" }, { limit: 2_000 });
  expect(lines).toHaveLength(1_203);
  expect(lines[0]).toMatchObject({
    title: "Old",
    model: "claude-x",
    fate: "merged",
    costCents: 42,
    stateAt: 5_000,
  });
});
