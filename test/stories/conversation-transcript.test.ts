/** What people see of whole conversations, in order: comments, reactions, checks. */
import { afterEach, expect, test } from "vitest";
import type { Script } from "../sim/claude/agent.ts";
import { doNothing, fixAndSubmit, pushFix } from "../sim/claude/scripts.ts";
import { openedPull, says } from "./conversation.ts";
import { seen } from "./seen.ts";
import { type Stage, setStage, shop } from "./stage.ts";

let stage: Stage;
afterEach(() => stage.close());

const minute = 60_000;
const day = 24 * 3_600_000;

async function plays(script: Script): Promise<number> {
  stage = await setStage({ env: { PATCHWRIGHT_POLL_MS: "3600000" } });
  stage.plays(script);
  return stage.github.openIssue(shop, { title: "Add is wrong", author: "mona" });
}

test("commands: understood, not understood, not allowed, not there", async () => {
  const issue = await plays(doNothing);
  await says(stage, issue, "> /agent fix\n\nI would not say that.");
  await says(stage, issue, "/agent fixx it");
  await says(stage, issue, "/agent budget lots");
  await says(stage, issue, "/agent fix", "otto");
  await says(stage, issue, "/agent stop");
  await says(stage, issue, "/agent help");
  expect(seen(stage)).toMatchInlineSnapshot(`
    [
      "mona on #1: > /agent fix",
      "mona on #1: /agent fixx it",
      "  says on #1: There is no command \`fixx\`. Did you mean \`/agent fix [instructions]\`?",
      "mona on #1: /agent budget lots",
      "  says on #1: I did not understand that. Send \`/agent budget USD\`, such as 5 or 7.50.",
      "otto on #1: /agent fix",
      "  says on #1: otto needs the role \`write\` on this repository and has \`none\`: an admin of the repository can grant it.",
      "mona on #1: /agent stop",
      "  says on #1: No run is at work here.",
      "mona on #1: /agent help",
      "  says on #1: What mona may do here (role \`write\`):",
    ]
  `);
});

test("steering: taken in, read, done", async () => {
  const issue = await plays(async (agent) => {
    if (agent.round === 1) await agent.wait(10 * minute);
    await agent.say("As you say.");
  });
  await says(stage, issue, "/agent fix");
  await says(stage, issue, "/agent fix with tabs", "rita");
  await says(stage, issue, "Nice weather.", "rita");
  await stage.untilShown(issue, "no changes");
  expect(seen(stage)).toMatchInlineSnapshot(`
    [
      "mona on #1: /agent fix",
      "  :eyes: on the comment",
      "  status: **mona** asked · **starting** · TIME · $0.00 of $5.00",
      "rita on #1: /agent fix with tabs",
      "  :eyes: on the comment",
      "  status: **mona** asked · **working** · TIME · $0.00 of $5.00",
      "rita on #1: Nice weather.",
      "  :rocket: on the comment",
      "  status: **mona** asked · **no changes** · TIME · $0.00 of $5.00",
    ]
  `);
});

test("a question: asked once, reminded of once, answered", async () => {
  const issue = await plays(async (agent) => {
    await agent.custom("ask_maintainer", { question: "Up?" });
    await fixAndSubmit()(agent);
  });
  stage.github.label(shop, issue, { label: "agent", by: "mona" });
  await stage.untilShown(issue, "waiting for an answer");
  await stage.pass(2 * day);
  await says(stage, issue, "Up.", "rita");
  await stage.untilShown(issue, "opened #");
  expect(seen(stage)).toMatchInlineSnapshot(`
    [
      "mona labeled #1",
      "  :eyes: on #1",
      "  status: **mona** asked · **starting** · TIME · $0.00 of $5.00",
      "  says on #1: @mona, the agent asks:",
      "  status: **mona** asked · **waiting for an answer** · TIME · $0.00 of $5.00",
      "  says on #1: @mona, I still wait for an answer to the question above. After seven days I stop waiting.",
      "rita on #1: Up.",
      "  :eyes: on the comment",
      "  status: **mona** asked · **working** · TIME · $0.00 of $5.00",
      "  :rocket: on the comment",
      "  opens #2",
      "  :rocket: on #1",
      "  status: **mona** asked · **opened #2** · TIME · $0.00 of $5.00",
    ]
  `);
});

test("a plan: shown, changed, approved", async () => {
  let plans = 0;
  const issue = await plays(async (agent) => {
    let answer = "";
    while (!answer.includes("approved this plan")) {
      plans += 1;
      answer = (await agent.custom("propose_plan", { plan: `Plan ${plans}.` })).text;
    }
    await fixAndSubmit()(agent);
  });
  await says(stage, issue, "/agent plan");
  await says(stage, issue, "Smaller.", "rita");
  await says(stage, issue, "/agent approve", "rita");
  await stage.untilShown(issue, "opened #");
  expect(seen(stage)).toMatchInlineSnapshot(`
    [
      "mona on #1: /agent plan",
      "  :eyes: on the comment",
      "  status: **mona** asked · **starting** · TIME · $0.00 of $5.00",
      "  status: **mona** asked · **waiting for approval** · TIME · $0.00 of $5.00",
      "rita on #1: Smaller.",
      "  :eyes: on the comment",
      "  status: **mona** asked · **working** · TIME · $0.00 of $5.00",
      "  status: **mona** asked · **waiting for approval** · TIME · $0.00 of $5.00",
      "rita on #1: /agent approve",
      "  :rocket: on the comment",
      "  :eyes: on the comment",
      "  status: **mona** asked · **working** · TIME · $0.00 of $5.00",
      "  :rocket: on the comment",
      "  opens #2",
      "  :rocket: on the comment",
      "  status: **mona** asked · **opened #2** · TIME · $0.00 of $5.00",
    ]
  `);
});

test("stopped, looked at, begun again with another budget", async () => {
  const issue = await plays(async (agent) => {
    await pushFix()(agent);
    if (stage.claude.sessions.length === 1) await agent.wait(60 * minute);
    await agent.say("Done.");
  });
  stage.github.label(shop, issue, { label: "agent", by: "mona" });
  await stage.pass(5 * minute);
  await says(stage, issue, "/agent status", "rita");
  await says(stage, issue, "/agent budget 4");
  await says(stage, issue, "/agent stop", "rita");
  await says(stage, issue, "/agent retry");
  await stage.untilShown(issue, "opened #");
  expect(seen(stage)).toMatchInlineSnapshot(`
    [
      "mona labeled #1",
      "  :eyes: on #1",
      "  status: **mona** asked · **starting** · TIME · $0.00 of $5.00",
      "rita on #1: /agent status",
      "  says on #1: **mona** asked · **working** · TIME · $0.00 of $5.00",
      "mona on #1: /agent budget 4",
      "  says on #1: The budget is $4.00 now.",
      "  status: **mona** asked · **working** · TIME · $0.00 of $4.00",
      "rita on #1: /agent stop",
      "  status: **mona** asked · **stopped** · TIME · $0.00 of $4.00",
      "mona on #1: /agent retry",
      "  :eyes: on the comment",
      "  status: **mona** asked · **starting** · TIME · $0.00 of $5.00",
      "  opens #2",
      "  :rocket: on the comment",
      "  status: **mona** asked · **opened #2** · TIME · $0.00 of $5.00",
    ]
  `);
});

test("at its cap: what is said is kept, and a raised budget goes on with it", async () => {
  const issue = await plays(async (agent) => {
    if (agent.round === 1) await agent.spend(501);
    await pushFix()(agent);
    await agent.say("Tabs it is.");
  });
  await says(stage, issue, "/agent fix");
  await stage.untilShown(issue, "budget reached");
  await says(stage, issue, "/agent fix use tabs", "rita");
  await says(stage, issue, "/agent budget 4");
  await says(stage, issue, "/agent budget 9", "rita");
  await stage.untilShown(issue, "opened #");
  expect(seen(stage)).toMatchInlineSnapshot(`
    [
      "mona on #1: /agent fix",
      "  :eyes: on the comment",
      "  status: **mona** asked · **starting** · TIME · $0.00 of $5.00",
      "  :confused: on the comment",
      "  status: **mona** asked · **budget reached** · TIME · $5.01 of $5.00",
      "rita on #1: /agent fix use tabs",
      "  says on #1: The run's budget is used up. I keep this and go on with it after \`/agent budget USD\`.",
      "mona on #1: /agent budget 4",
      "  says on #1: $5.01 is spent already; the budget has to be more than that.",
      "rita on #1: /agent budget 9",
      "  says on #1: The budget is $9.00 now.",
      "  :eyes: on the comment",
      "  status: **mona** asked · **working** · TIME · $5.01 of $9.00",
      "  opens #2",
      "  :rocket: on the comment",
      "  status: **mona** asked · **opened #2** · TIME · $5.01 of $9.00",
    ]
  `);
});

test("after the pull request: a review, a failed check, a merge", async () => {
  await plays(async (agent) => {
    if (agent.round === 1) return fixAndSubmit()(agent);
    await agent.wait(minute);
    await pushFix()(agent);
    await agent.say(`Done in round ${agent.round}.`);
  });
  const { pull } = await openedPull(stage);
  stage.github.review(shop, pull, { state: "CHANGES_REQUESTED", body: "Nearly.", by: "rita" });
  await stage.pass(10 * minute);
  const branch = `claude/${stage.claude.sessions[0]?.id}`;
  const runs = [{ name: "unit", conclusion: "failure" }];
  await stage.github.completeSuite(shop, { branch, runs });
  await stage.pass(10 * minute);
  await stage.github.mergePull(shop, pull, { by: "rita" });
  await stage.pass(minute);
  expect(seen(stage)).toMatchInlineSnapshot(`
    [
      "mona labeled #2",
      "  :eyes: on #2",
      "  status: **mona** asked · **starting** · TIME · $0.00 of $5.00",
      "  opens #3",
      "  :rocket: on #2",
      "  status: **mona** asked · **opened #3** · TIME · $0.00 of $5.00",
      "rita reviews #3: changes_requested",
      "  check: in_progress, The agent is at work",
      "  status: **mona** asked · **working** · TIME · $0.00 of $5.00",
      "  status: **mona** asked · **opened #3** · TIME · $0.00 of $5.00",
      "  check: success, The agent is done",
      "  check: success, The agent is done",
      "  says on #3: Done in round 2.",
      "CI: failure on SHA",
      "  check: in_progress, The agent is at work",
      "  status: **mona** asked · **working** · TIME · $0.00 of $5.00",
      "  status: **mona** asked · **opened #3** · TIME · $0.00 of $5.00",
      "  check: success, The agent is done",
      "  check: success, The agent is done",
      "  says on #3: Checks failed on what I had pushed; this was repair 1 of 2.",
      "rita merges #3",
      "rita closes #2",
      "  status: **mona** asked · **opened #3** · TIME · $0.00 of $5.00",
    ]
  `);
});

test("several at once: two commands on one issue, one more on its pull request", async () => {
  const issue = await plays(async (agent) => {
    await agent.wait(minute);
    await fixAndSubmit()(agent);
  });
  stage.github.comment(shop, issue, { body: "/agent fix tabs", by: "mona" });
  await stage.pass(1_000);
  stage.github.comment(shop, issue, { body: "/agent fix spaces", by: "rita" });
  await stage.untilShown(issue, "opened #");
  await stage.pass(10 * minute);
  await says(stage, issue, "/agent fix more");
  await stage.pass(10 * minute);
  expect(seen(stage)).toMatchInlineSnapshot(`
    [
      "mona on #1: /agent fix tabs",
      "  :eyes: on the comment",
      "  status: **mona** asked · **starting** · TIME · $0.00 of $5.00",
      "rita on #1: /agent fix spaces",
      "  :eyes: on the comment",
      "  status: **mona** asked · **working** · TIME · $0.00 of $5.00",
      "  :rocket: on the comment",
      "  status: **mona** asked · **working** · TIME · $0.00 of $5.00",
      "  opens #2",
      "  :rocket: on the comment",
      "  status: **mona** asked · **opened #2** · TIME · $0.00 of $5.00",
      "mona on #1: /agent fix more",
      "  check: in_progress, The agent is at work",
      "  :eyes: on the comment",
      "  status: **mona** asked · **working** · TIME · $0.00 of $5.00",
      "  :rocket: on the comment",
      "  status: **mona** asked · **opened #2** · TIME · $0.00 of $5.00",
      "  check: success, The agent is done",
      "  check: success, The agent is done",
      "  says on #2: Received. Patchwright checks what you pushed and opens the pull request. End your turn now.",
    ]
  `);
});
