/** Every commit is screened, not only their sum: what the last one hides again is published all the same. */
import { afterEach, expect, test } from "vitest";
import type { Agent } from "../sim/claude/agent.ts";
import { type Stage, setStage, shop } from "./stage.ts";

let stage: Stage;
afterEach(() => stage.close());

const key = `AKIA${"IOSFODNN7ABCDEFG"}`;
const halves = [key.slice(0, 9), key.slice(9)] as const;

async function commit(agent: Agent, message: string, files: Record<string, string>): Promise<void> {
  for (const [path, text] of Object.entries(files)) await agent.write(path, text);
  await agent.commit(message);
}

interface Pushed {
  what: string;
  work: (agent: Agent) => Promise<unknown>;
  reason: RegExp;
  isApprovable: boolean;
}

const pushed: Pushed[] = [
  {
    what: "a submodule that the next commit takes out again",
    work: async (agent) => {
      await agent.bash(
        `git update-index --add --cacheinfo 160000,${"1".repeat(40)},vendor/lib && git commit -qm "Add lib"`,
      );
      await agent.bash('git rm -q --cached vendor/lib && git commit -qm "Take lib out"');
      await commit(agent, "Add a", { "a.txt": "a\n" });
    },
    reason: /`vendor\/lib`: is a submodule/,
    isApprovable: true,
  },
  {
    what: "a secret in the message of an earlier commit",
    work: async (agent) => {
      await commit(agent, `Add a\n\nThe key is ${key}.`, { "a.txt": "a\n" });
      await commit(agent, "Add b", { "b.txt": "b\n" });
    },
    reason: /message.*holds an AWS key|holds an AWS key/,
    isApprovable: false,
  },
  {
    what: "a secret in a file's name that the next commit removes",
    work: async (agent) => {
      await commit(agent, "Add it", { [`docs/${key}.txt`]: "a\n", "b.txt": "b\n" });
      await agent.bash("git rm -rq docs");
      await agent.commit("Remove it");
    },
    reason: /holds an AWS key/,
    isApprovable: false,
  },
  {
    what: "a secret in a literal over several lines",
    work: (agent) =>
      commit(agent, "Add it", { "key.js": `export const key =\n  "${halves[0]}" +\n  "${halves[1]}";\n` }),
    reason: /`key.js`: holds an AWS key/,
    isApprovable: false,
  },
];

test.each(pushed)("$what is held", async ({ work, reason, isApprovable }) => {
  stage = await setStage();
  stage.plays(async (agent) => {
    await work(agent);
    const { ok, output } = await agent.push();
    if (!ok) throw new Error(output);
    await agent.custom("submit_pull_request", { title: "Change", summary: "Changed things." });
  });
  const issue = stage.labelled();
  await stage.untilShown(issue, "waiting for approval");
  const status = stage.status(issue);
  expect(status).toMatch(reason);
  expect(status).not.toContain(key);
  expect(status.includes("This cannot be approved")).toBe(!isApprovable);
  const head = await stage.github.branchHead(shop, `claude/${stage.claude.sessions[0]?.id}`);
  stage.github.comment(shop, issue, { body: `/agent approve ${head}`, by: "rita" });
  await stage.pass(5 * 60_000);
  expect(stage.github.pulls(shop)).toHaveLength(isApprovable ? 1 : 0);
});

test("what a merge brings back from a parent that the base has overtaken is held", async () => {
  stage = await setStage({ files: { "README.md": "# shop\n", CODEOWNERS: "* @everybody\n" } });
  await stage.github.pushCommit(shop, "main", { files: { CODEOWNERS: "* @acme/security\n" }, by: "mona" });
  stage.plays(async (agent) => {
    await agent.write("CODEOWNERS", "* @everybody\n");
    await agent.write("a.txt", "a\n");
    await agent.bash(
      "git add -A && " +
        "git reset -q --hard $(git commit-tree $(git write-tree) -p HEAD~1 -p HEAD -m 'Add a')",
    );
    await agent.push();
  });
  const issue = stage.labelled();
  await stage.untilShown(issue, "waiting for approval");
  expect(stage.status(issue)).toContain("`CODEOWNERS`: is kept back by");
  expect(stage.github.pulls(shop)).toEqual([]);
});
