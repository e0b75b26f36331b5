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

/** When the status comment was edited, in milliseconds. */
const edits = () =>
  stage.github.log
    .filter(({ method, route }) => method === "PATCH" && route.endsWith("/issues/comments/{comment_id}"))
    .map(({ at }) => at);

test("it links the session, the branch, the pull request and the dashboard", async () => {
  stage = await setStage({ env: { PUBLIC_URL: "https://patchwright.example" } });
  stage.plays(async (agent) => {
    if (agent.round === 2) await agent.wait(10 * 60_000);
    await fixAndSubmit()(agent);
  });
  const { issue, pull } = await openedPull(stage);
  const id = stage.claude.sessions[0]?.id;
  const [, run] = /patchwright:run:(run_\w{20}) /.exec(stage.status(issue)) ?? [];
  const timeline = `[timeline](https://patchwright.example/runs/${run})`;
  const session = `[session](https://platform.claude.com/workspaces/default/sessions/${id})`;
  expect(stage.status(issue)).toContain(`The pull request is open: #${pull}.\n\n> Fixed it.\n\n`);
  expect(stage.status(issue)).toContain(`${session} · branch \`claude/${id}\` · ${timeline}`);
  await says(stage, pull, "/agent fix more");
  expect(stage.status(issue)).toContain(
    `${session} · branch \`claude/${id}\` · pull request #${pull} · ${timeline}`,
  );
});

test("an agent that talks all the time has it edited twice a minute at first, then every three minutes", async () => {
  stage = await setStage();
  stage.plays(async (agent) => {
    for (let step = 0; step < 360; step += 1) {
      await agent.say(`Step ${step}.`);
      await agent.wait(5_000);
    }
  });
  const issue = stage.labelled();
  await stage.pass(29 * 60_000);
  const gaps = edits().flatMap((at, place, all) => (place === 0 ? [] : [at - (all[place - 1] ?? 0)]));
  expect(Math.min(...gaps)).toBeGreaterThanOrEqual(30_000);
  expect(Math.min(...gaps.slice(-4))).toBeGreaterThanOrEqual(180_000);
  expect(edits().length).toBeGreaterThan(10);
  await stage.untilShown(issue, "no changes");
});

test("an agent that says nothing new has it edited once and not again", async () => {
  stage = await setStage();
  stage.plays((agent) => agent.wait(3 * 3_600_000));
  const issue = stage.labelled();
  await stage.pass(2 * 3_600_000);
  expect(edits().length).toBeLessThanOrEqual(1);
  await stage.untilShown(issue, "no changes");
  expect(stage.status(issue)).toContain("without pushing anything, and without a word.");
});

test("work that goes on, after an answer and in a next round, is shown at once", async () => {
  stage = await setStage();
  stage.plays(async (agent) => {
    if (agent.round === 1) await agent.custom("ask_maintainer", { question: "Up?" });
    await agent.wait(10 * 60_000);
    await fixAndSubmit()(agent);
  });
  const issue = stage.labelled();
  await stage.untilShown(issue, "waiting for an answer");
  stage.github.comment(shop, issue, { body: "Up.", by: "mona" });
  await stage.untilShown(issue, "working", 40_000);
  await stage.untilShown(issue, "opened #");
  stage.github.comment(shop, issue, { body: "/agent fix more", by: "mona" });
  await stage.untilShown(issue, "working", 40_000);
  await stage.untilShown(issue, "opened #");
});
