/** A conflict with the base is repaired when asked, and what came into the base by others is not held against it. */
import { afterEach, expect, test } from "vitest";
import type { Agent } from "../sim/claude/agent.ts";
import { fixAndSubmit } from "../sim/claude/scripts.ts";
import { aliveTokens, lastWords, openedPull, says, toldTo } from "./conversation.ts";
import { seen } from "./seen.ts";
import { type Stage, setStage, shop } from "./stage.ts";

let stage: Stage;
afterEach(() => stage.close());

const ours = "export const add = (a, b) => a + b;\n";
const theirs = "export const add = (...all) => all.reduce((a, b) => a + b);\n";
const resolved = "export const add = (...all) => all.reduce((a, b) => a + b, 0);\n";
const fromOthers = { CODEOWNERS: "* @rita\n", ".github/workflows/ci.yml": "on: push\n" };

/** Merges the base as an agent does, and resolves what conflicts. */
async function mergeBase(agent: Agent, besides: Record<string, string> = {}): Promise<void> {
  await agent.fetch();
  const merged = await agent.bash("git merge origin/main");
  expect(merged.output).toContain("CONFLICT (content): Merge conflict in add.js");
  for (const [path, content] of Object.entries({ "add.js": resolved, ...besides }))
    await agent.write(path, content);
  await agent.commit("Merge main");
  expect(await agent.push()).toMatchObject({ ok: true });
  await agent.say("Both changes are in.");
}

/** An open pull request that cannot be merged any more. */
async function conflicting(besides: Record<string, string> = {}) {
  stage = await setStage();
  stage.plays((agent) =>
    agent.round === 1 ? fixAndSubmit({ path: "add.js", content: ours })(agent) : mergeBase(agent, besides),
  );
  const opened = await openedPull(stage);
  await stage.github.pushCommit(shop, "main", { files: { "add.js": theirs, ...fromOthers }, by: "rita" });
  await expect(stage.github.mergePull(shop, opened.pull, { by: "rita" })).rejects.toThrow();
  return opened;
}

test("asked on the pull request: the base is merged in, nothing is held, and it can be merged", async () => {
  const { issue, pull } = await conflicting();
  const before = await stage.github.branchHead(shop, `claude/${stage.claude.sessions[0]?.id}`);
  await says(stage, pull, "/agent fix Resolve the conflict with main.", "rita");
  await stage.untilShown(issue, "opened #");
  await stage.pass(60_000);
  expect(toldTo(stage.claude.sessions[0])[1]).toMatch(
    /Where it conflicts with `origin\/main`, merge that[\s\S]*Resolve the conflict with main\./,
  );
  expect(lastWords(stage, pull)).toBe("Both changes are in.");
  expect(stage.github.pull(shop, pull).headSha).not.toBe(before);
  expect(aliveTokens(stage)).toEqual([]);
  await stage.github.mergePull(shop, pull, { by: "rita" });
  await stage.pass(60_000);
  expect(await stage.github.file(shop, "main", "add.js")).toBe(resolved);
  expect(seen(stage)).toMatchInlineSnapshot(`
    [
      "mona labeled #1",
      "  :eyes: on #1",
      "  status: **mona** asked · **starting** · TIME · $0.00 of $5.00",
      "  opens #2",
      "  :rocket: on #1",
      "  status: **mona** asked · **opened #2** · TIME · $0.00 of $5.00",
      "rita on #2: /agent fix Resolve the conflict with main.",
      "  check: in_progress, The agent is at work",
      "  :eyes: on the comment",
      "  status: **mona** asked · **working** · TIME · $0.00 of $5.00",
      "  :rocket: on the comment",
      "  status: **mona** asked · **opened #2** · TIME · $0.00 of $5.00",
      "  check: success, The agent is done",
      "  check: success, The agent is done",
      "  says on #2: Both changes are in.",
      "rita merges #2",
      "rita closes #1",
      "  status: **mona** asked · **opened #2** · TIME · $0.00 of $5.00",
    ]
  `);
});

test("what a merge brings besides the base is held as in any commit", async () => {
  const { issue, pull } = await conflicting({ CODEOWNERS: "* @mallory\n" });
  await says(stage, pull, "/agent fix Resolve the conflict with main.", "rita");
  await stage.untilShown(issue, "waiting for approval");
  expect(stage.status(issue)).toContain("`CODEOWNERS`");
  expect(stage.status(issue)).not.toContain("workflows");
});

test("a merge that takes the base's protected file back is held too", async () => {
  stage = await setStage({ files: { "add.js": "export const add = 0;\n", CODEOWNERS: "* @mona\n" } });
  stage.plays((agent) =>
    agent.round === 1
      ? fixAndSubmit({ path: "add.js", content: ours })(agent)
      : mergeBase(agent, { CODEOWNERS: "* @mona\n" }),
  );
  const { issue, pull } = await openedPull(stage);
  await stage.github.pushCommit(shop, "main", { files: { "add.js": theirs, ...fromOthers }, by: "rita" });
  await says(stage, pull, "/agent fix Resolve the conflict with main.", "rita");
  await stage.untilShown(issue, "waiting for approval");
  expect(stage.status(issue)).toContain("`CODEOWNERS`");
});
