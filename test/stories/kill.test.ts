/**
 * The real process, in real time: killed where it hurts and started again on the same directory, the run
 * ends as if nothing had happened; asked to stop, it stops in time; started wrongly, it says what is wrong.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, type TestContext, test } from "vitest";
import { pause, systemClock } from "../../src/clock.ts";
import { connect, environmentOf, type ServerProcess, startServer } from "../process.ts";
import type { Script } from "../sim/claude/agent.ts";
import { type ClaudeSim, startClaude } from "../sim/claude/claude.ts";
import { fixAndSubmit } from "../sim/claude/scripts.ts";
import { type GitHubSim, startGitHub } from "../sim/github/github.ts";

const shop = "acme/shop";
const tokenLifeMs = 8_000;
const stepMs = 500;
const stepsMax = 120;
/** Much longer than it takes where the machine has nothing else to do. */
const patienceMs = 100_000;

/** The simulators, a directory that outlives processes, and the process of the moment. */
interface House {
  github: GitHubSim;
  claude: ClaudeSim;
  dataDir: string;
  server: ServerProcess;
  /** Kills the server where it stands and starts it again, on the same address and directory. */
  killed(): Promise<void>;
  until(what: string, so: () => boolean): Promise<void>;
}

/** Works until its token was replaced, however long a killed server takes to come back, then hands in. */
const slowWork: Script = async (agent) => {
  for (let step = 0; step < stepsMax && agent.session.mounts[0]?.ledger.length === 1; step += 1)
    await agent.wait(stepMs);
  await fixAndSubmit({ path: "add.js", content: "export const add = (a, b) => a + b;\n" })(agent);
};

/** What is cleared away with its test; tests that run side by side each have their own. */
type Finishing = Pick<TestContext, "onTestFinished">;

async function temporary({ onTestFinished }: Finishing): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "patchwright-kill-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

async function build(context: Finishing): Promise<House> {
  const dataDir = await temporary(context);
  const github = await startGitHub({ tokenLifeMs });
  const claude = await startClaude({ gitHosts: [github.host] });
  let server = startServer(environmentOf({ github, claude, dataDir }));
  context.onTestFinished(async () => {
    await server.end("SIGKILL");
    await claude.stop();
    await github.stop();
  });
  const url = await server.ready();
  connect({ github, claude }, url);
  github.addOrganization("acme");
  github.addUser("mona");
  await github.addRepository({ owner: "acme", name: "shop", files: { "add.js": "export const add = 0;\n" } });
  github.setRole(shop, "mona", "write");
  github.install("acme");
  claude.script(() => slowWork);
  return {
    github,
    claude,
    dataDir,
    get server() {
      return server;
    },
    killed: async () => {
      await server.end("SIGKILL");
      server = startServer(environmentOf({ github, claude, dataDir, port: Number(new URL(url).port) }));
      await server.ready();
    },
    until: async (what, so) => {
      const end = systemClock.now() + patienceMs;
      while (!so()) {
        if (systemClock.now() > end)
          throw new Error(`never: ${what}\n${stateOf({ github, claude }, server)}`);
        await pause(systemClock, 20);
      }
    },
  };
}

/** What is under way and what was said last, for whoever has to find out why. */
function stateOf({ github, claude }: Pick<House, "github" | "claude">, server: ServerProcess): string {
  const open = [...github.log, ...claude.log].filter(({ status }) => status === 0);
  return [
    ...open.map(({ at, method, route }) => `unanswered since ${at}: ${method} ${route}`),
    ...claude.sessions.map(({ id, status, log }) => `${id} ${status}, last ${JSON.stringify(log.at(-1))}`),
    server.words(),
    ...server.lines.slice(-15).map((line) => JSON.stringify(line)),
  ].join("\n");
}

function label({ github }: House): number {
  const number = github.openIssue(shop, { title: "Add is wrong", body: "It adds one.", author: "mona" });
  github.label(shop, number, { label: "agent", by: "mona" });
  return number;
}

/** Kills the server at its first request of this kind to GitHub or the platform; returns how often it has. */
function killAt(house: House, phase: "before" | "after", isIt: (method: string, route: string) => boolean) {
  const deaths: Promise<void>[] = [];
  const strike = (method: string, route: string) => {
    if (deaths.length > 0 || !isIt(method, route)) return false;
    deaths.push(house.killed());
    return true;
  };
  house.github.onRequest((when, { method, route }) =>
    when === phase && strike(method, route) ? "cut" : undefined,
  );
  house.claude.onRequest(({ phase: when, request }) =>
    when === phase && strike(request.method, request.route) ? "reset" : undefined,
  );
  return () => deaths.length;
}

/** As if nothing had happened: one of everything, the work in it, and no token left alive. */
async function expectOneOfEverything({ github, claude }: House, issue: number): Promise<void> {
  const [status, ...others] = github.comments(shop, issue);
  expect(others).toEqual([]);
  expect(status?.body).toContain("opened #2");
  expect(claude.sessions).toHaveLength(1);
  const events = claude.sessions.flatMap(({ log }) => log);
  expect(events.filter(({ type }) => type === "user.message")).toHaveLength(1);
  expect(events.filter(({ type }) => type === "user.custom_tool_result")).toHaveLength(1);
  expect(github.pulls(shop).map(({ number, state }) => ({ number, state }))).toEqual([
    { number: 2, state: "open" },
  ]);
  const head = github.pulls(shop)[0]?.head ?? "";
  expect(await github.file(shop, head, "add.js")).toContain("a + b;");
  expect(github.reactions(shop, issue).toSorted()).toEqual(["eyes", "rocket"]);
  expect(claude.scriptErrors).toEqual([]);
  expect(claude.gitOperations.filter(({ status: answer }) => answer >= 400)).toEqual([]);
  const handed = github.tokens().filter(({ repositoryIds }) => repositoryIds !== undefined);
  expect(handed.length).toBeGreaterThan(1);
  expect(handed.filter(({ revokedAt, expiresAt }) => !revokedAt && expiresAt > systemClock.now())).toEqual(
    [],
  );
}

const moments: Record<string, (method: string, route: string) => boolean> = {
  "the request": (method, route) => method === "POST" && route === "/v1/sessions/:id/events",
  "a rotation": (method, route) => method === "POST" && route === "/v1/sessions/:id/resources/:resource",
  "the pull request": (method, route) => method === "POST" && route === "/repos/{owner}/{repo}/pulls",
};

describe.concurrent("a server that is killed and started again", () => {
  test.for(["before", "after"] as const)(
    "three times in one run, each %s the effect: it ends as if nothing had happened",
    async (phase, context) => {
      const house = await build(context);
      const deaths = Object.values(moments).map((isIt) => killAt(house, phase, isIt));
      const issue = label(house);
      await house.until("the ending is shown", () =>
        house.github.comments(shop, issue).some(({ body }) => body.includes("opened #")),
      );
      await house.until("the tokens are dead", () =>
        house.github
          .tokens()
          .every(({ repositoryIds, revokedAt, expiresAt }) =>
            repositoryIds ? revokedAt !== undefined || expiresAt < systemClock.now() : true,
          ),
      );
      expect(deaths.map((count) => count())).toEqual([1, 1, 1]);
      await expectOneOfEverything(house, issue);
      expect(await house.server.end()).toEqual({ code: 0, signal: null });
    },
  );

  test("SIGTERM and SIGINT in the middle of a run: status 0 in time, and another goes on with it", async (context) => {
    const house = await build(context);
    const issue = label(house);
    await house.until("the agent works", () => house.claude.sessions[0]?.status === "running");
    const began = systemClock.now();
    // A terminal's Ctrl-C reaches the server beside whoever started it and stops it too.
    const ends = await Promise.all([house.server.end("SIGINT"), house.server.end("SIGTERM")]);
    expect(ends).toEqual([
      { code: 0, signal: null },
      { code: 0, signal: null },
    ]);
    expect(systemClock.now() - began).toBeLessThan(10_000);
    await house.killed();
    await house.until("the ending is shown", () =>
      house.github.comments(shop, issue).some(({ body }) => body.includes("opened #")),
    );
    await expectOneOfEverything(house, issue);
  });

  test("a second process waits for the directory, then says so: status 2", async (context) => {
    const house = await build(context);
    const second = startServer(environmentOf(house));
    const began = systemClock.now();
    expect(await second.ended()).toEqual({ code: 2, signal: null });
    expect(systemClock.now() - began).toBeGreaterThan(14_000);
    expect(second.words()).toMatch(/Another process is using .* DATABASE_URL/);
    expect(house.server.exit()).toBeUndefined();
  });
});

describe("a server that cannot start", () => {
  /** Where nobody listens. */
  const nowhere = { ANTHROPIC_BASE_URL: "http://127.0.0.1:9" };

  test("for want of its configuration names every variable", async (context) => {
    const partial = startServer({
      APP_ID: "nobody",
      PORT: "eighty",
      DATA_DIR: await temporary(context),
      ...nowhere,
    });
    expect(await partial.ended()).toEqual({ code: 2, signal: null });
    for (const name of ["APP_ID", "PRIVATE_KEY", "WEBHOOK_SECRET", "ANTHROPIC_API_KEY", "PORT"])
      expect(partial.words()).toMatch(new RegExp(`^ +${name} `, "m"));
    const some = startServer({ APP_ID: "7", DATA_DIR: await temporary(context) });
    expect(await some.ended()).toEqual({ code: 2, signal: null });
    for (const name of ["PRIVATE_KEY", "WEBHOOK_SECRET", "ANTHROPIC_API_KEY"])
      expect(some.words()).toMatch(new RegExp(`^ +${name} is not set`, "m"));
    expect(`${partial.words()}${some.words()}`).not.toContain(" at ");
  });

  test("for its Claude key says so and how to mend it, and shows no key", async (context) => {
    const house = await build(context);
    const key = "sk-ant-a-key-that-was-revoked";
    const refused = startServer({
      ...environmentOf({ ...house, dataDir: await temporary(context) }),
      ANTHROPIC_API_KEY: key,
    });
    expect(await refused.ended()).toEqual({ code: 2, signal: null });
    expect(refused.words()).toMatch(/does not accept .* ANTHROPIC_API_KEY/);
    expect(`${refused.words()}${JSON.stringify(refused.lines)}`).not.toContain(key);
  });
});
