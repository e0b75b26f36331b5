/**
 * Two real servers on one PostgreSQL between the two simulators, in real time, and one issue to work on. The
 * server that holds the run can be struck where it hurts; the other then takes over. Simulated senders reach
 * one server, as through a balancer that sends nothing to a server that is down.
 */
import { expect, onTestFinished } from "vitest";
import { pause, systemClock } from "../../src/clock.ts";
import { connect, environmentOf, type LogLine, type ServerProcess, startServer } from "../process.ts";
import type { Script } from "../sim/claude/agent.ts";
import { type ClaudeSim, startClaude } from "../sim/claude/claude.ts";
import { fixAndSubmit } from "../sim/claude/scripts.ts";
import { type GitHubSim, startGitHub } from "../sim/github/github.ts";
import { freshDatabase } from "../store/server.ts";

/** The repository of the issue. */
export const shop = "acme/shop";

/** How long a token lives: a take-over must fit into what is left when one is due to be replaced. */
const tokenLifeMs = 60_000;
const patienceMs = 120_000;

/** What happens to a server: it ends without a word, or it stands still and knows nothing of it afterwards. */
export type Blow = "killed" | "stopped";

/** When to strike: at the first request of this kind, before its effect (which is then lost) or after it. */
export interface Moment {
  phase: "before" | "after";
  method: string;
  route: string;
}

/** What is known of a server that was struck. */
export interface Struck {
  at: number;
  server: ServerProcess;
  other: ServerProcess;
}

/** The servers and what is around them. */
export interface House {
  github: GitHubSim;
  claude: ClaudeSim;
  servers: ServerProcess[];
  /** Opens an issue of mona's and labels it; resolves with its number. */
  label(): number;
  /** Resolves with the server that was struck, once the moment has come. */
  strikes(blow: Blow, moment: Moment): Promise<Struck>;
  until(what: string, so: () => boolean): Promise<void>;
}

/** Starts both; `workMs` is how long the agent thinks before it pushes. */
export async function build(workMs: number): Promise<House> {
  const { url, drop } = await freshDatabase();
  const github = await startGitHub({ tokenLifeMs });
  const claude = await startClaude({ gitHosts: [github.host] });
  const start = () =>
    startServer({
      ...environmentOf({ github, claude, dataDir: "unused" }),
      ...{ DATABASE_URL: url, PATCHWRIGHT_POLL_MS: "1000", PATCHWRIGHT_SWEEP_MS: "60000" },
    });
  const servers = [start(), start()];
  onTestFinished(async () => {
    await Promise.all(servers.map((server) => server.end("SIGKILL")));
    await claude.stop();
    await github.stop();
    await drop();
  });
  const [first = ""] = await Promise.all(servers.map((server) => server.ready(60_000)));
  connect({ github, claude }, first);
  await seed(github);
  claude.script(() => worksFor(workMs));
  const until = async (what: string, so: () => boolean) => {
    const end = systemClock.now() + patienceMs;
    while (!so()) {
      if (systemClock.now() > end) throw new Error(`never: ${what}\n${lastLines(servers)}`);
      await pause(systemClock, 20);
    }
  };
  return {
    github,
    claude,
    servers,
    label: () => {
      const number = github.openIssue(shop, { title: "Add is wrong", body: "It adds one.", author: "mona" });
      github.label(shop, number, { label: "agent", by: "mona" });
      return number;
    },
    strikes: async (blow, moment) => {
      const struck: Struck[] = [];
      waitFor({ github, claude, servers }, moment, async () => {
        const one = await strike(servers, blow);
        connect({ github, claude }, await one.other.ready());
        struck.push(one);
      });
      await until("the moment has come", () => struck.length > 0);
      const [one] = struck;
      if (!one) throw new Error("somebody was struck");
      return one;
    },
    until,
  };
}

async function seed(github: GitHubSim): Promise<void> {
  github.addOrganization("acme");
  github.addUser("mona");
  await github.addRepository({ owner: "acme", name: "shop", files: { "add.js": "export const add = 0;\n" } });
  github.setRole(shop, "mona", "write");
  github.install("acme");
}

function worksFor(ms: number): Script {
  return async (agent) => {
    await agent.wait(ms);
    await fixAndSubmit({ path: "add.js", content: "export const add = (a, b) => a + b;\n" })(agent);
  };
}

function lastLines(servers: ServerProcess[]): string {
  return servers.map(({ lines }) => JSON.stringify(lines.slice(-12))).join("\n\n");
}

/** Calls `then` at the first request that fits, and only goes on with the request afterwards. */
function waitFor(
  { github, claude }: Pick<House, "github" | "claude" | "servers">,
  moment: Moment,
  then: () => Promise<void>,
): void {
  let come = false;
  const fits = (phase: string, method: string, route: string) => {
    if (come || phase !== moment.phase || method !== moment.method || route !== moment.route) return false;
    come = true;
    return true;
  };
  const isLost = moment.phase === "before";
  github.onRequest(async (phase, { method, route }) => {
    if (!fits(phase, method, route)) return undefined;
    await then();
    return isLost ? "cut" : undefined;
  });
  claude.onRequest(async ({ phase, request: { method, route } }) => {
    if (!fits(phase, method, route)) return undefined;
    await then();
    return isLost ? "reset" : undefined;
  });
}

/** Strikes the server that entered a run last: the request on its way is its. */
async function strike(servers: ServerProcess[], blow: Blow): Promise<Struck> {
  // What it has logged is still on its way to us.
  await pause(systemClock, 100);
  const [server, other] = servers.toSorted((one, another) => lastEntry(another) - lastEntry(one));
  if (!server || !other) throw new Error("there are two servers");
  const at = systemClock.now();
  server.signal(blow === "killed" ? "SIGKILL" : "SIGSTOP");
  return { at, server, other };
}

/** When a server last entered a run, milliseconds since the epoch; 0 when it never did. */
export function lastEntry({ lines }: ServerProcess): number {
  return timeOf(lines.findLast(({ msg }) => msg === "entered"));
}

/** When a server first entered a run after `since`; undefined while it has not. */
export function entryAfter({ lines }: ServerProcess, since: number): number | undefined {
  return lines
    .filter(({ msg }) => msg === "entered")
    .map(timeOf)
    .find((at) => at > since);
}

function timeOf(line: LogLine | undefined): number {
  return typeof line?.["time"] === "string" ? Date.parse(line["time"]) : 0;
}

/** Tokens made for sessions that somebody could still use. */
export function liveTokens(github: GitHubSim): number {
  const now = systemClock.now();
  return github
    .tokens()
    .filter(({ repositoryIds, revokedAt, expiresAt }) => repositoryIds && !revokedAt && expiresAt > now)
    .length;
}

/** As if nothing had happened: one of everything, and no git operation without a good token. */
export function expectOneOfEverything({ github, claude }: House, issue: number): void {
  const comments = github.comments(shop, issue);
  expect(comments.map(({ body }) => body.includes("opened #2"))).toEqual([true]);
  expect(claude.sessions).toHaveLength(1);
  const events = claude.sessions.flatMap(({ log }) => log.map(({ type }) => type));
  expect(events.filter((type) => type === "user.message")).toHaveLength(1);
  expect(events.filter((type) => type === "user.custom_tool_result")).toHaveLength(1);
  expect(events).not.toContain("user.interrupt");
  expect(github.pulls(shop).map(({ number, state }) => ({ number, state }))).toEqual([
    { number: 2, state: "open" },
  ]);
  expect(github.reactions(shop, issue).toSorted()).toEqual(["eyes", "rocket"]);
  expect(claude.scriptErrors).toEqual([]);
  expect(claude.gitOperations.filter(({ status }) => status >= 400)).toEqual([]);
  expect(liveTokens(github)).toBe(0);
}
