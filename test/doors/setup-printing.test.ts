/**
 * The set-up for those who keep secrets in a store of their own: what GitHub returns is printed once on the
 * console, written down nowhere, and the service goes on with it.
 */
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { systemClock } from "../../src/clock.ts";
import { readConfig, readSetUpConfig } from "../../src/config.ts";
import { openSetUp } from "../../src/doors/setup.ts";
import { projectDir } from "../process.ts";
import { type ClaudeSim, startClaude } from "../sim/claude/claude.ts";
import { type GitHubSim, startGitHub } from "../sim/github/github.ts";
import { Browser } from "./browser.ts";
import { codeIn, comeBack } from "./setup-walk.ts";

let github: GitHubSim;
let claude: ClaudeSim;
beforeAll(async () => {
  github = await startGitHub();
  github.addOrganization("acme");
  claude = await startClaude({ gitHosts: [github.host] });
});
afterAll(() => Promise.all([github.stop(), claude.stop()]));

let dataDir: string;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), "patchwright-setup-"));
});
afterEach(() => rmSync(dataDir, { recursive: true }));

const environment = (PORT = "0") => ({ DATA_DIR: dataDir, PORT, ANTHROPIC_BASE_URL: claude.url });
const changes = { keep: "print" };

/** Variables as a secret store would set them from what was printed. */
function printedIn(words: string): Record<string, string> {
  const lines = [...words.matchAll(/^([A-Z_]+)=(.*)$/gm)];
  return Object.fromEntries(lines.map(([, name = "", value = ""]) => [name, value]));
}

test("what GitHub returns is printed once, and nothing is written down", async () => {
  const config = readSetUpConfig(environment());
  if (!config) throw new Error("there is nothing to set up");
  const said: string[] = [];
  const say = (line: string) => void said.push(line);
  const setUp = await openSetUp(config, { clock: systemClock, random: randomBytes, fetch, say });
  const browser = new Browser(setUp.url);
  expect((await browser.post("/setup/code", { code: "wrong" })).status).toBe(403);
  await browser.get(await comeBack(github, browser, { code: codeIn(said.join("\n")), changes }));
  const asked = (await browser.get("/")).text;
  expect(asked).toMatch(/were printed on the console, once.*neither stored nor printed/s);
  const last = await browser.post("/setup/claude", { key: claude.apiKey });
  expect(last.text).toMatch(/until it stops.*ANTHROPIC_API_KEY/s);
  const unstored = await setUp.finished;
  await setUp.close(0);
  expect(readdirSync(dataDir)).toEqual([]);
  const printed = printedIn(said.join("\n"));
  expect(Object.keys(printed)).toEqual([
    ...["APP_ID", "PRIVATE_KEY", "WEBHOOK_SECRET", "CLIENT_ID", "CLIENT_SECRET", "PUBLIC_URL"],
    ...["GHE_HOST", "GHE_PROTOCOL"],
  ]);
  expect(said.join("\n")).not.toContain(claude.apiKey);
  // The next start has the same from the store, and no set-up.
  const now = readConfig(environment(), unstored);
  const stored = { ...environment(), ...printed, ANTHROPIC_API_KEY: claude.apiKey };
  expect(readSetUpConfig(stored)).toBeUndefined();
  expect(JSON.stringify(readConfig(stored))).toBe(JSON.stringify(now));
  expect(readConfig(stored).app.privateKey.reveal()).toBe(now.app.privateKey.reveal());
});

test("`npm start` goes on with what it printed, and no line of the log holds it", async () => {
  const probe = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => probe.once("listening", resolve));
  const address = probe.address();
  const port = String(typeof address === "object" ? address?.port : 0);
  await new Promise((resolve) => probe.close(resolve));
  let words = "";
  const env = { PATH: process.env["PATH"], ...environment(port), PUBLIC_URL: "" };
  const child = spawn(process.execPath, ["src/start.js"], { cwd: projectDir, env });
  try {
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (text: string) => {
        words += text;
      });
    await expect.poll(() => codeIn(words), { timeout: 60_000 }).not.toBe("");
    const browser = new Browser(`http://127.0.0.1:${port}`);
    await browser.get(await comeBack(github, browser, { code: codeIn(words), changes }));
    await browser.post("/setup/claude", { key: claude.apiKey });
    await expect.poll(() => words, { timeout: 60_000 }).toContain('"msg":"ready"');
    expect((await browser.get("/readyz")).status).toBe(200);
  } finally {
    child.kill("SIGKILL");
  }
  const { WEBHOOK_SECRET: secret = "", PRIVATE_KEY: key = "", CLIENT_SECRET = "" } = printedIn(words);
  for (const printed of [secret, key, CLIENT_SECRET]) {
    expect(printed.length).toBeGreaterThan(15);
    expect(words.split(printed)).toHaveLength(2);
  }
  const log = words.split("\n").filter((line) => line.startsWith("{"));
  expect(log.length).toBeGreaterThan(0);
  expect(log.filter((line) => line.includes(secret) || line.includes(claude.apiKey))).toEqual([]);
  expect(readdirSync(dataDir)).not.toContain("credentials.json");
}, 130_000);
