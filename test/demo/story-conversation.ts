/**
 * A run as a conversation, told to a newcomer: the agent asks and Mona answers, Rita reviews and the agent
 * does as she says, a check fails and the agent repairs it, Rita merges.
 */
import type { Agent, Script } from "../sim/claude/agent.ts";
import { textOf } from "../sim/claude/agent.ts";
import { lintHead } from "./continuous-integration.ts";
import { pushWork, runTests, think } from "./engineer.ts";
import { runTokens, type Scene } from "./scene.ts";
import type { Play, Story } from "./story.ts";
import type { Teller } from "./teller.ts";

const repository = "acme/shop";
const source = "src/price.js";
const tests = "test/price.test.js";

const wrong = "return net * (1 + percent / 100);";
const right = "return Math.floor((net * (100 + percent)) / 100);";
const files = {
  "README.md": "# shop\n\nPrices in cents. `npm test` runs the tests, `npm run lint` the lint.\n",
  "package.json": `${JSON.stringify({ name: "shop", private: true, type: "module", scripts: { test: "node --test", lint: "node lint.js" } }, null, 2)}\n`,
  "lint.js": `import { readdirSync, readFileSync } from "node:fs";

const flaws = readdirSync("test").flatMap((file) =>
  readFileSync(\`test/\${file}\`, "utf8").split("\\n").flatMap((line, at) =>
    line.includes("test.only(") ? [\`test/\${file}:\${at + 1}: test.only keeps every other test from running\`] : []));
for (const flaw of flaws) console.error(flaw);
process.exitCode = flaws.length > 0 ? 1 : 0;
`,
  [source]: `/** A price with tax, in cents. */
export function withTax(net, percent) {
  ${wrong}
}
`,
  [tests]: `import assert from "node:assert/strict";
import test from "node:test";
import { withTax } from "../src/price.js";

test("tax is a share of the price", () => {
  assert.equal(withTax(200, 10), 220);
});
`,
};
const newTest = `
test.only("half a cent is never charged", () => {
  assert.equal(withTax(199, 7), 212);
});
`;
const issue = {
  title: "Prices with tax come out with fractions of a cent",
  body: "`withTax(199, 7)` gives 212.93. It should be whole cents.",
};
const question = "Whole cents, but which way: round half a cent up, or always down?";
const options = ["half a cent up", "always down"];

/** The agent's part: one turn for the request, one for the review, one for the failed check. */
const engineer: Script = async (agent) => {
  await think(agent);
  if (agent.text.includes("The pull request was reviewed.")) return answerReview(agent);
  if (agent.text.includes("Checks fail")) return repairCheck(agent);
  const code = (await agent.read(source)) ?? "";
  await agent.say("The result isn't rounded at all. Which way is a decision about money, so I ask.");
  await agent.custom("ask_maintainer", { question, options });
  await think(agent);
  await agent.write(source, code.replace(wrong, right));
  await runTests(agent);
  await pushWork(agent, "Round prices with tax down to whole cents");
  await agent.custom("submit_pull_request", {
    title: "Round prices with tax down to whole cents",
    summary: "`withTax` returned fractions of a cent. It now rounds down, in the customer's favour.",
    checks: "`node --test`: 1 passed, 0 failed.",
  });
  await agent.say("Rounded down, as Mona decided, and handed in.");
};

async function answerReview(agent: Agent): Promise<void> {
  await agent.fetch();
  const code = (await agent.read(source)) ?? "";
  await agent.write(source, code.replace("in cents. */", "in whole cents, rounded down. */"));
  await agent.write(tests, `${(await agent.read(tests)) ?? ""}${newTest}`);
  await think(agent);
  await runTests(agent);
  await pushWork(agent, "Say and test that prices are rounded down");
  await agent.say("The docstring says that it rounds down, and a test shows it with 1.99 at 7 %.");
}

async function repairCheck(agent: Agent): Promise<void> {
  await agent.fetch();
  await agent.bash(`${process.execPath} lint.js`);
  await agent.write(tests, ((await agent.read(tests)) ?? "").replace("test.only(", "test("));
  await think(agent);
  await agent.bash(`${process.execPath} lint.js && echo clean`);
  await runTests(agent);
  await pushWork(agent, "Run all tests again");
  await agent.say("I had left a `test.only` behind. It's gone, and the lint is clean.");
}

async function seed({ github, claude }: Scene): Promise<void> {
  github.addOrganization("acme");
  for (const login of ["mona", "rita"]) github.addUser(login);
  const [owner = "", name = ""] = repository.split("/");
  await github.addRepository({ owner, name, files });
  github.setRole(repository, "mona", "write");
  github.setRole(repository, "rita", "maintain");
  github.install("acme");
  claude.script(() => engineer);
}

async function play(given: Play): Promise<void> {
  await seed(given.scene);
  const number = await askAndAnswer(given);
  const pull = await review(given, number);
  await repair(given, pull);
  await merge(given, { number, pull });
  const wrongs = flaws(given.scene, number, pull);
  if (wrongs.length > 0) throw new Error(`the story ended, but ${wrongs.join("; ")}`);
  for (const thread of [number, pull]) showThread(given.scene, given.teller, thread);
}

/** Mona asks in words of her own, the agent asks back, and the answer opens the pull request. */
async function askAndAnswer({ scene, teller, until }: Play): Promise<number> {
  const { github } = scene;
  teller.tell({ who: "Mona", text: `opens issue #1: “${issue.title}”` });
  const number = github.openIssue(repository, { ...issue, author: "mona" });
  teller.tell({ who: "Mona", text: "comments: /agent fix and keep it small" });
  github.comment(repository, number, { body: "/agent fix and keep it small", by: "mona" });
  await until("the agent's question is on the issue", () =>
    threadText(scene, number).includes("the agent asks"),
  );
  await until("the run waits", () => threadText(scene, number).includes("**waiting for an answer**"));
  await until("no token is alive while it waits", () => alive(scene) === 0);
  teller.tell({
    who: "GitHub",
    text: "knows no token of the run that is alive: waiting for people costs nothing",
  });
  teller.tell({ who: "Mona", text: "answers in a plain comment: Always down, in the customer's favour." });
  github.comment(repository, number, { body: "Always down, in the customer's favour.", by: "mona" });
  await until("a pull request is open", () => threadText(scene, number).includes("**opened #"));
  await until("every token of the round is revoked", () => alive(scene) === 0);
  return number;
}

/** Rita asks for changes; the same session goes on. Returns the pull request's number. */
async function review({ scene, teller, until }: Play, number: number): Promise<number> {
  const { github } = scene;
  const pull = github.pulls(repository)[0]?.number ?? 0;
  const remark = "Say here that it rounds down, and add a test that shows it.";
  teller.tell({ who: "Rita", text: `reviews #${pull}, changes requested, on ${source} line 1: ${remark}` });
  const comments = [{ path: source, line: 1, body: remark }];
  github.review(repository, pull, {
    state: "CHANGES_REQUESTED",
    body: "Nearly there.",
    comments,
    by: "rita",
  });
  await until("the answer stands under the review", () => replies(scene, pull) === 1);
  await until("the issue says that the round is over", () =>
    threadText(scene, number).includes("**opened #"),
  );
  await until("every token of the round is revoked", () => alive(scene) === 0);
  return pull;
}

/** The lint fails on what the agent pushed and passes on the base; the agent repairs it unasked. */
async function repair({ scene, teller, until }: Play, pull: number): Promise<void> {
  const { github } = scene;
  const { head, base } = github.pull(repository, pull);
  if (!(await lintHead(github, repository, base))) throw new Error("the lint fails on the base branch");
  if (await lintHead(github, repository, head)) throw new Error("the lint did not find what the agent left");
  teller.tell({
    who: "GitHub",
    text: `ran the repository's lint on ${base}: success; and on the pull request's head: failure`,
  });
  await until("the repair is answered for", () => replies(scene, pull) === 2);
  await until("every token of the round is revoked", () => alive(scene) === 0);
  if (!(await lintHead(github, repository, head))) throw new Error("the lint fails on the repaired head");
  teller.tell({ who: "GitHub", text: "ran the lint on the new head: success" });
}

async function merge(
  { scene, teller, until }: Play,
  { number, pull }: { number: number; pull: number },
): Promise<void> {
  teller.tell({ who: "Rita", text: `merges #${pull}` });
  await scene.github.mergePull(repository, pull, { by: "rita" });
  await until("the issue says what became of it", () =>
    threadText(scene, number).includes("pull request merged"),
  );
  await until("the session is archived", () => scene.claude.sessions[0]?.archivedAt != null);
}

function threadText({ github }: Scene, thread: number): string {
  return github
    .comments(repository, thread)
    .map(({ body }) => body)
    .join("\n");
}

function replies({ github }: Scene, pull: number): number {
  return github.comments(repository, pull).filter(({ author }) => author === github.app.botLogin).length;
}

function alive(scene: Scene): number {
  return runTokens(scene).filter(({ revokedAt }) => revokedAt === undefined).length;
}

/** What did not come out as it has to, though Rita has merged. */
function flaws({ github, claude }: Scene, number: number, pull: number): string[] {
  const [session] = claude.sessions;
  const told = (session?.log ?? []).filter(({ type }) => type === "user.message");
  const answers = (session?.log ?? []).flatMap((event) =>
    event.type === "user.custom_tool_result" ? [textOf(event.content)] : [],
  );
  const checks: [boolean, string][] = [
    [claude.sessions.length === 1, `${claude.sessions.length} sessions were opened`],
    [told.length === 3, `the session was sent ${told.length} messages, not request, review and check`],
    [answers.some((text) => text.includes("Always down")), "the answer did not reach the agent"],
    [github.pulls(repository).length === 1, `${github.pulls(repository).length} pull requests were opened`],
    [github.pull(repository, pull).merged, "the pull request is not merged"],
    [github.comments(repository, number).length === 4, "the issue has other comments than it should have"],
    [
      github.checkRuns(repository).every(({ status }) => status === "completed"),
      "a check run says that the agent still works",
    ],
  ];
  return checks.flatMap(([isSo, otherwise]) => (isSo ? [] : [otherwise]));
}

const plainWords = (body: string) => body.replaceAll(/\s*<!-- patchwright:[^>]*-->/g, "");

/** A conversation as people find it: what it began with, comments and reviews, oldest first. */
function showThread({ github }: Scene, teller: Teller, thread: number): void {
  const { title, author: opener, body: text, reactions: given } = github.issue(repository, thread);
  const opening = {
    at: 0,
    who: [`${opener}  “${title}”`, ...given.map(({ content }) => `:${content}:`)].join("  "),
    words: plainWords(text),
  };
  const comments = github.comments(repository, thread).map(({ author, body, reactions, createdAt }) => ({
    at: createdAt,
    who: [author, ...reactions.map(({ content }) => `:${content}:`)].join("  "),
    words: plainWords(body),
  }));
  const reviews = github.reviews(repository, thread).map(({ author, state, body, at, remarks }) => ({
    at,
    who: `${author}  (review: ${state.toLowerCase().replace("_", " ")})`,
    words: [body, ...remarks.map((one) => `${one.path} line ${one.line}: ${one.body}`)].join("\n"),
  }));
  teller.plain();
  teller.plain(`The conversation on #${thread}, as people read it:`);
  for (const { who, words } of [opening, ...[...comments, ...reviews].toSorted((a, b) => a.at - b.at)]) {
    teller.plain();
    teller.plain(`  ${who}`);
    for (const line of words.split("\n")) teller.plain(line === "" ? "" : `    ${line}`);
  }
}

/** The story of `--story=conversation`. */
export const story: Story = {
  about: "a question, its answer, a review and the repair of a failed check",
  preface: [
    "A run as a conversation: a question and its answer, a review, a failed check, a merge.",
    "GitHub and the Claude platform are simulated on this machine; HTTP, git, the lint and the server are real.",
  ],
  tokenLifeMs: 3_600_000,
  play,
};
