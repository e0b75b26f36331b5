/** The catalogue of triggers and actors: who starts a run, who is told why not, and who is ignored. */
import { afterEach, describe, expect, test } from "vitest";
import { doNothing } from "../sim/claude/scripts.ts";
import { reactionsTo, says, toldTo, transcript } from "./conversation.ts";
import { type Stage, setStage, shop } from "./stage.ts";

let stage: Stage;
afterEach(() => stage.close());

const sessions = () => stage.claude.sessions.length;
const asked = async (isPrivate = true) => {
  stage = await setStage({ private: isPrivate });
  stage.plays(doNothing);
  return stage.github.openIssue(shop, { title: "Add is wrong", author: "otto" });
};

describe("who labels", () => {
  test.each([
    ["a person with triage", "tess", /tess needs the role `write`.*has `triage`/],
    ["a person with read", "otto", /otto needs the role `write`/],
    ["another App", "github-actions[bot]", /github-actions\[bot\].*`bots`/],
  ])("%s: no run, one reply", async (_who, login, words) => {
    const issue = await asked();
    stage.github.addUser("tess");
    stage.github.setRole(shop, "tess", "triage");
    stage.github.setRole(shop, "otto", "read");
    for (const _time of [1, 2]) {
      stage.github.label(shop, issue, { label: "agent", by: login });
      await stage.pass(60_000);
      stage.github.unlabel(shop, issue, { label: "agent", by: login });
      await stage.pass(60_000);
    }
    expect(sessions()).toBe(0);
    expect(transcript(stage, issue)).toEqual([expect.stringMatching(words)]);
  });

  test("an outsider on a public repository: a reaction and no word", async () => {
    const issue = await asked(false);
    stage.github.label(shop, issue, { label: "agent", by: "otto" });
    await stage.pass(60_000);
    expect(stage.github.reactions(shop, issue)).toEqual(["confused"]);
    expect(transcript(stage, issue)).toEqual([]);
  });

  test("our own App: nothing at all", async () => {
    const issue = await asked();
    stage.github.label(shop, issue, { label: "agent", by: stage.github.app.botLogin });
    await stage.pass(60_000);
    expect(sessions()).toBe(0);
    expect(transcript(stage, issue)).toEqual([]);
    expect(stage.github.reactions(shop, issue)).toEqual([]);
  });
});

describe("what is labelled", () => {
  test.each([
    ["another label", "bug", 0],
    ["another case", "Agent", 1],
    ["a longer name", "agents", 0],
  ])("%s", async (_what, label, count) => {
    const issue = await asked();
    stage.github.label(shop, issue, { label, by: "mona" });
    await stage.pass(60_000);
    expect(sessions()).toBe(count);
  });

  test("a pull request is none of it", async () => {
    await asked();
    await stage.github.pushCommit(shop, "theirs", { files: { "a.txt": "a" }, by: "mona" });
    const pull = await stage.github.openPull(shop, { title: "Mine", head: "theirs", author: "mona" });
    stage.github.label(shop, pull, { label: "agent", by: "mona" });
    await stage.pass(60_000);
    expect(sessions()).toBe(0);
  });

  test("an archived repository: nothing", async () => {
    const issue = await asked();
    stage.github.configure(shop, { archived: true });
    stage.github.label(shop, issue, { label: "agent", by: "mona" });
    await stage.pass(60_000);
    expect(sessions()).toBe(0);
  });

  test("GitHub cannot say who may: not started, and asked again", async () => {
    const issue = await asked();
    const route = "/repos/{owner}/{repo}/collaborators/{username}/permission";
    const heal = stage.github.fault({ route, times: 1_000, kind: "status", status: 503 });
    stage.github.label(shop, issue, { label: "agent", by: "mona" });
    await stage.pass(10 * 60_000);
    expect(sessions()).toBe(0);
    heal();
    await stage.untilShown(issue, "no changes");
  });
});

describe("where and how a command is given", () => {
  test("on a closed issue: a run", async () => {
    const issue = await asked();
    await stage.github.closeIssue(shop, issue, { by: "mona" });
    await stage.pass(60_000);
    await says(stage, issue, "/agent fix");
    expect(sessions()).toBe(1);
  });

  test("on a locked issue: reactions, no comment, and nobody is told anything", async () => {
    const issue = await asked();
    stage.github.lock(shop, issue, { locked: true, by: "rita" });
    await stage.pass(2_000);
    stage.github.label(shop, issue, { label: "agent", by: "mona" });
    await stage.pass(10 * 60_000);
    expect(stage.github.reactions(shop, issue)).toEqual(["eyes", "confused"]);
    expect(transcript(stage, issue)).toEqual([]);
    expect(toldTo(stage.claude.sessions[0])).toEqual([]);
  });

  test.each(["/agent fix", "/agent doctor", "/agent status"])(
    "on a locked issue, `%s` of somebody who may not: one reaction",
    async (body) => {
      const issue = await asked();
      stage.github.lock(shop, issue, { locked: true, by: "rita" });
      const id = await says(stage, issue, body, "otto");
      await stage.pass(10 * 60_000);
      expect(reactionsTo(stage, issue, id)).toEqual(["confused"]);
      expect(transcript(stage, issue)).toHaveLength(1);
    },
  );

  test("on a locked issue, the doctor's report: one reaction", async () => {
    const issue = await asked();
    stage.github.lock(shop, issue, { locked: true, by: "rita" });
    const id = await says(stage, issue, "/agent doctor", "rita");
    await stage.pass(10 * 60_000);
    expect(reactionsTo(stage, issue, id)).toEqual(["confused"]);
    expect(transcript(stage, issue)).toHaveLength(1);
  });

  test("edited into an old comment, or a mention: nothing", async () => {
    const issue = await asked();
    const id = await says(stage, issue, "Hello.");
    stage.github.editComment(shop, id, { body: "/agent fix", by: "mona" });
    await says(stage, issue, "@patchwright fix this");
    expect(sessions()).toBe(0);
    expect(transcript(stage, issue)).toHaveLength(2);
  });

  test("by an outsider on a public repository: a reaction and no word", async () => {
    const issue = await asked(false);
    const id = await says(stage, issue, "/agent fix", "otto");
    expect(sessions()).toBe(0);
    expect(reactionsTo(stage, issue, id)).toEqual(["confused"]);
    expect(transcript(stage, issue)).toHaveLength(1);
  });

  test("the issue's author without the role may not stop it", async () => {
    const issue = await asked();
    stage.plays((agent) => agent.wait(600_000));
    await says(stage, issue, "/agent fix");
    await says(stage, issue, "/agent stop", "otto");
    expect(stage.claude.sessions[0]?.status).toBe("running");
    await stage.untilShown(issue, "no changes");
  });

  test("delivered three times, and before the issue's own delivery: one run", async () => {
    await asked();
    stage.github.disturb({ event: "issues", kind: "delay", ms: 5_000 });
    stage.github.disturb({ event: "issue_comment", kind: "duplicate", copies: 2 });
    const issue = stage.github.openIssue(shop, { title: "Add is wrong", author: "otto" });
    await says(stage, issue, "/agent fix");
    await stage.pass(60_000);
    expect(sessions()).toBe(1);
  });
});
