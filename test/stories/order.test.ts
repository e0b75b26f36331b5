/**
 * Words that overtake each other: a label, a stop and what is said, each delivered late. What people did last counts,
 * by GitHub's clock, in whatever order it is heard.
 */
import { afterEach, expect, test } from "vitest";
import { doNothing, fixAndSubmit, workForHours } from "../sim/claude/scripts.ts";
import { openedPull, says } from "./conversation.ts";
import { lastSent, post, verdictOf } from "./knocks.ts";
import { type Stage, setStage, shop } from "./stage.ts";

let stage: Stage;
afterEach(() => stage.close());

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const seldom = { PATCHWRIGHT_POLL_MS: String(hourMs), PATCHWRIGHT_SWEEP_MS: String(hourMs) };
const sessions = () => stage.claude.sessions.length;
const pulls = () => stage.github.pulls(shop).length;
const delay = (event: string, action: string, ms: number) =>
  stage.github.disturb({ event, action, times: 1, kind: "delay", ms });

const stops = [
  ["closed", (issue: number) => stage.github.closeIssue(shop, issue, { by: "mona" })],
  [
    "`/agent stop`",
    (issue: number) => stage.github.comment(shop, issue, { body: "/agent stop", by: "mona" }),
  ],
] as const;

test.each(stops)(
  "a label delivered a minute late, the issue %s meanwhile: nothing begins",
  async (_, act) => {
    stage = await setStage();
    stage.plays(fixAndSubmit());
    delay("issues", "labeled", minuteMs);
    const issue = stage.labelled();
    await stage.pass(10_000);
    act(issue);
    await stage.pass(hourMs);
    expect([sessions(), pulls()]).toEqual([0, 0]);
  },
);

test.each(stops)("%s, and labelled after it: a run, also while both are delivered late", async (_, act) => {
  stage = await setStage();
  stage.plays(fixAndSubmit());
  const issue = stage.github.openIssue(shop, { title: "Add is wrong", author: "mona" });
  stage.github.disturb({ event: "issues", times: 2, kind: "delay", ms: minuteMs });
  act(issue);
  await stage.pass(5_000);
  stage.github.label(shop, issue, { label: "agent", by: "mona" });
  await stage.untilShown(issue, "opened");
  expect(sessions()).toBe(1);
});

test.each(stops)("label and %s in one second: nothing begins", async (_, act) => {
  stage = await setStage();
  stage.plays(fixAndSubmit());
  delay("issues", "labeled", minuteMs);
  act(stage.labelled());
  await stage.pass(hourMs);
  expect([sessions(), pulls()]).toEqual([0, 0]);
});

test("a label put back waits for the run that is being stopped, and is stopped as well", async () => {
  stage = await setStage();
  stage.claude.switches.interruptLagMs = 40_000;
  stage.plays(workForHours(0.5, 10));
  const issue = stage.labelled();
  await stage.pass(15 * minuteMs);
  stage.github.unlabel(shop, issue, { label: "agent", by: "mona" });
  await stage.pass(5_000);
  stage.github.label(shop, issue, { label: "agent", by: "mona" });
  await stage.pass(5_000);
  stage.github.comment(shop, issue, { body: "/agent stop", by: "mona" });
  await stage.pass(12 * hourMs);
  expect([sessions(), pulls()]).toEqual([1, 0]);
});

test.each(["issue", "pull request"])(
  "`/agent fix` and then `/agent stop` on the %s of a run at rest, the other way round: no round",
  async (thread) => {
    stage = await setStage();
    stage.plays(fixAndSubmit());
    const { issue, pull } = await openedPull(stage);
    const on = thread === "issue" ? issue : pull;
    await stage.pass(minuteMs);
    delay("issue_comment", "created", minuteMs);
    stage.github.comment(shop, on, { body: "/agent fix and mind the sign", by: "mona" });
    await stage.pass(5_000);
    await says(stage, on, "/agent stop");
    const told = stage.claude.sessions[0]?.log.filter(({ type }) => type === "user.message").length;
    await stage.pass(hourMs);
    expect([sessions(), told]).toEqual([1, 1]);
    expect(stage.headline(issue)).toContain("**opened");
  },
);

test("a review delivered after the stop that followed it opens no round", async () => {
  stage = await setStage();
  stage.plays(fixAndSubmit());
  const { issue, pull } = await openedPull(stage);
  await stage.pass(minuteMs);
  delay("pull_request_review", "submitted", minuteMs);
  stage.github.review(shop, pull, { by: "mona", state: "CHANGES_REQUESTED", body: "Mind the sign." });
  await stage.pass(5_000);
  await says(stage, pull, "/agent stop");
  await stage.pass(hourMs);
  expect(stage.headline(issue)).toContain("**opened");
  expect(stage.lines.filter(({ msg }) => msg === "round ended")).toHaveLength(1);
});

test("a stop heard after the words that followed it does not stop what they asked for", async () => {
  stage = await setStage();
  stage.plays(async (agent) => {
    if (agent.round === 2) await agent.wait(hourMs);
    await fixAndSubmit()(agent);
  });
  const { issue, pull } = await openedPull(stage);
  await stage.pass(minuteMs);
  delay("issue_comment", "created", 2 * minuteMs);
  stage.github.comment(shop, pull, { body: "/agent stop", by: "mona" });
  await stage.pass(20_000);
  await says(stage, pull, "/agent fix and mind the sign");
  await stage.pass(10 * minuteMs);
  expect(stage.headline(issue)).toContain("**working");
});

test("a label off, delivered a minute late, after it was put on again: the run goes on", async () => {
  stage = await setStage();
  stage.plays((agent) => agent.wait(3 * hourMs));
  const issue = stage.labelled();
  await stage.pass(5 * minuteMs);
  delay("issues", "unlabeled", minuteMs);
  stage.github.unlabel(shop, issue, { label: "agent", by: "mona" });
  await stage.pass(3_000);
  stage.github.label(shop, issue, { label: "agent", by: "mona" });
  await stage.pass(hourMs);
  expect(stage.headline(issue)).toContain("**working");
  expect(sessions()).toBe(1);
});

test("a closing, delivered a minute late, after which the label was put on again: the run goes on", async () => {
  stage = await setStage();
  stage.plays((agent) => agent.wait(3 * hourMs));
  const issue = stage.labelled();
  await stage.pass(5 * minuteMs);
  delay("issues", "closed", minuteMs);
  stage.github.closeIssue(shop, issue, { by: "mona" });
  await stage.pass(3_000);
  stage.github.reopenIssue(shop, issue, { by: "mona" });
  stage.github.disturb({ event: "issues", action: "unlabeled", times: 1, kind: "lose" });
  stage.github.unlabel(shop, issue, { label: "agent", by: "mona" });
  stage.github.label(shop, issue, { label: "agent", by: "mona" });
  await stage.pass(hourMs);
  expect(stage.headline(issue)).toContain("**working");
  expect(sessions()).toBe(1);
});

test("a stop after a retry, both delivered late: stopped", async () => {
  stage = await setStage();
  stage.plays(doNothing);
  const issue = stage.labelled();
  await stage.untilShown(issue, "no changes");
  stage.plays((agent) => agent.wait(3 * hourMs));
  await stage.pass(minuteMs);
  stage.github.disturb({ event: "issue_comment", times: 2, kind: "delay", ms: 2 * minuteMs });
  stage.github.comment(shop, issue, { body: "/agent retry", by: "mona" });
  await stage.pass(10_000);
  stage.github.comment(shop, issue, { body: "/agent stop", by: "mona" });
  await stage.untilShown(issue, "stopped", 10 * minuteMs);
});

test.each([-12_000, 12_000])(
  "our clock %i ms off: a replay of the labelling is no second run",
  async (aheadMs) => {
    stage = await setStage({ env: seldom, aheadMs });
    stage.plays(doNothing);
    const issue = stage.labelled();
    const labelled = lastSent(stage, "issues.labeled");
    await stage.untilShown(issue, "no changes");
    await stage.pass(minuteMs);
    await post(stage, labelled, "replay");
    await stage.pass(hourMs);
    expect([verdictOf(stage, "replay"), sessions()]).toEqual(["ignored: this labelling has been served", 1]);
  },
);

test.each(stops)(
  "%s, delivered after the label that was put on two seconds later: the run goes on",
  async (_, act) => {
    stage = await setStage();
    stage.plays((agent) => agent.wait(3 * hourMs));
    const issue = stage.github.openIssue(shop, { title: "Add is wrong", author: "mona" });
    await stage.pass(minuteMs);
    stage.github.disturb({ times: 1, kind: "delay", ms: 5_000 });
    act(issue);
    await stage.pass(2_000);
    stage.github.label(shop, issue, { label: "agent", by: "mona" });
    await stage.pass(hourMs);
    expect(stage.headline(issue)).toContain("**working");
  },
);
