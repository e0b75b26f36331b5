/** An answer is what was written after the question, by GitHub's clock, however far ours is from it. */
import { afterEach, expect, test } from "vitest";
import { askMaintainer } from "../sim/claude/scripts.ts";
import { type Stage, setStage, shop } from "./stage.ts";

let stage: Stage;
afterEach(() => stage.close());

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

test.each([0, 12_000, 25_000, -25_000])(
  "our clock %i ms ahead: what is written three seconds after the question answers it",
  async (aheadMs) => {
    stage = await setStage({ aheadMs });
    stage.plays(askMaintainer("Which?"));
    const issue = stage.labelled();
    await stage.untilShown(issue, "waiting for an answer");
    await stage.pass(3_000);
    stage.github.comment(shop, issue, { body: "The first.", by: "mona" });
    await stage.pass(hourMs);
    expect(stage.headline(issue)).toContain("**opened");
  },
);

test.each([0, -25_000, 25_000])(
  "our clock %i ms ahead: what was written five seconds before the question, and comes late, does not",
  async (aheadMs) => {
    stage = await setStage({ aheadMs });
    stage.plays(async (agent) => {
      await agent.wait(minuteMs);
      await askMaintainer("Which?")(agent);
    });
    const issue = stage.labelled();
    await stage.pass(55_000);
    stage.github.disturb({ event: "issue_comment", action: "created", times: 1, kind: "delay", ms: 10_000 });
    stage.github.comment(shop, issue, { body: "By the way, no need to hurry.", by: "mona" });
    await stage.pass(10 * minuteMs);
    expect(stage.headline(issue)).toContain("**waiting");
  },
);
