/** What people say to a run at work reaches the agent once, in order; what others say reaches nobody. */
import { afterEach, expect, test } from "vitest";
import { fixAndSubmit } from "../sim/claude/scripts.ts";
import { lastWords, reactionsTo, says, toldTo, transcript } from "./conversation.ts";
import { type Stage, setStage, shop } from "./stage.ts";

let stage: Stage;
afterEach(() => stage.close());

const session = () => stage.claude.sessions[0];

/** A run whose agent works for so long and then takes whatever was said meanwhile. */
async function atWork(ms: number): Promise<number> {
  stage = await setStage();
  stage.plays(async (agent) => {
    if (agent.round === 1) await agent.wait(ms);
    await agent.say(`Heard ${agent.round}.`);
  });
  const issue = stage.labelled();
  await stage.pass(60_000);
  return issue;
}

test("once and in order: 👀 when taken in, 🚀 when the agent has read it", async () => {
  const issue = await atWork(10 * 60_000);
  stage.github.disturb({ event: "issue_comment", kind: "duplicate", copies: 2 });
  const first = await says(stage, issue, "/agent fix use tabs");
  const second = await says(stage, issue, "/fix and no semicolons", "rita");
  expect([first, second].map((id) => reactionsTo(stage, issue, id))).toEqual([["eyes"], ["eyes"]]);
  await stage.untilShown(issue, "no changes");
  const told = toldTo(session());
  expect(told).toHaveLength(3);
  expect(told[1]).toMatch(/instructions by mona[\s\S]*use tabs/);
  expect(told[2]).toMatch(/instructions by rita[\s\S]*and no semicolons/);
  expect([first, second].map((id) => reactionsTo(stage, issue, id))).toEqual([
    ["eyes", "rocket"],
    ["eyes", "rocket"],
  ]);
});

test("plain comments, and commands of people who may not, do nothing", async () => {
  const issue = await atWork(10 * 60_000);
  const plain = await says(stage, issue, "Use tabs!");
  const stranger = await says(stage, issue, "/agent fix delete everything", "otto");
  await says(stage, issue, "/agent budget 1", "otto");
  await stage.untilShown(issue, "no changes");
  expect(toldTo(session())).toHaveLength(1);
  expect([plain, stranger].flatMap((id) => reactionsTo(stage, issue, id))).toEqual([]);
  // One refusal for the thread, however often they try.
  expect(transcript(stage, issue).filter((line) => /otto.*needs the role/.test(line))).toHaveLength(1);
});

test("two commands in one second: one run, both told", async () => {
  stage = await setStage();
  stage.plays((agent) => agent.wait(60_000));
  const issue = stage.github.openIssue(shop, { title: "Add is wrong", author: "otto" });
  stage.github.comment(shop, issue, { body: "/agent fix tabs", by: "mona" });
  stage.github.comment(shop, issue, { body: "/agent fix spaces", by: "rita" });
  await stage.untilShown(issue, "no changes");
  expect(stage.claude.sessions).toHaveLength(1);
  expect(toldTo(session()).join("\n")).toMatch(/tabs/);
  expect(toldTo(session()).join("\n")).toMatch(/spaces/);
});

test("a note while the agent waits for the answer to a call comes after it", async () => {
  stage = await setStage();
  const heard: string[] = [];
  stage.plays(async (agent) => {
    if (agent.round > 1) return void heard.push("note");
    heard.push((await agent.custom("ask_maintainer", { question: "Up?" })).text);
    await agent.wait(60_000);
  });
  const issue = stage.labelled();
  await stage.untilShown(issue, "waiting for an answer");
  stage.github.comment(shop, issue, { body: "Up.", by: "mona" });
  stage.github.comment(shop, issue, { body: "/agent fix and tabs", by: "rita" });
  await stage.untilShown(issue, "no changes");
  expect(heard).toEqual([expect.stringContaining("Up."), "note"]);
  expect(toldTo(session())[1]).toContain("and tabs");
});

test("a note that comes just as the agent calls a tool is kept until the call is answered", async () => {
  stage = await setStage();
  stage.plays(async (agent) => {
    if (agent.round > 1) return;
    await agent.wait(60_000);
    await fixAndSubmit()(agent);
  });
  const issue = stage.labelled();
  await stage.pass(30_000);
  stage.github.disturb({ event: "issue_comment", kind: "delay", ms: 30_500 });
  stage.github.comment(shop, issue, { body: "/agent fix tabs", by: "mona" });
  await stage.untilShown(issue, "opened #");
  await stage.pass(10 * 60_000);
  expect(toldTo(session()).filter((text) => text.includes("tabs"))).toHaveLength(1);
});

test.each([
  ["/agent fixx it", /no command `fixx`.*Did you mean `\/agent fix/],
  ["/agent", /needs a word/],
  ["/agent budget lots", /Send `\/agent budget USD/],
  ["/agent approve now", /Send `\/agent approve SHA/],
  ["/agent approve", /Nothing waits for an approval/],
  ["/agent doctor", /needs the role `admin`/],
])("%s: one answer", async (body, words) => {
  const issue = await atWork(10 * 60_000);
  stage.github.disturb({ event: "issue_comment", kind: "duplicate", copies: 2 });
  await says(stage, issue, body);
  expect(stage.github.comments(shop, issue)).toHaveLength(3);
  expect(lastWords(stage, issue)).toMatch(words);
  await stage.untilShown(issue, "no changes");
  expect(toldTo(session())).toHaveLength(1);
});

test("help goes by the settings of today, also where there has been no run", async () => {
  stage = await setStage({
    files: { "README.md": "# shop\n", ".github/patchwright.yml": "who: maintain\n" },
  });
  stage.github.setRole(shop, "mona", "maintain");
  const issue = stage.github.openIssue(shop, { title: "Add is wrong", author: "mona" });
  await says(stage, issue, "/agent help");
  expect(lastWords(stage, issue)).toContain("What mona may do here (role `maintain`)");
  await stage.github.pushCommit(shop, "main", {
    files: { ".github/patchwright.yml": "who: triage\n" },
    by: "rita",
  });
  stage.github.setRole(shop, "otto", "triage");
  await says(stage, issue, "/agent help", "otto");
  expect(lastWords(stage, issue)).toMatch(/otto may do here[\s\S]*pass instructions .* \| yes \|/);
});

test("help says what this sender may do", async () => {
  const issue = await atWork(3_600_000);
  await says(stage, issue, "/agent help");
  expect(lastWords(stage, issue)).toMatchInlineSnapshot(`
    "What mona may do here (role \`write\`):

    | command | effect | may you |
    |---|---|---|
    | \`/agent fix [instructions]\` | start a run, or pass instructions on to the one that is alive (short: \`/fix\`) | yes |
    | \`/agent plan [instructions]\` | start a run that proposes a plan first and waits | yes |
    | \`/agent approve [SHA]\` | go ahead with the plan, or let held work through at that commit | yes; with SHA: maintain or admin |
    | \`/agent stop\` | stop the run; a branch that was pushed stays | yes |
    | \`/agent retry [instructions]\` | start again after an ending that was not a success | yes |
    | \`/agent status\` | say where the run stands | yes |
    | \`/agent budget USD\` | replace the run's budget, such as \`/agent budget 7.50\` | yes; above the settings' budget: maintain or admin |
    | \`/agent help\` | list the commands | yes |
    | \`/agent doctor\` | check the set-up for this repository | needs \`admin\` |

    Lines after the first belong to the instructions. \`/fix\` is short for \`/agent fix\`."
  `);
  await says(stage, issue, "/agent help", "rita");
  expect(lastWords(stage, issue)).toContain("What rita may do here (role `maintain`)");
  expect(lastWords(stage, issue)).not.toContain("maintain or admin");
  await says(stage, issue, "/agent status");
  expect(lastWords(stage, issue)).toMatch(
    /^\*\*mona\*\* asked · \*\*working\*\* · \d+ min · \$0\.00 of \$5\.00$/,
  );
});
