/** `npm run labels -- OWNER`: the labels of the settings in every repository, found or made, paced. */
import { Ajv2020 } from "ajv/dist/2020.js";
import { afterEach, beforeEach, expect, test } from "vitest";
import { pause, systemClock } from "../../src/clock.ts";
import { readConfig } from "../../src/config.ts";
import { defaultSettings } from "../../src/domain/settings.ts";
import { labelsFromOutside, settingsSchemaText } from "../../src/doors/from-outside.ts";
import { type GitHubSim, startGitHub } from "../sim/github/github.ts";
import { VirtualClock } from "../sim/virtual-clock.ts";

const path = ".github/patchwright.yml";
const clock = new VirtualClock();
let github: GitHubSim;
beforeEach(async () => {
  github = await startGitHub({ clock });
  github.addOrganization("acme");
  github.addUser("mona");
});
afterEach(() => github.stop());

/** Runs it to its end, moving the clock whenever it waits. */
async function made(owner: string): Promise<string[]> {
  const config = readConfig({
    ...{ APP_ID: String(github.app.id), PRIVATE_KEY: github.app.privateKey },
    ...{ WEBHOOK_SECRET: github.app.webhookSecret, GHE_HOST: github.host, GHE_PROTOCOL: "http" },
    ...{ ANTHROPIC_API_KEY: "sk-ant-none" },
  });
  const said: string[] = [];
  let over = false;
  const done = labelsFromOutside(config, { clock, owner, say: (line) => void said.push(line) }).finally(
    () => {
      over = true;
    },
  );
  done.catch(() => {});
  while (!over) {
    await pause(systemClock, 5);
    if (github.busy() === 0 && clock.next() !== undefined)
      await clock.advance((clock.next() ?? 0) - clock.now());
  }
  await done;
  return said;
}

const labelsMade = () =>
  github.log
    .filter(({ method, route }) => method === "POST" && route === "/repos/{owner}/{repo}/labels")
    .map(({ at, path: where, requestBody }) => ({ at, where, ...(requestBody as { name: string }) }));

test("each repository gets the labels of its own settings; what is there stays", async () => {
  await github.addRepository({ owner: "acme", name: "plain" });
  await github.addRepository({
    owner: "acme",
    name: "own",
    files: {
      [path]:
        'labels: { agent: {}, "agent: deep": { model: claude-sonnet-5, budget_usd: 20, plan: true } }\n',
    },
  });
  await github.addRepository({ owner: "acme", name: "broken", files: { [path]: "who: nobody\n" } });
  await github.addRepository({ owner: "acme", name: "off", files: { [path]: "enabled: false\n" } });
  await github.addRepository({ owner: "acme", name: "old" });
  github.configure("acme/old", { archived: true });
  const issue = github.openIssue("acme/own", { title: "One", author: "mona" });
  github.label("acme/own", issue, { label: "Agent", by: "mona" });
  github.install("acme");
  expect(await made("ACME")).toEqual([
    "acme/plain: created agent",
    "acme/own: created agent: deep",
    "acme/broken: left out: its settings are not valid",
    "acme/off: left out: turned off by its settings",
  ]);
  expect(labelsMade()).toMatchObject([
    {
      name: "agent",
      color: "5319e7",
      description: "Lets an agent work on this issue and open a pull request",
    },
    {
      name: "agent: deep",
      description: expect.stringContaining("(plans first, claude-sonnet-5, up to $20)"),
    },
  ]);
  expect(await made("acme")).toContain("acme/own: has them all");
  expect(labelsMade()).toHaveLength(2);
});

test("a hundred repositories and more are all reached, below the pace that GitHub allows", async () => {
  for (let each = 0; each < 102; each += 1) await github.addRepository({ owner: "acme", name: `r${each}` });
  github.install("acme");
  expect(await made("acme")).toHaveLength(102);
  const times = labelsMade().map(({ at }) => at);
  expect(times).toHaveLength(102);
  const within = (span: number) =>
    Math.max(...times.map((at) => times.filter((one) => one >= at && one < at + span).length));
  expect(within(3_600_000)).toBeLessThanOrEqual(500);
  expect(within(60_000)).toBeLessThanOrEqual(80);
});

test("asked to slow down it waits as long as it is told, and goes on", async () => {
  await github.addRepository({ owner: "acme", name: "shop" });
  github.install("acme");
  github.fault({
    ...{ method: "POST", route: "/repos/{owner}/{repo}/labels", times: 1 },
    ...{ kind: "status", status: 429, headers: { "retry-after": "90" } },
  });
  const before = clock.now();
  expect(await made("acme")).toEqual(["acme/shop: created agent"]);
  expect(clock.now() - before).toBeGreaterThanOrEqual(90_000);
});

test("where the App is not installed it says so", async () => {
  await expect(made("nobody")).rejects.toThrow("The App is not installed on nobody.");
});

test("the schema for editors takes what the settings take, and knows no other key", () => {
  const schema = JSON.parse(settingsSchemaText()) as object;
  const valid = new Ajv2020({ strict: false }).compile(schema);
  const { instructions: _, ...some } = defaultSettings;
  expect([defaultSettings, some, {}, { limits: { files: 3 } }].map((file) => valid(file))).toEqual([
    true,
    true,
    true,
    true,
  ]);
  expect([{ buget_usd: 3 }, { who: "nobody" }, { limits: { file: 3 } }].map((file) => valid(file))).toEqual([
    false,
    false,
    false,
  ]);
});
