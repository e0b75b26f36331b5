/** Webhooks, streams and looking: each alone suffices; doubled, late, reordered or lost they do no harm. */
import { afterEach, expect, test } from "vitest";
import type { Script } from "../sim/claude/agent.ts";
import { pushFix } from "../sim/claude/scripts.ts";
import { type Stage, setStage, shop } from "./stage.ts";

let stage: Stage;
afterEach(() => stage.close());

const submissions: string[] = [];

/** Works for three minutes, asks to be proposed, and says that it heard the answer. */
const script: Script = async (agent) => {
  await agent.wait(200_000);
  await pushFix()(agent);
  submissions.push((await agent.custom("submit_pull_request", { title: "Fix", summary: "So." })).text);
};

/** Everything happened, and happened once. */
function expectOnce(issue: number): void {
  const [session, ...others] = stage.claude.sessions;
  expect(others).toEqual([]);
  const sent = session?.log.filter(({ type }) => type.startsWith("user.")).map(({ type }) => type);
  expect(sent).toEqual(["user.message", "user.custom_tool_result"]);
  expect(stage.github.pulls(shop)).toHaveLength(1);
  expect(stage.github.comments(shop, issue)).toHaveLength(1);
}

test.each(["webhooks", "streams"] as const)("%s alone: the pull request is open at once", async (knocks) => {
  stage = await setStage({ knocks, env: { PATCHWRIGHT_POLL_MS: "3600000" } });
  stage.plays(script);
  const began = stage.clock.now();
  const issue = stage.labelled();
  await stage.untilShown(issue, "opened #2");
  expect(stage.clock.now() - began).toBe(200_000);
  expectOnce(issue);
});

test("looking alone: half a minute later at most for each step", async () => {
  stage = await setStage({ knocks: "none" });
  stage.plays(script);
  const began = stage.clock.now();
  const issue = stage.labelled();
  await stage.untilShown(issue, "opened #2");
  expect(stage.clock.now() - began).toBeLessThanOrEqual(200_000 + 60_000);
  expectOnce(issue);
});

test("webhooks that come three times, late and in any order", async () => {
  stage = await setStage({ env: { PATCHWRIGHT_POLL_MS: "3600000" } });
  Object.assign(stage.claude.webhooks.faults, { copies: 3, delayMs: 40_000, reorder: true });
  stage.plays(script);
  const issue = stage.labelled();
  await stage.untilShown(issue, "opened #2");
  await stage.pass(600_000);
  expectOnce(issue);
});

test.each(["cut", "end", "silent", "error", "unnamed"] as const)(
  "a stream that goes bad (%s)",
  async (kind) => {
    stage = await setStage({ knocks: "streams" });
    stage.claude.streamFault({
      on: "GET /v1/sessions/:id/events/stream",
      times: 3,
      trouble: { kind, afterFrames: 1 },
    });
    stage.plays(script);
    const issue = stage.labelled();
    await stage.untilShown(issue, "opened #2");
    expectOnce(issue);
  },
);

test("a restart in the middle: the next process follows the session on", async () => {
  stage = await setStage({ knocks: "streams", env: { PATCHWRIGHT_POLL_MS: "3600000" } });
  stage.plays(script);
  const issue = stage.labelled();
  await stage.pass(60_000);
  await stage.restart();
  await stage.untilShown(issue, "opened #2");
  expectOnce(issue);
});

test("GitHub's deliveries doubled, delayed and out of order", async () => {
  stage = await setStage();
  stage.github.disturb({ kind: "duplicate", copies: 3, times: 50 });
  stage.plays(script);
  const issue = stage.labelled();
  await stage.untilShown(issue, "opened #2");
  const labelled = stage.github.deliveries.find(({ action }) => action === "labeled");
  await stage.github.redeliver(labelled?.guid ?? "");
  await stage.pass(600_000);
  expectOnce(issue);
});

test("streams that end at once are opened again with every poll, not with every knock", async () => {
  stage = await setStage({ knocks: "streams" });
  const on = "GET /v1/sessions/:id/events/stream";
  stage.claude.streamFault({ on, times: 1_000_000, trouble: { kind: "end", afterFrames: 0 } });
  stage.plays(script);
  const issue = stage.labelled();
  await stage.untilShown(issue, "opened #2");
  expectOnce(issue);
  const opened = stage.claude.log.filter(({ kind }) => kind === "stream").length;
  expect(opened).toBeGreaterThan(0);
  expect(opened).toBeLessThanOrEqual(10);
});
