/** GitHub says *later* to what we say: it comes all the same, and once. */
import { afterEach, expect, test } from "vitest";
import { fixAndSubmit } from "../sim/claude/scripts.ts";
import { openedPull, reactionsTo, says, transcript } from "./conversation.ts";
import { type Stage, setStage, shop } from "./stage.ts";

let stage: Stage;
afterEach(() => stage.close());

const minute = 60_000;
const comments = "/repos/{owner}/{repo}/issues/{issue_number}/comments";
const commentReactions = "/repos/{owner}/{repo}/issues/comments/{comment_id}/reactions";

/** What GitHub does to the next request: refuses it for now, or loses the answer after the effect. */
const troubles = [
  ["a 502", { kind: "status", status: 502 }],
  ["a secondary limit", { kind: "status", status: 403, headers: { "retry-after": "90" } }],
  ["a lost answer", { kind: "resetAfter" }],
] as const;
type Trouble = (typeof troubles)[number][1];

function trouble(given: Trouble, times = 1, route = comments): void {
  stage.github.fault({ method: "POST", route, times, ...given });
}

const own = (thread: number) =>
  transcript(stage, thread).filter((line) => line.startsWith(stage.github.app.botLogin));

async function atWork(): Promise<number> {
  stage = await setStage();
  stage.plays(async (agent) => {
    if (agent.round === 1) await agent.wait(60 * minute);
    await agent.say("Done.");
  });
  const issue = stage.labelled();
  await stage.pass(minute);
  return issue;
}

test.each(troubles)("answers and refusals, after %s", async (_what, given) => {
  const issue = await atWork();
  const said: [body: string, by: string, answer: RegExp][] = [
    ["/agent status", "mona", /\*\*working\*\*/],
    ["/agent statsu", "mona", /Did you mean/],
    ["/agent fix this", "otto", /otto needs the role/],
    ["/agent budget 4", "mona", /The budget is \$4\.00 now/],
    [`/agent fix ${"x".repeat(20_001)}`, "mona", /was left out/],
  ];
  for (const [body, by] of said) {
    trouble(given, 2);
    stage.github.comment(shop, issue, { body, by });
    await stage.pass(6 * minute);
  }
  expect(own(issue).slice(1)).toEqual(said.map(([, , answer]) => expect.stringMatching(answer)));
});

test.each(troubles)("👀 and 🚀, after %s", async (_what, given) => {
  const issue = await atWork();
  trouble(given, 2, commentReactions);
  const id = await says(stage, issue, "/agent fix with tabs");
  await stage.untilShown(issue, "no changes");
  expect(reactionsTo(stage, issue, id)).toEqual(["eyes", "rocket"]);
});

test.each(troubles)("an outsider's reaction, after %s", async (_what, given) => {
  stage = await setStage({ private: false });
  const issue = stage.github.openIssue(shop, { title: "Mine", author: "otto" });
  trouble(given, 2, commentReactions);
  const id = stage.github.comment(shop, issue, { body: "/agent fix", by: "otto" });
  await stage.pass(10 * minute);
  expect(reactionsTo(stage, issue, id)).toEqual(["confused"]);
  expect(own(issue)).toEqual([]);
});

test.each(troubles)("a question and the answer under a review, after %s", async (_what, given) => {
  stage = await setStage();
  stage.plays(async (agent) => {
    if (agent.round === 1) return fixAndSubmit()(agent);
    trouble(given, 2);
    await agent.custom("ask_maintainer", { question: "Up?" });
    trouble(given, 2);
    await fixAndSubmit()(agent);
  });
  const { issue, pull } = await openedPull(stage);
  stage.github.review(shop, pull, { state: "CHANGES_REQUESTED", body: "Nearly.", by: "rita" });
  await stage.untilShown(issue, "waiting for an answer");
  await stage.pass(10 * minute);
  await says(stage, pull, "Up.");
  await stage.pass(10 * minute);
  expect(own(issue)).toEqual([
    expect.stringContaining("**opened #2**"),
    expect.stringContaining("the agent asks:"),
  ]);
  expect(own(pull)).toHaveLength(1);
});

test("carried out, killed before the answer was given, and answered by the next process", async () => {
  const issue = await atWork();
  const heal = stage.github.fault({ method: "POST", route: comments, kind: "status", status: 502 });
  await says(stage, issue, "/agent budget 4");
  expect(stage.claude.sessions[0]?.budget?.max_list_cost.amount).toBe("400");
  await stage.restart("kill");
  heal();
  await stage.pass(10 * minute);
  expect(own(issue).slice(1)).toEqual([expect.stringContaining("The budget is $4.00 now.")]);
});

test("what is said to a run at its cap is kept, and that is said although GitHub is unwell", async () => {
  stage = await setStage();
  stage.plays(async (agent) => {
    await agent.spend(501);
    await agent.say("Never said.");
  });
  const issue = stage.labelled();
  await stage.untilShown(issue, "budget reached");
  trouble({ kind: "status", status: 502 }, 3);
  await says(stage, issue, "/agent fix use tabs");
  await stage.pass(10 * minute);
  expect(own(issue).slice(1)).toEqual([expect.stringContaining("I keep this and go on with it")]);
});

test("a conversation that was locked in between: stopped, without a word, and not asked for ever", async () => {
  const issue = await atWork();
  stage.github.lock(shop, issue, { locked: true, by: "rita" });
  const id = stage.github.comment(shop, issue, { body: "/agent budget 4", by: "mona" });
  await stage.pass(10 * minute);
  expect(reactionsTo(stage, issue, id)).toEqual([]);
  // Of a moment, either may be heard first: whether the budget was raised before the stop is not said.
  expect(stage.claude.sessions[0]?.archivedAt).toMatch(/^20/);
  const asked = stage.github.log.filter(({ method, route }) => method === "POST" && route === comments);
  await stage.pass(40 * minute);
  expect(
    stage.github.log.filter(({ method, route }) => method === "POST" && route === comments),
  ).toHaveLength(asked.length);
});
