/** A person's push wins: the agent stops, the status says so, and a command goes on on top of it. */
import { afterEach, expect, test } from "vitest";
import { fixAndSubmit, pushFix } from "../sim/claude/scripts.ts";
import { lastWords, openedPull, ownChecks, says, toldTo } from "./conversation.ts";
import { type Stage, setStage, shop } from "./stage.ts";

let stage: Stage;
afterEach(() => stage.close());

const session = () => stage.claude.sessions[0];
const branch = () => `claude/${session()?.id}`;

test("before there is a pull request: stopped, and `/agent fix` begins with the person's work", async () => {
  stage = await setStage();
  stage.plays(async (agent) => {
    if (stage.claude.sessions.length > 1) return fixAndSubmit({ path: "more.txt" })(agent);
    await pushFix()(agent);
    await agent.wait(3_600_000);
    await agent.push();
  });
  const issue = stage.labelled();
  await stage.pass(5 * 60_000);
  const sha = await stage.github.pushCommit(shop, branch(), { files: { "own.txt": "mine\n" }, by: "rita" });
  await stage.pass(10_000);
  expect(stage.status(issue)).toContain("Stopped by rita: a person pushed to the branch");
  expect(session()?.archivedAt).not.toBeNull();
  await stage.pass(2 * 3_600_000);
  expect(await stage.github.branchHead(shop, branch())).toBe(sha);
  expect(stage.github.pulls(shop)).toEqual([]);
  await says(stage, issue, "/agent fix go on");
  await stage.untilShown(issue, "opened #");
  const [pull] = stage.github.pulls(shop);
  expect(await stage.github.file(shop, pull?.head ?? "", "own.txt")).toBe("mine\n");
  expect(toldTo(stage.claude.sessions[1])[0]).toMatch(/a person pushed on top[\s\S]*go on/);
});

test("on the pull request while the agent works: stopped, then on top of it in a new session", async () => {
  stage = await setStage();
  stage.plays(async (agent) => {
    if (agent.round === 2) await agent.wait(3_600_000);
    await fixAndSubmit({ path: `${stage.claude.sessions.length}.txt` })(agent);
  });
  const { issue, pull } = await openedPull(stage);
  await says(stage, pull, "/agent fix more");
  await stage.pass(60_000);
  const [working] = ownChecks(stage);
  const sha = await stage.github.pushCommit(shop, branch(), { files: { "own.txt": "mine\n" }, by: "rita" });
  await stage.pass(60_000);
  expect(stage.status(issue)).toContain("Stopped by rita: a person pushed to the branch");
  expect(lastWords(stage, pull)).toContain("**stopped**");
  expect(ownChecks(stage)).toEqual([{ ...working, status: "completed", conclusion: "neutral" }]);
  await says(stage, pull, "/agent fix on top of rita's");
  await stage.untilShown(issue, "opened #");
  await stage.pass(60_000);
  expect(stage.claude.sessions).toHaveLength(2);
  const [, next] = stage.claude.sessions;
  expect(toldTo(next)[0]).toMatch(
    /Continue pull request #2[\s\S]*said by mona in an earlier round[\s\S]*more/,
  );
  expect(toldTo(next).at(-1)).toContain("on top of rita's");
  expect(ownChecks(stage)[1]).toMatchObject({ headSha: sha, status: "completed" });
  // Carried over to the pull request's branch, by fast-forward.
  const head = await stage.github.branchHead(shop, branch());
  expect(head).toBe(await stage.github.branchHead(shop, `claude/${next?.id}`));
  expect(stage.github.pull(shop, pull)?.headSha).toBe(head);
  expect(await stage.github.file(shop, branch(), "own.txt")).toBe("mine\n");
});

test("what a person pushed to the pull request at rest is not held against the agent", async () => {
  stage = await setStage();
  stage.plays((agent) => (agent.round === 1 ? fixAndSubmit()(agent) : agent.say("It builds the shop.")));
  const { issue, pull } = await openedPull(stage);
  const files = { ".github/workflows/build.yml": "on: push\n" };
  const sha = await stage.github.pushCommit(shop, branch(), { files, by: "rita" });
  await stage.pass(60_000);
  await says(stage, pull, "/agent fix explain what the workflow does");
  await stage.untilShown(issue, "opened #");
  expect(ownChecks(stage).at(-1)).toMatchObject({ headSha: sha, conclusion: "success" });
  expect(lastWords(stage, pull)).not.toContain("held back");
});

test("a push to the pull request's branch stops a new session too", async () => {
  stage = await setStage();
  stage.plays(async (agent) => {
    if (stage.claude.sessions.length === 1 && agent.round === 1) return fixAndSubmit()(agent);
    await agent.wait(3_600_000);
  });
  const { issue, pull } = await openedPull(stage);
  const first = branch();
  await says(stage, pull, "/agent fix more");
  await says(stage, pull, "/agent stop");
  await says(stage, pull, "/agent fix again");
  expect(stage.claude.sessions).toHaveLength(2);
  expect(stage.headline(issue)).toContain("**working**");
  await stage.github.pushCommit(shop, first, { files: { "own.txt": "mine\n" }, by: "rita" });
  await stage.pass(60_000);
  expect(stage.status(issue)).toContain("Stopped by rita: a person pushed to the branch");
});

test("the branch we made by the `branch` setting is watched as well", async () => {
  stage = await setStage();
  stage.plays(async (agent) => {
    await agent.wait(agent.round === 1 ? 60_000 : 3_600_000);
    await fixAndSubmit()(agent);
  });
  const issue = stage.labelled();
  await stage.pass(30_000);
  await stage.resettle((settings) => ({ ...settings, branch: "fix/{issue}" }));
  await stage.untilShown(issue, "opened #");
  await says(stage, 2, "/agent fix more");
  await stage.github.pushCommit(shop, `fix/${issue}`, { files: { "own.txt": "mine\n" }, by: "rita" });
  await stage.pass(60_000);
  expect(stage.status(issue)).toContain("Stopped by rita: a person pushed to the branch");
});
