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
  summary: "`add` no longer adds one.",
});

test("a label becomes a pull request", async () => {
  stage = await setStage();
  stage.plays(fix);
  const issue = stage.labelled();
  await stage.untilShown(issue, "opened #2");
  const [pull] = stage.github.pulls(shop);
  expect(pull).toMatchObject({ number: 2, title: "Fix add", draft: true, reviewers: ["mona"] });
  expect(await stage.github.file(shop, pull?.head ?? "", "add.js")).toContain("a + b;");
});
