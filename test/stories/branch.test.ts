/** The branch: the agent pushes to exactly one; another name by the settings is ours to make, never by force. */
import { afterEach, expect, test } from "vitest";
import { fixAndSubmit, pushFix } from "../sim/claude/scripts.ts";
import { type Stage, setStage, shop } from "./stage.ts";

let stage: Stage;
afterEach(() => stage.close());

/** Starts a run whose settings name the branch, and lets it push. */
async function runWithBranch(branch: string): Promise<number> {
  stage = await setStage();
  stage.plays(async (agent) => {
    await agent.wait(60_000);
    await fixAndSubmit()(agent);
  });
  const issue = stage.labelled({ title: "Add is wrong: très faux!" });
  await stage.until("the session works", () => stage.claude.sessions.length === 1);
  await stage.resettle((settings) => ({ ...settings, branch }));
  return issue;
}

test("pushes to any other branch are refused", async () => {
  stage = await setStage();
  const results: boolean[] = [];
  stage.plays(async (agent) => {
    await pushFix()(agent);
    results.push((await agent.push({ ref: "refs/heads/main" })).ok);
    results.push((await agent.push({ ref: "refs/heads/other" })).ok);
  });
  const issue = stage.labelled();
  await stage.untilShown(issue, "opened #2");
  expect(results).toEqual([false, false]);
  const session = stage.claude.sessions[0]?.id;
  const branches = [...(await stage.github.refs(shop)).keys()].filter((ref) => ref.startsWith("refs/heads/"));
  expect(branches.toSorted()).toEqual([`refs/heads/claude/${session}`, "refs/heads/main"]);
});

test("the setting `branch` names the pull request's head", async () => {
  const issue = await runWithBranch("bot/{issue}-{slug}");
  await stage.untilShown(issue, "opened #2");
  const pull = stage.github.pull(shop, 2);
  expect(pull?.head).toBe("bot/1-add-is-wrong-tres-faux");
  expect(pull?.headSha).toBe(await stage.github.branchHead(shop, `claude/${stage.claude.sessions[0]?.id}`));
});

test("a branch of that name with other work is left alone", async () => {
  const issue = await runWithBranch("bot/{issue}");
  const theirs = await stage.github.pushCommit(shop, "bot/1", { files: { "own.txt": "mine\n" }, by: "rita" });
  await stage.untilShown(issue, "refused");
  expect(stage.status(issue)).toContain("The branch `bot/1` exists and holds other work.");
  expect(await stage.github.branchHead(shop, "bot/1")).toBe(theirs);
  expect(stage.github.pulls(shop)).toEqual([]);
});
