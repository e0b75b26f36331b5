/** The environment: every mistake at once, each by its variable, and no secret in any message. */
import { execFile } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { Pool } from "pg";
import { afterAll, expect, test } from "vitest";
import { readConfig, readSetUpConfig } from "../src/config.ts";
import { isProblem } from "../src/domain/errors.ts";

const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const pkcs1 = privateKey.export({ type: "pkcs1", format: "pem" }).toString();
const pkcs8 = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
const ecKey = generateKeyPairSync("ec", { namedCurve: "P-256" })
  .privateKey.export({ type: "pkcs8", format: "pem" })
  .toString();
const directory = mkdtempSync(join(tmpdir(), "patchwright-config-"));
const keyFile = join(directory, "app.pem");
writeFileSync(keyFile, pkcs1);
afterAll(() => rmSync(directory, { recursive: true }));

const good = {
  APP_ID: "12345",
  PRIVATE_KEY: pkcs1,
  WEBHOOK_SECRET: "a webhook secret of good length",
  ANTHROPIC_API_KEY: "sk-ant-not-a-real-one",
};

/** The message that refuses this environment. */
function refusal(changes: Record<string, string | undefined>): string {
  try {
    readConfig({ ...good, ...changes });
  } catch (error) {
    if (isProblem(error, "refused")) return error.message;
    throw error;
  }
  throw new Error("nothing was refused");
}

test("the least that is needed, and what the rest is by default", () => {
  const config = readConfig(good);
  expect(config.app.id).toBe(12_345);
  expect(config.github).toEqual({ webUrl: "https://github.com", apiUrl: "https://api.github.com" });
  expect(config.server).toEqual({ host: "127.0.0.1", port: 3000 });
  expect(config.store.databaseUrl).toBeUndefined();
  expect(config.sealKeys).toBeUndefined();
  expect(config.owners).toBeUndefined();
  expect(config.pollMs).toBe(30_000);
  expect(config.limits).toEqual({
    budgetCents: 500,
    budgetCentsMax: 5_000,
    dayCentsMax: 50_000,
    activeRuns: 25,
  });
});

test.each([
  ["PKCS#1", { PRIVATE_KEY: pkcs1 }],
  ["PKCS#8", { PRIVATE_KEY: pkcs8 }],
  ["\\n escapes", { PRIVATE_KEY: pkcs1.replaceAll("\n", "\\n") }],
  ["base64", { PRIVATE_KEY: Buffer.from(pkcs1).toString("base64") }],
  ["a file", { PRIVATE_KEY: undefined, PRIVATE_KEY_PATH: keyFile }],
])("the private key as %s", (_form, changes) => {
  expect(readConfig({ ...good, ...changes }).app.privateKey.reveal()).toBe(pkcs8);
});

test("two webhook secrets while rotating, an Enterprise Server, owners in any case", () => {
  const config = readConfig({
    ...good,
    WEBHOOK_SECRET: "the new secret of good length, the old secret of good length",
    GHE_HOST: "github.acme.test:8443",
    GHE_PROTOCOL: "http",
    PATCHWRIGHT_OWNERS: "Acme, mona,",
    PATCHWRIGHT_SEAL_KEY: `${Buffer.alloc(32, 1).toString("base64")},${Buffer.alloc(32, 2).toString("base64")}`,
  });
  expect(config.app.webhookSecrets.map((secret) => secret.reveal())).toEqual([
    "the new secret of good length",
    "the old secret of good length",
  ]);
  expect(config.github).toEqual({
    webUrl: "http://github.acme.test:8443",
    apiUrl: "http://github.acme.test:8443/api/v3",
  });
  expect(config.owners).toEqual(["acme", "mona"]);
  expect(config.sealKeys).toHaveLength(2);
});

test("the public address without the slash that people copy along", () => {
  const config = readConfig({ ...good, PUBLIC_URL: " https://patchwright.acme.test:8443/ " });
  expect(config.server.publicUrl).toBe("https://patchwright.acme.test:8443");
});

test.each([
  ["https://Patchwright.ACME.test:443", "https://patchwright.acme.test"],
  ["http://LOCALHOST:80//", "http://localhost"],
])("the public address %s as a browser writes it", (PUBLIC_URL, origin) => {
  expect(readConfig({ ...good, PUBLIC_URL }).server.publicUrl).toBe(origin);
  expect(readSetUpConfig({ DATA_DIR: directory, PUBLIC_URL })?.server.publicUrl).toBe(origin);
});

const missing = join(directory, "nowhere.pem");
test.each<[string, string | undefined, RegExp]>([
  ["APP_ID", undefined, /APP_ID is not set: the number/],
  ["APP_ID", "patchwright", /APP_ID must be the App's number/],
  ["APP_ID", "-1", /APP_ID /],
  ["PRIVATE_KEY", undefined, /PRIVATE_KEY is not set: .*PRIVATE_KEY_PATH/],
  ["PRIVATE_KEY", "hunter2-hunter2", /PRIVATE_KEY is not an RSA private key: use the \.pem/],
  ["PRIVATE_KEY", pkcs1.slice(0, 400), /PRIVATE_KEY is not an RSA private key/],
  ["PRIVATE_KEY", ecKey, /PRIVATE_KEY is not an RSA private key/],
  ["WEBHOOK_SECRET", undefined, /WEBHOOK_SECRET is not set: the webhook secret/],
  ["WEBHOOK_SECRET", "   ", /WEBHOOK_SECRET is not set/],
  ["WEBHOOK_SECRET", "development", /WEBHOOK_SECRET is too short: at least 16/],
  ["WEBHOOK_SECRET", "a webhook secret of good length,", /WEBHOOK_SECRET is too short/],
  ["WEBHOOK_SECRET", Array(3).fill("a webhook secret of good length").join(), /more than two secrets/],
  ["ANTHROPIC_API_KEY", undefined, /ANTHROPIC_API_KEY is not set: an API key/],
  ["WEBHOOK_SECRET", "hunter2-hunter2-\nhunter2-hunter2", /WEBHOOK_SECRET holds a line break/],
  ["ANTHROPIC_API_KEY", "sk-ant-hunter2-\nhunter2", /ANTHROPIC_API_KEY must be printable ASCII .*one piece$/],
  ["ANTHROPIC_API_KEY", "\u201csk-ant-hunter2\u201d", /ANTHROPIC_API_KEY must be printable ASCII/],
  ["ANTHROPIC_API_KEY", "sk-ant-hunter2 hunter2", /ANTHROPIC_API_KEY must be printable ASCII/],
  ["METRICS_TOKEN", "hunter2\thunter2", /METRICS_TOKEN must be printable ASCII/],
  ["ANTHROPIC_BASE_URL", "api.anthropic.test", /ANTHROPIC_BASE_URL must be an http or https URL/],
  ["ANTHROPIC_WEBHOOK_SIGNING_KEY", "hunter2-hunter2", /ANTHROPIC_WEBHOOK_SIGNING_KEY must be the whsec_/],
  ["GHE_HOST", "https://github.acme.test/", /GHE_HOST must be host\[:port\]/],
  ["GHE_HOST", "ghe.acme.test:65536", /GHE_HOST must be host\[:port\]/],
  ["GHE_HOST", "[::1::2]", /GHE_HOST must be host\[:port\]/],
  ["GHE_PROTOCOL", "ftp", /GHE_PROTOCOL must be https or http/],
  ["DATABASE_URL", "mysql://hunter2-hunter2@db/x", /DATABASE_URL must be a postgres:\/\/ URL/],
  ["DATABASE_URL", "postgres://u:hunter2/ss#w0rd@db:5432/x", /DATABASE_URL cannot be read .*percent-encoded/],
  ["DATABASE_URL", "postgres://u:hunter2@", /DATABASE_URL cannot be read/],
  ["DATABASE_URL", "postgres://u:hunter2%ff@db/x", /DATABASE_URL cannot be read .*percent-encoded/],
  ["PORT", "http", /PORT must be a port number/],
  ["PORT", "65536", /PORT /],
  ["PUBLIC_URL", "patchwright.acme.test", /PUBLIC_URL must be an http or https URL/],
  ["PUBLIC_URL", "https://patchwright.acme.test/app", /PUBLIC_URL must be .*: no path, query or password$/],
  ["PUBLIC_URL", "https://patchwright.acme.test/?a=b", /PUBLIC_URL must be .*: no path/],
  ["PUBLIC_URL", "https://patchwright.acme.test/#a", /PUBLIC_URL must be .*: no path/],
  ["PUBLIC_URL", "https://mona:hunter2-hunter2@patchwright.acme.test", /PUBLIC_URL must be .*password$/],
  ["GHE_HOST", "github.com", /GHE_HOST is for an Enterprise Server: leave it unset for github\.com/],
  ["PATCHWRIGHT_OWNERS", ",", /PATCHWRIGHT_OWNERS names nobody/],
  ["PATCHWRIGHT_OWNERS", " , ,", /PATCHWRIGHT_OWNERS names nobody/],
  ["PATCHWRIGHT_AGENT_ID", "hunter2-hunter2", /PATCHWRIGHT_AGENT_ID must be an agent_… id/],
  ["PATCHWRIGHT_ENVIRONMENT_ID", "hunter2-hunter2", /PATCHWRIGHT_ENVIRONMENT_ID must be an env_… id/],
  ["PATCHWRIGHT_SEAL_KEY", "hunter2-hunter2", /PATCHWRIGHT_SEAL_KEY must hold 32-byte keys in base64/],
  ["PATCHWRIGHT_BUDGET_USD", "five", /PATCHWRIGHT_BUDGET_USD must be an amount/],
  ["PATCHWRIGHT_BUDGET_USD_MAX", "0", /PATCHWRIGHT_BUDGET_USD_MAX /],
  ["PATCHWRIGHT_DAY_USD_MAX", "Infinity", /PATCHWRIGHT_DAY_USD_MAX /],
  ["PATCHWRIGHT_MAX_ACTIVE_RUNS", "many", /PATCHWRIGHT_MAX_ACTIVE_RUNS must be a number of runs/],
  ["PATCHWRIGHT_POLL_MS", "30s", /PATCHWRIGHT_POLL_MS must be a number of milliseconds/],
  ["PATCHWRIGHT_SWEEP_MS", "1", /PATCHWRIGHT_SWEEP_MS must be at least 100/],
  ["LOG_LEVEL", "loud", /LOG_LEVEL must be one of pino's levels/],
])("%s = %j is refused by its name", (name, value, words) => {
  const message = refusal({ [name]: value });
  expect(message).toMatch(words);
  expect(message.split("\n")).toHaveLength(2);
  expect(message).not.toMatch(/hunter2|BEGIN|sk-ant|good length/);
});

test.each([
  ["CLIENT_ID", { CLIENT_ID: "Iv1.hunter2\n2", CLIENT_SECRET: "a-secret" }],
  ["CLIENT_SECRET", { CLIENT_ID: "Iv1.a", CLIENT_SECRET: "hunter2\u00a0hunter2" }],
])("%s of a wrapped paste is refused by its name", (name, changes) => {
  expect(refusal(changes)).toBe(
    `Cannot start:\n  ${name} must be printable ASCII without spaces or line breaks: copy it in one piece`,
  );
});

test("a webhook secret may hold whatever can be typed", () => {
  const secret = "\u201cein Geheimnis mit \u00dcmlauten\u201d";
  const [read] = readConfig({ ...good, WEBHOOK_SECRET: secret }).app.webhookSecrets;
  expect(read?.reveal()).toBe(secret);
});

test("`npm start` ends with status 2 at a Claude key that was wrapped, and prints no part of it", async () => {
  const key = `sk-ant-api03-${"Ab1Cd2Ef3Gh4".repeat(3)}\n${"Ij5Kl6Mn7".repeat(4)}`;
  const env = { PATH: process.env["PATH"] ?? "", ...good, ANTHROPIC_API_KEY: key, DATA_DIR: directory };
  const entry = new URL("../src/start.js", import.meta.url).pathname;
  const run = promisify(execFile)(process.execPath, [entry], { env, timeout: 60_000 });
  const ended = await run.catch((failed: { code: number; stdout: string; stderr: string }) => failed);
  expect(ended).toMatchObject({ code: 2, stdout: "", stderr: /ANTHROPIC_API_KEY must be/ });
  expect(JSON.stringify(ended)).not.toMatch(/Ab1Cd2|Ij5Kl6/);
}, 30_000);

test.each([
  "postgres://u:p%2Fss%23w0rd@db:5432/x?sslmode=verify-full",
  "postgresql://db/x",
  "postgres:///x?host=/run/postgresql",
  "postgres://u:pw@/x?host=/run/postgresql",
  "postgres://u:pw@%2Frun%2Fpostgresql/x",
  "postgres://u:100%sure@[::1]:5432/x",
])("DATABASE_URL as pg takes it: %s", (url) => {
  expect(readConfig({ ...good, DATABASE_URL: url }).store.databaseUrl?.reveal()).toBe(url);
  expect(() => new Pool({ connectionString: url })).not.toThrow();
});

test("a key file that does not exist", () => {
  expect(refusal({ PRIVATE_KEY: undefined, PRIVATE_KEY_PATH: missing })).toMatch(
    /PRIVATE_KEY_PATH names a file that does not exist/,
  );
});

test("a key file that cannot be read is not called a bad key", () => {
  expect(refusal({ PRIVATE_KEY: undefined, PRIVATE_KEY_PATH: "." })).toMatch(
    /PRIVATE_KEY_PATH names a file that cannot be read \(EISDIR\)/,
  );
});

test("`npm start` reports all mistakes together, with status 2 and no secret", async () => {
  const environment = {
    PATH: process.env["PATH"] ?? "",
    APP_ID: "twelve",
    PRIVATE_KEY: "hunter2-hunter2",
    WEBHOOK_SECRET: "hunter2",
    PORT: "-1",
  };
  const entry = new URL("../src/start.js", import.meta.url).pathname;
  const run = promisify(execFile)(process.execPath, [entry], { env: environment });
  const { code, stdout, stderr } = await run.then(
    () => ({ code: 0, stdout: "", stderr: "" }),
    (failed: { code: number; stdout: string; stderr: string }) => failed,
  );
  expect(code).toBe(2);
  expect(stdout).toBe("");
  expect(stderr).not.toMatch(/hunter2/);
  for (const name of ["APP_ID", "PRIVATE_KEY", "WEBHOOK_SECRET", "ANTHROPIC_API_KEY", "PORT"]) {
    expect(stderr).toContain(name);
  }
});
