/** The operator's pause of one account, written beside the running service as the command line does it. */
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { systemClock } from "../../src/clock.ts";
import { readConfig } from "../../src/config.ts";
import { pausedBeside, pauseOrResume } from "../../src/doors/pausing.ts";
import { openStore } from "../../src/store/database.ts";
import { type ClaudeSim, startClaude } from "../sim/claude/claude.ts";
import { type GitHubSim, startGitHub } from "../sim/github/github.ts";
import { settingsOn } from "./service.ts";

let github: GitHubSim;
let claude: ClaudeSim;
const dataDir = mkdtempSync(join(tmpdir(), "patchwright-pausing-"));
beforeAll(async () => {
  github = await startGitHub();
  claude = await startClaude({ gitHosts: [github.host] });
});
afterAll(async () => {
  await Promise.all([github.stop(), claude.stop()]);
  rmSync(dataDir, { recursive: true });
});

const environment = () => ({ ...settingsOn(github, claude), DATA_DIR: dataDir });
const said = (...words: string[]) => pauseOrResume(environment(), words);

test("without a database there is nobody to pause, and that is said", async () => {
  expect(await said("pause", "acme")).toMatchObject({
    status: 1,
    words: expect.stringContaining("Start the service once"),
  });
  expect(await pausedBeside(readConfig(environment()))).toEqual([]);
});

test("paused and resumed beside a service that has the store to itself", async () => {
  const service = await openStore({ kind: "embedded", dataDir, clock: systemClock });
  const rows = () => service.db.selectFrom("pauses").select("owner").execute();
  expect(await said("pause", "Acme")).toEqual({
    status: 0,
    words:
      "Acme is paused: nothing new starts (0 at work, 0 waiting). What is at work goes on; `/agent stop` ends it.\n",
  });
  expect(await rows()).toEqual([{ owner: "acme" }]);
  expect((await said("pause", "acme")).status).toBe(0);
  expect(await pausedBeside(readConfig(environment()))).toEqual(["acme"]);
  expect((await said("resume", "ACME")).words).toContain("ACME goes on");
  expect(await rows()).toEqual([]);
  expect((await said("resume", "acme")).words).toBe("acme was not paused (0 at work, 0 waiting).\n");
  await service.close();
});

test("whom to pause has to be said", async () => {
  expect(await said("pause")).toMatchObject({
    status: 1,
    words: expect.stringContaining("`npm run pause -- OWNER`"),
  });
  expect((await said("resume", "not a login")).status).toBe(1);
});

test("the command line", async () => {
  const { code, text } = await new Promise<{ code: number; text: string }>((resolve) => {
    const env = { ...process.env, ...environment() };
    execFile(process.execPath, ["src/start.js", "pause", "acme"], { env }, (error, stdout, stderr) =>
      resolve({ code: typeof error?.code === "number" ? error.code : 0, text: stdout + stderr }),
    );
  });
  expect([code, text]).toEqual([0, expect.stringContaining("acme is paused")]);
});
