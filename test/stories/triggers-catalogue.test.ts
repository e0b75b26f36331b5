/**
 * The catalogue of triggers, the odd half of it: what GitHub or somebody with its deliveries may send that nobody
 * would think of. Each row is named by its case.
 */
import { afterEach, describe, expect, test } from "vitest";
import { doNothing, fixAndSubmit } from "../sim/claude/scripts.ts";
import { openedPull, says, toldTo, transcript } from "./conversation.ts";
import { lastSent, postChanged, verdictOf } from "./knocks.ts";
import { type Setting, type Stage, setStage, shop } from "./stage.ts";

let stage: Stage;
afterEach(() => stage.close());

const minute = 60_000;
const sessions = () => stage.claude.sessions.length;
const runTokens = () => stage.github.tokens().filter(({ repositoryIds }) => repositoryIds);

async function asked(setting: Setting = {}): Promise<number> {
  stage = await setStage(setting);
  stage.plays(doNothing);
  return stage.github.openIssue(shop, { title: "Add is wrong", author: "mona" });
}

/** What GitHub would send of a labelling with our label, made from one with another, and something changed. */
async function labelledWith(change: Record<string, unknown>): Promise<void> {
  const issue = await asked();
  stage.github.label(shop, issue, { label: "bug", by: "mona" });
  await stage.pass(minute);
  const odd = { id: "odd", change: { label: { name: "agent" }, ...change } };
  expect(await postChanged(stage, lastSent(stage, "issues.labeled"), odd)).toBe(202);
  await stage.pass(minute);
}

describe("who", () => {
  test("an outsider's issue form that puts the label on: a reaction, no word, no token", async () => {
    await asked({ private: false });
    const issue = stage.github.openIssue(shop, { title: "Mine", author: "otto", labels: ["agent"] });
    await stage.pass(minute);
    expect(stage.github.reactions(shop, issue)).toEqual(["confused"]);
    expect([transcript(stage, issue), runTokens(), sessions()]).toEqual([[], [], 0]);
  });

  test.each([
    ["dependabot[bot]", "Bot"],
    ["renovate[bot]", "Bot"],
    ["acme-corp", "Organization"],
  ] as const)("%s, which is no person: no run, one reply", async (login, type) => {
    const issue = await asked();
    stage.github.addUser(login, { type });
    for (const body of ["/agent fix", "/agent help"]) await says(stage, issue, body, login);
    expect(sessions()).toBe(0);
    expect(transcript(stage, issue).filter((line) => line.startsWith("patchwright"))).toHaveLength(1);
  });

  test.each(["Mannequin", "Robot"])("a sender of type %s: no run", async (type) => {
    await labelledWith({ sender: { type } });
    expect([sessions(), verdictOf(stage, "odd")]).toEqual([0, expect.stringMatching(/^refused: /)]);
  });

  test.each([
    ["no sender", { sender: null }],
    ["a sender without a number", { sender: { id: null } }],
  ])("%s: nothing, and nobody is told", async (_what, change) => {
    await labelledWith(change);
    expect([sessions(), transcript(stage, 1)]).toEqual([0, []]);
  });

  test("a member of the organisation whom GitHub calls NONE, with the role: a run", async () => {
    const issue = await asked();
    await says(stage, issue, "Hello.");
    const sent = lastSent(stage, "issue_comment.created");
    const comment = { id: 1, body: "/agent fix", author_association: "NONE" };
    await postChanged(stage, sent, { id: "none", change: { comment } });
    await stage.pass(minute);
    expect(sessions()).toBe(1);
  });

  test("somebody whom the delivery calls OWNER, without the role: no run", async () => {
    const issue = await asked();
    await says(stage, issue, "Hello.", "otto");
    const sent = lastSent(stage, "issue_comment.created");
    const comment = { body: "/agent fix", author_association: "OWNER" };
    await postChanged(stage, sent, { id: "owner", change: { comment } });
    await stage.pass(minute);
    expect(sessions()).toBe(0);
  });

  test("somebody who lost the role between the label and its delivery: no run", async () => {
    const issue = await asked();
    stage.github.disturb({ event: "issues", action: "labeled", kind: "delay", ms: 5 * minute });
    stage.github.label(shop, issue, { label: "agent", by: "mona" });
    await stage.pass(minute);
    stage.github.setRole(shop, "mona", "read");
    await stage.pass(10 * minute);
    expect(sessions()).toBe(0);
    expect(transcript(stage, issue)).toEqual([expect.stringMatching(/mona needs the role `write`/)]);
  });

  test.each([403, 404])("GitHub answers %s to who may: no", async (status) => {
    const issue = await asked();
    const route = "/repos/{owner}/{repo}/collaborators/{username}/permission";
    stage.github.fault({ route, kind: "status", status });
    stage.github.label(shop, issue, { label: "agent", by: "mona" });
    await stage.pass(10 * minute);
    expect([sessions(), runTokens()]).toEqual([0, []]);
  });
});

describe("what", () => {
  test.each([
    ["a variation selector behind it", "agent\ufe0f"],
    ["a zero-width space in it", "ag\u200bent"],
    ["a Cyrillic letter in it", "\u0430gent"],
    ["full-width letters", "\uff41gent"],
  ])("a label with %s: nothing", async (_what, label) => {
    const issue = await asked();
    stage.github.label(shop, issue, { label, by: "mona" });
    await stage.pass(minute);
    expect(sessions()).toBe(0);
  });

  test("a hundred labels at once, ours among them: one run", async () => {
    await asked();
    const labels = [...Array.from({ length: 99 }, (_, place) => `label ${place}`), "agent"];
    stage.github.openIssue(shop, { title: "Add is wrong", author: "mona", labels });
    await stage.pass(10 * minute);
    expect(sessions()).toBe(1);
  });

  test("the label given at creation, its delivery before the issue's own: one run", async () => {
    await asked();
    stage.github.disturb({ event: "issues", action: "opened", kind: "delay", ms: minute, times: 1 });
    stage.github.openIssue(shop, { title: "Add is wrong", author: "mona", labels: ["agent"] });
    await stage.pass(10 * minute);
    expect(sessions()).toBe(1);
  });

  test("an issue of a deleted account: a run that says so to the agent", async () => {
    await asked();
    stage.github.disturb({ event: "issues", action: "labeled", kind: "drop", times: 1 });
    stage.github.label(shop, 1, { label: "agent", by: "mona" });
    const sent = lastSent(stage, "issues.labeled");
    await postChanged(stage, sent, { id: "ghost", change: { issue: { user: null } } });
    await stage.pass(10 * minute);
    expect(toldTo(stage.claude.sessions[0])[0]).toContain("body of issue #1 by a deleted account");
  });

  test("a repository that GitHub has disabled: nothing", async () => {
    await labelledWith({ repository: { disabled: true } });
    expect([sessions(), transcript(stage, 1)]).toEqual([0, []]);
  });

  test.each(["gollum", "discussion", "discussion_comment", "commit_comment", "projects_v2_item", "label"])(
    "a delivery of %s: answered and forgotten",
    async (event) => {
      const issue = await asked();
      await says(stage, issue, "Hello.");
      const sent = lastSent(stage, "issue_comment.created");
      const comment = { body: "/agent fix" };
      expect(await postChanged(stage, sent, { id: "odd", event, change: { comment } })).toBe(202);
      await stage.pass(minute);
      expect([sessions(), transcript(stage, issue)]).toEqual([0, ["mona: Hello."]]);
    },
  );
});

describe("a command", () => {
  test("edited and then deleted after it was taken in: what was written first is done, once", async () => {
    const issue = await asked();
    stage.plays((agent) => agent.wait(10 * minute));
    const id = await says(stage, issue, "/agent fix with tabs");
    stage.github.editComment(shop, id, { body: "/agent fix with spaces", by: "mona" });
    await stage.pass(minute);
    stage.github.deleteComment(shop, id, { by: "mona" });
    await stage.untilShown(issue, "no changes");
    expect(sessions()).toBe(1);
    expect(toldTo(stage.claude.sessions[0]).join("\n")).toMatch(/with tabs/);
    expect(toldTo(stage.claude.sessions[0]).join("\n")).not.toMatch(/with spaces/);
  });

  test("deleted before its delivery came: done all the same", async () => {
    const issue = await asked();
    stage.github.disturb({ event: "issue_comment", kind: "delay", ms: minute, times: 1 });
    const id = stage.github.comment(shop, issue, { body: "/agent fix", by: "mona" });
    stage.github.deleteComment(shop, id, { by: "mona" });
    await stage.pass(5 * minute);
    await stage.untilShown(issue, "no changes");
    expect(sessions()).toBe(1);
  });

  test("on the issue after its pull request was merged: a new run", async () => {
    const issue = await mergedIssue();
    await says(stage, issue, "/agent fix once more");
    await stage.pass(10 * minute);
    expect(sessions()).toBe(2);
  });

  test("on the pull request after it was merged: one reply that says what is possible", async () => {
    await mergedIssue();
    await says(stage, 2, "/agent fix once more");
    expect(transcript(stage, 2).at(-1)).toMatch(/This pull request is merged or closed/);
    expect(sessions()).toBe(1);
  });

  test("as a mention in a review, in a remark or in the conversation: nothing", async () => {
    const { pull } = await mergeable();
    const remark = [{ path: "fix.txt", line: 1, body: "@patchwright /agent fix this" }];
    stage.github.review(shop, pull, {
      state: "COMMENTED",
      body: "@patchwright fix",
      comments: remark,
      by: "rita",
    });
    await says(stage, pull, "@patchwright[bot] fix this, please.", "rita");
    await stage.pass(10 * minute);
    expect(toldTo(stage.claude.sessions[0])).toHaveLength(1);
    expect(transcript(stage, pull)).toHaveLength(1);
  });
});

async function mergeable() {
  stage = await setStage();
  stage.plays(fixAndSubmit());
  return openedPull(stage);
}

async function mergedIssue(): Promise<number> {
  const { issue, pull } = await mergeable();
  await stage.github.mergePull(shop, pull, { by: "rita" });
  await stage.pass(minute);
  return issue;
}
