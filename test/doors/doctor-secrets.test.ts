/** What the doctor says of the secrets, of another App's OAuth, and of an App that is subscribed to more than it handles. */
import { randomBytes } from "node:crypto";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { systemClock } from "../../src/clock.ts";
import { readConfig } from "../../src/config.ts";
import { examineFromOutside } from "../../src/doors/examining.ts";
import { readManifest } from "../../src/doors/manifest.ts";
import { type ClaudeSim, startClaude } from "../sim/claude/claude.ts";
import { type GitHubSim, startGitHub } from "../sim/github/github.ts";
import { settingsOn } from "./service.ts";

let github: GitHubSim;
let claude: ClaudeSim;
beforeAll(async () => {
  github = await startGitHub();
  claude = await startClaude({ gitHosts: [github.host] });
});
afterAll(() => Promise.all([github.stop(), claude.stop()]));

const good = randomBytes(32).toString("hex");
let dataDir: string;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), "patchwright-secrets-"));
  github.app.events.splice(0, Number.POSITIVE_INFINITY, ...readManifest().default_events);
});
afterEach(() => rmSync(dataDir, { recursive: true }));

/** What is found there, by a doctor with these variables. */
async function found(what: string, changes: Record<string, string> = {}) {
  const config = readConfig({ ...settingsOn(github, claude), DATA_DIR: dataDir, PORT: "9", ...changes });
  const findings = await examineFromOutside(config, { clock: systemClock });
  for (const secret of config.app.webhookSecrets)
    expect(JSON.stringify(findings)).not.toContain(secret.reveal());
  return findings.find((one) => one.what === what);
}

test.each([0o644, 0o640, 0o604])("a credentials file that others may read (%o)", async (mode) => {
  const path = join(dataDir, "credentials.json");
  writeFileSync(path, "{}");
  chmodSync(path, mode);
  const finding = await found("secrets");
  expect(finding?.grade).toBe("fail");
  expect(finding?.found).toBe(`${path} has mode 0${mode.toString(8)}: other users may read it`);
  expect(finding?.todo).toContain(`chmod 600 ${path}`);
  chmodSync(path, 0o600);
  expect((await found("secrets"))?.grade).toBe("pass");
});

test.each([
  ["abab".repeat(8), "it repeats a few characters"],
  ["k3j9x0qa".repeat(3), "it repeats the same characters"],
  ["My-Webhook-Secret-2026", "it holds a word that people put where a secret is to be"],
  ["kangarookangarook", "it repeats the same characters"],
  ["secretsecretsec!!", "it holds a word that people put where a secret is to be"],
  ["0123456789abcdef", "it follows the alphabet, the digits or the keyboard"],
  ["qwertyuiop1234567890", "it follows the alphabet, the digits or the keyboard"],
])("a webhook secret that is long and can be guessed: %s", async (weak, why) => {
  const finding = await found("secrets", { WEBHOOK_SECRET: `${good},${weak}` });
  expect(finding).toMatchObject({ grade: "warn", found: `the webhook secret can be guessed: ${why}` });
  expect((await found("secrets", { WEBHOOK_SECRET: good }))?.grade).toBe("pass");
});

test("behind a public address without the App's OAuth nobody signs in", async () => {
  const none = { CLIENT_ID: "", CLIENT_SECRET: "" };
  expect((await found("secrets", none))?.grade).toBe("pass");
  const finding = await found("secrets", { ...none, PUBLIC_URL: "http://127.0.0.1:9" });
  expect(finding?.grade).toBe("warn");
  expect(finding?.found).toContain("CLIENT_SECRET are not set");
});

test("the OAuth of another App, with which nobody signs in", async () => {
  expect(await found("sign-in", { CLIENT_ID: "Iv1.another" })).toMatchObject({
    grade: "fail",
    found: `CLIENT_ID is not this App's, which is ${github.app.clientId}`,
    todo: expect.stringContaining("set CLIENT_ID and CLIENT_SECRET"),
  });
  expect(await found("sign-in")).toMatchObject({ grade: "pass", found: "by this App" });
  const none = { CLIENT_ID: "", CLIENT_SECRET: "" };
  expect(await found("sign-in", none)).toMatchObject({ grade: "pass", found: "not set up" });
});

test("events that the App is sent for nothing are worth a look", async () => {
  github.app.events.push("workflow_job", "star");
  const finding = await found("events");
  expect(finding?.grade).toBe("warn");
  expect(finding?.found).toBe("more than needed: workflow_job, star");
});
