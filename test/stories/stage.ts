/**
 * A stage for stories: both simulators and the real service in one process, over real HTTP and real git,
 * on a virtual clock. Time stands still until nothing is in flight, then moves to the next alarm.
 */
import { randomBytes } from "node:crypto";
import type { Logger } from "pino";
import { expect } from "vitest";
import { pause, systemClock } from "../../src/clock.ts";
import { readConfig } from "../../src/config.ts";
import type { Settings } from "../../src/domain/settings.ts";
import { createLogger } from "../../src/log.ts";
import { type App, start } from "../../src/main.ts";
import type { Script } from "../sim/claude/agent.ts";
import { type ClaudeSim, startClaude } from "../sim/claude/claude.ts";
import type { PushPolicy } from "../sim/claude/push-policy.ts";
import type { Content } from "../sim/github/git.ts";
import { type GitHubSim, startGitHub } from "../sim/github/github.ts";
import { variables, webhookKey } from "../sim/variables.ts";
import { VirtualClock } from "../sim/virtual-clock.ts";
import { Disk } from "../store/disk.ts";
import { type Allowance, rowsOf, verdictOn } from "./verdict.ts";

/** The repository every story plays in, unless it makes its own. */
export const shop = "acme/shop";

/** How a story is set. */
export interface Setting {
  /** How the platform knocks: its webhooks, its streams, or not at all. */
  knocks?: "webhooks" | "streams" | "none";
  tokenLifeMs?: number;
  /** How far the service's clock is ahead of everybody else's. */
  aheadMs?: number;
  private?: boolean;
  /** What the platform's git proxy lets sessions push. */
  pushes?: PushPolicy;
  files?: Record<string, Content>;
  env?: Record<string, string>;
  /** People sign in to the dashboard with GitHub. */
  signIn?: true;
  /** How long a call may wait for an answer, in real milliseconds. */
  callTimeoutMs?: number;
  /** What happens to the simulators before the service starts for the first time. */
  beforehand?: (world: { github: GitHubSim; claude: ClaudeSim }) => unknown;
  /** What `close` may find because the story is about it. */
  allows?: Allowance[];
}

/** Everything a story needs. */
export interface Stage {
  clock: VirtualClock;
  github: GitHubSim;
  claude: ClaudeSim;
  app: App;
  disk: Disk;
  installation: number;
  /** Lines of the service's log, parsed. */
  lines: Record<string, unknown>[];
  /** Opens an issue of mona's and labels it. */
  labelled(issue?: { title?: string; body?: string; by?: string }): number;
  /** Plays one script in every session. */
  plays(script: Script): void;
  /** Lets time pass until it is so. Fails when it is not so within `withinMs` of virtual time. */
  until(what: string, so: () => boolean, withinMs?: number): Promise<void>;
  /** Lets `ms` of virtual time pass, everything coming to rest in between. */
  pass(ms: number): Promise<void>;
  /** Stops the service (`kill`: without a word) and starts another on the same disk. */
  restart(how?: "stop" | "kill"): Promise<void>;
  /** The newest status comment's text. */
  status(issue: number): string;
  /** The first line of the status comment: who asked, what state, how long, what it cost. */
  headline(issue: number): string;
  /** Lets time pass until the headline says `state`. */
  untilShown(issue: number, state: string, withinMs?: number): Promise<void>;
  /** Starts the service again with other settings in every run there is. */
  resettle(change: (settings: Settings) => Settings): Promise<void>;
  /** Stops everything and holds the story to what all are held to (`verdict.ts`). */
  close(): Promise<void>;
}

const statusMarker = /<!-- patchwright:run:run_\w{20} -->/;
const quietTurns = 6;
const eagerTurns = 100;
const turnsMax = 20_000;

/** Sets the stage. */
export async function setStage(setting: Setting = {}): Promise<Stage> {
  const parts: { busy(): number }[] = [];
  const settle = () => quiet(() => parts.reduce((sum, part) => sum + part.busy(), 0));
  const clock = new VirtualClock({ settle });
  const tokens: string[] = [];
  const github = await startGitHub({
    clock,
    tokenLifeMs: setting.tokenLifeMs ?? 3_600_000,
    hear: (token) => void tokens.push(token),
  });
  const claude = await startClaude({
    clock,
    gitHosts: [github.host],
    heartbeatMs: 0,
    ...(setting.pushes ? { pushPolicy: setting.pushes } : {}),
  });
  const installation = await seed(github, setting);
  await setting.beforehand?.({ github, claude });
  const disk = new Disk();
  const lines: Record<string, unknown>[] = [];
  const log = createLogger("debug", { write: (line: string) => void lines.push(JSON.parse(line)) });
  const open = () => serve({ github, claude, clock, disk, log, setting });
  let app = await open();
  const killed: App[] = [];
  parts.push(github, claude, { busy: () => app.busy() });
  const until = async (what: string, so: () => boolean, withinMs = 24 * 3_600_000) => {
    const end = clock.now() + withinMs;
    for (await settle(); !so(); ) {
      const next = clock.next();
      if (next === undefined || next > end) throw new Error(`never came to pass: ${what}`);
      await clock.advance(Math.max(next - clock.now(), 0));
    }
  };
  const status = (issue: number) =>
    github.comments(shop, issue).findLast(({ body }) => statusMarker.test(body))?.body ?? "";
  const headline = (issue: number) => status(issue).split("\n")[0] ?? "";
  return {
    clock,
    github,
    claude,
    get app() {
      return app;
    },
    disk,
    installation,
    lines,
    labelled: ({ title = "Add is wrong", body = "`add(1, 2)` gives 4.", by = "mona" } = {}) => {
      const number = github.openIssue(shop, { title, body, author: "mona" });
      github.label(shop, number, { label: "agent", by });
      return number;
    },
    plays: (script) => claude.script(() => script),
    until,
    pass: (ms) => clock.advance(ms),
    restart: async (how = "stop") => {
      if (how === "stop") await app.stop();
      else {
        disk.open();
        killed.push(app);
      }
      app = await open();
    },
    status,
    headline,
    untilShown: (issue, state, withinMs) =>
      until(`the headline says ${state}`, () => headline(issue).includes(`**${state}`), withinMs),
    resettle: async (change) => {
      await app.stop();
      rewriteSettings(disk, change);
      app = await open();
    },
    close: async () => {
      // A story may have stopped it itself.
      const metrics = await fetch(`${app.url}/metrics`).then(
        (answer) => answer.text(),
        () => "",
      );
      await app.stop();
      await Promise.allSettled(killed.map((each) => each.stop()));
      const secrets = {
        "the App's key": github.app.privateKey,
        "the webhook's secret": github.app.webhookSecret,
        "the OAuth client's secret": github.app.clientSecret,
        "the Claude key": claude.apiKey,
        "the key of Claude's webhooks": webhookKey,
        ...Object.fromEntries(tokens.map((token, at) => [`token ${at}`, token])),
      };
      const allows = setting.allows ?? [];
      const flaws = verdictOn({ github, claude, lines, metrics, disk, secrets, now: clock.now(), allows });
      await claude.stop();
      await github.stop();
      expect(flaws).toEqual([]);
    },
  };
}

async function seed(github: GitHubSim, setting: Setting): Promise<number> {
  github.addOrganization("acme");
  for (const login of ["mona", "rita", "otto"]) github.addUser(login);
  const files = setting.files ?? {
    "README.md": "# shop\n",
    "add.js": "export const add = (a, b) => a + b + 1;\n",
  };
  await github.addRepository({ owner: "acme", name: "shop", files, private: setting.private ?? true });
  github.setRole(shop, "mona", "write");
  github.setRole(shop, "rita", "maintain");
  return github.install("acme");
}

/** Settings come from files, which are read once per run; a story that needs others writes them into the run. */
function rewriteSettings(disk: Disk, change: (settings: Settings) => Settings): void {
  for (const { id, settings_json } of rowsOf(disk, "runs")) {
    const settings = change(JSON.parse(String(settings_json)) as Settings);
    disk
      .open()
      .prepare("update runs set settings_json = ? where id = ?")
      .run([JSON.stringify(settings), id]);
  }
}

interface Serving {
  github: GitHubSim;
  claude: ClaudeSim;
  clock: VirtualClock;
  disk: Disk;
  log: Logger;
  setting: Setting;
}

async function serve({ github, claude, clock, disk, log, setting }: Serving): Promise<App> {
  const knocks = setting.knocks ?? "webhooks";
  const config = readConfig({
    ...variables(github, claude),
    // The caretaker comes once a day: a week of waiting is not made of two thousand rounds of it.
    PATCHWRIGHT_SWEEP_MS: "86400000",
    // Without webhooks the service follows streams; a story without either cuts them.
    ...(knocks === "streams" ? {} : { ANTHROPIC_WEBHOOK_SIGNING_KEY: webhookKey }),
    ...(setting.signIn ? { CLIENT_ID: github.app.clientId, CLIENT_SECRET: github.app.clientSecret } : {}),
    ...setting.env,
  });
  const { aheadMs = 0 } = setting;
  const app = await start(config, {
    clock: { now: () => clock.now() + aheadMs, after: (ms, call) => clock.after(ms, call) },
    log,
    random: randomBytes,
    store: { kind: "lent", connection: disk.open() },
    callTimeoutMs: setting.callTimeoutMs,
  });
  github.setWebhook(`${app.url}/api/github/webhooks`);
  if (setting.signIn) github.setCallbackUrls([`${app.url}/auth/callback`]);
  if (knocks === "webhooks") {
    claude.setWebhook({ url: `${app.url}/api/anthropic/webhooks`, secret: webhookKey, clock: systemClock });
  }
  return app;
}

/** Resolves when nothing has been in flight for a few turns of the event loop. */
async function quiet(busy: () => number): Promise<void> {
  let still = 0;
  for (let turn = 0; still < quietTurns; turn += 1) {
    if (turn > turnsMax) throw new Error("never came to rest");
    // Git works in processes of its own: after a while it gets the processor instead of this loop.
    if (turn > eagerTurns && still === 0) await pause(systemClock, 1);
    else await new Promise((resolve) => setImmediate(resolve));
    still = busy() === 0 ? still + 1 : 0;
  }
}
