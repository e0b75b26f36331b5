/** What was pushed is screened before it is proposed: held work is shown with its head and the reasons. */
import { afterEach, expect, test } from "vitest";
import type { Agent, Script } from "../sim/claude/agent.ts";
import { type Stage, setStage, shop } from "./stage.ts";

let stage: Stage;
afterEach(() => stage.close());

/** Commits what `work` does and hands it in. */
const pushes =
  (work: (agent: Agent) => Promise<unknown>): Script =>
  async (agent) => {
    await work(agent);
    await agent.commit("Change things");
    const pushed = await agent.push();
    if (!pushed.ok) throw new Error(pushed.output);
    await agent.custom("submit_pull_request", { title: "Change", summary: "Changed things." });
  };

const accessKey = `AKIA${"IOSFODNN7ABCDEFG"}`;

const held: [string, (agent: Agent) => Promise<unknown>, RegExp][] = [
  ["a file under CODEOWNERS' name", (agent) => agent.write("docs/codeowners", "* @mona\n"), /codeowners/],
  ["instructions for agents", (agent) => agent.write("CLAUDE.md", "Be bold.\n"), /`CLAUDE.md`/],
  [
    "a symlink out of the tree",
    (agent) => agent.bash("ln -s ../../etc/passwd users"),
    /leads out of the rep/,
  ],
  ["a binary", (agent) => agent.bash("printf 'a\\000b' > blob.bin"), /`blob.bin`: .*not text/],
  [
    "a binary that was there, changed",
    (agent) => agent.bash("printf 'a\\000evil' > logo.png"),
    /`logo.png`: .*not/,
  ],
  [
    "a symlink out of the tree with a newline in its target",
    (agent) => agent.bash("ln -s $'../../etc/passwd\\nx' users"),
    /leads out of the rep/,
  ],
  [
    "a symlink out of the tree with a newline at its target's end",
    (agent) => agent.bash("ln -s $'../../etc/passwd\\n' users"),
    /leads out of the rep/,
  ],
  [
    "too many files",
    (agent) => agent.bash("mkdir many && for n in $(seq 101); do echo $n > many/$n; done"),
    /101 files are changed/,
  ],
  ["too many lines", (agent) => agent.bash("seq 5001 > numbers.txt"), /5001 lines are changed/],
  [
    "a move out of a denied folder",
    (agent) => agent.bash("git mv .husky/pre-commit hook"),
    /`.husky\/pre-commit`/,
  ],
];

test.each(held)("%s is held back", async (_what, work, reason) => {
  stage = await setStage({
    files: { "README.md": "# shop\n", ".husky/pre-commit": "npm test\n", "logo.png": "a\0b" },
  });
  stage.plays(pushes(work));
  const issue = stage.labelled();
  await stage.untilShown(issue, "waiting for approval");
  const head = await stage.github.branchHead(shop, `claude/${stage.claude.sessions[0]?.id}`);
  expect(stage.status(issue)).toMatch(reason);
  expect(stage.status(issue)).toContain(`head \`${head}\``);
  expect(stage.status(issue)).toContain(`/agent approve ${head?.slice(0, 12)}`);
  expect(stage.github.pulls(shop)).toEqual([]);
  expect(stage.github.tokens().filter(({ repositoryIds, revokedAt }) => repositoryIds && !revokedAt)).toEqual(
    [],
  );
});

test("a workflow that GitHub lets through all the same is held", async () => {
  stage = await setStage();
  const path = ".github/workflows/ci.yml";
  const by = stage.github.app.botLogin;
  stage.plays(async (agent) => {
    await stage.github.pushCommit(shop, agent.branch, { files: { [path]: "on: push\n" }, by });
  });
  const issue = stage.labelled();
  await stage.untilShown(issue, "waiting for approval");
  expect(stage.status(issue)).toContain("`.github/workflows/ci.yml`");
});

test("a secret in a commit that the next one removes is held, not shown, and cannot be approved", async () => {
  stage = await setStage();
  stage.plays(
    pushes(async (agent) => {
      await agent.write("config.js", `export const key = "${accessKey}";\n`);
      await agent.commit("Add the key");
      await agent.write("config.js", "export const key = process.env.KEY;\n");
    }),
  );
  const issue = stage.labelled();
  await stage.untilShown(issue, "waiting for approval");
  expect(stage.status(issue)).toContain("This cannot be approved");
  expect(stage.status(issue)).not.toContain(accessKey);
  const head = await stage.github.branchHead(shop, `claude/${stage.claude.sessions[0]?.id}`);
  stage.github.comment(shop, issue, { body: `/agent approve ${head}`, by: "rita" });
  await stage.pass(10 * 60_000);
  expect(stage.headline(issue)).toContain("**waiting for approval**");
  expect(stage.github.pulls(shop)).toEqual([]);
});

test.each<[string, Record<string, string>]>([
  ["a file too large for GitHub to show", { "big.txt": `${"word ".repeat(30)}\n`.repeat(4_000) + accessKey }],
  ["a binary", { "blob.bin": `a\0b\n${accessKey}\n` }],
  ["a text that names a commit", { "a.txt": `Subproject commit ${"0".repeat(40)}\n${accessKey}\n` }],
])("a secret in %s cannot be approved", async (_what, files) => {
  stage = await setStage();
  stage.plays(
    pushes(async (agent) => {
      for (const [path, text] of Object.entries(files)) await agent.write(path, text);
    }),
  );
  const issue = stage.labelled();
  await stage.untilShown(issue, "waiting for approval");
  expect(stage.status(issue)).toContain("holds an AWS key");
  expect(stage.status(issue)).toContain("This cannot be approved");
});

test("a secret in the last words of an agent that handed nothing in holds the work too", async () => {
  stage = await setStage();
  stage.plays(async (agent) => {
    await agent.write("a.txt", "a\n");
    await agent.commit("Add a");
    await agent.push();
    await agent.say(`The key is ${accessKey}.`);
  });
  const issue = stage.labelled();
  await stage.untilShown(issue, "waiting for approval");
  expect(stage.status(issue)).toMatch(/the summary holds/);
  expect(stage.status(issue)).not.toContain(accessKey);
});

test("a secret in the summary holds the work too", async () => {
  stage = await setStage();
  stage.plays(async (agent) => {
    await agent.write("a.txt", "a\n");
    await agent.commit("Add a");
    await agent.push();
    await agent.custom("submit_pull_request", { title: "Add a", summary: `The key is ${accessKey}.` });
  });
  const issue = stage.labelled();
  await stage.untilShown(issue, "waiting for approval");
  expect(stage.status(issue)).toMatch(/the summary holds/);
  expect(stage.status(issue)).not.toContain(accessKey);
});

test("a binary that was only moved or made executable passes", async () => {
  stage = await setStage({ files: { "logo.png": "a\0b", "icon.png": "c\0d" } });
  stage.plays(pushes((agent) => agent.bash("git mv logo.png sign.png && chmod +x icon.png")));
  const issue = stage.labelled();
  await stage.untilShown(issue, "opened #2");
});

test("a symlink inside the tree and a plain change pass", async () => {
  stage = await setStage();
  stage.plays(
    pushes((agent) => agent.bash("ln -s README.md START && mkdir docs && ln -s ../add.js docs/add.js")),
  );
  const issue = stage.labelled();
  await stage.untilShown(issue, "opened #2");
});
