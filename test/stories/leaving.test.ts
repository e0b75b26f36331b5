/** SIGTERM at bad moments: before the service is ready, and while GitHub answers nobody. Status 0 within ten seconds. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { pause, systemClock } from "../../src/clock.ts";
import { connect, environmentOf, type ServerProcess, startServer } from "../process.ts";
import { type ClaudeSim, startClaude } from "../sim/claude/claude.ts";
import { doNothing } from "../sim/claude/scripts.ts";
import { type GitHubSim, startGitHub } from "../sim/github/github.ts";

const exitMsMax = 10_000;
/** For what takes no time: a process on a busy machine. */
const promptMsMax = 3_000;
const whileMs = 60_000;

interface World {
  github: GitHubSim;
  claude: ClaudeSim;
  /** Starts a server; all of a world share one directory. */
  open(): ServerProcess;
}

async function world(): Promise<World> {
  const github = await startGitHub();
  const claude = await startClaude({ gitHosts: [github.host] });
  const dataDir = await mkdtemp(join(tmpdir(), "patchwright-leaving-"));
  onTestFinished(async () => {
    await Promise.all([github.stop(), claude.stop()]);
    await rm(dataDir, { recursive: true, force: true });
  });
  const open = () => {
    const server = startServer(environmentOf({ github, claude, dataDir }));
    onTestFinished(async () => void (await server.end("SIGKILL")));
    return server;
  };
  return { github, claude, open };
}

async function until(so: () => boolean): Promise<void> {
  const end = systemClock.now() + exitMsMax;
  while (!so()) {
    if (systemClock.now() > end) throw new Error("it never came to pass");
    await pause(systemClock, 20);
  }
}

/** Expects status 0 within `msMax` of a SIGTERM. */
async function expectLeaves(server: ServerProcess, msMax: number): Promise<void> {
  const began = systemClock.now();
  expect(await server.end("SIGTERM", 2 * exitMsMax)).toEqual({ code: 0, signal: null });
  expect(systemClock.now() - began).toBeLessThan(msMax);
}

test("while another process holds the directory", { timeout: whileMs }, async () => {
  const { open } = await world();
  await open().ready();
  const second = open();
  await pause(systemClock, promptMsMax);
  expect(second.exit()).toBeUndefined();
  await expectLeaves(second, promptMsMax);
});

test("while the agent is being provisioned", { timeout: whileMs }, async () => {
  const { claude, open } = await world();
  claude.fault({ on: "*", times: 100, trouble: { kind: "latency", ms: whileMs } });
  const server = open();
  await until(() => claude.log.length > 0);
  await expectLeaves(server, promptMsMax);
});

test("while GitHub answers nobody", { timeout: whileMs }, async () => {
  const { github, claude, open } = await world();
  claude.script(() => doNothing);
  github.addOrganization("acme");
  github.addUser("mona");
  await github.addRepository({ owner: "acme", name: "shop", files: { "README.md": "# shop\n" } });
  github.setRole("acme/shop", "mona", "write");
  github.install("acme");
  const server = open();
  connect({ github, claude }, await server.ready());
  const label = () => {
    const issue = github.openIssue("acme/shop", { title: "Add is wrong", author: "mona" });
    github.label("acme/shop", issue, { label: "agent", by: "mona" });
  };
  label();
  await until(() => server.lines.some(({ msg }) => msg === "round ended"));
  github.fault({ times: 1_000, kind: "stall", ms: whileMs });
  const asked = github.log.length;
  label();
  await until(() => github.log.length > asked);
  await expectLeaves(server, exitMsMax);
});
