/** What is said late, early or twice: it means what it meant when it was written, or nothing. */
import { afterEach, expect, test } from "vitest";
import { instructionsCharsMax } from "../../src/domain/command.ts";
import { fixAndSubmit } from "../sim/claude/scripts.ts";
import { lastWords, openedPull, says, toldTo, transcript } from "./conversation.ts";
import { type Stage, setStage, shop } from "./stage.ts";

let stage: Stage;
afterEach(() => stage.close());

const minute = 60_000;
async function asked(): Promise<number> {
  stage = await setStage();
  stage.plays(async (agent) => {
    await agent.wait(10 * minute);
    await agent.custom("ask_maintainer", { question: "Up?" });
    await fixAndSubmit()(agent);
  });
  return stage.labelled();
}

function delayed(ms: number) {
  stage.github.disturb({ event: "issue_comment", kind: "delay", ms, times: 1 });
}

test("a comment written before the question is not its answer", async () => {
  const issue = await asked();
  await stage.pass(5 * minute);
  delayed(10 * minute);
  stage.github.comment(shop, issue, { body: "Nice weather.", by: "mona" });
  await stage.untilShown(issue, "waiting for an answer");
  await stage.pass(15 * minute);
  expect(stage.headline(issue)).toContain("**waiting for an answer**");
  await says(stage, issue, "Up.");
  await stage.untilShown(issue, "opened #");
});

test("an answer is told once, also in the next round", async () => {
  stage = await setStage();
  stage.plays(async (agent) => {
    if (agent.round === 1) await agent.custom("ask_maintainer", { question: "Up?" });
    await fixAndSubmit()(agent);
  });
  const issue = stage.labelled();
  await stage.untilShown(issue, "waiting for an answer");
  await says(stage, issue, "Upwards.");
  await stage.untilShown(issue, "opened #");
  await says(stage, issue, "/agent fix more");
  await stage.pass(10 * minute);
  expect(toldTo(stage.claude.sessions[0]).filter((text) => text.includes("Upwards."))).toEqual([]);
});

test("a stop written before the run began does not stop it", async () => {
  stage = await setStage();
  const issue = stage.github.openIssue(shop, { title: "Add is wrong", author: "mona" });
  delayed(2 * minute);
  stage.github.comment(shop, issue, { body: "/agent stop", by: "mona" });
  await stage.pass(minute);
  stage.plays(async (agent) => {
    await agent.wait(10 * minute);
    await fixAndSubmit()(agent);
  });
  await says(stage, issue, "/agent fix");
  await stage.pass(2 * minute);
  expect(lastWords(stage, issue)).toContain("No run is at work here.");
  await stage.untilShown(issue, "opened #");
});

test("a plan is for a new run: beside a live one it starts and tells nothing", async () => {
  stage = await setStage();
  stage.plays(fixAndSubmit());
  const { issue, pull } = await openedPull(stage);
  for (const thread of [issue, pull]) {
    await says(stage, thread, "/agent plan again");
    expect(lastWords(stage, thread)).toContain("A plan is for a new run");
  }
  expect(toldTo(stage.claude.sessions[0])).toHaveLength(1);
});

test("instructions that were cut are carried out as far as they go, and that is said once", async () => {
  stage = await setStage();
  stage.plays(fixAndSubmit());
  const issue = stage.github.openIssue(shop, { title: "Add is wrong", author: "mona" });
  await says(stage, issue, `/agent fix ${"x".repeat(instructionsCharsMax + 1)}`);
  await stage.untilShown(issue, "opened #");
  expect(transcript(stage, issue).filter((line) => line.includes("was left out"))).toHaveLength(1);
});
