/** The log of a run: fixed fields by which one is followed from its delivery to its ending, and nothing of what was said. */
import { afterEach, expect, test } from "vitest";
import { fixAndSubmit } from "../sim/claude/scripts.ts";
import { type Stage, setStage } from "./stage.ts";

let stage: Stage | undefined;
afterEach(() => stage?.close());

test("a run is followed by its fields, from the delivery to the ending", async () => {
  stage = await setStage();
  stage.plays(fixAndSubmit({ title: "Fix add", summary: "A summary of the work." }));
  const body = "A sentence that only the issue has.";
  await stage.untilShown(stage.labelled({ body }), "opened #2");
  const { lines } = stage;
  const said = (msg: string) => lines.filter((line) => line["msg"] === msg);
  const run = String(said("round ended")[0]?.["run_id"]);
  expect(run).toMatch(/^run_\w{20}$/);
  const session = stage.claude.sessions[0]?.id;
  expect(said("round ended")).toMatchObject([{ run_id: run, session_id: session, ending: "opened" }]);
  expect(said("entered").length).toBeGreaterThan(1);
  for (const line of said("entered"))
    expect(line).toMatchObject({ run_id: run, installation_id: stage.installation });
  expect(said("entered").at(-1)).toMatchObject({ session_id: session });
  const worked = said("delivery worked off");
  expect(worked.map((line) => line["verdict"])).toContain(`run ${run} started`);
  for (const line of worked) expect(line["delivery_id"]).toMatch(/^[0-9a-f-]{36}$/);
  for (const line of lines) expect(Object.keys(line)).toEqual(expect.arrayContaining(["level", "time"]));
  const text = JSON.stringify(lines);
  for (const unsaid of [body, "A summary of the work.", "ghs_", "Add is wrong"])
    expect(text).not.toContain(unsaid);
});
