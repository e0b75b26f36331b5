/** Questions in every place and state: reminded of, answered where people talk, called off. */
import { afterEach, expect, test } from "vitest";
import type { Script } from "../sim/claude/agent.ts";
import { fixAndSubmit } from "../sim/claude/scripts.ts";
import { aliveTokens, lastWords, openedPull, reactionsTo, says, toldTo, transcript } from "./conversation.ts";
import { type Stage, setStage, shop } from "./stage.ts";

let stage: Stage;
afterEach(() => stage.close());

const day = 24 * 3_600_000;
const session = () => stage.claude.sessions[0];
const answers: string[] = [];

const asks: Script = async (agent) => {
  answers.push((await agent.custom("ask_maintainer", { question: "Up?" })).text);
  await fixAndSubmit()(agent);
};

async function asked(): Promise<number> {
  answers.length = 0;
  stage = await setStage({ env: { PATCHWRIGHT_POLL_MS: "3600000" } });
  stage.plays(asks);
  const issue = stage.labelled();
  await stage.untilShown(issue, "waiting for an answer");
  return issue;
}

test("one reminder after a day, which mentions who asked for the run", async () => {
  const issue = await asked();
  await stage.pass(3 * day);
  expect(lastWords(stage, issue)).toMatch(/^@mona, I still wait for an answer to the question above/);
  expect(transcript(stage, issue)).toHaveLength(3);
  const id = await says(stage, issue, "Up.");
  await stage.untilShown(issue, "opened #");
  expect(reactionsTo(stage, issue, id)).toEqual(["eyes", "rocket"]);
  // Said once: as the answer, not as a message besides.
  expect(toldTo(session())).toHaveLength(1);
});

test("`/agent fix …` is an answer as well; `/agent status` says what is waited for", async () => {
  const issue = await asked();
  await says(stage, issue, "/agent status", "rita");
  expect(lastWords(stage, issue)).toContain("**waiting for an answer**");
  expect(answers).toEqual([]);
  await says(stage, issue, "/agent fix down", "rita");
  await stage.untilShown(issue, "opened #");
  expect(answers).toEqual([expect.stringMatching(/answer by rita[\s\S]*down/)]);
});

test("asked while a review is worked on, answered on the pull request", async () => {
  answers.length = 0;
  stage = await setStage();
  stage.plays((agent) => (agent.round === 1 ? fixAndSubmit()(agent) : asks(agent)));
  const { issue, pull } = await openedPull(stage);
  await says(stage, pull, "/agent fix more");
  await stage.untilShown(issue, "waiting for an answer");
  expect(aliveTokens(stage)).toEqual([]);
  await says(stage, pull, "Up.", "rita");
  await stage.untilShown(issue, "opened #");
  expect(answers).toEqual([expect.stringMatching(/answer by rita[\s\S]*Up\./)]);
});

test.each([
  [
    "the label comes off",
    (issue: number) => stage.github.unlabel(shop, issue, { label: "agent", by: "mona" }),
  ],
  ["the issue is closed", (issue: number) => stage.github.closeIssue(shop, issue, { by: "mona" })],
])("called off while it waits: %s", async (_what, does) => {
  const issue = await asked();
  await stage.pass(3_600_000);
  await does(issue);
  await stage.pass(10_000);
  expect(stage.headline(issue)).toContain("**stopped**");
  expect(session()?.archivedAt).not.toBeNull();
  await says(stage, issue, "Up.");
  expect(answers).toEqual([]);
  expect(stage.github.pulls(shop)).toEqual([]);
});

test("planning by the setting: nothing is pushed before the approval", async () => {
  stage = await setStage();
  stage.plays(async (agent) => {
    await agent.wait(60_000);
    await agent.custom("propose_plan", { plan: "First this, then that." });
    await fixAndSubmit()(agent);
  });
  stage.claude.fault({ on: "POST /v1/sessions", times: 1, trouble: { kind: "status", status: 529 } });
  const issue = stage.labelled();
  await stage.until("the run has begun", () => stage.lines.some(({ msg }) => msg === "wake failed"));
  await stage.resettle((settings) => ({ ...settings, plan: true }));
  await stage.untilShown(issue, "waiting for approval");
  expect(stage.status(issue)).toContain("First this, then that.");
  await says(stage, issue, "/agent approve");
  await stage.untilShown(issue, "opened #");
});
