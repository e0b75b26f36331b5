/** What the set-up guards against: forms of others, addresses that are none, a disk that takes nothing any more. */
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { systemClock } from "../../src/clock.ts";
import { readSetUpConfig } from "../../src/config.ts";
import { openSetUp, type SetUp } from "../../src/doors/setup.ts";
import { type ClaudeSim, startClaude } from "../sim/claude/claude.ts";
import { type GitHubSim, startGitHub } from "../sim/github/github.ts";
import { Browser } from "./browser.ts";
import { codeIn, comeBack, order } from "./setup-walk.ts";

let github: GitHubSim;
let claude: ClaudeSim;
beforeAll(async () => {
  github = await startGitHub();
  github.addOrganization("acme");
  claude = await startClaude({ gitHosts: [github.host] });
});
afterAll(() => Promise.all([github.stop(), claude.stop()]));

let dataDir: string;
let setUp: SetUp;
let said: string[];
let browser: Browser;
let code: string;
beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), "patchwright-setup-"));
  said = [];
  const config = readSetUpConfig({ DATA_DIR: dataDir, PORT: "0", ANTHROPIC_BASE_URL: claude.url });
  if (!config) throw new Error("there is nothing to set up");
  const say = (line: string) => void said.push(line);
  setUp = await openSetUp(config, { clock: systemClock, random: randomBytes, fetch, say });
  browser = new Browser(setUp.url);
  code = codeIn(said.join("\n"));
});
afterEach(async () => {
  await setUp.close(0);
  rmSync(dataDir, { recursive: true });
});
const path = () => join(dataDir, "credentials.json");

test("a form of a page on another port of the machine is not taken", async () => {
  const elsewhere = { origin: "http://127.0.0.1:1", "sec-fetch-site": "same-site" };
  expect((await browser.post("/setup/code", { code }, elsewhere)).status).toBe(403);
  expect((await browser.post("/setup/code", { code })).status).toBe(303);
});

test.each([
  "https://mona:secret@patchwright.acme.test",
  "https://patchwright.acme.test/app",
  "https://patchwright.acme.test/?a=b",
  "https://patchwright.acme.test/#a",
  "ftp://patchwright.acme.test",
  "patchwright.acme.test",
])("as a public URL %s is not taken", async (publicUrl) => {
  await browser.post("/setup/code", { code });
  const { text } = await browser.post("/setup/app", { ...order(github), publicUrl });
  expect(text).toContain("The public URL must be");
  expect(text).not.toContain('name="manifest"');
});

test("a disk that is full by the time GitHub answers: what it returned is printed, and nothing is lost", async () => {
  const back = await comeBack(github, browser, { code });
  // No file can be put in the place of a folder.
  mkdirSync(path());
  expect((await browser.get(back)).headers["location"]).toBe("/");
  const words = said.join("\n");
  expect(words).toContain("credentials.json cannot be written");
  expect(words).toContain(`APP_ID=${github.app.id}`);
  expect(words).toMatch(/^PRIVATE_KEY=\S{100,}$/m);
  expect((await browser.post("/setup/claude", { key: claude.apiKey })).status).toBe(200);
  expect(await setUp.finished).toMatchObject({
    APP_ID: String(github.app.id),
    ANTHROPIC_API_KEY: claude.apiKey,
  });
});

test("an App that is made from an earlier sending of the form is taken, and after it no other", async () => {
  const back = await comeBack(github, browser, { code });
  await browser.post("/setup/app", { ...order(github), name: "Patchwright again" });
  expect(await browser.get(back)).toMatchObject({ status: 303 });
  expect(JSON.parse(readFileSync(path(), "utf8"))).toMatchObject({ APP_ID: String(github.app.id) });
  expect((await browser.get("/")).text).toContain("Claude API key");
});

test("of very many sendings the oldest are forgotten", async () => {
  const back = await comeBack(github, browser, { code });
  for (let sent = 0; sent < 8; sent += 1) await browser.post("/setup/app", order(github));
  expect((await browser.get(back)).headers["location"]).toBe("/");
  expect(existsSync(path())).toBe(false);
});

test("where nothing can be written any more nobody is sent to GitHub", async () => {
  await browser.post("/setup/code", { code });
  mkdirSync(`${path()}.new`);
  const { text } = await browser.post("/setup/app", order(github));
  expect(text).toContain("credentials.json cannot be written");
  expect(text).not.toContain('name="manifest"');
});

test("what no step takes is told on a page as well", async () => {
  const elsewhere = { origin: "http://127.0.0.1:1", "sec-fetch-site": "same-site" };
  const answers = [
    await browser.post("/setup/code", { code }, elsewhere),
    await browser.post("/setup/code", { code: "x".repeat(70_000) }),
    await browser.get("/nowhere"),
  ];
  expect(answers.map(({ status }) => status)).toEqual([403, 413, 404]);
  for (const { text, headers } of answers) {
    expect(headers["content-type"]).toContain("text/html");
    expect(text).toMatch(/<p role="alert">[^<]{10,}<\/p>/);
  }
  expect(said).toHaveLength(1);
});

test("a form that cannot be read is the sender's matter, and told on a page", async () => {
  const unreadable = { "content-type": "multipart/form-data" };
  const first = await browser.post("/setup/code", { code }, unreadable);
  await browser.post("/setup/code", { code });
  const later = await browser.post("/setup/app", order(github), unreadable);
  for (const { status, text } of [first, later]) {
    expect(status).toBe(400);
    expect(text).toMatch(/<p role="alert">[^<]*cannot be read[^<]*<\/p>/);
  }
  expect(said).toHaveLength(1);
});
