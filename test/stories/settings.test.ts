/** Settings files: what the repository's and its owner's say decides what is started, and with what. */
import { afterEach, expect, test } from "vitest";
import { doNothing, fixAndSubmit } from "../sim/claude/scripts.ts";
import { type Stage, setStage, shop } from "./stage.ts";

let stage: Stage;
afterEach(() => stage.close());

const path = ".github/patchwright.yml";
const minute = 60_000;
const settings = (text: string) => ({ "README.md": "# shop\n", [path]: text });
const change = (text: string | null) =>
  stage.github.pushCommit(shop, "main", { files: { [path]: text }, by: "rita" });
const said = (issue: number) =>
  stage.github
    .comments(shop, issue)
    .filter(({ author }) => author === stage.github.app.botLogin)
    .map(({ body }) => body);
const created = () =>
  stage.claude.log
    .filter(({ method, route }) => method === "POST" && route === "/v1/sessions")
    .map(({ requestBody }) => requestBody as Record<string, unknown>);
const asked = (since = 0) => stage.github.log.slice(since).filter(({ route }) => route === "graphql");
const putOn = (issue: number, label: string, by = "mona") => stage.github.label(shop, issue, { label, by });
const opened = (title = "Add is wrong") => stage.github.openIssue(shop, { title, author: "mona" });

test("a label's own settings hold for the run it starts, and the commit is shown", async () => {
  stage = await setStage({
    files: settings(
      'labels: { agent: {}, "agent: deep": { model: claude-sonnet-5, budget_usd: 20, instructions: Be brief. } }\n',
    ),
  });
  stage.plays(doNothing);
  const issue = opened();
  putOn(issue, "agent: deep");
  await stage.untilShown(issue, "no changes");
  expect(created()).toMatchObject([
    { agent: { model: "claude-sonnet-5" }, budget: { max_list_cost: { amount: "2000" } } },
  ]);
  const sent = JSON.stringify(stage.claude.log.map(({ requestBody }) => requestBody ?? ""));
  expect(sent).toContain("standing instructions");
  expect(sent).toContain("Be brief.");
  const head = (await stage.github.branchHead(shop, "main"))?.slice(0, 7);
  expect(stage.status(issue)).toContain(`Settings: acme/shop at ${head}.`);
});

test("a label that the settings do not name starts nothing, and taking it off stops nothing", async () => {
  stage = await setStage({ files: settings("labels: { claude: {} }\n") });
  stage.plays(async (agent) => {
    await agent.wait(30 * minute);
  });
  const issue = opened();
  putOn(issue, "agent");
  await stage.pass(minute);
  expect(stage.claude.sessions).toEqual([]);
  expect(said(issue)).toEqual([]);
  putOn(issue, "Claude");
  await stage.untilShown(issue, "working");
  stage.github.unlabel(shop, issue, { label: "agent", by: "mona" });
  await stage.pass(minute);
  expect(stage.headline(issue)).toContain("working");
  stage.github.unlabel(shop, issue, { label: "claude", by: "mona" });
  await stage.untilShown(issue, "stopped");
});

test("warm settings cost no call, and a push to the default branch counts at once", async () => {
  stage = await setStage();
  stage.plays(doNothing);
  await stage.untilShown(stage.labelled(), "no changes");
  const before = stage.github.log.length;
  await stage.untilShown(stage.labelled({ title: "Second" }), "no changes");
  expect(asked(before)).toEqual([]);
  await change("budget_usd: 2\n");
  await stage.untilShown(stage.labelled({ title: "Third" }), "no changes");
  expect(asked(before)).toHaveLength(1);
  await stage.github.pushCommit(shop, "side", { files: { [path]: "budget_usd: 9\n" }, by: "mona" });
  await stage.untilShown(stage.labelled({ title: "Fourth" }), "no changes");
  expect(created().map(({ budget }) => JSON.stringify(budget))).toEqual([
    expect.stringContaining('"500"'),
    expect.stringContaining('"500"'),
    expect.stringContaining('"200"'),
    expect.stringContaining('"200"'),
  ]);
});

test("a change nobody told us of counts after five minutes", async () => {
  stage = await setStage();
  stage.plays(doNothing);
  await stage.untilShown(stage.labelled(), "no changes");
  stage.github.disturb({ event: "push", kind: "lose" });
  await change("budget_usd: 2\n");
  await stage.pass(5 * minute);
  await stage.untilShown(stage.labelled({ title: "Later" }), "no changes");
  expect(JSON.stringify(created().at(-1))).toContain('"200"');
});

test("a file that is not valid starts nothing and is told once, with line, reason and the nearest key", async () => {
  stage = await setStage({ files: settings("who: write\nbuget_usd: 3\nlabels:\n  help-me: {}\n") });
  stage.plays(doNothing);
  const issue = opened();
  putOn(issue, "help-me");
  await stage.pass(minute);
  expect(said(issue)).toEqual([
    expect.stringMatching(
      /not valid:\n\n- line 2: `buget_usd` is not a setting; did you mean `budget_usd`\?\n\nWhoever/,
    ),
  ]);
  stage.github.comment(shop, issue, { body: "/agent fix", by: "mona" });
  await stage.pass(minute);
  expect(said(issue)).toHaveLength(1);
  expect(stage.claude.sessions).toEqual([]);
  await change("who: write\nbudget_usd: 3\nlabels:\n  help-me: {}\n");
  stage.github.comment(shop, issue, { body: "/agent fix please", by: "mona" });
  await stage.untilShown(issue, "no changes");
});

test("a storm of issues under a broken file gets five comments, and reactions beyond", async () => {
  stage = await setStage({ files: settings("who: everybody\n") });
  const issues = Array.from({ length: 8 }, (_, each) => stage.labelled({ title: `Issue ${each}` }));
  await stage.pass(5 * minute);
  const told = issues.filter((issue) => said(issue).length > 0);
  const reacted = issues.filter((issue) => stage.github.reactions(shop, issue).includes("confused"));
  expect([told.length, reacted.length]).toEqual([5, 3]);
});

test("somebody who may not is refused as ever, and learns nothing of the settings", async () => {
  stage = await setStage({ files: settings("who: everybody\n") });
  stage.github.setRole(shop, "otto", "read");
  const issue = opened();
  stage.github.comment(shop, issue, { body: "/agent fix", by: "otto" });
  await stage.pass(minute);
  expect(said(issue)).toEqual([expect.stringMatching(/^otto/)]);
});

test("turned off: a trigger is answered once, a run at work can be stopped, feedback opens no round", async () => {
  stage = await setStage();
  stage.plays(fixAndSubmit());
  const issue = stage.labelled();
  await stage.untilShown(issue, "opened #2");
  await change("enabled: false\n");
  await stage.pass(1_000);
  stage.github.review(shop, 2, { state: "CHANGES_REQUESTED", body: "No.", by: "rita" });
  stage.github.comment(shop, issue, { body: "/agent fix again", by: "mona" });
  const other = stage.labelled({ title: "Another" });
  await stage.pass(5 * minute);
  expect(said(other)).toEqual([expect.stringContaining("`enabled: false`")]);
  expect(said(issue).at(-1)).toContain("`enabled: false`");
  expect(said(2).at(-1)).toContain("`enabled: false`");
  expect(stage.headline(issue)).toContain("opened #2");
  expect(created()).toHaveLength(1);
});

test("under the organisation's file the repository narrows, and is told what was not granted", async () => {
  stage = await setStage({
    beforehand: ({ github }) =>
      github.addRepository({
        owner: "acme",
        name: ".github",
        files: { [path]: "who: maintain\nbudget_usd: 3\n" },
      }),
    files: settings("who: write\nbudget_usd: 8\n"),
  });
  stage.plays(doNothing);
  const issue = opened();
  putOn(issue, "agent");
  await stage.pass(minute);
  expect(said(issue)).toEqual([expect.stringContaining("needs the role `maintain`")]);
  stage.github.comment(shop, issue, { body: "/agent fix", by: "rita" });
  await stage.untilShown(issue, "no changes");
  expect(JSON.stringify(created()[0])).toContain('"300"');
  expect(stage.status(issue)).toMatch(/Not granted in full: .*`budget_usd` can only narrow/);
  expect(stage.status(issue)).toMatch(/acme\/\.github at \w{7}/);
});

/** A stage on which the organisation's file has been read once. */
async function seeOwnersFile(): Promise<void> {
  stage = await setStage({
    beforehand: ({ github }) =>
      github.addRepository({ owner: "acme", name: ".github", files: { [path]: "budget_usd: 3\n" } }),
  });
  stage.plays(doNothing);
  await stage.untilShown(stage.labelled(), "no changes");
}

test("an organisation's file that was seen and cannot be read any more starts nothing", async () => {
  await seeOwnersFile();
  stage.github.rename("acme/.github", "elsewhere", "rita");
  await stage.pass(6 * minute);
  await stage.restart();
  const issue = stage.labelled({ title: "After" });
  await stage.pass(minute);
  expect(said(issue)).toEqual([expect.stringMatching(/in acme\/\.github was there before/)]);
  stage.github.rename("acme/elsewhere", ".github", "rita");
  await stage.pass(6 * minute);
  stage.github.comment(shop, issue, { body: "/agent fix", by: "mona" });
  await stage.untilShown(issue, "no changes");
});

test.each([
  ["a directory", { [`${path}/a.yml`]: "who: write\n" }, /line 1: the file is a directory/],
  ["a link", { [path]: { link: "../elsewhere.yml" } }, /is a symbolic link, which is not followed/],
  ["a submodule", { [path]: { submodule: "1".repeat(40) } }, /is a submodule/],
  [
    "an LFS pointer",
    { [path]: `version https://git-lfs.github.com/spec/v1\noid sha256:${"a".repeat(64)}\nsize 9\n` },
    /is kept in Git LFS/,
  ],
  ["too large", { [path]: `# ${"x".repeat(70_000)}\n` }, /is larger than 64 KiB/],
  ["UTF-16", { [path]: Buffer.from("\ufeffwho: write\n", "utf16le") }, /is not UTF-8 text/],
  ["Latin-1", { [path]: Buffer.from("instructions: größer\n", "latin1") }, /is not UTF-8 text/],
  ["an alias", { [path]: "bots: &a [x]\nmcp: *a\n" }, /line 1: .*anchor.*\n- line 2: .*alias/],
  ["two documents", { [path]: "who: write\n---\nwho: admin\n" }, /is not valid YAML/],
  ["given twice", { [path]: "who: write\nwho: admin\n" }, /line 2: `who` is given twice/],
])("the file is %s: told with a reason, and nothing starts", async (_, files, why) => {
  stage = await setStage({ files: { "README.md": "# shop\n", ...files } });
  const issue = stage.labelled();
  await stage.pass(minute);
  expect(said(issue)).toEqual([expect.stringMatching(why)]);
  expect(stage.claude.sessions).toEqual([]);
});

test("empty, only comments, or with carriage returns and a byte order mark: as a file should be", async () => {
  stage = await setStage({ files: settings("") });
  stage.plays(doNothing);
  await stage.untilShown(stage.labelled(), "no changes");
  await change("# nothing yet\n");
  await stage.untilShown(stage.labelled({ title: "Second" }), "no changes");
  await change("\ufeffbudget_usd: 2\r\nwho: write\r\n");
  await stage.untilShown(stage.labelled({ title: "Third" }), "no changes");
  expect(JSON.stringify(created().at(-1))).toContain('"200"');
});

test("an environment for each network, made at its first use and found again", async () => {
  stage = await setStage({
    files: settings("network: { hosts: [api.example.com, '*.example.org'], package_managers: false }\n"),
  });
  stage.plays(doNothing);
  await stage.untilShown(stage.labelled(), "no changes");
  await change("network: { hosts: ['*.example.org', API.example.com], package_managers: false }\n");
  await stage.restart();
  await stage.untilShown(stage.labelled({ title: "Same network" }), "no changes");
  await change("network: { hosts: [] }\n");
  await stage.untilShown(stage.labelled({ title: "Usual network" }), "no changes");
  const made = stage.claude.log
    .filter(({ method, route }) => method === "POST" && route === "/v1/environments")
    .map(({ requestBody }) => requestBody as { name: string; metadata: object });
  expect(made).toMatchObject([
    { name: "patchwright" },
    {
      name: expect.stringMatching(/^patchwright-[0-9a-f]{16}$/),
      metadata: { app: "patchwright", network: expect.stringMatching(/^[0-9a-f]{16}$/) },
      config: {
        networking: {
          allowed_hosts: ["github.com", "*.example.org", "api.example.com"],
          allow_package_managers: false,
        },
      },
    },
  ]);
  const used = created().map(({ environment_id: id }) => id);
  expect(new Set(used.slice(0, 2)).size).toBe(1);
  expect(used[2]).not.toBe(used[0]);
});

test("an organisation's file that was seen is missed under the organisation's new name too", async () => {
  await seeOwnersFile();
  stage.github.renameAccount("acme", "acme-inc");
  await stage.pass(minute);
  stage.github.rename("acme-inc/.github", "elsewhere", "rita");
  await stage.pass(6 * minute);
  const renamed = "acme-inc/shop";
  const issue = stage.github.openIssue(renamed, { title: "After", author: "mona", labels: ["agent"] });
  await stage.pass(minute);
  expect(stage.github.comments(renamed, issue).map(({ body }) => body)).toEqual([
    expect.stringMatching(/in acme-inc\/\.github was there before/),
  ]);
  expect(created()).toHaveLength(1);
});
