/** Held work goes through with `/agent approve SHA` of a maintainer, and only the very commit that was held. */
import { afterEach, expect, test } from "vitest";
import { pushFix } from "../sim/claude/scripts.ts";
import { type Stage, setStage, shop } from "./stage.ts";

let stage: Stage;
afterEach(() => stage.close());

/** Plays until a change of CODEOWNERS is held, and returns its head. */
async function heldWork(): Promise<{ issue: number; head: string }> {
  stage = await setStage({ env: { PATCHWRIGHT_SWEEP_MS: "86400000" } });
  stage.plays(pushFix({ path: "CODEOWNERS", content: "* @rita\n" }));
  const issue = stage.labelled();
  await stage.untilShown(issue, "waiting for approval");
  const head = await stage.github.branchHead(shop, `claude/${stage.claude.sessions[0]?.id}`);
  return { issue, head: head ?? "" };
}

const says = async (issue: number, body: string, by: string) => {
  stage.github.comment(shop, issue, { body, by });
  await stage.pass(60_000);
};

test("a maintainer lets it through", async () => {
  const { issue, head } = await heldWork();
  await says(issue, `/agent approve ${head.slice(0, 7)}`, "rita");
  expect(stage.headline(issue)).toContain("**opened #2**");
  expect(stage.github.pull(shop, 2)?.headSha).toBe(head);
});

test("write is not enough, and the refused person is told", async () => {
  const { issue, head } = await heldWork();
  await says(issue, `/agent approve ${head}`, "mona");
  expect(stage.headline(issue)).toContain("**waiting for approval**");
  expect(stage.github.comments(shop, issue).at(-1)?.body).toMatch(/mona.*needs the role `maintain`/);
});

test("an approval of another commit approves nothing", async () => {
  const { issue } = await heldWork();
  await says(issue, "/agent approve 0123456789", "rita");
  expect(stage.headline(issue)).toContain("**waiting for approval**");
  expect(stage.github.pulls(shop)).toEqual([]);
});

test("what a person pushed after the commit that was held is not covered by its approval", async () => {
  const { issue, head } = await heldWork();
  const branch = `claude/${stage.claude.sessions[0]?.id}`;
  await stage.github.pushCommit(shop, branch, { files: { CODEOWNERS: "* @otto\n" }, by: "mona" });
  await says(issue, `/agent approve ${head}`, "rita");
  expect(stage.github.pulls(shop)).toEqual([]);
});

test("with `approval: other` the requester may not let their own work through", async () => {
  const { issue, head } = await heldWork();
  await stage.resettle((settings) => ({ ...settings, approval: "other" }));
  stage.github.setRole(shop, "mona", "maintain");
  await stage.pass(2 * 60_000);
  await says(issue, `/agent approve ${head}`, "mona");
  expect(stage.headline(issue)).toContain("**waiting for approval**");
  await says(issue, `/agent approve ${head}`, "rita");
  expect(stage.headline(issue)).toContain("**opened #2**");
});

test("with `approval: other` who asked for the round may not either", async () => {
  stage = await setStage();
  stage.plays(async (agent) => {
    await agent.write(agent.round === 1 ? "a.txt" : "CODEOWNERS", "* @rita\n");
    await agent.commit("Change");
    await agent.push();
  });
  const issue = stage.labelled();
  await stage.untilShown(issue, "opened #2");
  await stage.resettle((settings) => ({ ...settings, approval: "other" }));
  stage.github.setRole(shop, "otto", "maintain");
  await says(2, "/agent fix Make me the owner", "rita");
  await stage.untilShown(issue, "waiting for approval");
  const head = await stage.github.branchHead(shop, `claude/${stage.claude.sessions[0]?.id}`);
  await says(2, `/agent approve ${head}`, "rita");
  expect(stage.headline(issue)).toContain("**waiting for approval**");
  await says(2, `/agent approve ${head}`, "otto");
  expect(stage.headline(issue)).toContain("**opened #2**");
});

test("`/agent stop` ends the wait", async () => {
  const { issue } = await heldWork();
  await says(issue, "/agent stop", "mona");
  expect(stage.headline(issue)).toContain("**stopped**");
  expect(stage.claude.sessions[0]?.archivedAt).not.toBeNull();
});

test("nobody approves for a week: unanswered", async () => {
  const { issue } = await heldWork();
  await stage.pass(7 * 24 * 3_600_000 - 60_000);
  expect(stage.headline(issue)).toContain("**waiting for approval**");
  await stage.untilShown(issue, "unanswered", 24 * 3_600_000);
  expect(stage.github.pulls(shop)).toEqual([]);
});
