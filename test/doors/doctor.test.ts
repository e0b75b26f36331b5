/**
 * The doctor beside a healthy installation and beside broken ones. Each broken one has exactly one fault, and
 * the doctor names it, says what to do and fails nothing that does not depend on it.
 */
import { execFile } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Clock, systemClock } from "../../src/clock.ts";
import { readConfig } from "../../src/config.ts";
import { examineFromOutside } from "../../src/doors/examining.ts";
import type { Finding } from "../../src/doors/findings.ts";
import { readManifest } from "../../src/doors/manifest.ts";
import { openStore } from "../../src/store/database.ts";
import { openapiOracle } from "../contract/openapi-oracle.ts";
import { shop } from "../stories/stage.ts";
import { openService, type Service, settingsOn } from "./service.ts";

let service: Service;
let installation: number;
beforeEach(async () => {
  service = await openService();
  const { github } = service;
  github.app.events.splice(0, Number.POSITIVE_INFINITY, ...readManifest().default_events);
  github.addOrganization("acme");
  for (const login of ["mona", "ada"]) github.addUser(login);
  await github.addRepository({ owner: "acme", name: "shop", private: true });
  github.setRole(shop, "mona", "write");
  github.setRole(shop, "ada", "admin");
  github.setWebhook(`${service.url}/api/github/webhooks`);
  installation = github.install("acme");
});
afterEach(() => service.close());

/** The environment that the running service has, with changes. */
function environment(changes: Record<string, string> = {}): Record<string, string> {
  return { ...settingsOn(service.github, service.claude), PORT: String(service.port), ...changes };
}

async function examined(
  changes: Record<string, string> = {},
  { clock = systemClock, name }: { clock?: Clock; name?: string } = {},
): Promise<Finding[]> {
  const findings = await examineFromOutside(readConfig(environment(changes)), { clock, name });
  const told = JSON.stringify(findings);
  for (const secret of [service.secret, service.claude.apiKey, "PRIVATE KEY", "ghs_"])
    expect(told).not.toContain(secret);
  for (const { grade, todo } of findings) expect(grade === "pass").toBe(todo === undefined);
  return findings;
}

/** Names of the findings that are not passes, each with its grade. */
const amiss = (findings: Finding[]) =>
  findings.filter(({ grade }) => grade !== "pass").map(({ what, grade }) => `${grade} ${what}`);

const found = (findings: Finding[], what: string) => findings.find((one) => one.what === what);

test("a healthy installation passes everything, and the token that was tried is dead", async () => {
  const findings = await examined();
  expect(amiss(findings)).toEqual([]);
  expect(findings.map(({ what }) => what)).toEqual([
    ...["GitHub App", "permissions", "events", "who may install", "sign-in", "clock", "installations"],
    ...["token", "limits", "webhook address", "last deliveries", "dashboard", "metrics", "secrets"],
    ...["store", "pauses"],
    ...["Claude key", "agent and environment"],
  ]);
  expect(found(findings, "store")?.found).toMatch(/running service, which is ready/);
  expect(openapiOracle().checkAll({ exchanges: service.github.log, deliveries: [] })).toEqual([]);
  expect(service.github.tokens().length).toBeGreaterThan(0);
  await expect
    .poll(() =>
      service.github.tokens().filter(({ permissions, revokedAt }) => !permissions["issues"] && !revokedAt),
    )
    .toEqual([]);
});

test("another App's private key", async () => {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const findings = await examined({
    PRIVATE_KEY: privateKey.export({ type: "pkcs1", format: "pem" }).toString(),
  });
  expect(found(findings, "GitHub App")).toMatchObject({ grade: "fail", todo: /APP_ID and PRIVATE_KEY/ });
  for (const what of ["clock", "store", "Claude key"]) expect(found(findings, what)?.grade).toBe("pass");
});

test("a permission and an event short", async () => {
  const { app } = service.github;
  delete app.permissions["checks"];
  app.events.splice(app.events.indexOf("check_suite"), 1);
  const findings = await examined();
  expect(amiss(findings)).toEqual(["fail permissions", "fail events"]);
  expect(found(findings, "permissions")?.found).toBe("missing are checks: write");
  expect(found(findings, "events")?.found).toBe("not subscribed to check_suite");
  app.permissions["checks"] = "write";
});

test("a permission more than needed is worth a look", async () => {
  service.github.app.permissions["administration"] = "write";
  const findings = await examined();
  delete service.github.app.permissions["administration"];
  expect(amiss(findings)).toEqual(["warn permissions"]);
});

test("deliveries that go nowhere", async () => {
  service.github.setWebhook("http://127.0.0.1:9/api/github/webhooks");
  const number = service.github.openIssue(shop, { title: "Add", author: "mona" });
  expect(number).toBe(1);
  await expect.poll(() => service.github.deliveries.at(-1)?.statusCode).toBeGreaterThanOrEqual(400);
  const findings = await examined();
  expect(amiss(findings)).toEqual(["fail webhook address", "fail last deliveries"]);
  expect(found(findings, "webhook address")?.found).toMatch(/does not answer as Patchwright does/);
});

test.each([
  ["nowhere at all", undefined, /the App has none/],
  ["the wrong path", "http://127.0.0.1:9/hooks", /is not ours/],
])("a webhook address of %s", async (_what, url, words) => {
  service.github.setWebhook(url);
  expect(found(await examined(), "webhook address")).toMatchObject({ grade: "fail", found: words });
});

test("another webhook secret at GitHub", async () => {
  service.github.setWebhookSecret("a secret that we do not know");
  service.github.openIssue(shop, { title: "Add", author: "mona" });
  await expect.poll(() => service.github.deliveries.at(-1)?.statusCode).toBe(401);
  const findings = await examined();
  expect(amiss(findings)).toEqual(["fail last deliveries"]);
  expect(found(findings, "last deliveries")?.todo).toMatch(/set WEBHOOK_SECRET/);
});

test("a Claude key that is refused", async () => {
  const findings = await examined({ ANTHROPIC_API_KEY: "sk-ant-refused" });
  expect(amiss(findings)).toEqual(["fail Claude key", "fail agent and environment"]);
});

test("a clock five minutes ahead", async () => {
  const ahead = { ...systemClock, now: () => systemClock.now() + 300_000 };
  const findings = await examined({}, { clock: ahead });
  expect(found(findings, "clock")).toMatchObject({ grade: "fail", todo: /NTP/ });
});

test("a suspended installation", async () => {
  service.github.suspend(installation, "ada");
  expect(amiss(await examined())).toEqual(["fail installations", "fail token", "fail limits"]);
  service.github.unsuspend(installation, "ada");
});

test("without the service the store is opened, or it is said why it cannot be", async () => {
  const dataDir = mkdtempSync(join(tmpdir(), "patchwright-doctor-"));
  const store = async (DATA_DIR: string) => found(await examined({ PORT: "9", DATA_DIR }), "store");
  await (await openStore({ kind: "embedded", dataDir, clock: systemClock })).close();
  expect(await store(dataDir)).toMatchObject({ grade: "pass", found: /tables are up to date/ });
  expect(await store("/dev/null/data")).toMatchObject({ grade: "fail", found: /cannot be written/ });
  rmSync(dataDir, { recursive: true });
});

const settingsFile = ".github/patchwright.yml";

/** What is found about the shop, with this settings file in it. */
async function settled(text: string | null, changes: Record<string, string> = {}) {
  await service.github.pushCommit(shop, "main", { files: { [settingsFile]: text }, by: "ada" });
  return found(await examined(changes, { name: shop }), "settings");
}

test("a repository that is named: how the App reaches it, and what its settings come to", async () => {
  const findings = await examined({}, { name: "Acme/Shop" });
  expect(amiss(findings)).toEqual([]);
  expect(findings.slice(-3)).toMatchObject([
    { what: "repository", found: `acme/shop, private, in installation ${installation}` },
    { what: "settings", found: /^valid, the defaults: labels agent; who write; model .*; \$5 a run; 25 at/ },
    { what: "push workflows", found: "none" },
  ]);
  expect(await settled("budget_usd: 3\nlabels: { bot: {} }\n")).toMatchObject({
    grade: "pass",
    found: /^valid, acme\/shop at [0-9a-f]{7}: labels bot; .*\$3 a run/,
  });
});

test("settings that hold in part, that are turned off, that are not valid", async () => {
  expect(await settled("budget_usd: 80\n")).toMatchObject({
    grade: "warn",
    found: /\$50 a run; .*not granted in full: `budget_usd` is above what the operator/,
  });
  expect(await settled("enabled: false\n")).toMatchObject({ grade: "warn", todo: /set it to true/ });
  expect(await settled("model: claude-opus-5-5\nbudget: 3\n")).toMatchObject({
    grade: "fail",
    found: /^\.github\/patchwright\.yml in acme\/shop is not valid: line 2: `budget` /,
    todo: /mend it on the default branch/,
  });
});

test("both files are named, the stronger first", async () => {
  await service.github.addRepository({
    owner: "acme",
    name: ".github",
    private: true,
    files: { [settingsFile]: "budget_usd: 2\n" },
  });
  expect(await settled("budget_usd: 4\n")).toMatchObject({
    grade: "warn",
    found: /^valid, acme\/shop at \w{7} over acme\/\.github at \w{7}: .*\$2 a run.*can only narrow/,
  });
});

test("a repository that the App does not reach, or not with all it asks for", async () => {
  for (const name of ["acme/nowhere", "acme"]) {
    const findings = await examined({}, { name });
    expect(amiss(findings)).toEqual(["fail repository", "fail settings", "fail push workflows"]);
    expect(found(findings, "repository")).toMatchObject({
      found: /not installed on it/,
      todo: /OWNER\/REPO/,
    });
  }
  const { checks: _checks, ...rest } = service.github.app.permissions;
  service.github.setPermissions(installation, rest, "ada");
  const less = await examined({}, { name: shop });
  expect(amiss(less)).toEqual(["fail repository"]);
  expect(found(less, "repository")).toMatchObject({
    found: "acme/shop: the installation has not accepted checks: write",
    todo: /an owner of acme accepts it: http.*\/settings\/installations\/\d+$/,
  });
  service.github.setPermissions(installation, service.github.app.permissions, "ada");
  const findings = await examined({ PATCHWRIGHT_OWNERS: "globex" }, { name: shop });
  expect(found(findings, "repository")).toMatchObject({
    found: "acme/shop: its deliveries do nothing",
    todo: "add acme to PATCHWRIGHT_OWNERS",
  });
});

test("workflows that run when a session pushes are named, others are not", async () => {
  const put = (files: Record<string, string | null>) =>
    service.github.pushCommit(shop, "main", {
      files: Object.fromEntries(Object.entries(files).map(([name, on]) => [`.github/workflows/${name}`, on])),
      by: "ada",
    });
  const look = async () => found(await examined({}, { name: shop }), "push workflows");
  await put({ "deploy.yml": "on: { push: { branches: [main] } }\n", "notes.md": "on: push\n" });
  expect(await look()).toMatchObject({ grade: "pass", found: "none of 1 runs for pushes to claude/**" });
  await put({ "ci.yml": "on: [push, pull_request]\n", "odd.yaml": "on: {\n" });
  expect(await look()).toMatchObject({
    grade: "warn",
    found: "run for pushes to claude/**, before anything is screened: ci.yml, odd.yaml",
    todo: /branch filter; SECURITY.md/,
  });
});

test("an App that everybody may install, with and without owners named", async () => {
  service.github.setPublic(true);
  expect(amiss(await examined())).toEqual(["warn who may install"]);
  expect(amiss(await examined({ PATCHWRIGHT_OWNERS: "acme" }))).toEqual([]);
});

test("`npm run doctor` prints every line with what to do, and ends with status 1 when one fails", async () => {
  const entry = new URL("../../src/start.js", import.meta.url).pathname;
  const run = (changes: Record<string, string>, ...names: string[]) =>
    promisify(execFile)(process.execPath, [entry, "doctor", ...names], { env: environment(changes) }).then(
      ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
      (failed: { code: number; stdout: string; stderr: string }) => failed,
    );
  const healthy = await run({}, shop);
  expect(healthy).toMatchObject({ code: 0, stderr: "" });
  expect(healthy.stdout).toMatch(/^✓ GitHub App +patchwright/m);
  expect(healthy.stdout).toMatch(/^✓ settings +valid, the defaults: /m);
  expect(await run({ WEBHOOK_SECRET: "" })).toMatchObject({ code: 1, stderr: /WEBHOOK_SECRET is not set/ });
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const PRIVATE_KEY = privateKey.export({ type: "pkcs1", format: "pem" }).toString();
  service.github.setWebhook("http://127.0.0.1:9/hooks");
  const broken: [changes: Record<string, string>, line: RegExp][] = [
    [{ ANTHROPIC_API_KEY: "sk-ant-refused" }, /^✗ Claude key +\S.*\n +→ set ANTHROPIC_API_KEY/m],
    [{ PRIVATE_KEY }, /^✗ GitHub App +\S.*\n +→ check APP_ID and PRIVATE_KEY/m],
    [{ PORT: "9", DATA_DIR: "/dev/null/data" }, /^✗ store +\S.*\n +→ .*DATA_DIR writable/m],
    [{ PATCHWRIGHT_OWNERS: "globex" }, /^✗ repository +\S.*\n +→ add acme to PATCHWRIGHT_OWNERS/m],
    [{}, /^✗ webhook address +\S.* is not ours\n +→ set the webhook URL/m],
  ];
  for (const [changes, line] of broken) {
    const said = await run(changes, shop);
    expect(said).toMatchObject({ code: 1, stderr: "" });
    expect(said.stdout).toMatch(line);
  }
});

test("`/agent doctor` tells an admin pass or fail without values, and nobody else", async () => {
  const { github } = service;
  const number = github.openIssue(shop, { title: "Add", author: "mona" });
  github.comment(shop, number, { body: "/agent doctor", by: "mona" });
  const replies = () =>
    github.comments(shop, number).filter(({ author }) => author !== "mona" && author !== "ada");
  await expect.poll(() => replies().at(-1)?.body, { timeout: 60_000 }).toMatch(/mona.*admin/s);
  github.comment(shop, number, { body: "/agent doctor", by: "ada" });
  await expect.poll(() => replies().at(-1)?.body, { timeout: 60_000 }).toMatch(/✅ GitHub App/);
  const told = replies().at(-1)?.body ?? "";
  expect(told).toContain("✅ token");
  expect(told).toMatch(/✅ repository\n- ✅ settings/);
  expect(told).not.toMatch(/patchwright \(|127\.0\.0\.1|http|of \d+/);
});
