/** Words that overtake each other while a run is at work, is being stopped or rests: the last one counts. */
import { afterEach, expect, test } from "vitest";
import { doNothing, fixAndSubmit, workForHours } from "../sim/claude/scripts.ts";
import { openedPull, says, toldTo } from "./conversation.ts";
import { type Stage, setStage, shop } from "./stage.ts";

let stage: Stage;
afterEach(() => stage.close());

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const sessions = () => stage.claude.sessions.length;
const delay = (event: string, action: string, ms: number) =>
  stage.github.disturb({ event, action, times: 1, kind: "delay", ms });

test.each(["/agent fix do it in Rust", "/agent retry", "/agent fix"])(
  "%s two seconds after a stop, while the agent comes to rest: worked on afterwards",
  async (words) => {
    stage = await setStage();
    stage.claude.switches.interruptLagMs = 10_000;
    stage.plays(workForHours(0.5, 10));
    const issue = stage.labelled();
    await stage.pass(15 * minuteMs);
    stage.github.comment(shop, issue, { body: "/agent stop", by: "mona" });
    await stage.pass(2_000);
    stage.github.comment(shop, issue, { body: words, by: "mona" });
    await stage.pass(10 * minuteMs);
    expect([sessions(), stage.headline(issue)]).toEqual([2, expect.stringContaining("**working")]);
  },
);

test("a retry delivered a minute late, the label taken off meanwhile: nothing begins", async () => {
  stage = await setStage();
  stage.plays(doNothing);
  const issue = stage.labelled();
  await stage.untilShown(issue, "no changes");
  await stage.pass(minuteMs);
  delay("issue_comment", "created", minuteMs);
  stage.github.comment(shop, issue, { body: "/agent retry", by: "mona" });
  await stage.pass(10_000);
  stage.github.unlabel(shop, issue, { label: "agent", by: "mona" });
  await stage.pass(hourMs);
  expect(sessions()).toBe(1);
});

test("labelled for another run, then the pull request of the one before is closed: the new run begins", async () => {
  stage = await setStage();
  stage.plays(fixAndSubmit());
  const { issue, pull } = await openedPull(stage);
  const route = "/repos/{owner}/{repo}/issues/{issue_number}/events";
  const heal = stage.github.fault({ route, kind: "status", status: 503 });
  stage.github.unlabel(shop, issue, { label: "agent", by: "mona" });
  await stage.pass(2_000);
  stage.github.label(shop, issue, { label: "agent", by: "mona" });
  await stage.pass(5_000);
  stage.github.closePull(shop, pull, { by: "mona" });
  await stage.pass(minuteMs);
  heal();
  await stage.pass(hourMs);
  expect(sessions()).toBe(2);
});

test.each(["off", "closed"])(
  "the label %s while GitHub's record cannot be read: stopped all the same",
  async (how) => {
    stage = await setStage();
    stage.plays((agent) => agent.wait(3 * hourMs));
    const issue = stage.labelled();
    await stage.pass(5 * minuteMs);
    const route = "/repos/{owner}/{repo}/issues/{issue_number}/events";
    stage.github.fault({ route, kind: "status", status: 503 });
    if (how === "off") stage.github.unlabel(shop, issue, { label: "agent", by: "mona" });
    else {
      delay("issues", "closed", 30_000);
      stage.github.closeIssue(shop, issue, { by: "mona" });
    }
    await stage.untilShown(issue, "stopped", 2 * minuteMs);
  },
);

test.each([
  ["the label", (issue: number) => stage.github.label(shop, issue, { label: "agent", by: "mona" })],
  ["`/agent fix`", (issue: number) => stage.github.comment(shop, issue, { body: "/agent fix", by: "mona" })],
] as const)(
  "a stop a minute late, after which %s asked for what is at work: it goes on",
  async (_, again) => {
    stage = await setStage();
    stage.plays((agent) => agent.wait(3 * hourMs));
    const issue = stage.github.openIssue(shop, { title: "Add is wrong", author: "mona" });
    stage.github.comment(shop, issue, { body: "/agent fix", by: "mona" });
    await stage.pass(5 * minuteMs);
    delay("issue_comment", "created", minuteMs);
    stage.github.comment(shop, issue, { body: "/agent stop", by: "mona" });
    await stage.pass(5_000);
    again(issue);
    await stage.pass(hourMs);
    expect(stage.headline(issue)).toContain("**working");
  },
);

test.each([true, false])(
  "a pull request's closing a minute late, asked to go on since; reopened: %s",
  async (isOpen) => {
    stage = await setStage();
    stage.plays(async (agent) => {
      if (agent.round === 2) await agent.wait(hourMs);
      await fixAndSubmit()(agent);
    });
    const { issue, pull } = await openedPull(stage);
    delay("pull_request", "closed", minuteMs);
    stage.github.closePull(shop, pull, { by: "mona" });
    await stage.pass(5_000);
    if (isOpen) stage.github.reopenIssue(shop, pull, { by: "mona" });
    await stage.pass(5_000);
    await says(stage, pull, "/agent fix and mind the sign");
    await stage.pass(10 * minuteMs);
    expect(stage.headline(issue)).toContain(isOpen ? "**working" : "**stopped");
  },
);

test.each([0, -12_000])(
  "our clock %i ms off, a label off that comes after it is on again: the run goes on",
  async (aheadMs) => {
    stage = await setStage({ aheadMs });
    stage.plays((agent) => agent.wait(3 * hourMs));
    const issue = stage.labelled();
    await stage.pass(5 * minuteMs);
    delay("issues", "unlabeled", 14_000);
    stage.github.unlabel(shop, issue, { label: "agent", by: "mona" });
    await stage.pass(3_000);
    stage.github.label(shop, issue, { label: "agent", by: "mona" });
    await stage.pass(hourMs);
    expect(stage.headline(issue)).toContain("**working");
  },
);

test("`/agent stop` in a remark, a minute late, asked to go on since: it goes on", async () => {
  stage = await setStage();
  stage.plays(async (agent) => {
    if (agent.round === 2) await agent.wait(hourMs);
    await fixAndSubmit()(agent);
  });
  const { issue, pull } = await openedPull(stage);
  delay("pull_request_review_comment", "created", minuteMs);
  const comments = [{ path: "add.txt", line: 1, body: "/agent stop" }];
  stage.github.review(shop, pull, { by: "mona", state: "COMMENTED", comments });
  await stage.pass(5_000);
  await says(stage, pull, "/agent fix and mind the sign");
  await stage.pass(10 * minuteMs);
  expect(stage.headline(issue)).toContain("**working");
});

test("checks that failed before a stop and are told of after it open no round", async () => {
  stage = await setStage();
  stage.plays(fixAndSubmit());
  const { issue } = await openedPull(stage);
  delay("check_suite", "completed", minuteMs);
  const failed = { name: "unit", conclusion: "failure", title: "1 of 9 failed", summary: "add is wrong" };
  const branch = `claude/${stage.claude.sessions[0]?.id}`;
  await stage.github.completeSuite(shop, { branch, runs: [failed] });
  await stage.pass(5_000);
  await says(stage, issue, "/agent stop");
  await stage.pass(hourMs);
  expect(toldTo(stage.claude.sessions[0])).toHaveLength(1);
});

test.each([404, 403, 410, 422, 451])(
  "the label off, GitHub's record answering %i once: stopped all the same",
  async (status) => {
    stage = await setStage();
    stage.plays((agent) => agent.wait(3 * hourMs));
    const issue = stage.labelled();
    await stage.pass(2 * hourMs);
    const route = "/repos/{owner}/{repo}/issues/{issue_number}/events";
    stage.github.fault({ route, kind: "status", status, times: 1 });
    stage.github.unlabel(shop, issue, { label: "agent", by: "mona" });
    await stage.untilShown(issue, "stopped", minuteMs);
  },
);

test("a stop on the pull request of a run at rest loses nothing that was said to the one at work", async () => {
  stage = await setStage();
  stage.plays(fixAndSubmit());
  const { issue, pull } = await openedPull(stage);
  stage.plays((agent) => agent.wait(hourMs));
  stage.github.unlabel(shop, issue, { label: "agent", by: "mona" });
  stage.github.label(shop, issue, { label: "agent", by: "mona" });
  await stage.pass(2 * minuteMs);
  delay("issue_comment", "created", 30_000);
  stage.github.comment(shop, issue, { body: "/agent fix use tabs", by: "mona" });
  await stage.pass(5_000);
  stage.github.comment(shop, pull, { body: "/agent stop", by: "mona" });
  await stage.pass(2 * hourMs);
  expect(toldTo(stage.claude.sessions[1]).join()).toContain("use tabs");
});

test("a person's push that comes late, asked to go on on top of it since: it goes on", async () => {
  stage = await setStage();
  stage.plays(async (agent) => {
    if (agent.round === 2) await agent.wait(hourMs);
    await fixAndSubmit()(agent);
  });
  const { issue, pull } = await openedPull(stage);
  stage.github.disturb({ event: "push", times: 1, kind: "delay", ms: 10_000 });
  const branch = `claude/${stage.claude.sessions[0]?.id}`;
  await stage.github.pushCommit(shop, branch, { files: { "b.txt": "b" }, by: "mona" });
  await stage.pass(4_000);
  stage.github.comment(shop, pull, { body: "/agent fix go on on top of my push", by: "mona" });
  await stage.pass(5 * minuteMs);
  expect(stage.headline(issue)).toContain("**working");
});

test("checks fail and a stop is written at the same moment: no round", async () => {
  stage = await setStage();
  stage.plays(fixAndSubmit());
  const { issue } = await openedPull(stage);
  const failed = { name: "unit", conclusion: "failure", title: "1 of 9 failed", summary: "add is wrong" };
  const branch = `claude/${stage.claude.sessions[0]?.id}`;
  await stage.github.completeSuite(shop, { branch, runs: [failed] });
  stage.github.comment(shop, issue, { body: "/agent stop", by: "mona" });
  await stage.pass(10 * minuteMs);
  expect(stage.headline(issue)).not.toContain("**working");
  expect(stage.claude.sessions[0]?.status).not.toBe("running");
});

test("two budgets, the first of them late: the second counts", async () => {
  stage = await setStage();
  stage.plays((agent) => agent.wait(hourMs));
  const issue = stage.labelled();
  await stage.pass(5 * minuteMs);
  delay("issue_comment", "created", 30_000);
  stage.github.comment(shop, issue, { body: "/agent budget 4.50", by: "rita" });
  await stage.pass(5_000);
  stage.github.comment(shop, issue, { body: "/agent budget 2", by: "rita" });
  await stage.pass(2 * hourMs);
  expect(stage.headline(issue)).toContain("of $2.00");
});

test("the label renamed while its run works, and taken off by its new name: stopped", async () => {
  stage = await setStage();
  stage.plays((agent) => agent.wait(3 * hourMs));
  const issue = stage.labelled();
  await stage.pass(5 * minuteMs);
  stage.github.renameLabel(shop, "agent", "robot");
  await stage.pass(minuteMs);
  stage.github.unlabel(shop, issue, { label: "robot", by: "mona" });
  await stage.untilShown(issue, "stopped", 5 * minuteMs);
});
