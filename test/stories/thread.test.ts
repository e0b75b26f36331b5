/** What of an issue's conversation reaches the agent: what was said before the trigger, as it stood then. */
import { afterEach, expect, test } from "vitest";
import { type Stage, setStage, shop } from "./stage.ts";

let stage: Stage;
afterEach(() => stage.close());

test("comments stand as they stood when the command was written, not when word of it came", async () => {
  stage = await setStage();
  let request = "";
  stage.plays(async (agent) => {
    request = agent.text;
  });
  const issue = stage.github.openIssue(shop, { title: "Add is wrong", author: "mona" });
  const say = (body: string) => stage.github.comment(shop, issue, { body, by: "rita" });
  const kept = say("It is off by one.");
  const changed = say("Mind the tests.");
  await stage.pass(60_000);
  stage.github.editComment(shop, kept, { body: "It is off by one, always.", by: "rita" });
  await stage.pass(60_000);
  stage.github.disturb({ event: "issue_comment", times: 1, kind: "delay", ms: 30_000 });
  stage.github.comment(shop, issue, { body: "/agent fix", by: "mona" });
  await stage.pass(10_000);
  stage.github.editComment(shop, changed, { body: "Drop the tests.", by: "rita" });
  say("Drop them, I said.");
  await stage.untilShown(issue, "no changes");
  expect(request).toContain("It is off by one, always.");
  expect(request).not.toMatch(/Mind the tests|Drop/);
  expect(request).toContain(
    "Left out: 1 comments written after the request; 1 comments edited after the request.",
  );
});
