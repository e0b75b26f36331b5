/** The status comment is the one honest place: harmless, bounded, and not to be broken by anybody's edits. */
import { afterEach, expect, test } from "vitest";
import { fixAndSubmit } from "../sim/claude/scripts.ts";
import { openedPull, says } from "./conversation.ts";
import { type Stage, setStage, shop } from "./stage.ts";

let stage: Stage;
afterEach(() => stage.close());

const bodyMax = 65_536;

test("the agent's latest words notify nobody, fetch nothing and command nothing", async () => {
  stage = await setStage();
  stage.plays(async (agent) => {
    await agent.read("add.js");
    await agent.say(
      "/agent stop\n@rita @acme/team see ![x](https://evil.example/x.png) <img src=//e.example>\n<!-- hi -->",
    );
    await agent.wait(30 * 60_000);
  });
  const issue = stage.labelled();
  await stage.pass(5 * 60_000);
  const status = stage.status(issue);
  expect(status).toContain("1 file read");
  expect(status).not.toMatch(/(?<!`)@rita|(?<!`)@acme|!\[|(?<!\\)<img|<!-- hi/);
  expect(status.split("\n").filter((line) => /^>? ?\/agent/.test(line))).toEqual([]);
  await stage.untilShown(issue, "no changes");
});

test("a flood of words, and a plan that never ends, stay below GitHub's limit", async () => {
  stage = await setStage();
  stage.plays(async (agent) => {
    await agent.say("@rita [x](https://e.example) `".repeat(20_000));
    await agent.wait(60_000);
    await agent.custom("propose_plan", { plan: "@rita | # *x* <b>\n".repeat(50_000) });
  });
  const issue = stage.github.openIssue(shop, { title: "t".repeat(256), author: "mona" });
  stage.github.comment(shop, issue, { body: "/agent plan", by: "mona" });
  await stage.untilShown(issue, "waiting for approval");
  const bodies = stage.github.log.flatMap(({ requestBody }) => {
    const body = (requestBody as { body?: unknown } | undefined)?.body;
    return typeof body === "string" ? [body] : [];
  });
  expect(Math.max(...bodies.map(({ length }) => length))).toBeLessThanOrEqual(bodyMax);
  expect(stage.status(issue)).toContain("`/agent approve`");
  await says(stage, issue, "/agent stop");
});

test("a person's edit of it is written over, and the run goes on", async () => {
  stage = await setStage();
  stage.plays(async (agent) => {
    await agent.wait(10 * 60_000);
    await fixAndSubmit()(agent);
  });
  const issue = stage.labelled();
  await stage.pass(60_000);
  const [status] = stage.github.comments(shop, issue);
  stage.github.editComment(shop, status?.id ?? 0, { body: "Ha!", by: "rita" });
  await stage.until("the pull request is open", () => stage.github.pulls(shop).length === 1);
  await stage.pass(60_000);
  expect(stage.github.comments(shop, issue)).toHaveLength(1);
  expect(stage.headline(issue)).toContain("**opened #2**");
});

test("a person's edit of the pull request and deletion of comments do not break the next round", async () => {
  stage = await setStage();
  stage.plays(fixAndSubmit());
  const { issue, pull } = await openedPull(stage);
  for (const { id } of stage.github.comments(shop, issue))
    stage.github.deleteComment(shop, id, { by: "rita" });
  stage.github.editIssue(shop, pull, { title: "Mine now", body: "No marker.", by: "rita" });
  await says(stage, pull, "/agent fix more");
  await stage.pass(10 * 60_000);
  expect(stage.headline(issue)).toContain(`**opened #${pull}**`);
  expect(stage.github.comments(shop, issue)).toHaveLength(1);
  expect(stage.github.pulls(shop)).toHaveLength(1);
});
