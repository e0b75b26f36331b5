/**
 * What keeps the service from starting, and what it says: each refusal names the thing and the remedy, and
 * what had been opened is closed again. And the one thing that goes wrong later: a disk that is full.
 */
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { systemClock } from "../../src/clock.ts";
import { readConfig } from "../../src/config.ts";
import { isProblem, type Problem } from "../../src/domain/errors.ts";
import { createLogger } from "../../src/log.ts";
import { type App, start } from "../../src/main.ts";
import { type ClaudeSim, startClaude } from "../sim/claude/claude.ts";
import { type GitHubSim, startGitHub } from "../sim/github/github.ts";
import { Disk } from "../store/disk.ts";
import { labelled } from "./payload.ts";
import { post, settingsOn, usualHeaders } from "./service.ts";

let github: GitHubSim;
let claude: ClaudeSim;
beforeAll(async () => {
  github = await startGitHub();
  claude = await startClaude({ gitHosts: [github.host] });
});
afterAll(() => Promise.all([github.stop(), claude.stop()]));

let dataDir: string;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), "patchwright-startup-"));
});
afterEach(() => {
  rmSync(dataDir, { recursive: true });
});

/** Starts the service, with changes to its environment or on another disk. */
function open(env: Record<string, string> = {}, disk?: ReturnType<Disk["open"]>): Promise<App> {
  const config = readConfig({ ...settingsOn(github, claude), DATA_DIR: dataDir, ...env });
  const outside = { clock: systemClock, log: createLogger("silent"), random: randomBytes };
  return start(config, disk ? { ...outside, store: { kind: "lent", connection: disk } } : outside);
}

/** The refusal of a start that must not succeed. */
async function refusal(env: Record<string, string> = {}): Promise<Problem> {
  const failed: unknown = await open(env).then(
    (app) => app.stop().then(() => new Error("it started")),
    (error: unknown) => error,
  );
  if (!isProblem(failed, "refused")) throw failed;
  expect(failed.message).not.toContain(github.app.webhookSecret);
  return failed;
}

test("a database file that is none", async () => {
  writeFileSync(join(dataDir, "patchwright.db"), "this is a shopping list, not a database\n".repeat(100));
  const { code, message } = await refusal();
  expect(code).toBe("store_damaged");
  expect(message).toMatch(/not a database of ours, or is damaged\. Move it away or restore it/);
});

test("a database of a newer version", async () => {
  await (await open()).stop();
  const database = new DatabaseSync(join(dataDir, "patchwright.db"));
  database.exec("insert into kysely_migration values ('9999_of_tomorrow', '2099-01-01T00:00:00Z')");
  database.close();
  const { code, message } = await refusal();
  expect(code).toBe("store_newer");
  expect(message).toMatch(/newer version \(it has 9999_of_tomorrow\)\. Start that version, or restore/);
});

test("a data directory that cannot be made", async () => {
  writeFileSync(join(dataDir, "file"), "");
  const { code, message } = await refusal({ DATA_DIR: join(dataDir, "file", "data") });
  expect(code).toBe("store_unwritable");
  expect(message).toMatch(/cannot be written\. Give this user the right to write it, or set DATA_DIR/);
});

test("a port in use, and the directory is free again afterwards", async () => {
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
  const address = taken.address();
  const port = typeof address === "object" ? String(address?.port) : "";
  const { code, message } = await refusal({ PORT: port });
  expect(code).toBe("address_unusable");
  expect(message).toBe(`127.0.0.1:${port} is in use by another process: change HOST or PORT.`);
  await new Promise((resolve) => taken.close(resolve));
  await (await open()).stop();
});

test("a Claude key that is refused", async () => {
  const { code, message } = await refusal({ ANTHROPIC_API_KEY: "sk-ant-refused" });
  expect(code).toBe("claude_credentials");
  expect(message).toMatch(/does not accept this service's API key.*replace ANTHROPIC_API_KEY/);
  expect(message).not.toContain("sk-ant-refused");
});

test("a Claude platform that is down keeps nobody from taking deliveries", async () => {
  const off = claude.fault({ on: "*", times: 1_000, trouble: { kind: "status", status: 529 } });
  const app = await open();
  const body = JSON.stringify(labelled({ action: "opened" }));
  const answer = await post(
    `${app.url}/api/github/webhooks`,
    usualHeaders(body, github.app.webhookSecret),
    body,
  );
  off();
  await app.stop();
  expect(answer.status).toBe(202);
});

test("while a secret is replaced both are taken, and afterwards the old one is not", async () => {
  const next = "the next secret of good length";
  const body = JSON.stringify(labelled({ action: "opened" }));
  const statuses = async (secrets: string) => {
    const app = await open({ WEBHOOK_SECRET: secrets });
    const address = `${app.url}/api/github/webhooks`;
    const old = await post(address, usualHeaders(body, github.app.webhookSecret), body);
    const young = await post(address, usualHeaders(body, next), body);
    await app.stop();
    return [old.status, young.status];
  };
  expect(await statuses(`${next},${github.app.webhookSecret}`)).toEqual([202, 202]);
  expect(await statuses(next)).toEqual([401, 202]);
});

test("a delivery that cannot be stored is answered 503 and taken when it comes again", async () => {
  let full = false;
  const sqliteFull = Object.assign(new Error("database or disk is full"), { errcode: 13 });
  const disk = new Disk().open((sql) => {
    if (full && /insert into "deliveries"/.test(sql)) throw sqliteFull;
  });
  const app = await open({}, disk);
  const body = JSON.stringify(labelled({ action: "opened" }));
  const headers = usualHeaders(body, github.app.webhookSecret);
  const deliver = () => post(`${app.url}/api/github/webhooks`, headers, body);
  full = true;
  expect((await deliver()).status).toBe(503);
  full = false;
  expect((await deliver()).status).toBe(202);
  await app.stop();
});

test("only installations of the owners named are served", async () => {
  const app = await open({ PATCHWRIGHT_OWNERS: "octo" });
  const body = JSON.stringify(labelled());
  const answer = await post(
    `${app.url}/api/github/webhooks`,
    usualHeaders(body, github.app.webhookSecret),
    body,
  );
  await app.stop();
  expect(answer).toMatchObject({ status: 202, text: "ignored" });
});
