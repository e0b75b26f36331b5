/** Stops that GitHub tells little of, or only late: nobody works on because of that. */
import { afterEach, expect, test } from "vitest";
import { fixAndSubmit } from "../sim/claude/scripts.ts";
import { openedPull, says } from "./conversation.ts";
import { type Stage, setStage, shop } from "./stage.ts";

let stage: Stage;
afterEach(() => stage.close());
const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

test.each([503, 403, 422])(
  "/agent stop in a remark while the review answers %i: stopped all the same",
  async (status) => {
    stage = await setStage();
    stage.plays(async (agent) => {
      if (agent.round === 2) await agent.wait(3 * hourMs);
      await fixAndSubmit()(agent);
    });
    const { issue, pull } = await openedPull(stage);
    await says(stage, pull, "/agent fix and mind the sign");
    await stage.pass(5 * minuteMs);
    expect(stage.headline(issue)).toContain("**working");
    stage.github.fault({
      method: "GET",
      route: "/repos/{owner}/{repo}/pulls/{pull_number}/reviews/{review_id}",
      kind: "status",
      status,
    });
    const comments = [{ path: "add.txt", line: 1, body: "/agent stop" }];
    stage.github.review(shop, pull, { by: "mona", state: "COMMENTED", comments });
    await stage.pass(10 * minuteMs);
    expect(stage.claude.sessions[0]?.status).not.toBe("running");
  },
);

test("the label deleted, made anew, put on again and taken off while it works: stopped", async () => {
  stage = await setStage();
  stage.plays((agent) => agent.wait(3 * hourMs));
  const issue = stage.labelled();
  await stage.pass(5 * minuteMs);
  stage.github.deleteLabel(shop, "agent");
  await stage.pass(5 * minuteMs);
  stage.github.label(shop, issue, { label: "agent", by: "mona" });
  await stage.pass(5 * minuteMs);
  expect(stage.headline(issue)).toContain("**working");
  stage.github.unlabel(shop, issue, { label: "agent", by: "mona" });
  await stage.pass(10 * minuteMs);
  expect(stage.headline(issue)).toContain("**stopped");
});

test("one payload of the log that cannot be read: a missed label is worked on within a quarter of an hour", async () => {
  stage = await setStage();
  stage.plays((agent) => agent.wait(3 * hourMs));
  const other = stage.github.openIssue(shop, { title: "Other", author: "mona" });
  await stage.pass(minuteMs);
  await stage.app.stop();
  stage.github.comment(shop, other, { body: "a word", by: "mona" });
  await stage.pass(minuteMs);
  const issue = stage.labelled();
  await stage.pass(10 * minuteMs);
  for (let nth = 61; nth > 0; nth -= 2)
    stage.github.fault({
      method: "GET",
      route: "/app/hook/deliveries/{delivery_id}",
      kind: "status",
      status: 503,
      nth,
    });
  await stage.restart("kill");
  await stage.untilShown(issue, "working", 15 * minuteMs);
});
