/**
 * What the environment says before the set-up: a mistake in it is told before any page is served, its Claude key
 * is tried, and its public address is not up to the form.
 */
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { systemClock } from "../../src/clock.ts";
import { readSetUpConfig } from "../../src/config.ts";
import { isProblem } from "../../src/domain/errors.ts";
import { openSetUp, type SetUp } from "../../src/doors/setup.ts";
import { projectDir } from "../process.ts";
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

/** The set-up in this environment, and the browser that is before its first page with the code. */
async function open(changes: Record<string, string>): Promise<{ browser: Browser; code: string }> {
  const config = readSetUpConfig({ ...environment(), ...changes });
  if (!config) throw new Error("there is nothing to set up");
  const said: string[] = [];
  const say = (line: string) => void said.push(line);
  setUp = await openSetUp(config, { clock: systemClock, random: randomBytes, fetch, say });
  return { browser: new Browser(setUp.url), code: codeIn(said.join("\n")) };
}

/** The page with the form about the App, as it is shown first. */
async function appForm(changes: Record<string, string>): Promise<{ browser: Browser; text: string }> {
  const { browser, code } = await open(changes);
  await browser.post("/setup/code", { code });
  return { browser, text: (await browser.get("/")).text };
}

/** What stands in the field for the public URL. */
const publicUrlIn = (text: string) => /name="publicUrl"[^>]* value="([^"]*)"/.exec(text)?.[1];

/** The message that refuses to serve the set-up in this environment. */
function refusal(changes: Record<string, string>): string {
  try {
    readSetUpConfig({ ...environment(), ...changes });
  } catch (error) {
    if (isProblem(error, "refused")) return error.message;
    throw error;
  }
  throw new Error("nothing was refused");
}

test.each([
  ["PATCHWRIGHT_SWEEP_MS", "abc", /PATCHWRIGHT_SWEEP_MS must be a number of milliseconds/],
  ["DATABASE_URL", "mysql://db/x", /DATABASE_URL must be a postgres:\/\/ URL/],
  ["PATCHWRIGHT_SEAL_KEY", "short", /PATCHWRIGHT_SEAL_KEY must hold 32-byte keys/],
  ["PATCHWRIGHT_MCP_DOCS_URL", "http://docs.test", /PATCHWRIGHT_MCP_DOCS_URL must be an https address/],
  ["PATCHWRIGHT_MCP_GITHUB_URL", "https://mcp.test", /PATCHWRIGHT_MCP_GITHUB_URL is for .* set GHE_HOST/],
  ["OTEL_EXPORTER_OTLP_ENDPOINT", "collector", /OTEL_EXPORTER_OTLP_ENDPOINT must be an http or https URL/],
  ["ANTHROPIC_API_KEY", "\u201csk-ant-given\u201d", /ANTHROPIC_API_KEY must be printable ASCII/],
  ["CLIENT_ID", "Iv1.x", /CLIENT_ID and CLIENT_SECRET belong together/],
])("%s = %j is refused before there is an App", (name, value, words) => {
  const both = refusal({ [name]: value, LOG_LEVEL: "loud" });
  expect(both).toMatch(words);
  expect(both).toMatch(/LOG_LEVEL must be one of pino's levels/);
  expect(both).not.toMatch(/APP_ID|PRIVATE_KEY|WEBHOOK_SECRET|ANTHROPIC_API_KEY is not set|sk-ant/);
});

test.each([
  ["PATCHWRIGHT_SWEEP_MS", "abc", "Cannot start:\n  PATCHWRIGHT_SWEEP_MS must be a number of milliseconds\n"],
  [
    ...["DATABASE_URL", "postgres://patchwright:none@127.0.0.1:1/patchwright"],
    "PostgreSQL does not answer (ECONNREFUSED). Check that it runs and that DATABASE_URL names its host and port.\n",
  ],
  [
    ...["DATABASE_URL", "postgres://patchwright:pa/ss#w0rd@db.acme.test:5432/x"],
    "Cannot start:\n  DATABASE_URL cannot be read as a postgres:// URL: special characters in the password must be percent-encoded\n",
  ],
] as [string, string, string][])(
  "`npm start` with a mistake in %s serves no set-up and ends with status 2",
  async (name, value, words) => {
    const env = { PATH: process.env["PATH"] ?? "", ...environment(), [name]: value };
    const ended = await new Promise<{ status: unknown; stdout: string; stderr: string }>((resolve) => {
      const options = { cwd: projectDir, env, timeout: 60_000 };
      execFile(process.execPath, ["src/start.js"], options, (error, stdout, stderr) =>
        resolve({ status: error?.code ?? error?.signal, stdout, stderr }),
      );
    });
    expect(ended).toEqual({ status: 2, stdout: "", stderr: words });
  },
  30_000,
);

test("a Claude key of the environment that is refused is told before there is an App", async () => {
  const { browser, code } = await open({ ANTHROPIC_API_KEY: "sk-ant-refused" });
  await browser.post("/setup/code", { code });
  const words = /role="alert">[^<]*does not accept[^<]*ANTHROPIC_API_KEY[^<]*start again/;
  expect((await browser.get("/")).text).toMatch(words);
  const ordered = await browser.post("/setup/app", order(github));
  expect(ordered.text).toMatch(words);
  expect(ordered.text).not.toContain('name="manifest"');
  expect(ordered.text).not.toContain("sk-ant-refused");
});

test("one that is good ends the set-up with the App; one that nobody can be asked about does not hold it up", async () => {
  const given = { ANTHROPIC_API_KEY: claude.apiKey };
  const away = claude.fault({ on: "*", times: 1_000, trouble: { kind: "status", status: 529 } });
  const { browser, code } = await open(given);
  const back = await comeBack(github, browser, { code });
  away();
  const last = await browser.get(back);
  expect(last.text).toContain("Ready");
  expect(await setUp?.finished).toEqual({});
});

test("a key that is refused only by the time GitHub comes back: not ready, and the App is kept", async () => {
  const { browser, code } = await open({ ANTHROPIC_API_KEY: claude.apiKey });
  const back = await comeBack(github, browser, { code });
  const away = claude.fault({ on: "*", times: 1_000, trouble: { kind: "status", status: 401 } });
  const { text } = await browser.get(back);
  away();
  expect(text).toMatch(/role="alert">[^<]*does not accept[^<]*ANTHROPIC_API_KEY[^<]*start again/);
  expect(text).not.toContain("Ready");
});

test.each([
  ["PATCHWRIGHT_AGENT_ID", "agent_01SIM00000000000000000099"],
  ["PATCHWRIGHT_ENVIRONMENT_ID", "env_01SIM00000000000000000099"],
])(
  "%s of nothing there is told before there is an App, and of a typed key before it is kept",
  async (name, id) => {
    const { browser, text } = await appForm({ ANTHROPIC_API_KEY: claude.apiKey, [name]: id });
    const words = new RegExp(`role="alert">[^<]*${name} names ${id}[^<]*`);
    expect(text).toMatch(words);
    expect((await browser.post("/setup/app", order(github))).text).not.toContain('name="manifest"');
    await setUp?.close(0);
    const later = await open({ [name]: id });
    const back = await comeBack(github, later.browser, { code: later.code });
    await later.browser.get(back);
    const tried = await later.browser.post("/setup/claude", { key: claude.apiKey });
    expect(tried.text).toMatch(words);
    expect(tried.text).not.toContain("Ready");
  },
);

test("this machine's own address is offered to an Enterprise Server, and not to github.com", async () => {
  const own = await appForm({});
  expect(publicUrlIn(own.text)).toBe("");
  const proxied = { host: "patchwright.acme.test", "x-forwarded-proto": "https" };
  expect(publicUrlIn((await own.browser.get("/", proxied)).text)).toBe("https://patchwright.acme.test");
  const address = setUp?.url;
  await setUp?.close(0);
  const { text } = await appForm({ GHE_HOST: github.host, GHE_PROTOCOL: "http", PORT: "0" });
  expect(publicUrlIn(text)).toBe(setUp?.url);
  expect(address).toMatch(/^http:\/\/127\.0\.0\.1:/);
});

test("github.com is sent nowhere it cannot reach, in words; a server of the same network is", async () => {
  const { browser } = await appForm({});
  const unreachable = [
    ...["http://localhost:3000", "http://127.0.0.1:3000/", "http://127.1", "http://[::1]:3000"],
    ...["http://0.0.0.0:3000", "https://patchwright.localhost", "http://localhost.:80", "http://[::]"],
    ...["http://192.168.1.5:3000", "https://10.0.0.2", "http://172.16.0.1", "http://169.254.1.1"],
    ...["http://[fd00::1]", "http://[fe80::1]", "http://[::ffff:127.0.0.1]"],
  ];
  for (const publicUrl of unreachable) {
    const { text } = await browser.post("/setup/app", { ...order(github), host: "", publicUrl });
    expect([publicUrl, /role="alert">[^<]*github\.com cannot reach/.test(text)]).toEqual([publicUrl, true]);
    expect(text).not.toContain('name="manifest"');
  }
  const near = await browser.post("/setup/app", { ...order(github), publicUrl: "http://127.0.0.1:3000" });
  expect(near.text).toContain('name="manifest"');
  for (const publicUrl of ["https://patchwright.acme.test", "http://172.32.0.1", "https://[2606:50c0::1]"]) {
    const { text } = await browser.post("/setup/app", { ...order(github), host: "", publicUrl });
    expect([publicUrl, text.includes('name="manifest"')]).toEqual([publicUrl, true]);
  }
});

test("the public address of the environment is shown, and no form changes it", async () => {
  const { browser, text } = await appForm({ PUBLIC_URL: "https://given.acme.test/" });
  expect(text).toMatch(/name="publicUrl"[^>]* value="https:\/\/given\.acme\.test"[^>]* readonly/);
  expect(text).toMatch(/PUBLIC_URL in the environment/);
  const other = await browser.post("/setup/app", order(github));
  expect(other.text).toMatch(/role="alert">[^<]*PUBLIC_URL[^<]*https:\/\/given\.acme\.test/);
  expect(other.text).not.toContain('name="manifest"');
  expect(publicUrlIn(other.text)).toBe("https://given.acme.test");
  for (const publicUrl of ["https://given.acme.test/", "https://GIVEN.acme.test:443", ""]) {
    const same = await browser.post("/setup/app", { ...order(github), publicUrl });
    expect(same.text).toContain("https://given.acme.test/api/github/webhooks");
  }
});

test("nor does one that github.com cannot reach become a good one by standing there", async () => {
  const { browser } = await appForm({ PUBLIC_URL: "http://localhost:3000" });
  const { text } = await browser.post("/setup/app", { ...order(github), host: "", publicUrl: "" });
  expect(text).toMatch(/role="alert">[^<]*github\.com cannot reach/);
});

test.each(["0.0.0.0", "::"])(
  "listening on all addresses (%s) it prints one that can be opened",
  async (HOST) => {
    const { browser, code } = await open({ HOST });
    expect(setUp?.url).toMatch(/^http:\/\/localhost:\d+$/);
    expect((await browser.post("/setup/code", { code })).status).toBe(303);
  },
);

test("github.com, typed as a server of its own, is github.com", async () => {
  const { browser } = await appForm({});
  for (const host of ["github.com", "GitHub.com", "www.github.com", "api.github.com", "github.com:443"]) {
    const asked = { ...order(github), host, protocol: "http", publicUrl: "https://patchwright.acme.test" };
    const { text } = await browser.post("/setup/app", asked);
    expect([host, text.includes('action="https://github.com/')]).toEqual([host, true]);
  }
});

test("an Enterprise Server by its IPv6 address, of the environment or typed", async () => {
  const given = await appForm({ GHE_HOST: "[::1]:3000", GHE_PROTOCOL: "http" });
  const action = 'action="http://[::1]:3000/organizations/acme/settings/apps/new?';
  expect((await given.browser.post("/setup/app", order(github))).text).toContain(action);
  await setUp?.close(0);
  const { browser } = await appForm({});
  const typed = (host: string) => browser.post("/setup/app", { ...order(github), host });
  expect((await typed("[::1]:3000")).text).toContain(action);
  for (const host of ["ghe.acme.test:65536", "[::1::2]", "[::1"])
    expect((await typed(host)).text).toMatch(/role="alert">The server must be host\[:port\]/);
});

test("a protocol of the environment binds the form, with a host beside it or without one", async () => {
  const { browser } = await appForm({ GHE_PROTOCOL: "http" });
  const { text } = await browser.post("/setup/app", {
    ...order(github),
    host: github.host,
    protocol: "https",
  });
  expect(text).toContain(`action="http://${github.host}/`);
});
