/** Stops from a page and closings of a pull request beside words that come late or wait: the last one counts. */
import { afterEach, expect, test } from "vitest";
import { Browser, formKey } from "../doors/browser.ts";
import { fixAndSubmit, workForHours } from "../sim/claude/scripts.ts";
import { openedPull, says } from "./conversation.ts";
import { type Stage, setStage, shop } from "./stage.ts";

let stage: Stage;
afterEach(() => stage.close());
const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const runId = (issue: number) => /run_\w{20}/.exec(stage.status(issue))?.[0] ?? "";

async function press(issue: number, browser: Browser, page: Awaited<ReturnType<Browser["get"]>>) {
  await browser.post(`/runs/${runId(issue)}/stop`, { key: formKey(page) });
}

test.each(["/agent retry"])(
  "%s said at work, then stopped from the page, and the words come late: stopped",
  async (words) => {
    stage = await setStage({ signIn: true });
    stage.claude.switches.interruptLagMs = 30_000;
    stage.plays(workForHours(0.5, 10));
    const issue = stage.labelled();
    await stage.pass(15 * minuteMs);
    const browser = new Browser(stage.app.url);
    await browser.signIn("rita");
    const page = await browser.get(`/runs/${runId(issue)}`);
    stage.github.disturb({ event: "issue_comment", action: "created", times: 1, kind: "delay", ms: 10_000 });
    stage.github.comment(shop, issue, { body: words, by: "mona" });
    await stage.pass(3_000);
    await press(issue, browser, page);
    await stage.pass(10 * minuteMs);
    expect([stage.claude.sessions.length, stage.headline(issue)]).toEqual([
      1,
      expect.stringContaining("**stopped"),
    ]);
  },
);

test("a retry said at work, then the pull request is closed, and the words come late: nothing begins", async () => {
  stage = await setStage();
  stage.claude.switches.interruptLagMs = 30_000;
  stage.plays(async (agent) => {
    if (agent.round === 2) await agent.wait(3 * hourMs);
    await fixAndSubmit()(agent);
  });
  const { issue, pull } = await openedPull(stage);
  await says(stage, pull, "/agent fix and mind the sign");
  await stage.pass(5 * minuteMs);
  expect(stage.headline(issue)).toContain("**working");
  stage.github.disturb({ event: "issue_comment", action: "created", times: 1, kind: "delay", ms: 10_000 });
  stage.github.comment(shop, issue, { body: "/agent retry", by: "mona" });
  await stage.pass(3_000);
  stage.github.closePull(shop, pull, { by: "mona" });
  await stage.pass(10 * minuteMs);
  expect(stage.claude.sessions.length).toBe(1);
});

test.each([true, false])(
  "once locked %s; a fix that waits for its permission, then a stop from the page: nothing begins",
  async (wasLocked) => {
    stage = await setStage({ signIn: true });
    stage.plays((agent) => agent.wait(3 * hourMs));
    const issue = stage.github.openIssue(shop, { title: "Add is wrong", author: "mona" });
    if (wasLocked) {
      stage.github.lock(shop, issue, { locked: true, by: "rita" });
      await stage.pass(minuteMs);
      stage.github.lock(shop, issue, { locked: false, by: "rita" });
    }
    await stage.pass(hourMs);
    stage.github.label(shop, issue, { label: "agent", by: "mona" });
    await stage.pass(15 * minuteMs);
    const browser = new Browser(stage.app.url);
    await browser.signIn("rita");
    const page = await browser.get(`/runs/${runId(issue)}`);
    const route = "/repos/{owner}/{repo}/collaborators/{username}/permission";
    stage.github.fault({ route, kind: "status", status: 503, times: 1 });
    stage.github.comment(shop, issue, { body: "/agent fix again", by: "mona" });
    await stage.pass(100);
    await press(issue, browser, page);
    await stage.pass(10 * minuteMs);
    expect([stage.claude.sessions.length, stage.headline(issue)]).toEqual([
      1,
      expect.stringContaining("**stopped"),
    ]);
  },
);
