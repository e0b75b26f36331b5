/**
 * The catalogue of triggers, the places: repositories, issues and conversations in which nothing can be done, or
 * where it is done somewhere else. Each row is named by its case.
 */
import { afterEach, describe, expect, test } from "vitest";
import { doNothing, fixAndSubmit } from "../sim/claude/scripts.ts";
import { reactionsTo, says, toldTo, transcript } from "./conversation.ts";
import { lastSent, postChanged } from "./knocks.ts";
import { type Setting, type Stage, setStage, shop } from "./stage.ts";

let stage: Stage;
afterEach(() => stage.close());

const minute = 60_000;
const sessions = () => stage.claude.sessions.length;
const runTokens = () => stage.github.tokens().filter(({ repositoryIds }) => repositoryIds);
const own = (thread: number) =>
  transcript(stage, thread).filter((line) => line.startsWith(stage.github.app.botLogin));

async function asked(setting: Setting = {}): Promise<number> {
  stage = await setStage(setting);
  stage.plays(doNothing);
  return stage.github.openIssue(shop, { title: "Add is wrong", author: "mona" });
}

describe("the repository", () => {
  test.each([
    ["a fork", { fork: true }, /nothing here, because this repository is a fork\. Ask in the/],
    ["a template", { is_template: true }, /this repository is a template,.*An admin can turn/],
    ["a mirror", { mirror_url: "https://git.example.invalid/shop.git" }, /this repository is a mirror/],
  ])("%s: nothing starts, and one reply says why", async (_what, repository, words) => {
    const issue = await asked();
    stage.github.label(shop, issue, { label: "bug", by: "mona" });
    await says(stage, issue, "Hello.");
    const labelled = { id: "label", change: { label: { name: "agent" }, repository } };
    expect(await postChanged(stage, lastSent(stage, "issues.labeled"), labelled)).toBe(202);
    await stage.pass(minute);
    for (const body of ["/agent fix", "/agent plan"]) {
      const said = { id: body, change: { comment: { body }, repository } };
      expect(await postChanged(stage, lastSent(stage, "issue_comment.created"), said)).toBe(202);
      await stage.pass(minute);
    }
    expect(own(issue)).toEqual([expect.stringMatching(words)]);
    expect([sessions(), runTokens()]).toEqual([0, []]);
  });

  test("empty: one reply says so, and with a first commit it works", async () => {
    const issue = await asked();
    await stage.github.deleteBranch(shop, "main", { by: "rita" });
    stage.github.label(shop, issue, { label: "agent", by: "mona" });
    await stage.pass(minute);
    await says(stage, issue, "/agent fix");
    expect(own(issue)).toEqual([expect.stringMatching(/no commit on its default branch yet\. Push a first/)]);
    expect([sessions(), runTokens()]).toEqual([0, []]);
    await stage.github.pushCommit(shop, "main", { files: { "a.txt": "a\n" }, by: "rita" });
    await stage.pass(minute);
    await says(stage, issue, "/agent fix");
    await stage.untilShown(issue, "no changes");
  });
});

describe("the issue", () => {
  test("closed: the label starts a run, as a command does", async () => {
    const issue = await asked();
    await stage.github.closeIssue(shop, issue, { by: "mona" });
    await stage.pass(minute);
    stage.github.label(shop, issue, { label: "agent", by: "mona" });
    await stage.untilShown(issue, "no changes");
    expect(sessions()).toBe(1);
  });

  test("transferred before anything was asked: the new place decides", async () => {
    const before = await asked();
    await stage.github.addRepository({ owner: "acme", name: "till" });
    const issue = stage.github.transferIssue(shop, before, { to: "acme/till", by: "rita" });
    await stage.pass(minute);
    // Mona may write in the old place only.
    for (const by of ["mona", "rita"]) {
      stage.github.comment("acme/till", issue, { body: "/agent fix", by });
      await stage.pass(minute);
      stage.github.setRole("acme/till", "rita", "maintain");
    }
    await stage.pass(10 * minute);
    expect(stage.claude.sessions.map(({ metadata }) => metadata)).toEqual([
      expect.objectContaining({ repository: "acme/till", issue: String(issue) }),
    ]);
    const said = stage.github
      .comments("acme/till", issue)
      .filter(({ author }) => author === stage.github.app.botLogin)
      .map(({ body }) => body.split("\n")[0]);
    expect(said).toEqual([
      expect.stringMatching(/^mona needs the role `write`/),
      expect.stringMatching(/^\*\*rita\*\* asked · \*\*no changes\*\*/),
    ]);
  });

  test("locked: commands get reactions, and not a word", async () => {
    // The session that is being opened is told at the same time that all is over.
    const issue = await asked({ allows: ["git without a token"] });
    stage.github.lock(shop, issue, { locked: true, by: "rita" });
    await stage.pass(minute);
    const help = await says(stage, issue, "/agent help");
    const fix = await says(stage, issue, "/agent fix");
    await stage.pass(10 * minute);
    expect(reactionsTo(stage, issue, help)).toEqual(["confused"]);
    expect(reactionsTo(stage, issue, fix)).toEqual(["confused", "eyes"]);
    expect(own(issue)).toEqual([]);
    expect(toldTo(stage.claude.sessions[0])).toEqual([]);
  });
});

describe("the label", () => {
  test("another one renamed to ours: nothing", async () => {
    const issue = await asked();
    stage.github.label(shop, issue, { label: "bug", by: "mona" });
    await stage.pass(minute);
    stage.github.renameLabel(shop, "bug", "agent");
    await stage.pass(minute);
    stage.github.label(shop, issue, { label: "later", by: "mona" });
    await stage.pass(10 * minute);
    expect([sessions(), transcript(stage, issue)]).toEqual([0, []]);
  });

  test("ours deleted while a run is at work: it goes on, and nothing starts again", async () => {
    stage = await setStage();
    stage.plays(async (agent) => {
      await agent.wait(10 * minute);
      await fixAndSubmit()(agent);
    });
    const issue = stage.labelled();
    await stage.pass(minute);
    stage.github.deleteLabel(shop, "agent");
    await stage.untilShown(issue, "opened #2");
    await stage.pass(10 * minute);
    expect(sessions()).toBe(1);
  });
});
