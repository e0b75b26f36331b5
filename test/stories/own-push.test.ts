/** A token is for one branch: whatever else moves in our name stops the run, is told, and is counted. */
import { afterEach, expect, test } from "vitest";
import type { Agent } from "../sim/claude/agent.ts";
import { fixAndSubmit, pushFix } from "../sim/claude/scripts.ts";
import { aliveTokens, lastWords, openedPull } from "./conversation.ts";
import { type Stage, setStage, shop } from "./stage.ts";

let stage: Stage;
afterEach(() => stage.close());

const strays: [what: string, work: (agent: Agent) => Promise<unknown>, ref: string][] = [
  ["the default branch", (agent) => agent.push({ ref: "refs/heads/main" }), "moved `refs/heads/main`"],
  ["another branch", (agent) => agent.push({ ref: "refs/heads/release" }), "moved `refs/heads/release`"],
  ["a tag", (agent) => agent.push({ ref: "refs/tags/v1" }), "moved `refs/tags/v1`"],
  ["another session's branch", (agent) => agent.push({ ref: "refs/heads/claude/other" }), "claude/other`"],
  ["a deletion", (agent) => agent.bash("git push origin :refs/heads/old"), "took `refs/heads/old` away"],
];

test.each(strays)("%s: the run stops, nothing is proposed, people are told", async (_what, work, words) => {
  stage = await setStage({ pushes: "allow_all" });
  await stage.github.pushCommit(shop, "old", { files: { "old.txt": "old\n" }, by: "rita" });
  stage.plays(async (agent) => {
    await agent.write("fix.txt", "fixed\n");
    await agent.commit("Fix");
    await work(agent);
    await agent.wait(3_600_000);
    await agent.push();
  });
  const issue = stage.labelled();
  await stage.untilShown(issue, "stopped", 60_000);
  await stage.pass(60_000);
  expect(stage.status(issue)).toContain("Stopped: a push outside the run's branch.");
  expect(lastWords(stage, issue)).toMatch(/^\*\*Alarm:\*\* This run's token/);
  expect(lastWords(stage, issue)).toContain(words);
  expect(stage.github.pulls(shop)).toEqual([]);
  expect(aliveTokens(stage)).toEqual([]);
  expect(stage.claude.sessions[0]?.archivedAt).not.toBeNull();
  expect(
    stage.lines.filter(({ level, msg }) => level === "error" && /moved a ref/.test(String(msg))),
  ).not.toEqual([]);
  const metrics = await (await fetch(`${stage.app.url}/metrics`)).text();
  expect(metrics).toMatch(/^patchwright_alarms_total\{what="[a-z ]+"\} [12]$/m);
});

test("pushing to its own branch, again and by force, is no alarm", async () => {
  stage = await setStage({ pushes: "allow_all" });
  stage.plays(async (agent) => {
    await agent.write("a.txt", "a\n");
    await agent.commit("Add a");
    await agent.push();
    await agent.bash("git commit --amend -m 'Add the letter a'");
    await agent.push({ force: true });
    await agent.custom("submit_pull_request", { title: "Add a", summary: "Added." });
  });
  const issue = stage.labelled();
  await stage.untilShown(issue, "opened #2");
  expect(stage.lines.filter(({ msg }) => /moved a ref/.test(String(msg)))).toEqual([]);
});

test("what is noticed only after the pull request opened ends the matter all the same", async () => {
  stage = await setStage({ pushes: "allow_all" });
  stage.github.disturb({ kind: "delay", event: "push", ms: 60_000, times: 1 });
  stage.plays(async (agent) => {
    await agent.write("fix.txt", "fixed\n");
    await agent.commit("Fix");
    await agent.push({ ref: "refs/heads/main" });
    await fixAndSubmit({ path: "more.txt" })(agent);
  });
  const { issue, pull } = await openedPull(stage);
  await stage.pass(120_000);
  expect(stage.status(issue)).toContain("a push outside the run's branch.");
  expect(lastWords(stage, issue)).toContain("moved `refs/heads/main`");
  expect(lastWords(stage, pull)).toContain("moved `refs/heads/main`");
  expect(stage.claude.sessions[0]?.archivedAt).not.toBeNull();
  stage.github.comment(shop, pull, { body: "/agent fix more", by: "mona" });
  await stage.pass(60_000);
  expect(stage.claude.sessions).toHaveLength(1);
});

test("of two runs at work neither can be excused, and a run on another repository goes on", async () => {
  stage = await setStage({ pushes: "allow_all" });
  await stage.github.addRepository({ owner: "acme", name: "till" });
  stage.github.setRole("acme/till", "mona", "write");
  stage.claude.script((session) => async (agent) => {
    await agent.wait(60_000);
    if (session.title?.includes("#2:")) await agent.push({ ref: "refs/heads/main-2" });
    await agent.wait(600_000);
    await fixAndSubmit()(agent);
  });
  const [one, two] = [stage.labelled(), stage.labelled()];
  const other = stage.github.openIssue("acme/till", { title: "Elsewhere", author: "mona" });
  stage.github.label("acme/till", other, { label: "agent", by: "mona" });
  await stage.untilShown(one, "stopped", 3 * 60_000);
  await stage.untilShown(two, "stopped", 60_000);
  expect(lastWords(stage, one)).toContain("it cannot be told of which");
  await stage.pass(20 * 60_000);
  expect(stage.github.pulls("acme/till")).toHaveLength(1);
});

test("people's tags, branches and deletions are their own affair", async () => {
  stage = await setStage();
  stage.plays(async (agent) => {
    await agent.wait(60_000);
    await fixAndSubmit()(agent);
  });
  const issue = stage.labelled();
  await stage.pass(10_000);
  await stage.github.pushCommit(shop, "rita", { files: { "own.txt": "mine\n" }, by: "rita" });
  await stage.github.deleteBranch(shop, "rita", { by: "rita" });
  await stage.untilShown(issue, "opened #");
  expect(stage.lines.filter(({ msg }) => /moved a ref/.test(String(msg)))).toEqual([]);
});

test("word of a run's own push that comes after its end stops no other run", async () => {
  stage = await setStage();
  stage.plays(async (agent) => {
    if (agent.session !== stage.claude.sessions[0]) await pushFix()(agent);
    await agent.wait(3_600_000);
  });
  const other = stage.labelled({ title: "Other" });
  await stage.untilShown(other, "working");
  for (const event of ["push", "create"] as const)
    stage.github.disturb({ event, times: 1, kind: "delay", ms: 60_000 });
  const issue = stage.labelled();
  await stage.untilShown(issue, "working");
  await stage.pass(10_000);
  stage.github.comment(shop, issue, { body: "/agent stop", by: "mona" });
  await stage.untilShown(issue, "stopped");
  await stage.pass(5 * 60_000);
  expect(stage.headline(other)).toContain("**working");
});

test("word of a stray push that comes after the end is an alarm all the same", async () => {
  stage = await setStage({ pushes: "allow_all" });
  stage.plays(async (agent) => {
    await agent.write("a.txt", "a\n");
    await agent.commit("Change");
    await agent.push({ ref: "refs/heads/main" });
  });
  stage.github.disturb({ event: "push", times: 1, kind: "delay", ms: 120_000 });
  const issue = stage.labelled();
  await stage.untilShown(issue, "no changes");
  await stage.pass(5 * 60_000);
  const alarms = stage.lines.filter(
    ({ msg }) => msg === "a token of ours moved a ref that is not a run's own",
  );
  expect(alarms).toMatchObject([{ ref: "refs/heads/main", runs: [expect.stringMatching(/^run_/)] }]);
});
