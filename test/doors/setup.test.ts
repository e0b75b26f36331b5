/**
 * The set-up as a browser walks it, against the simulators: from the code on the console to the running
 * server on the same address, and everything that must not get anybody further.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { systemClock } from "../../src/clock.ts";
import { readConfig, readSetUpConfig } from "../../src/config.ts";
import { readManifest } from "../../src/doors/manifest.ts";
import { openSetUp, type SetUp } from "../../src/doors/setup.ts";
import { openapiOracle } from "../contract/openapi-oracle.ts";
import { projectDir } from "../process.ts";
import { type ClaudeSim, startClaude } from "../sim/claude/claude.ts";
import { type GitHubSim, startGitHub } from "../sim/github/github.ts";
import { Browser } from "./browser.ts";
import { codeIn, comeBack as comeBackFrom, order as orderOn } from "./setup-walk.ts";

let github: GitHubSim;
let claude: ClaudeSim;
beforeAll(async () => {
  github = await startGitHub();
  github.addOrganization("acme");
  claude = await startClaude({ gitHosts: [github.host] });
});
afterAll(() => Promise.all([github.stop(), claude.stop()]));

let dataDir: string;
let setUp: SetUp | undefined;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), "patchwright-setup-"));
});
afterEach(async () => {
  await setUp?.close(0);
  setUp = undefined;
  rmSync(dataDir, { recursive: true });
});

const environment = () => ({ DATA_DIR: dataDir, PORT: "0", ANTHROPIC_BASE_URL: claude.url });
const path = () => join(dataDir, "credentials.json");
const stored = () => JSON.parse(readFileSync(path(), "utf8"));

/** Opens the set-up; returns its address and the code it prints. */
async function open(changes: Record<string, string> = {}): Promise<{ url: string; code: string }> {
  const config = readSetUpConfig({ ...environment(), ...changes });
  if (!config) throw new Error("there is nothing to set up");
  const said: string[] = [];
  const say = (line: string) => void said.push(line);
  setUp = await openSetUp(config, { clock: systemClock, random: randomBytes, fetch, say });
  return { url: setUp.url, code: codeIn(said.join("\n")) };
}

const order = () => orderOn(github);
const comeBack = (browser: Browser, code: string) => comeBackFrom(github, browser, { code });

test("from the code to stored credentials that the service starts with", async () => {
  const { url, code } = await open();
  const browser = new Browser(url);
  const back = await comeBack(browser, code);
  expect(back.startsWith(`${url}/setup/created?`)).toBe(true);
  expect((await browser.get(back)).headers["location"]).toBe("/");
  expect(stored()).toMatchObject({
    APP_ID: String(github.app.id),
    PUBLIC_URL: "https://patchwright.acme.test",
  });
  expect((await browser.get("/")).text).toContain("Claude API key");
  expect((await browser.post("/setup/claude", { key: "sk-ant-refused" })).text).toMatch(/does not accept/);
  for (const key of [
    `\u201c${claude.apiKey}\u201d`,
    `${claude.apiKey.slice(0, 9)}\n${claude.apiKey.slice(9)}`,
  ]) {
    const { text } = await browser.post("/setup/claude", { key });
    expect(text).toMatch(/role="alert">A Claude API key must be printable ASCII without spaces/);
    expect(text).not.toContain(claude.apiKey.slice(9));
  }
  expect(stored()).not.toHaveProperty("ANTHROPIC_API_KEY");
  const last = await browser.post("/setup/claude", { key: ` ${claude.apiKey} ` });
  expect(last.text).toContain("/apps/patchwright/installations/new");
  await setUp?.finished;
  expect(statSync(path()).mode & 0o777).toBe(0o600);
  const config = readConfig(environment());
  expect(config.app.id).toBe(github.app.id);
  expect(config.github.apiUrl).toBe(`${github.url}/api/v3`);
  expect(config.server.publicUrl).toBe("https://patchwright.acme.test");
  expect(readConfig({ ...environment(), PUBLIC_URL: "https://other.test" }).server.publicUrl).toBe(
    "https://other.test",
  );
  expect(readSetUpConfig(environment())).toBeUndefined();
});

test("the App is created as app.yml asks for it", async () => {
  const { url, code } = await open();
  const browser = new Browser(url);
  await browser.get(await comeBack(browser, code));
  const manifest = readManifest();
  const shown = github.log.findLast(({ route }) => route === "/app-manifests/{code}/conversions");
  expect(shown?.responseBody).toMatchObject({
    permissions: manifest.default_permissions,
    events: manifest.default_events,
  });
  expect(shown && openapiOracle().check(shown)).toEqual([]);
});

test("the manifest goes to github.com or the organisation, and the policy lets it go nowhere else", async () => {
  const { url, code } = await open();
  const browser = new Browser(url);
  await browser.post("/setup/code", { code });
  const own = await browser.post("/setup/app", { ...order(), owner: "", host: "" });
  expect(own.text).toMatch(/action="https:\/\/github\.com\/settings\/apps\/new\?state=[\w-]{32}"/);
  const policy = String(own.headers["content-security-policy"]);
  expect(policy).toMatch(
    /^default-src 'none'; style-src 'sha256-.*form-action 'self' https:\/\/github\.com;/,
  );
  expect(policy).not.toMatch(/unsafe|\*/);
  const theirs = await browser.post("/setup/app", { ...order(), host: "" });
  expect(theirs.text).toContain("https://github.com/organizations/acme/settings/apps/new?state=");
  expect(own.text).not.toMatch(/<script|src=/);
});

test.each([
  ["no URL", { publicUrl: "patchwright" }, /must be an http or https URL/],
  ["a script as URL", { publicUrl: "javascript:alert(1)" }, /must be an http or https URL/],
  ["a long name", { name: "x".repeat(35) }, /longer than 34/],
  ["a path as organisation", { owner: "../acme" }, /must be a login/],
  ["a server with a path", { host: "github.acme.test/evil" }, /must be host/],
  ["another protocol", { protocol: "ftp" }, /https or http/],
])("%s is said beside the form, which keeps what was typed", async (_what, changes, words) => {
  const { url, code } = await open();
  const browser = new Browser(url);
  await browser.post("/setup/code", { code });
  const { text } = await browser.post("/setup/app", { ...order(), name: "<b>mine</b>", ...changes });
  expect(text).toMatch(words);
  expect(text).not.toContain("<b>");
});

test("nobody gets further without the code, which is good once", async () => {
  const { url, code } = await open();
  const stranger = new Browser(url);
  expect((await stranger.get("/")).text).toContain("The service printed it");
  for (const where of ["/setup/app", "/setup/claude"])
    expect((await stranger.post(where, order())).headers["location"]).toBe("/");
  expect((await stranger.get("/setup/created?code=x&state=y")).headers["location"]).toBe("/");
  expect((await stranger.post("/setup/code", { code: `${code}x` })).text).toMatch(/not the code/);
  expect((await stranger.post("/setup/code", {})).text).toMatch(/not the code/);
  const browser = new Browser(url);
  const entered = await browser.post("/setup/code", { code });
  expect(String(entered.headers["set-cookie"])).toMatch(/HttpOnly; SameSite=Lax/);
  expect((await stranger.post("/setup/code", { code })).text).toMatch(/not the code/);
  expect((await browser.get("/")).text).toContain("Public URL");
});

test("what GitHub brings back counts only in the browser that was sent, with its state, once", async () => {
  const { url, code } = await open();
  const browser = new Browser(url);
  const back = await comeBack(browser, code);
  await new Browser(url).get(back);
  await browser.get(back.replace(/state=[^&]+/, "state=another"));
  expect(existsSync(path())).toBe(false);
  await browser.get(back);
  const first = stored();
  await browser.get(back);
  expect(stored()).toEqual(first);
});

test("a code of GitHub's that is not good leaves the form as it was", async () => {
  const { url, code } = await open();
  const browser = new Browser(url);
  const back = await comeBack(browser, code);
  const { text } = await browser.get(back.replace(/code=[^&]+/, "code=unknown"));
  expect(text).toMatch(/role="alert".*no such thing/s);
  expect(text).toContain("Patchwright of Acme");
});

test("where GitHub cannot be reached for a moment the same code is good once more", async () => {
  const { url, code } = await open();
  const browser = new Browser(url);
  const back = await comeBack(browser, code);
  const heal = github.fault({
    route: "/app-manifests/{code}/conversions",
    kind: "status",
    status: 502,
  });
  expect((await browser.get(back)).text).toMatch(/role="alert".*Load this page again/s);
  heal();
  expect((await browser.get(back)).headers["location"]).toBe("/");
  expect(stored()).toMatchObject({ APP_ID: String(github.app.id) });
});

test("the Enterprise Server of the environment is shown, and wins over the form", async () => {
  const { url, code } = await open({ GHE_HOST: github.host, GHE_PROTOCOL: "http" });
  const browser = new Browser(url);
  await browser.post("/setup/code", { code });
  const { text } = await browser.get("/");
  expect(text).toContain(`name="host" value="${github.host}"`);
  expect(text).toContain("<option selected>http<");
  const handed = await browser.post("/setup/app", { ...order(), host: "", protocol: "https" });
  expect(handed.text).toContain(`action="${github.url}/organizations/acme/settings/apps/new?`);
});

test("a set-up that was interrupted goes on with the key, behind a new code", async () => {
  const first = await open();
  const browser = new Browser(first.url);
  await browser.get(await comeBack(browser, first.code));
  await setUp?.close(0);
  const again = await open();
  const later = new Browser(again.url);
  expect((await later.post("/setup/code", { code: first.code })).text).toMatch(/not the code/);
  await later.post("/setup/code", { code: again.code });
  expect((await later.get("/")).text).toContain("Claude API key");
  expect(readSetUpConfig({ ...environment(), ANTHROPIC_API_KEY: "sk-ant-given" })).toBeUndefined();
});

test("where nothing can be stored no App is created", async () => {
  await expect(open({ DATA_DIR: "/dev/null/data" })).rejects.toThrow(/credentials\.json cannot be written/);
});

test("a file that the set-up did not write is not guessed at", () => {
  writeFileSync(path(), '{"APP_ID": 12}');
  expect(() => readConfig(environment())).toThrow(/cannot be read as what the set-up stored/);
});

test("the environment goes over what was stored, variable by variable", async () => {
  const { url, code } = await open();
  const browser = new Browser(url);
  await browser.get(await comeBack(browser, code));
  const secret = "another secret of good length";
  const given = { ...environment(), ANTHROPIC_API_KEY: "sk-ant-given", WEBHOOK_SECRET: secret };
  const config = readConfig(given);
  expect(config.app.id).toBe(github.app.id);
  expect(config.app.webhookSecrets.map((one) => one.reveal())).toEqual([secret]);
});

test("with a part of the App's variables there is nothing to set up, and the rest is asked for", () => {
  expect(readSetUpConfig({ ...environment(), APP_ID: "12" })).toBeUndefined();
  expect(() => readConfig({ ...environment(), APP_ID: "12" })).toThrow(/WEBHOOK_SECRET is not set/);
  expect(() => readSetUpConfig({ ...environment(), PORT: "http" })).toThrow(/PORT must be a port number/);
});

let child: ChildProcess | undefined;
afterEach(() => void child?.kill("SIGKILL"));

test("`npm start` becomes the running server by itself, on the same address", async () => {
  const { createServer } = await import("node:net");
  const probe = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => probe.once("listening", resolve));
  const address = probe.address();
  const port = typeof address === "object" ? address?.port : 0;
  await new Promise((resolve) => probe.close(resolve));
  let words = "";
  const env = { PATH: process.env["PATH"], ...environment(), PORT: String(port) };
  child = spawn(process.execPath, ["src/start.js"], { cwd: projectDir, env });
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    words += text;
  });
  await expect.poll(() => codeIn(words), { timeout: 60_000 }).not.toBe("");
  const browser = new Browser(`http://127.0.0.1:${port}`);
  expect((await browser.get("/readyz")).status).toBe(503);
  await browser.get(await comeBack(browser, codeIn(words)));
  await browser.post("/setup/claude", { key: claude.apiKey });
  await expect.poll(() => words, { timeout: 60_000 }).toContain('"msg":"ready"');
  expect((await browser.get("/readyz")).status).toBe(200);
  expect((await browser.post("/setup/code", { code: "x" })).status).toBe(404);
  expect(words).not.toContain(claude.apiKey);
  expect(words).not.toContain(github.app.webhookSecret);
}, 40_000);
