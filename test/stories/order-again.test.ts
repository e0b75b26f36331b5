/** Work that is asked for again, beside words that would end it: a retry, a plan, an approval. The last one counts. */
import { afterEach, expect, test } from "vitest";
import { doNothing, pushFix, workForHours } from "../sim/claude/scripts.ts";
import { transcript } from "./conversation.ts";
import { type Stage, setStage, shop } from "./stage.ts";

let stage: Stage;
afterEach(() => stage.close());

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const sessions = () => stage.claude.sessions.length;
const delay = (event: string, action: string, ms: number) =>
  stage.github.disturb({ event, action, times: 1, kind: "delay", ms });

test.each([
  { aheadMs: 0, off: 20_000, again: 30_000, pauseMs: 10_000 },
  { aheadMs: 12_000, off: 0, again: 0, pauseMs: 5_000 },
  { aheadMs: -12_000, off: 0, again: 0, pauseMs: 5_000 },
])(
  "`/agent retry` after the label came off is worked on: clock $aheadMs ms ahead, late by $off and $again ms",
  async ({ aheadMs, off, again, pauseMs }) => {
    stage = await setStage({ aheadMs });
    stage.plays(doNothing);
    const issue = stage.labelled();
    await stage.untilShown(issue, "no changes");
    await stage.pass(minuteMs);
    if (off > 0) delay("issues", "unlabeled", off);
    stage.github.unlabel(shop, issue, { label: "agent", by: "mona" });
    await stage.pass(pauseMs);
    if (again > 0) delay("issue_comment", "created", again);
    stage.github.comment(shop, issue, { body: "/agent retry", by: "mona" });
    await stage.pass(hourMs);
    expect(sessions()).toBe(2);
  },
);

test("our clock ahead, the label off and a retry while the agent comes to rest: worked on afterwards", async () => {
  stage = await setStage({ aheadMs: 12_000 });
  stage.claude.switches.interruptLagMs = 15_000;
  stage.plays(workForHours(0.5, 10));
  const issue = stage.labelled();
  await stage.pass(15 * minuteMs);
  stage.github.unlabel(shop, issue, { label: "agent", by: "mona" });
  await stage.pass(5_000);
  stage.github.comment(shop, issue, { body: "/agent retry", by: "mona" });
  await stage.pass(10 * minuteMs);
  expect([sessions(), stage.headline(issue)]).toEqual([2, expect.stringContaining("**working")]);
});

test("`/agent plan` two seconds after a stop, while the agent comes to rest: planned afterwards", async () => {
  stage = await setStage();
  stage.claude.switches.interruptLagMs = 10_000;
  stage.plays(workForHours(0.5, 10));
  const issue = stage.labelled();
  await stage.pass(15 * minuteMs);
  stage.github.comment(shop, issue, { body: "/agent stop", by: "mona" });
  await stage.pass(2_000);
  stage.github.comment(shop, issue, { body: "/agent plan do it in Rust", by: "mona" });
  await stage.pass(10 * minuteMs);
  expect(sessions()).toBe(2);
  expect(transcript(stage, issue).join("\n")).not.toContain("A plan is for a new run");
});

test.each(["/agent retry", "/agent plan do it well"])(
  "a stop a minute late, after which %s found the run at work: it goes on",
  async (words) => {
    stage = await setStage();
    stage.plays((agent) => agent.wait(3 * hourMs));
    const issue = stage.labelled();
    await stage.pass(5 * minuteMs);
    delay("issue_comment", "created", minuteMs);
    stage.github.comment(shop, issue, { body: "/agent stop", by: "mona" });
    await stage.pass(5_000);
    stage.github.comment(shop, issue, { body: words, by: "mona" });
    await stage.pass(hourMs);
    expect(stage.headline(issue)).toContain("**working");
  },
);

test("held work that was approved after a stop, which comes late, is proposed", async () => {
  stage = await setStage();
  stage.plays(pushFix({ path: "CODEOWNERS", content: "* @rita\n" }));
  const issue = stage.labelled();
  await stage.untilShown(issue, "waiting for approval");
  const head = await stage.github.branchHead(shop, `claude/${stage.claude.sessions[0]?.id}`);
  const pulls = "/repos/{owner}/{repo}/pulls";
  stage.github.fault({ method: "POST", route: pulls, times: 3, kind: "status", status: 503 });
  delay("issue_comment", "created", 15_000);
  stage.github.comment(shop, issue, { body: "/agent stop", by: "rita" });
  await stage.pass(10_000);
  stage.github.comment(shop, issue, { body: `/agent approve ${head}`, by: "rita" });
  await stage.pass(20 * minuteMs);
  expect(stage.headline(issue)).toContain("**opened");
});

test.each([0, 12_000, -12_000])(
  "our clock %i ms ahead, labelled four seconds after a command whose run has ended: another run",
  async (aheadMs) => {
    stage = await setStage({ aheadMs });
    stage.plays(doNothing);
    const issue = stage.github.openIssue(shop, { title: "Add is wrong", author: "mona" });
    stage.github.comment(shop, issue, { body: "/agent fix", by: "mona" });
    await stage.untilShown(issue, "no changes");
    await stage.pass(4_000);
    stage.github.label(shop, issue, { label: "agent", by: "mona" });
    await stage.pass(hourMs);
    expect(sessions()).toBe(2);
  },
);

test.each([-25_000, 25_000])(
  "our clock %i ms ahead, a stop that comes late, labelled since: it goes on",
  async (aheadMs) => {
    stage = await setStage({ aheadMs });
    stage.plays((agent) => agent.wait(3 * hourMs));
    const issue = stage.github.openIssue(shop, { title: "Add is wrong", author: "mona" });
    await stage.pass(minuteMs);
    delay("issue_comment", "created", 10_000);
    stage.github.comment(shop, issue, { body: "/agent stop", by: "mona" });
    await stage.pass(4_000);
    stage.github.label(shop, issue, { label: "agent", by: "mona" });
    await stage.pass(5 * minuteMs);
    expect(stage.headline(issue)).toContain("**working");
  },
);

test.each([0, 30_000])(
  "`/agent fix` %i ms late on a labelled issue, the label off three seconds after it: nothing works",
  async (ms) => {
    stage = await setStage();
    stage.plays((agent) => agent.wait(3 * hourMs));
    const issue = stage.labelled();
    await stage.pass(minuteMs);
    stage.github.comment(shop, issue, { body: "/agent stop", by: "mona" });
    await stage.pass(5 * minuteMs);
    if (ms > 0) delay("issue_comment", "created", ms);
    stage.github.comment(shop, issue, { body: "/agent fix with tabs", by: "mona" });
    await stage.pass(3_000);
    stage.github.unlabel(shop, issue, { label: "agent", by: "mona" });
    await stage.pass(10 * minuteMs);
    expect(stage.claude.sessions.filter(({ status }) => status === "running")).toEqual([]);
  },
);

test("`/agent fix` after the label came off is worked on", async () => {
  stage = await setStage();
  stage.plays((agent) => agent.wait(3 * hourMs));
  const issue = stage.github.openIssue(shop, { title: "Add is wrong", author: "mona" });
  await stage.pass(minuteMs);
  stage.github.label(shop, issue, { label: "other", by: "mona" });
  stage.github.unlabel(shop, issue, { label: "other", by: "mona" });
  stage.github.label(shop, issue, { label: "agent", by: "mona" });
  await stage.pass(minuteMs);
  stage.github.unlabel(shop, issue, { label: "agent", by: "mona" });
  await stage.pass(2 * minuteMs);
  const before = sessions();
  stage.github.comment(shop, issue, { body: "/agent fix", by: "mona" });
  await stage.pass(minuteMs);
  expect(sessions()).toBe(before + 1);
});

test.each(["/agent retry", "/agent plan do it well", "/agent fix"])(
  "%s said while it works, then the label comes off, and the words come late: stopped",
  async (words) => {
    stage = await setStage();
    stage.claude.switches.interruptLagMs = 30_000;
    stage.plays(workForHours(0.5, 10));
    const issue = stage.labelled();
    await stage.pass(15 * minuteMs);
    delay("issue_comment", "created", 10_000);
    stage.github.comment(shop, issue, { body: words, by: "mona" });
    await stage.pass(3_000);
    stage.github.unlabel(shop, issue, { label: "agent", by: "mona" });
    await stage.pass(10 * minuteMs);
    expect([sessions(), stage.headline(issue)]).toEqual([1, expect.stringContaining("**stopped")]);
  },
);
