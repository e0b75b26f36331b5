/** Who may: GitHub's word on the sender, and how somebody who may not is told. */
import { afterEach, expect, test } from "vitest";
import { doNothing, fixAndSubmit } from "../sim/claude/scripts.ts";
import { type Stage, setStage, shop } from "./stage.ts";

let stage: Stage;
afterEach(() => stage.close());

const said = (issue: number) =>
  stage.github
    .comments(shop, issue)
    .filter(({ author }) => author === stage.github.app.botLogin)
    .map(({ body }) => body);

test("in a private repository the refused get one reply per thread", async () => {
  stage = await setStage();
  stage.github.setRole(shop, "otto", "triage");
  const issue = stage.labelled({ by: "otto" });
  await stage.pass(60_000);
  stage.github.comment(shop, issue, { body: "/fix", by: "otto" });
  await stage.pass(60_000);
  const needs =
    /^otto.* needs the role `write` on this repository and has `triage`: an admin .* can grant it/;
  expect(said(issue)).toEqual([expect.stringMatching(needs)]);
  expect(stage.claude.sessions).toEqual([]);
  expect(stage.github.reactions(shop, issue)).toEqual([]);
});

test("an outsider of a public repository gets a reaction and nothing else", async () => {
  stage = await setStage({ private: false });
  const issue = stage.github.openIssue(shop, { title: "Add is wrong", author: "otto" });
  const comment = stage.github.comment(shop, issue, { body: "/agent fix", by: "otto" });
  await stage.pass(60_000);
  stage.github.comment(shop, issue, { body: "/agent fix now", by: "otto" });
  await stage.pass(60_000);
  const reactions = stage.github
    .comments(shop, issue)
    .flatMap(({ id, reactions: given }) => given.map(({ content }) => [id, content]));
  expect(reactions).toEqual([[comment, "confused"]]);
  expect(said(issue)).toEqual([]);
});

test("at most twenty outsiders an hour get their reaction", async () => {
  stage = await setStage({ private: false });
  for (let each = 0; each < 22; each += 1) {
    const author = `stranger-${each}`;
    stage.github.addUser(author);
    const issue = stage.github.openIssue(shop, { title: "Mine", author });
    stage.github.comment(shop, issue, { body: "/fix", by: author });
    await stage.pass(1_000);
  }
  const given = stage.github.log.filter(({ route }) => route.endsWith("/reactions"));
  expect(given).toHaveLength(20);
});

test("where GitHub does not answer who may, nothing starts until it does", async () => {
  stage = await setStage();
  stage.plays(fixAndSubmit());
  const heal = stage.github.fault({
    route: "/repos/{owner}/{repo}/collaborators/{username}/permission",
    kind: "status",
    status: 502,
  });
  const issue = stage.labelled();
  await stage.pass(5 * 60_000);
  expect(stage.claude.sessions).toEqual([]);
  heal();
  await stage.untilShown(issue, "opened #");
});

test("an App that may not read the settings says who can change that, once a thread", async () => {
  stage = await setStage();
  const { contents: _contents, ...fewer } = stage.github.app.permissions;
  stage.github.setPermissions(stage.installation, fewer, "mona");
  const issue = stage.labelled();
  stage.github.label(shop, issue, { label: "bug", by: "mona" });
  await stage.pass(60_000);
  const missing = [expect.stringMatching(/^The App may not read.*an owner can accept its permissions/)];
  expect(said(issue)).toEqual(missing);
  stage.github.comment(shop, issue, { body: "/agent fix", by: "mona" });
  stage.github.comment(shop, issue, { body: "/agent fix", by: "otto" });
  await stage.pass(60_000);
  expect(said(issue)).toEqual([...missing, expect.stringMatching(/^otto.* needs the role `write`/)]);
  const other = stage.github.openIssue(shop, { title: "Sub is wrong", author: "mona" });
  stage.github.label(shop, other, { label: "bug", by: "mona" });
  await stage.pass(60_000);
  expect(said(other)).toEqual([]);
  stage.github.comment(shop, other, { body: "/agent status", by: "mona" });
  await stage.pass(60_000);
  expect(said(other)).toEqual(missing);
});

test("who has taken a login over is not who asked, and the other way round", async () => {
  stage = await setStage();
  const issue = stage.github.openIssue(shop, { title: "Add is wrong", author: "mona" });
  stage.github.disturb({ event: "issue_comment", times: 1, kind: "delay", ms: 3_600_000 });
  stage.github.comment(shop, issue, { body: "/agent fix", by: "mona" });
  await stage.pass(60_000);
  stage.github.passLogin("mona", "mona-lisa");
  await stage.pass(3_600_000);
  expect(said(issue)).toEqual([expect.stringMatching(/^mona needs the role `write`.* has `none`/)]);
  expect(stage.claude.sessions).toEqual([]);
});

test("our own bot starts nothing", async () => {
  stage = await setStage();
  const issue = stage.github.openIssue(shop, { title: "Add is wrong", author: "mona" });
  stage.github.comment(shop, issue, { body: "/fix", by: stage.github.app.botLogin });
  await stage.pass(60_000);
  expect(stage.claude.sessions).toEqual([]);
  expect(stage.github.comments(shop, issue)).toHaveLength(1);
});

test.each([
  { bots: [], comesTo: "refused" },
  { bots: ["night-shift"], comesTo: "no changes" },
])("a label put on through an App in a person's name: $comesTo", async ({ bots, comesTo }) => {
  const settings = `bots: ${JSON.stringify(bots)}\n`;
  stage = await setStage({ files: { "README.md": "# shop\n", ".github/patchwright.yml": settings } });
  stage.plays(doNothing);
  const issue = stage.github.openIssue(shop, { title: "Add is wrong", author: "otto" });
  stage.github.label(shop, issue, { label: "agent", by: "mona", through: "night-shift" });
  await stage.untilShown(issue, comesTo);
  if (bots.length > 0) return;
  expect(stage.status(issue)).toContain("mona acts through a GitHub App that may not do this here");
  expect(stage.claude.sessions).toEqual([]);
  expect(stage.github.tokens().filter((one) => one.repositoryIds && !one.revokedAt)).toEqual([]);
});
