/** The main job: a label goes in, a pull request with real commits comes out. */
import { afterEach, expect, test } from "vitest";
import { fixAndSubmit } from "../sim/claude/scripts.ts";
import { type Stage, setStage, shop } from "./stage.ts";

let stage: Stage;
afterEach(() => stage.close());

const fix = fixAndSubmit({
  path: "add.js",
  content: "export const add = (a, b) => a + b;\n",
  title: "Fix add",
});

test("a label becomes a pull request", async () => {
  stage = await setStage();
  stage.plays(fix);
  const issue = stage.labelled();
  await stage.until("a pull request is open", () => stage.github.pulls(shop).length === 1);
  await stage.until("the ending is shown", () => stage.status(issue).includes("opened #"));
  expect(stage.status(issue)).toMatch(/opened #2/);
  expect(stage.claude.scriptErrors).toEqual([]);
});
