/** Runs as lists name them, also when their words are forgotten. */
import { expect, test } from "vitest";
import { openStore } from "../../src/store/database.ts";
import { listRuns, runLine } from "../../src/store/listing.ts";
import { forgetTexts } from "../../src/store/texts.ts";
import { Disk } from "./disk.ts";

test("a run whose words are forgotten is named by its issue", async () => {
  const store = await openStore({ kind: "lent", connection: new Disk().open() });
  const [id, title] = ["run_1", "Add is wrong"];
  const origin = { trigger: { kind: "label", label: "agent" }, title, body: "" };
  await store.db
    .insertInto("runs")
    .values({
      ...{ id, trigger_key: id, installation_id: 1, repository_id: 2, owner: "acme", repo: "shop", issue: 3 },
      ...{ origin_json: JSON.stringify(origin), settings_json: "{}", progress_json: "{}", title },
      ...{ round: 1, phase: "ended", epoch: 0, created_at: 0, round_at: 0, ended_at: 1 },
    })
    .execute();
  expect((await runLine(store.db, id))?.title).toBe(title);
  await forgetTexts(store.db, [id], 2);
  expect((await runLine(store.db, id))?.title).toBe("#3");
  expect((await listRuns(store.db, {}, { limit: 5 })).map((line) => line.title)).toEqual(["#3"]);
  await store.close();
});
