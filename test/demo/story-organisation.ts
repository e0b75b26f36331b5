/**
 * One installation for a whole organisation, told to a newcomer: strangers start nothing, settings narrow each
 * other, runs wait their turn, work on a guarded file waits for a maintainer, and what is at work ends with the
 * installation.
 */
import { pause, systemClock } from "../../src/clock.ts";
import type { Script } from "../sim/claude/agent.ts";
import { pushWork, runTests, think } from "./engineer.ts";
import { runTokens, type Scene } from "./scene.ts";
import type { Play, Story } from "./story.ts";
import type { Who } from "./teller.ts";

const shop = "acme/shop";
const lib = "acme/lib";
const site = "acme/site";
const lookMs = 100;
const settingsPath = ".github/patchwright.yml";
const guarded = ".github/dependabot.yml";

const ofOrganisation = `budget_usd: 4
repositories: [${lib}]
limits: { active_runs: 1, budget_usd_per_day: 40 }
`;
const ofShop = `budget_usd: 2
limits: { active_runs: 10 }
`;
const source = "src/receipt.js";
const wrong = `return \`Total: \${cents / 100}\`;`;
const right = `return \`Total: \${money(cents)}\`;`;
const files = {
  [settingsPath]: ofShop,
  "package.json": `${JSON.stringify({ name: "shop", private: true, type: "module", scripts: { test: "node --test" } }, null, 2)}\n`,
  [source]: `/** The last line of a receipt. */
export function lastLine(cents) {
  ${wrong}
}
`,
  "test/receipt.test.js": `import assert from "node:assert/strict";
import test from "node:test";
import { lastLine } from "../src/receipt.js";

test("ten cents are written with two digits", () => {
  assert.equal(lastLine(1210), "Total: 12.10");
});
`,
};
const helper = `/** Money as the shop writes it: two digits after the point. */
export const money = (cents) => (cents / 100).toFixed(2);
`;

const issues = {
  dependabot: { title: "Look for new versions every week", body: "Let Dependabot look at npm." },
  receipt: { title: "12.10 is printed as 12.1", body: `\`money\` in ${lib} does it right: do it alike.` },
  tax: { title: "Is tax on the receipt already?", body: "If it is, nothing has to change." },
  currency: { title: "Print the currency", body: "Euros, everywhere." },
};

/** The first agent takes its time until the others stand in the queue, however slow the machine. */
const proposeDependabot =
  (mayGoOn: () => boolean): Script =>
  async (agent) => {
    await think(agent);
    while (!mayGoOn()) await pause(systemClock, lookMs);
    await agent.write(guarded, "version: 2\nupdates:\n  - { package-ecosystem: npm, directory: / }\n");
    await pushWork(agent, "Look for new versions of packages");
    const summary = "Dependabot looks for new versions of npm packages.";
    await agent.custom("submit_pull_request", { title: "Look for new versions of packages", summary });
  };

const fixReceipt: Script = async (agent) => {
  await runTests(agent);
  const own = await agent.at(lib).read("src/money.js");
  const code = (await agent.read(source)) ?? "";
  await think(agent);
  await agent.write(source, `${own?.replace("export ", "")}\n${code.replace(wrong, right)}`);
  await runTests(agent);
  await pushWork(agent, "Print two digits after the point");
  const summary = `\`lastLine\` writes money as \`money\` of ${lib} does.`;
  await agent.custom("submit_pull_request", { title: "Print two digits after the point", summary });
};

const answerOnly: Script = async (agent) => {
  await think(agent);
  await agent.read(source);
  await agent.say("There is no tax on the receipt, and nothing here knows of tax. I changed nothing.");
};

const takeLong: Script = async (agent) => {
  await agent.say("This touches many places; I take my time.");
  for (;;) await think(agent);
};

const scripts = (mayGoOn: () => boolean): [string, Script][] => [
  [issues.dependabot.title, proposeDependabot(mayGoOn)],
  [issues.receipt.title, fixReceipt],
  [issues.tax.title, answerOnly],
  [issues.currency.title, takeLong],
];

async function seed({ github, claude }: Scene, mayGoOn: () => boolean): Promise<number> {
  github.addOrganization("acme");
  for (const login of ["mona", "rita", "ron", "otto"]) github.addUser(login);
  const add = (name: string, content: Record<string, string>, isPrivate = true) =>
    github.addRepository({ owner: "acme", name, files: content, private: isPrivate });
  await add(".github", { [settingsPath]: ofOrganisation });
  await add("shop", files);
  await add("lib", { "src/money.js": helper });
  await add("site", { "README.md": "# site\n" }, false);
  github.setRole(shop, "mona", "write");
  github.setRole(lib, "mona", "read");
  github.setRole(shop, "rita", "maintain");
  github.setRole(shop, "ron", "triage");
  const cast = scripts(mayGoOn);
  claude.script(({ title }) => cast.find(([about]) => title?.endsWith(about))?.[1] ?? answerOnly);
  return github.install("acme");
}

async function play(given: Play): Promise<void> {
  const { scene, teller } = given;
  let isQueueFull = false;
  const installation = await seed(scene, () => isQueueFull);
  teller.tell({
    who: "GitHub",
    text: `installs the App on all of acme: ${shop}, ${lib} and .github are private, ${site} is public`,
  });
  teller.tell({ who: "GitHub", text: "has the organisation's settings:", more: lines(ofOrganisation) });
  teller.tell({ who: "GitHub", text: `has settings of ${shop} itself:`, more: lines(ofShop) });
  await refuse(given);
  const { held, waiting } = await queue(given);
  isQueueFull = true;
  const [receipt = 0, tax = 0] = waiting;
  await comeUp(given, { held, receipt, tax });
  await approve(given, held);
  await given.until("every token of the rounds is revoked", () => alive(scene) === 0);
  const wrongs = flaws(scene, { receipt, tax });
  if (wrongs.length > 0) throw new Error(`the story went on, but ${wrongs.join("; ")}`);
  await end(given, installation);
}

/** A stranger gets a reaction, somebody without the role one reply. */
async function refuse({ scene, teller, until }: Play): Promise<void> {
  const { github } = scene;
  teller.tell({ who: "Otto", text: `is a stranger; opens an issue in the public ${site}: “Free coffee”` });
  const strange = github.openIssue(site, { title: "Free coffee", author: "otto" });
  teller.tell({ who: "Otto", text: "comments: /agent fix" });
  github.comment(site, strange, { body: "/agent fix", by: "otto" });
  const comments = () => github.comments(site, strange);
  await until("the stranger's comment has a reaction", () =>
    comments().some(({ reactions }) => reactions.some(({ content }) => content === "confused")),
  );
  const asked = github.openIssue(shop, { ...issues.currency, author: "ron" });
  teller.tell({ who: "Ron", text: `may triage ${shop}; puts the label “agent” on #${asked}` });
  github.label(shop, asked, { label: "agent", by: "ron" });
  await until("Ron is told what he lacks", () => text(scene, asked).includes("needs the role `write`"));
  if (comments().length > 1) throw new Error("a stranger was answered in a public place");
  if (scene.claude.sessions.length > 0) throw new Error("somebody who may not started a session");
}

/** Three labels, one place: two runs wait, each with a number. */
async function queue({ scene, teller, until }: Play): Promise<{ held: number; waiting: number[] }> {
  const held = labelled({ scene, teller }, issues.dependabot);
  await until("the first run has a session", () => scene.claude.sessions.length > 0);
  const waiting: number[] = [];
  for (const issue of [issues.receipt, issues.tax]) {
    const number = labelled({ scene, teller }, issue);
    const says = `number ${waiting.push(number)} in the queue`;
    await until(`#${number} says “${says}”`, () => text(scene, number).includes(says));
    const more = lines(text(scene, number)).filter((line) => line.includes(says));
    teller.tell({ who: "GitHub", text: `shows on #${number}:`, more });
  }
  return { held, waiting };
}

/** The others come up as one ends or waits on people. */
async function comeUp(
  { scene, teller, until }: Play,
  { held, receipt, tax }: { held: number; receipt: number; tax: number },
): Promise<void> {
  await until("work on a guarded file is held", () => text(scene, held).includes("**waiting for approval**"));
  tellWords({ scene, teller }, held);
  await until("the second run opened its pull request", () => text(scene, receipt).includes("**opened #"));
  await until("the third run is over", () => text(scene, tax).includes("**no changes**"));
}

function labelled({ scene, teller }: Pick<Play, "scene" | "teller">, issue: { title: string; body: string }) {
  const number = scene.github.openIssue(shop, { ...issue, author: "mona" });
  teller.tell({ who: "Mona", text: `opens #${number}, “${issue.title}”, and puts the label “agent” on it` });
  scene.github.label(shop, number, { label: "agent", by: "mona" });
  return number;
}

/** Who may start a run may not let it past screening; a maintainer may, by the commit they looked at. */
async function approve({ scene, teller, until }: Play, held: number): Promise<void> {
  const head = /approve ([0-9a-f]{7,})/.exec(text(scene, held))?.[1] ?? "";
  const says = (who: Who, by: string) => {
    teller.tell({ who, text: `comments on #${held}: /agent approve ${head}` });
    scene.github.comment(shop, held, { body: `/agent approve ${head}`, by });
  };
  says("Mona", "mona");
  await until("Mona is told that it takes a maintainer", () =>
    text(scene, held).includes("needs the role `maintain`"),
  );
  says("Rita", "rita");
  await until("the held work is a pull request", () => text(scene, held).includes("**opened #"));
}

/** The installation is suspended in the middle of a run, comes back, and leaves for good. */
async function end({ scene, teller, until }: Play, installation: number): Promise<void> {
  const { github, claude } = scene;
  const number = labelled({ scene, teller }, issues.currency);
  const session = () => claude.sessions.find(({ title }) => title?.includes(`#${number}:`));
  await until("the last run is at work", () => (session()?.log.length ?? 0) > 4);
  teller.tell({ who: "Rita", text: "suspends the App" });
  github.suspend(installation, "rita");
  await until("its session stands still", () => session()?.status !== "running");
  await until("its session is archived", () => session()?.archivedAt != null);
  teller.tell({ who: "Rita", text: "ends the suspension" });
  github.unsuspend(installation, "rita");
  await until("the issue says why the run ended", () => text(scene, number).includes("was suspended"));
  tellWords({ scene, teller }, number);
  await until("no token of a run is alive", () => alive(scene) === 0);
  teller.tell({ who: "Rita", text: "uninstalls the App" });
  github.uninstall(installation, "rita");
  await until("all sessions are deleted at the platform", () => claude.sessions.length === 0);
}

/** The status comment as people read it. */
function tellWords({ scene, teller }: Pick<Play, "scene" | "teller">, number: number): void {
  const body = scene.github
    .comments(shop, number)
    .findLast((comment) => comment.body.includes("<!-- patchwright:run:"))?.body;
  const words = (body ?? "").replaceAll(/<!--.*?-->/g, "");
  teller.tell({ who: "GitHub", text: `shows on #${number}:`, more: lines(words) });
}

function lines(words: string): string[] {
  return words.split("\n").filter((line) => line.trim() !== "");
}

function text({ github }: Scene, number: number): string {
  return github
    .comments(shop, number)
    .filter(({ author }) => author === github.app.botLogin)
    .map(({ body }) => body)
    .join("\n");
}

function alive(scene: Scene): number {
  return runTokens(scene).filter(({ revokedAt }) => revokedAt === undefined).length;
}

/** What did not come out as it has to by the time all three runs are over. */
function flaws(scene: Scene, { receipt, tax }: { receipt: number; tax: number }): string[] {
  const { github, claude } = scene;
  const scopes = runTokens(scene).map(
    ({ repositoryIds = [], permissions }) =>
      `${repositoryIds.map(github.repositoryName).join()} ${permissions["contents"]}`,
  );
  const budgets = claude.sessions.map(({ budget }) => budget?.max_list_cost.amount);
  const checks: [boolean, string][] = [
    [claude.sessions.length === 3, `${claude.sessions.length} sessions were opened`],
    [
      scopes.every((scope) => [`${shop} write`, `${shop} read`, `${lib} read`].includes(scope)),
      `tokens reach ${[...new Set(scopes)].join(", ")}`,
    ],
    [budgets.every((amount) => amount === "200"), `the budgets were ${budgets.join(", ")} cents`],
    [github.pulls(shop).length === 2, `${github.pulls(shop).length} pull requests were opened`],
    [text(scene, receipt).includes("`limits.active_runs`"), "the wider limit was granted without a word"],
    [github.pulls(shop).every(({ author }) => author === github.app.botLogin), "somebody else opened one"],
    [!text(scene, tax).includes("opened #"), "an answer became a pull request"],
  ];
  return checks.flatMap(([isSo, otherwise]) => (isSo ? [] : [otherwise]));
}

/** The story of `--story=organisation`. */
export const story: Story = {
  about: "who may, layered settings, the queue, a held proposal, and the installation's end",
  preface: [
    "One installation for a whole organisation.",
    "GitHub and the Claude platform are simulated on this machine; HTTP, git and the server are real.",
    "One run may be at work at a time here, so that you see others wait for their turn.",
  ],
  tokenLifeMs: 3_600_000,
  play,
};
