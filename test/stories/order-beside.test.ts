/** An issue with several runs, one proposed by each: what closes the issue closes the matter of all of them. */
import { afterEach, expect, test } from "vitest";
import { fixAndSubmit } from "../sim/claude/scripts.ts";
import { openedPull, toldTo } from "./conversation.ts";
import { type Stage, setStage, shop } from "./stage.ts";

let stage: Stage;
afterEach(() => stage.close());

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

/** One run at rest with its pull request, and another after it: at work, or at rest as well. */
async function twoRuns(second: "works" | "rests"): Promise<{ issue: number; pull: number }> {
  stage = await setStage();
  stage.plays(fixAndSubmit());
  const opened = await openedPull(stage);
  stage.claude.script((session) =>
    session !== stage.claude.sessions[0] && second === "works"
      ? (agent) => agent.wait(3 * hourMs)
      : fixAndSubmit(),
  );
  stage.github.unlabel(shop, opened.issue, { label: "agent", by: "mona" });
  stage.github.label(shop, opened.issue, { label: "agent", by: "mona" });
  await stage.pass(20 * minuteMs);
  expect(stage.claude.sessions).toHaveLength(2);
  return opened;
}

test.each(["works", "rests"] as const)(
  "closed while one run rests and another %s: both sessions are archived, and nothing opens a round",
  async (second) => {
    const { issue, pull } = await twoRuns(second);
    stage.github.closeIssue(shop, issue, { by: "mona" });
    await stage.pass(10 * minuteMs);
    expect(stage.claude.sessions.map(({ archivedAt }) => archivedAt !== null)).toEqual([true, true]);
    stage.github.review(shop, pull, { by: "mona", state: "CHANGES_REQUESTED", body: "Mind the sign." });
    await stage.pass(hourMs);
    expect(toldTo(stage.claude.sessions[0])).toHaveLength(1);
  },
);

test("closed a minute late, opened again and labelled since: what rests ends, what was asked for goes on", async () => {
  stage = await setStage();
  stage.plays(fixAndSubmit());
  const { issue } = await openedPull(stage);
  stage.plays((agent) => agent.wait(3 * hourMs));
  stage.github.unlabel(shop, issue, { label: "agent", by: "mona" });
  stage.github.disturb({ event: "issues", action: "closed", times: 1, kind: "delay", ms: minuteMs });
  stage.github.closeIssue(shop, issue, { by: "mona" });
  await stage.pass(5_000);
  stage.github.reopenIssue(shop, issue, { by: "mona" });
  await stage.pass(5_000);
  stage.github.label(shop, issue, { label: "agent", by: "mona" });
  await stage.pass(hourMs);
  expect(stage.headline(issue)).toContain("**working");
  expect(stage.claude.sessions.map(({ archivedAt }) => archivedAt !== null)).toEqual([true, false]);
});

test("`/agent stop` with one run at rest and another at work: the one at work", async () => {
  const { issue } = await twoRuns("works");
  stage.github.comment(shop, issue, { body: "/agent stop", by: "mona" });
  await stage.pass(10 * minuteMs);
  expect(stage.claude.sessions.map(({ archivedAt }) => archivedAt !== null)).toEqual([false, true]);
});
