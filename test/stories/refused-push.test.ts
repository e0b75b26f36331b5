/** A push that GitHub refuses is told to the agent once; refused again, the run fails and says why. */
import { afterEach, expect, test } from "vitest";
import type { Agent } from "../sim/claude/agent.ts";
import { toldTo } from "./conversation.ts";
import { type Stage, setStage, shop } from "./stage.ts";

let stage: Stage;
afterEach(() => stage.close());

const workflow = (agent: Agent) => agent.write(".github/workflows/ci.yml", `on: push # ${agent.round}\n`);

const rules: [what: string, says: string][] = [
  ["signed commits are required", "Commits must have verified signatures."],
  ["a path is restricted", "File path is restricted: fix.txt"],
];

test("a workflow file: the agent leaves it out when told, and the pull request opens", async () => {
  stage = await setStage();
  stage.plays(async (agent) => {
    if (agent.round === 1) {
      await workflow(agent);
      await agent.commit("Add a workflow");
      await agent.push();
      return;
    }
    await agent.bash("git reset --hard origin/main");
    await agent.write("fix.txt", "fixed\n");
    await agent.commit("Fix");
    await agent.push();
  });
  const issue = stage.labelled();
  await stage.untilShown(issue, "opened #2");
  const [, told, ...more] = toldTo(stage.claude.sessions[0]);
  expect(told).toMatch(
    /GitHub refused your last push: refusing to allow a GitHub App[\s\S]*Leave the workflow/,
  );
  expect(more).toEqual([]);
});

test("a workflow file, again and again: failed, with the reason", async () => {
  stage = await setStage();
  stage.plays(async (agent) => {
    await workflow(agent);
    await agent.commit("Add a workflow");
    await agent.push();
  });
  const issue = stage.labelled();
  await stage.untilShown(issue, "failed");
  expect(toldTo(stage.claude.sessions[0])).toHaveLength(2);
  expect(stage.status(issue)).toMatch(
    /GitHub refused the push, also after the agent was told.*may not change workflow/,
  );
  expect(stage.github.pulls(shop)).toEqual([]);
  expect(stage.claude.sessions[0]?.archivedAt).not.toBeNull();
});

test.each(rules)("%s: told once, then failed with the rule's words", async (_what, says) => {
  stage = await setStage();
  stage.github.configure(shop, { rules: [{ ref: /^refs\/heads\/claude\//, says }] });
  stage.plays(async (agent) => {
    await agent.write("fix.txt", `fixed ${agent.round}\n`);
    await agent.commit("Fix");
    await agent.push();
    await agent.custom("submit_pull_request", { title: "Fix", summary: "Fixed." });
  });
  const issue = stage.labelled();
  await stage.untilShown(issue, "failed");
  expect(toldTo(stage.claude.sessions[0])[1]).toContain(says);
  expect(toldTo(stage.claude.sessions[0])).toHaveLength(2);
  expect(stage.status(issue)).toContain(says);
});

test("an agent that mends its push by itself is told nothing", async () => {
  stage = await setStage();
  stage.plays(async (agent) => {
    await workflow(agent);
    await agent.commit("Add a workflow");
    await agent.push();
    await agent.bash("git reset --hard origin/main");
    await agent.write("fix.txt", "fixed\n");
    await agent.commit("Fix");
    await agent.bash(`git push -q origin HEAD:refs/heads/${agent.branch}`);
  });
  const issue = stage.labelled();
  await stage.untilShown(issue, "opened #2");
  expect(toldTo(stage.claude.sessions[0])).toHaveLength(1);
});
