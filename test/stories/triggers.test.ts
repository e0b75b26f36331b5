/** What starts a run: the label, `/agent fix` and `/fix` of somebody who may; and what does not. */
import { afterEach, expect, test } from "vitest";
import { fixAndSubmit } from "../sim/claude/scripts.ts";
import { type Stage, setStage, shop } from "./stage.ts";

let stage: Stage;
afterEach(() => stage.close());

const sameIssue = { title: "Add is wrong", body: "It adds one.", author: "mona" };

test.each(["/agent fix", "/fix", "\n  /fix please\nand add a test"])(
  "the comment %j starts a run and is answered with eyes on it",
  async (body) => {
    stage = await setStage();
    stage.plays(fixAndSubmit());
    const issue = stage.github.openIssue(shop, sameIssue);
    const comment = stage.github.comment(shop, issue, { body, by: "mona" });
    await stage.untilShown(issue, "opened #");
    const [asked] = stage.github.comments(shop, issue).filter(({ id }) => id === comment);
    expect(asked?.reactions.map(({ content }) => content)).toEqual(["eyes", "rocket"]);
    expect(stage.github.reactions(shop, issue)).toEqual([]);
  },
);

test("instructions go into the request", async () => {
  stage = await setStage();
  let request = "";
  stage.plays(async (agent) => {
    request = agent.text;
  });
  const issue = stage.github.openIssue(shop, sameIssue);
  stage.github.comment(shop, issue, { body: "/fix only touch add.js\nand keep it small", by: "mona" });
  await stage.untilShown(issue, "no changes");
  expect(request).toContain("only touch add.js\nand keep it small");
});

test("a label starts a run once, and again only when it is put back", async () => {
  stage = await setStage();
  const issue = stage.labelled();
  await stage.untilShown(issue, "no changes");
  stage.github.label(shop, issue, { label: "bug", by: "mona" });
  await stage.pass(60_000);
  expect(stage.claude.sessions).toHaveLength(1);
  stage.github.unlabel(shop, issue, { label: "agent", by: "mona" });
  await stage.pass(60_000);
  stage.github.label(shop, issue, { label: "agent", by: "mona" });
  await stage.pass(60_000);
  expect(stage.claude.sessions).toHaveLength(2);
  expect(stage.headline(issue)).toContain("**no changes**");
});

test.each([
  ["another label", (issue: number) => stage.github.label(shop, issue, { label: "bug", by: "mona" })],
  [
    "a command in a quote",
    (issue: number) => stage.github.comment(shop, issue, { body: "> /fix", by: "mona" }),
  ],
  [
    "a command in code",
    (issue: number) => stage.github.comment(shop, issue, { body: "```\n/fix\n```", by: "mona" }),
  ],
  [
    "a command that is not in the first line",
    (issue: number) => stage.github.comment(shop, issue, { body: "Well\n/fix", by: "mona" }),
  ],
  [
    "a comment edited into a command",
    (issue: number) => {
      const id = stage.github.comment(shop, issue, { body: "Hm.", by: "mona" });
      stage.github.editComment(shop, id, { body: "/fix", by: "mona" });
    },
  ],
])("%s starts nothing", async (_what, does) => {
  stage = await setStage();
  const issue = stage.github.openIssue(shop, sameIssue);
  does(issue);
  await stage.pass(60_000);
  expect(stage.claude.sessions).toEqual([]);
  expect(stage.github.reactions(shop, issue)).toEqual([]);
  expect(stage.status(issue)).toBe("");
});
