/** The session's budget and the round's time: what is pushed by then is proposed as unfinished. */
import { afterEach, expect, test } from "vitest";
import type { Script } from "../sim/claude/agent.ts";
import { fixAndSubmit, pushFix } from "../sim/claude/scripts.ts";
import { type Stage, setStage, shop } from "./stage.ts";

let stage: Stage;
afterEach(() => stage.close());

const minute = 60_000;

async function plays(script: Script, setting = {}): Promise<number> {
  stage = await setStage(setting);
  stage.plays(script);
  return stage.labelled();
}

const unfinishedDraft = () => {
  const [pull] = stage.github.pulls(shop);
  expect(pull?.draft).toBe(true);
  expect(pull?.body).toContain("**Unfinished:**");
};

test("the budget is reached with nothing pushed", async () => {
  const issue = await plays((agent) => agent.spend(500));
  await stage.untilShown(issue, "budget reached");
  expect(stage.headline(issue)).toContain("$5.00 of $5.00");
  expect(stage.status(issue)).toContain("`/agent budget USD` raises it");
  expect(stage.github.reactions(shop, issue)).toEqual(["eyes", "confused"]);
  expect(stage.github.pulls(shop)).toEqual([]);
  expect(stage.claude.sessions[0]?.archivedAt).toBeNull();
});

test.each(["comes", "is lost"])(
  "the budget is reached with commits pushed: a draft marked unfinished; GitHub's answer %s",
  async (answer) => {
    const issue = await plays(async (agent) => {
      await pushFix()(agent);
      await agent.spend(501);
    });
    const route = "/repos/{owner}/{repo}/pulls";
    if (answer === "is lost") stage.github.fault({ method: "POST", route, kind: "resetAfter", times: 1 });
    await stage.untilShown(issue, "budget reached");
    expect(stage.status(issue)).toContain("What was pushed so far is in #2, marked *unfinished*.");
    unfinishedDraft();
  },
);

test("at 80 % of its time the agent is told to finish and push, and does", async () => {
  const heard: { at: number; text: string }[] = [];
  const issue = await plays(async (agent) => {
    heard.push({ at: stage.clock.now(), text: agent.text });
    if (heard.length === 1) await agent.wait(200 * minute);
    else await fixAndSubmit()(agent);
  });
  const began = stage.clock.now();
  await stage.untilShown(issue, "opened #2");
  expect(heard[1]?.text).toContain("Your time is almost over.");
  const sent = stage.claude.log.filter(({ method, path }) => method === "POST" && path.endsWith("/events"));
  expect(sent.map(({ at }) => Math.round((at - began) / minute))).toContain(192);
});

test("the time is over with nothing pushed", async () => {
  const issue = await plays((agent) => agent.wait(300 * minute));
  await stage.untilShown(issue, "timed out");
  expect(stage.headline(issue)).toContain("4 h 0 min");
  expect(stage.status(issue)).toContain("The time limit of 240 minutes is reached.");
  expect(stage.claude.sessions[0]?.archivedAt).not.toBeNull();
  expect(stage.github.pulls(shop)).toEqual([]);
});

test("the time is over with commits pushed: a draft marked unfinished", async () => {
  // The last call is still queued when the interrupt comes; the agent reads it and finds its token gone.
  const issue = await plays(
    async (agent) => {
      await pushFix()(agent);
      await agent.wait(300 * minute);
    },
    { allows: ["git without a token"] },
  );
  await stage.untilShown(issue, "timed out");
  unfinishedDraft();
  expect(stage.status(issue)).toContain("#2");
});

test("the budget is reached just when the last call is due: still the right words", async () => {
  const issue = await plays(async (agent) => {
    await agent.wait(191.9 * minute);
    await agent.spend(500);
  });
  stage.claude.webhooks.faults.drop = ["*"];
  await stage.untilShown(issue, "budget reached");
});

test("the session dies just when the last call is due: still the right words", async () => {
  const issue = await plays(async (agent) => {
    await agent.wait(191.9 * minute);
    agent.terminate();
  });
  stage.claude.webhooks.faults.drop = ["*"];
  await stage.untilShown(issue, "failed");
  expect(stage.status(issue)).toContain("The Claude session ended unexpectedly.");
});
