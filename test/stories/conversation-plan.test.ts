/** Plan first: the agent can read and propose; only an approval of the plan that is shown lets it push. */
import { afterEach, expect, test } from "vitest";
import type { Script } from "../sim/claude/agent.ts";
import { fixAndSubmit } from "../sim/claude/scripts.ts";
import { aliveTokens, lastWords, reactionsTo, says, toldTo } from "./conversation.ts";
import { type Stage, setStage, shop } from "./stage.ts";

let stage: Stage;
afterEach(() => stage.close());

const answers: string[] = [];
const day = 24 * 3_600_000;

/** Proposes until it is approved, then does it. */
const planner: Script = async (agent) => {
  answers.length = 0;
  for (let attempt = 1; !/approved this plan/.test(answers.at(-1) ?? ""); attempt += 1) {
    answers.push((await agent.custom("propose_plan", { plan: `Plan ${attempt}: ask @otto` })).text);
  }
  await fixAndSubmit()(agent);
};

async function proposed(): Promise<number> {
  stage = await setStage({ env: { PATCHWRIGHT_POLL_MS: "3600000" } });
  stage.plays(planner);
  const issue = stage.github.openIssue(shop, { title: "Add is wrong", author: "mona" });
  stage.github.comment(shop, issue, { body: "/agent plan carefully", by: "mona" });
  await stage.untilShown(issue, "waiting for approval");
  return issue;
}

const rights = () =>
  stage.github
    .tokens()
    .filter(({ repositoryIds }) => repositoryIds)
    .map(({ permissions }) => permissions["contents"]);

test("the plan is shown, and nothing that could push has been minted", async () => {
  const issue = await proposed();
  expect(toldTo(stage.claude.sessions[0])[0]).toMatch(/Plan first[\s\S]*carefully/);
  expect(stage.status(issue)).toContain("Plan 1: ask `@otto`");
  expect(stage.status(issue)).toContain("`/agent approve`");
  expect(rights()).toEqual(["read"]);
  expect(aliveTokens(stage)).toEqual([]);
  await says(stage, issue, "/agent stop");
});

test("a wish gives a new plan, an approval a token that can write", async () => {
  const issue = await proposed();
  await stage.pass(2 * day);
  await says(stage, issue, "Smaller, please.", "rita");
  expect(stage.status(issue)).toContain("Plan 2");
  expect(answers).toEqual([expect.stringMatching(/Not approved yet[\s\S]*rita[\s\S]*Smaller, please\./)]);
  expect(rights()).toEqual(["read", "read"]);
  const id = await says(stage, issue, "/agent approve", "rita");
  await stage.untilShown(issue, "opened #");
  expect(answers.at(-1)).toContain("rita approved this plan");
  expect(rights()).toEqual(["read", "read", "write"]);
  expect(reactionsTo(stage, issue, id)).toEqual(["eyes", "rocket"]);
});

test("an approval written before the plan was shown approves nothing", async () => {
  const issue = await proposed();
  stage.github.disturb({ event: "issue_comment", kind: "delay", ms: 5 * 60_000, times: 1 });
  stage.github.comment(shop, issue, { body: "/agent approve", by: "rita" });
  await stage.pass(30_000);
  await says(stage, issue, "Smaller, please.");
  expect(stage.status(issue)).toContain("Plan 2");
  await stage.pass(10 * 60_000);
  expect(lastWords(stage, issue)).toContain("The plan has changed since you wrote this");
  expect(stage.headline(issue)).toContain("**waiting for approval**");
  await says(stage, issue, "/agent approve");
  await stage.untilShown(issue, "opened #");
});

test("somebody who may not approves nothing and wishes nothing", async () => {
  const issue = await proposed();
  await says(stage, issue, "/agent approve", "otto");
  await says(stage, issue, "Make it bigger!", "otto");
  expect(stage.headline(issue)).toContain("**waiting for approval**");
  expect(answers).toEqual([]);
  await says(stage, issue, "/agent stop", "rita");
  expect(stage.headline(issue)).toContain("**stopped**");
  expect(stage.claude.sessions[0]?.archivedAt).not.toBeNull();
});

test("a reminder after a day, an ending after seven", async () => {
  const issue = await proposed();
  await stage.pass(day + 60_000);
  expect(lastWords(stage, issue)).toMatch(/@mona, I still wait for `\/agent approve`/);
  await stage.untilShown(issue, "unanswered", 8 * day);
  expect(stage.github.comments(shop, issue)).toHaveLength(3);
  expect(stage.github.pulls(shop)).toEqual([]);
});
