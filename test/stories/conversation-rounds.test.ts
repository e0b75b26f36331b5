/** A run rests between rounds: stopped, grown old or screened, what comes next is said and can be gone on with. */
import { afterEach, expect, test } from "vitest";
import { fixAndSubmit, pushFix } from "../sim/claude/scripts.ts";
import { aliveTokens, lastWords, openedPull, ownChecks, says, toldTo } from "./conversation.ts";
import { type Stage, setStage, shop } from "./stage.ts";

let stage: Stage;
afterEach(() => stage.close());

const day = 24 * 3_600_000;
const session = () => stage.claude.sessions[0];
const branch = () => `claude/${session()?.id}`;

test("stopped in a later round the run rests, and goes on in a new session by fast-forward", async () => {
  stage = await setStage();
  stage.plays(async (agent) => {
    if (agent.round === 2 && stage.claude.sessions.length === 1) await agent.wait(3_600_000);
    await fixAndSubmit({ path: `${stage.claude.sessions.length}-${agent.round}.txt` })(agent);
  });
  const { issue, pull } = await openedPull(stage);
  await says(stage, pull, "/agent fix more");
  await says(stage, pull, "/agent stop", "rita");
  expect(stage.status(issue)).toContain("Stopped by rita with `/agent stop`.");
  expect(session()?.archivedAt).not.toBeNull();
  expect(aliveTokens(stage)).toEqual([]);
  await says(stage, issue, "/agent budget 4");
  expect(stage.headline(issue)).toContain("**stopped**");
  await says(stage, pull, "/agent fix once more");
  await stage.untilShown(issue, "opened #");
  const [, next] = stage.claude.sessions;
  expect(next?.budget?.max_list_cost.amount).toBe("400");
  expect(await stage.github.branchHead(shop, branch())).toBe(
    await stage.github.branchHead(shop, `claude/${next?.id}`),
  );
  expect(await stage.github.file(shop, branch(), "1-1.txt")).toBeDefined();
  expect(stage.github.pulls(shop)).toHaveLength(1);
  await stage.github.mergePull(shop, pull, { by: "rita" });
  await stage.pass(60_000);
  expect(stage.status(issue)).toContain("#2: pull request merged");
});

test("`/agent retry` in a round that was stopped goes on; after a success it is refused", async () => {
  stage = await setStage();
  stage.plays(async (agent) => {
    if (agent.round === 2) await agent.wait(3_600_000);
    await fixAndSubmit()(agent);
  });
  const { issue, pull } = await openedPull(stage);
  await says(stage, issue, "/agent retry");
  expect(lastWords(stage, issue)).toContain("nothing to retry");
  await says(stage, pull, "/agent fix more");
  await says(stage, issue, "/agent retry");
  expect(lastWords(stage, issue)).toContain("A run is at work here");
  await says(stage, issue, "/agent stop");
  await says(stage, issue, "/agent retry");
  await stage.untilShown(issue, "opened #");
  expect(stage.claude.sessions).toHaveLength(2);
});

test("a session too old is archived, and a review opens a new one on the pull request's head", async () => {
  stage = await setStage({ env: { PATCHWRIGHT_POLL_MS: "3600000" } });
  stage.plays(fixAndSubmit());
  const { issue, pull } = await openedPull(stage);
  await stage.pass(26 * day);
  expect(session()?.archivedAt).not.toBeNull();
  expect(stage.headline(issue)).toContain("**opened #2**");
  stage.github.review(shop, pull, { state: "CHANGES_REQUESTED", body: "Old, but wrong.", by: "rita" });
  await stage.pass(30 * 60_000);
  const [, next] = stage.claude.sessions;
  expect(toldTo(next).at(-1)).toContain("Old, but wrong.");
  expect(stage.github.pull(shop, pull)?.headSha).toBe(
    await stage.github.branchHead(shop, `claude/${next?.id}`),
  );
  expect(ownChecks(stage).every(({ conclusion }) => conclusion === "success")).toBe(true);
});

/** A second round that pushes what is held back. */
async function heldLater() {
  stage = await setStage({ env: { PATCHWRIGHT_POLL_MS: "3600000" } });
  stage.plays(async (agent) => {
    if (agent.round === 1) return fixAndSubmit()(agent);
    await pushFix({ path: "CODEOWNERS" })(agent);
  });
  const opened = await openedPull(stage);
  await says(stage, opened.pull, "/agent fix owners");
  await stage.untilShown(opened.issue, "waiting for approval");
  await stage.pass(60_000);
  return { ...opened, head: (await stage.github.branchHead(shop, branch())) ?? "" };
}

test("a later push that fails screening: action required, told on the pull request, approved", async () => {
  const { issue, pull, head } = await heldLater();
  expect(ownChecks(stage)).toMatchObject([
    { status: "completed", conclusion: "action_required" },
    { status: "completed", conclusion: "action_required", headSha: head },
  ]);
  expect(lastWords(stage, pull)).toMatch(/is held back:[\s\S]*CODEOWNERS[\s\S]*\/agent approve/);
  expect(aliveTokens(stage)).toEqual([]);
  await says(stage, pull, "/agent approve");
  expect(lastWords(stage, pull)).toContain(`\`/agent approve ${head.slice(0, 12)}\``);
  await says(stage, pull, `/agent approve ${head.slice(0, 12)}`, "rita");
  await stage.untilShown(issue, "opened #");
  await stage.pass(60_000);
  expect(ownChecks(stage)[1]).toMatchObject({ conclusion: "success", headSha: head });
});

test("a held push that nobody approves: the check keeps saying so, and the run rests", async () => {
  const { issue, head } = await heldLater();
  await stage.untilShown(issue, "unanswered", 9 * day);
  await stage.pass(60_000);
  expect(ownChecks(stage)[1]).toMatchObject({ conclusion: "action_required", headSha: head });
  expect(session()?.archivedAt).not.toBeNull();
});

test("the pull request is closed while the agent works: interrupted within ten seconds, and over", async () => {
  stage = await setStage();
  stage.plays(async (agent) => {
    if (agent.round === 2) await agent.wait(3_600_000);
    await agent.spend(12);
    await fixAndSubmit()(agent);
  });
  const { issue, pull } = await openedPull(stage);
  await says(stage, pull, "/agent fix more");
  await stage.github.closePull(shop, pull, { by: "rita" });
  await stage.pass(10_000);
  expect(session()?.log.map(({ type }) => type)).toContain("user.interrupt");
  expect(session()?.archivedAt).not.toBeNull();
  expect(stage.status(issue)).toContain("Stopped by rita: pull request closed");
  await says(stage, pull, "/agent fix please");
  expect(lastWords(stage, pull)).toContain("is merged or closed");
  expect(stage.claude.sessions).toHaveLength(1);
});

test("merged: archived, and the last words have the cost of all rounds", async () => {
  stage = await setStage();
  stage.plays(async (agent) => {
    await agent.spend(12);
    await fixAndSubmit()(agent);
  });
  const { issue, pull } = await openedPull(stage);
  await says(stage, pull, "/agent fix more");
  await stage.pass(10 * 60_000);
  await stage.github.mergePull(shop, pull, { by: "rita" });
  await stage.pass(60_000);
  expect(stage.headline(issue)).toContain("$0.24 of $5.00");
  expect(stage.status(issue)).toContain("#2: pull request merged.");
  expect(session()?.archivedAt).not.toBeNull();
});
