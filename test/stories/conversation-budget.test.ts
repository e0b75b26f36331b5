/** The budget is one people can change: while the agent works, and when it has stopped at its cap. */
import { afterEach, expect, test } from "vitest";
import { fixAndSubmit, pushFix } from "../sim/claude/scripts.ts";
import { lastWords, openedPull, reactionsTo, says, toldTo } from "./conversation.ts";
import { type Stage, setStage, shop } from "./stage.ts";

let stage: Stage;
afterEach(() => stage.close());

const session = () => stage.claude.sessions[0];
const cap = () => session()?.budget?.max_list_cost.amount;

async function atWork(): Promise<number> {
  stage = await setStage();
  stage.plays(async (agent) => {
    await agent.spend(100);
    await agent.wait(30 * 60_000);
  });
  const issue = stage.labelled();
  await stage.pass(10 * 60_000);
  return issue;
}

test("up, down and up again while the agent works", async () => {
  const issue = await atWork();
  for (const [amount, by, cents] of [
    ["$4.50", "mona", "450"],
    ["20", "rita", "2000"],
    ["4.50", "mona", "450"],
    ["5", "mona", "500"],
  ] as const) {
    await says(stage, issue, `/agent budget ${amount}`, by);
    expect(cap()).toBe(cents);
    expect(lastWords(stage, issue)).toMatch(/The budget is \$[\d.]+ now/);
  }
  await stage.untilShown(issue, "no changes");
  expect(stage.headline(issue)).toContain("of $5.00");
});

test.each([
  ["8", "mona", /mona needs the role `maintain`/],
  ["60", "rita", /at most \$50\.00/],
  // What has been spent since we looked last is known to the platform alone.
  ["0.50", "rita", /has cost more than \$0\.50 already: the budget stays \$5\.00/],
])("`/agent budget %s` by %s is refused", async (amount, by, words) => {
  const issue = await atWork();
  await says(stage, issue, `/agent budget ${amount}`, by);
  expect(cap()).toBe("500");
  expect(lastWords(stage, issue)).toMatch(words);
  await stage.untilShown(issue, "no changes");
});

test("at its cap: what is said is kept, and a raise goes on with a fresh token first", async () => {
  stage = await setStage();
  stage.plays(async (agent) => {
    if (agent.round > 1) return agent.say("Tabs it is.");
    await agent.spend(501);
    await pushFix()(agent);
  });
  const issue = stage.labelled();
  await stage.untilShown(issue, "budget reached");
  expect(stage.status(issue)).toContain("`/agent budget USD`");
  const note = await says(stage, issue, "/agent fix use tabs");
  expect(lastWords(stage, issue)).toContain("I keep this");
  expect(toldTo(session())).toHaveLength(1);
  await says(stage, issue, "/agent retry");
  expect(lastWords(stage, issue)).toContain("/agent budget USD");
  await says(stage, issue, "/agent budget 5");
  expect(lastWords(stage, issue)).toContain("$5.01 is spent already");
  const calls = stage.claude.log.length;
  await says(stage, issue, "/agent budget 9", "rita");
  await stage.untilShown(issue, "opened #");
  const sent = stage.claude.log.slice(calls).filter(({ method }) => method === "POST");
  expect(
    sent.map(({ path }) =>
      path
        .split("/")
        .slice(4)
        .join("/")
        .replace(/sesrsc_\w+/, "ID"),
    ),
  ).toEqual([expect.stringMatching(/^resources/), "", "events"]);
  expect(toldTo(session())[1]).toContain("use tabs");
  expect(reactionsTo(stage, issue, note)).toEqual(["eyes", "rocket"]);
  expect(stage.claude.sessions).toHaveLength(1);
  expect(stage.headline(issue)).toContain("$5.01 of $9.00");
  expect(stage.github.pulls(shop)).toHaveLength(1);
});

/** A pull request whose second round has come to the run's cap. */
async function pullAtCap() {
  stage = await setStage();
  stage.plays(async (agent) => {
    if (agent.round === 2) await agent.spend(600);
    else await fixAndSubmit({ path: `${stage.claude.sessions.length}-${agent.round}.txt` })(agent);
  });
  const opened = await openedPull(stage);
  await says(stage, opened.pull, "/agent fix more");
  await stage.untilShown(opened.issue, "budget reached");
  return opened;
}

test("a review at the cap is kept, also where the conversation is locked, and goes on with a raise", async () => {
  const { pull } = await pullAtCap();
  stage.github.lock(shop, pull, { locked: true, by: "rita" });
  stage.github.review(shop, pull, { state: "CHANGES_REQUESTED", body: "Use tabs.", by: "rita" });
  await stage.pass(10 * 60_000);
  expect(toldTo(session())).toHaveLength(2);
  stage.github.lock(shop, pull, { locked: false, by: "rita" });
  stage.github.review(shop, pull, { state: "CHANGES_REQUESTED", body: "And semicolons.", by: "rita" });
  await stage.pass(60_000);
  expect(lastWords(stage, pull)).toContain("I keep this and go on with it");
  await says(stage, pull, "/agent budget 9", "rita");
  await stage.pass(10 * 60_000);
  const [, , ...told] = toldTo(session());
  expect(told.join("\n")).toContain("Use tabs.");
  expect(told.join("\n")).toContain("And semicolons.");
});

test("a raise at the cap beside another run on the issue: it waits for that one, and says so", async () => {
  const { issue, pull } = await pullAtCap();
  stage.github.unlabel(shop, issue, { label: "agent", by: "mona" });
  await stage.pass(60_000);
  stage.plays((agent) => agent.wait(30 * 60_000));
  stage.github.label(shop, issue, { label: "agent", by: "mona" });
  await stage.pass(60_000);
  await says(stage, pull, "/agent budget 9", "rita");
  expect(lastWords(stage, pull)).toMatch(/The budget is \$9\.00 now\. Another run is at work on this issue/);
  expect(toldTo(session())).toHaveLength(2);
  await says(stage, pull, "/agent fix and tabs");
  expect(lastWords(stage, pull)).toContain("Another run is at work on this issue");
});

test("at its cap, where the settings have turned it off: no round is opened, and people are told why", async () => {
  stage = await setStage();
  stage.plays((agent) => agent.spend(501));
  const issue = stage.labelled();
  await stage.untilShown(issue, "budget reached");
  await stage.github.pushCommit(shop, "main", {
    files: { ".github/patchwright.yml": "enabled: false\n" },
    by: "rita",
  });
  await stage.pass(10_000);
  await says(stage, issue, "/agent budget 9", "rita");
  expect(lastWords(stage, issue)).toContain("`enabled: false`");
  expect(stage.headline(issue)).toContain("of $5.00");
  expect(session()?.status).not.toBe("running");
});
