/**
 * The main job, told to a newcomer: Mona labels an issue, an agent works on it for longer than its first
 * token lives, and a pull request with the fix is open in the end.
 */
import type { Script } from "../sim/claude/agent.ts";
import { git } from "../sim/github/git.ts";
import { pushWork, runTests, think } from "./engineer.ts";
import { runTokens, type Scene } from "./scene.ts";
import type { Play, Story } from "./story.ts";

const repository = "acme/shop";

const wrong = "return sum - discountPercent;";
const right = "return Math.round(sum * (1 - discountPercent / 100));";
const files = {
  "README.md": "# shop\n\nWhat a basket costs. `npm test` runs the tests.\n",
  "package.json": `${JSON.stringify({ name: "shop", private: true, type: "module", scripts: { test: "node --test" } }, null, 2)}\n`,
  "src/total.js": `/** What a basket costs in cents, after a discount in percent. */
export function total(lines, discountPercent = 0) {
  const sum = lines.reduce((cents, { price, count }) => cents + price * count, 0);
  ${wrong}
}
`,
  "test/total.test.js": `import assert from "node:assert/strict";
import test from "node:test";
import { total } from "../src/total.js";

const basket = [{ price: 500, count: 4 }];

test("a basket costs the sum of its lines", () => {
  assert.equal(total(basket), 2000);
});

test("a discount is a share of the sum", () => {
  assert.equal(total(basket, 10), 1800);
});
`,
};
const issue = {
  title: "A discount of 10 % takes off ten cents",
  body: "`total(basket, 10)` of a basket for 20.00 gives 19.90 instead of 18.00. There is a test for it, and it fails.",
};

const engineer: Script = async (agent) => {
  await think(agent);
  await agent.say("I run the tests first, to see the problem.");
  await runTests(agent);
  await think(agent);
  const source = (await agent.read("src/total.js")) ?? "";
  await think(agent);
  await agent.say(
    "The percentage is taken off as if it were cents. I take off its share of the sum instead.",
  );
  await agent.write("src/total.js", source.replace(wrong, right));
  await think(agent);
  await runTests(agent);
  await think(agent);
  await pushWork(agent, "Take a discount off as a share of the sum");
  await think(agent);
  await agent.custom("submit_pull_request", {
    title: "Take a discount off as a share of the sum",
    summary: "`total` subtracted the percentage itself, in cents. It now takes that share off the sum.",
    checks: "`node --test`: 2 passed, 0 failed. Before the change one of them failed.",
  });
  await agent.say("The fix is pushed and handed in.");
};

async function seed({ github, claude }: Scene): Promise<void> {
  github.addOrganization("acme");
  github.addUser("mona");
  const [owner = "", name = ""] = repository.split("/");
  await github.addRepository({ owner, name, files });
  github.setRole(repository, "mona", "write");
  github.install("acme");
  claude.script(() => engineer);
}

async function play({ scene, teller, until }: Play): Promise<void> {
  const { github, claude } = scene;
  await seed(scene);
  teller.tell({ who: "GitHub", text: `has ${repository}, a small real repository with a failing test` });
  teller.tell({ who: "Mona", text: `opens issue #1: “${issue.title}”` });
  const number = github.openIssue(repository, { ...issue, author: "mona" });
  teller.tell({ who: "Mona", text: "puts the label “agent” on it" });
  github.label(repository, number, { label: "agent", by: "mona" });

  await until("a session is opened", () => claude.sessions.length > 0);
  await until("the agent rests", () => claude.sessions[0]?.stop?.type === "end_turn");
  await until("a pull request is open", () => github.pulls(repository).length > 0);
  await until("its number stands in the status comment", () =>
    github.comments(repository, number).some(({ body }) => body.includes("opened #")),
  );
  await until("every token of the run is revoked", () =>
    runTokens(scene).every(({ revokedAt }) => revokedAt),
  );
  const wrongs = flaws(scene, number);
  if (wrongs.length > 0) throw new Error(`the story ended, but ${wrongs.join("; ")}`);
  await showPull(scene, teller);
}

/** What did not come out as it has to, though the pull request is open. */
function flaws({ github, claude }: Scene, number: number): string[] {
  const [session] = claude.sessions;
  const held = session ? (claude.mounts(session.id)[0]?.tokens.length ?? 0) : 0;
  const checks: [boolean, string][] = [
    [claude.sessions.length === 1, `${claude.sessions.length} sessions were opened`],
    [github.pulls(repository).length === 1, `${github.pulls(repository).length} pull requests were opened`],
    [github.comments(repository, number).length === 1, "there is more than the one status comment"],
    [held > 1, "no token was replaced"],
    [
      claude.gitOperations.every(({ status }) => status < 400),
      "a git operation was refused for want of a good token",
    ],
  ];
  return checks.flatMap(([isSo, otherwise]) => (isSo ? [] : [otherwise]));
}

/** The pull request as a reviewer finds it. */
async function showPull({ github }: Scene, teller: Play["teller"]): Promise<void> {
  const [pull] = github.pulls(repository);
  if (!pull) return;
  const diff = await git(github.gitDirectory(repository), ["diff", `${pull.base}...${pull.headSha}`]);
  teller.plain();
  teller.plain(`Pull request #${pull.number} of ${repository}: ${pull.title}`);
  teller.plain(`${pull.draft ? "draft, " : ""}${pull.head} → ${pull.base}, by ${pull.author}`);
  teller.plain();
  for (const line of pull.body.split("\n")) teller.plain(line === "" ? "" : `  ${line}`);
  teller.plain();
  teller.diff(diff);
}

/** The story of `--story=main`. */
export const story: Story = {
  about: "a label becomes a pull request, and the token is replaced on the way",
  preface: [
    "From a labelled issue to a pull request.",
    "GitHub and the Claude platform are simulated on this machine; HTTP, git and the server are real.",
    "Tokens live 8 seconds here instead of an hour, so that you see one replaced while the agent works.",
  ],
  tokenLifeMs: 8_000,
  play,
};
