/** What becomes of the issue itself, locked, transferred or deleted, heard before or after what was asked on it. */
import { afterEach, expect, test } from "vitest";
import { fixAndSubmit } from "../sim/claude/scripts.ts";
import { aliveTokens } from "./conversation.ts";
import { type Stage, setStage, shop } from "./stage.ts";

let stage: Stage;
afterEach(() => stage.close());

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const sessions = () => stage.claude.sessions.length;
const delay = (event: string, action: string, ms: number) =>
  stage.github.disturb({ event, action, times: 1, kind: "delay", ms });

const ends = [
  ["locked", (issue: number) => stage.github.lock(shop, issue, { locked: true, by: "rita" })],
  [
    "transferred",
    (issue: number) => stage.github.transferIssue(shop, issue, { to: "acme/till", by: "rita" }),
  ],
  ["deleted", (issue: number) => stage.github.deleteIssue(shop, issue, { by: "rita" })],
] as const;
const wishes = [
  ["a label", "issues", "labeled"],
  ["`/agent fix`", "issue_comment", "created"],
] as const;

test.each(ends.flatMap(([how, act]) => wishes.map((wish) => [how, ...wish, act] as const)))(
  "the issue %s, then %s from before comes a minute late: nothing begins",
  async (_how, wish, event, action, act) => {
    stage = await setStage();
    await stage.github.addRepository({ owner: "acme", name: "till" });
    stage.plays(fixAndSubmit());
    const issue = stage.github.openIssue(shop, { title: "Add is wrong", author: "mona" });
    await stage.pass(minuteMs);
    delay(event, action, minuteMs);
    if (wish === "a label") stage.github.label(shop, issue, { label: "agent", by: "mona" });
    else stage.github.comment(shop, issue, { body: "/agent fix", by: "mona" });
    await stage.pass(10_000);
    act(issue);
    await stage.pass(hourMs);
    expect([sessions(), stage.github.pulls(shop).length, aliveTokens(stage).length]).toEqual([0, 0, 0]);
  },
);

test("a lock a minute late, unlocked and labelled since: the run goes on", async () => {
  stage = await setStage();
  stage.plays((agent) => agent.wait(3 * hourMs));
  const issue = stage.github.openIssue(shop, { title: "Add is wrong", author: "mona" });
  await stage.pass(minuteMs);
  delay("issues", "locked", minuteMs);
  stage.github.lock(shop, issue, { locked: true, by: "rita" });
  await stage.pass(5_000);
  stage.github.lock(shop, issue, { locked: false, by: "rita" });
  await stage.pass(5_000);
  stage.github.label(shop, issue, { label: "agent", by: "mona" });
  await stage.pass(10 * minuteMs);
  expect(stage.headline(issue)).toContain("**working");
});

test("locked and unlocked long ago: what is asked later is done", async () => {
  stage = await setStage();
  stage.plays(fixAndSubmit());
  const issue = stage.github.openIssue(shop, { title: "Add is wrong", author: "mona" });
  stage.github.lock(shop, issue, { locked: true, by: "rita" });
  await stage.pass(minuteMs);
  stage.github.lock(shop, issue, { locked: false, by: "rita" });
  await stage.pass(hourMs);
  stage.github.label(shop, issue, { label: "agent", by: "mona" });
  await stage.untilShown(issue, "opened");
});

test("a lock while GitHub's record cannot be read stops the run all the same", async () => {
  stage = await setStage();
  stage.plays((agent) => agent.wait(3 * hourMs));
  const issue = stage.labelled();
  await stage.pass(5 * minuteMs);
  const route = "/repos/{owner}/{repo}/issues/{issue_number}/events";
  stage.github.fault({ route, kind: "status", status: 503 });
  stage.github.lock(shop, issue, { locked: true, by: "rita" });
  await stage.pass(2 * minuteMs);
  expect(stage.claude.sessions[0]?.status).not.toBe("running");
});
