/** Failed checks on what our session pushed are repaired by themselves, so often and no oftener. */
import { afterEach, expect, test } from "vitest";
import { fixAndSubmit, pushFix } from "../sim/claude/scripts.ts";
import { openedPull, ownChecks, says, toldTo } from "./conversation.ts";
import { type Stage, setStage, shop } from "./stage.ts";

let stage: Stage;
afterEach(() => stage.close());

const session = () => stage.claude.sessions[0];
const branch = () => `claude/${session()?.id}`;

async function opened(): Promise<{ issue: number; pull: number }> {
  stage = await setStage();
  stage.plays(fixAndSubmit());
  return openedPull(stage);
}

const failure = { name: "unit", conclusion: "failure", title: "1 of 9 failed", summary: "add is wrong" };

test("name, annotations and the end of the log go to the agent, without secrets and control characters", async () => {
  const { pull } = await opened();
  const secret = `ghs_${"a1B2".repeat(9)}`;
  const log = [...Array(500).keys()].map((line) => `line ${line}`).join("\n");
  await stage.github.completeSuite(shop, {
    branch: branch(),
    runs: [
      {
        ...failure,
        annotations: [{ path: "fix.txt", line: 1, message: "expected 3" }],
        log: `${log}\n\u001b[31mtoken ${secret}\u001b[0m\nassertion failed\n`,
      },
      { name: "lint", conclusion: "success" },
    ],
  });
  await stage.pass(10 * 60_000);
  expect(toldTo(session())).toHaveLength(2);
  const [, told = ""] = toldTo(session());
  expect(told).toMatch(
    /output of failed checks of github-actions[\s\S]*"unit" failed[\s\S]*add is wrong[\s\S]*fix\.txt:1: expected 3/,
  );
  expect(told).toContain("assertion failed");
  expect(told).not.toContain("line 100\n");
  expect(told).not.toContain(secret);
  expect(told).not.toContain("\u001b");
  expect(told).not.toContain("lint");
  expect(ownChecks(stage)).toMatchObject([
    { status: "completed", conclusion: "success" },
    { status: "completed", conclusion: "success" },
  ]);
  expect(stage.github.comments(shop, pull)).toHaveLength(1);
});

test("also where another pull request has the same head, and comes first", async () => {
  stage = await setStage();
  await stage.github.pushCommit(shop, "dev", { files: { "dev.txt": "dev\n" }, by: "mona" });
  stage.plays(async (agent) => {
    await pushFix()(agent);
    await stage.github.openPull(shop, { title: "Mine", head: agent.branch, base: "dev", author: "rita" });
    await agent.custom("submit_pull_request", { title: "Fix", summary: "Fixed it." });
  });
  await stage.untilShown(stage.labelled(), "opened #3");
  await stage.github.completeSuite(shop, { branch: branch(), runs: [failure] });
  await stage.pass(10 * 60_000);
  expect(toldTo(session())).toHaveLength(2);
});

test("twice, as the settings say, and not a third time", async () => {
  await opened();
  for (const _attempt of [1, 2, 3]) {
    await stage.github.completeSuite(shop, { branch: branch(), runs: [failure] });
    await stage.pass(10 * 60_000);
  }
  expect(toldTo(session())).toHaveLength(3);
});

test("not when the same check fails on the base", async () => {
  await opened();
  await stage.github.completeSuite(shop, { branch: "main", runs: [failure] });
  await stage.github.completeSuite(shop, { branch: branch(), runs: [failure] });
  await stage.pass(10 * 60_000);
  expect(toldTo(session())).toHaveLength(1);
});

test("not on a head a person pushed, not on an old one, not even after a round on top of it", async () => {
  await opened();
  const old = (await stage.github.branchHead(shop, branch())) ?? "";
  const sha = await stage.github.pushCommit(shop, branch(), { files: { "b.txt": "b" }, by: "rita" });
  await stage.github.completeSuite(shop, { branch: branch(), runs: [failure] });
  await stage.pass(10 * 60_000);
  expect(toldTo(session())).toHaveLength(1);
  stage.plays(async (agent) => agent.say("Fine as it is."));
  await says(stage, stage.github.pulls(shop)[0]?.number ?? 0, "/agent fix is this right?");
  await stage.pass(10 * 60_000);
  expect(ownChecks(stage)).toMatchObject([{ headSha: sha, conclusion: "success" }]);
  for (const head of [old, sha]) {
    await stage.github.completeSuite(shop, { branch: branch(), sha: head, runs: [failure] });
    await stage.pass(10 * 60_000);
  }
  expect(toldTo(session())).toHaveLength(2);
});

test("other Apps' checks only where the settings list them", async () => {
  await opened();
  stage.github.addUser("buildy[bot]", { type: "Bot" });
  await stage.github.completeSuite(shop, { branch: branch(), app: "buildy", runs: [failure] });
  await stage.pass(10 * 60_000);
  expect(toldTo(session())).toHaveLength(1);
  await stage.resettle((settings) => ({ ...settings, ci: { ...settings.ci, apps: ["buildy"] } }));
  await stage.github.completeSuite(shop, { branch: branch(), app: "buildy", runs: [failure] });
  await stage.pass(10 * 60_000);
  expect(toldTo(session())).toHaveLength(2);
});

test("not where repairs are off, nor for a requester who may not any more", async () => {
  await opened();
  await stage.resettle((settings) => ({ ...settings, ci: { ...settings.ci, repair: false } }));
  await stage.github.completeSuite(shop, { branch: branch(), runs: [failure] });
  await stage.pass(10 * 60_000);
  await stage.resettle((settings) => ({ ...settings, ci: { ...settings.ci, repair: true } }));
  stage.github.setRole(shop, "mona", "read");
  await stage.pass(2 * 60_000);
  await stage.github.completeSuite(shop, { branch: branch(), runs: [failure] });
  await stage.pass(10 * 60_000);
  expect(toldTo(session())).toHaveLength(1);
});

test("a log that is gone or not to be had is done without", async () => {
  await opened();
  stage.github.fault({
    route: "/repos/{owner}/{repo}/actions/jobs/{job_id}/logs",
    kind: "status",
    status: 410,
  });
  await stage.github.completeSuite(shop, { branch: branch(), runs: [{ ...failure, log: "gone" }] });
  await stage.pass(10 * 60_000);
  expect(toldTo(session())[1]).toContain('"unit" failed');
});
