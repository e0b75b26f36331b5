/**
 * The real server in a process of its own between the simulators, in real time at a pace, on a directory that
 * outlives it: killed at a chosen point of its first life and started again. It knows no story.
 */
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { type Clock, pause, systemClock } from "../../../src/clock.ts";
import { environmentOf, type ServerProcess, startServer } from "../../process.ts";
import { type ClaudeSim, startClaude } from "../../sim/claude/claude.ts";
import { type GitHubSim, startGitHub } from "../../sim/github/github.ts";
import { webhookKey } from "../../sim/variables.ts";
import { Mints } from "../mints.ts";
import { Count, routeOf } from "../moments.ts";
import { furnish, type Scene } from "../scene.ts";
import { fastClock, type Pace } from "./fast-clock.ts";

/** How long a server may take to start where others want the machine too. */
const readyMsMax = 90_000;

/** Compiled code of one server serves the next: most of a start is compiling. */
const compiledDir = join(tmpdir(), "patchwright-compiled");

/** How a house is set up. */
export interface Plot {
  speed: number;
  tokenLifeMs: number | undefined;
  /** Variables of the server's environment besides the usual ones. */
  env: Record<string, string> | undefined;
  /** Where the first server dies; undefined for a play in which nobody does. */
  cut: string | undefined;
}

/** The simulators and the server of the moment. */
export class House implements Scene {
  readonly github: GitHubSim;
  readonly claude: ClaudeSim;
  readonly clock: Clock;
  /** Points the first life passed, as they were heard. */
  readonly points: string[] = [];
  /** How often the server was killed. */
  deaths = 0;
  /** What that took of tokens. */
  readonly mints: Mints;
  readonly #dataDir: string;
  readonly #pace: Pace;
  readonly #env: Record<string, string>;
  readonly #count = new Count();
  #server: ServerProcess | undefined;
  #cut: string | undefined;

  constructor(
    { github, claude }: { github: GitHubSim; claude: ClaudeSim },
    { dataDir, pace, cut, env = {} }: { dataDir: string; pace: Pace } & Pick<Plot, "cut" | "env">,
  ) {
    this.github = github;
    this.claude = claude;
    this.clock = fastClock(systemClock, pace);
    this.#dataDir = dataDir;
    this.#pace = pace;
    this.#env = env;
    this.#cut = cut;
    this.mints = new Mints(github);
    github.onRequest((phase, { method, path }) =>
      this.#hears(`${phase} ${method} ${routeOf(path)}`) ? "cut" : undefined,
    );
    claude.onRequest(({ phase, request: { method, path } }) =>
      this.#hears(`${phase} ${method} ${routeOf(path)}`) ? "reset" : undefined,
    );
  }

  /** Starts the server, and another where it dies before it is ready. */
  async live(): Promise<void> {
    for (;;) {
      if (this.deaths > 0) await this.#mourn();
      const server = this.#start();
      this.#server = server;
      const url = await Promise.race([server.ready(readyMsMax), server.ended()]).catch((error: unknown) => {
        if (this.#isKilled(server)) return undefined;
        throw error;
      });
      if (typeof url !== "string") {
        await server.ended();
        if (!this.#isKilled(server)) throw new Error(`the server ended by itself: ${server.words()}`);
        this.#died();
        continue;
      }
      this.github.setWebhook(`${url}/api/github/webhooks`);
      this.claude.setWebhook({
        ...{ url: `${url}/api/anthropic/webhooks`, secret: webhookKey, clock: systemClock },
      });
      return;
    }
  }

  /** Has the server of the moment come to its end? Throws when nobody ended it. */
  isDead(): boolean {
    const server = this.#server;
    if (!server?.exit()) return false;
    if (!this.#isKilled(server)) throw new Error(`the server ended by itself: ${server.words()}`);
    this.#died();
    return true;
  }

  /** Tells the server to stop, which is work too. True when it died of it, at the point where it had to. */
  async stop(): Promise<boolean> {
    const server = this.#server;
    if (!server) return false;
    await server.end();
    if (!this.#isKilled(server) || !this.points.includes(this.#cut ?? "")) return false;
    this.#died();
    return true;
  }

  /** All rows of a table, read beside the server; none while there is no such table. */
  rows(table: string): Record<string, unknown>[] {
    return rowsIn(this.#dataDir, table);
  }

  /** What the server said last, for whoever has to find out why. */
  lastWords(): string {
    const said = (this.#server?.lines ?? []).filter(({ msg }) => msg !== "moment").slice(-8);
    return [this.#server?.words() ?? "", ...said.map((line) => JSON.stringify(line))].join("\n");
  }

  /** Ends everything and clears it away. */
  async end(): Promise<void> {
    // Compiled code is kept by whoever may finish.
    await this.#server?.end(this.deaths === 0 ? "SIGTERM" : "SIGKILL");
    await this.claude.stop();
    await this.github.stop();
    await rm(this.#dataDir, { recursive: true, force: true });
  }

  #start(): ServerProcess {
    const { github, claude } = this;
    const preload = new URL("./switch.ts", import.meta.url);
    for (const [name, value] of Object.entries({ ...this.#pace, cut: this.#cut ?? "" }))
      preload.searchParams.set(name, String(value));
    const environment = environmentOf({ github, claude, dataDir: this.#dataDir });
    return startServer(
      { ...environment, PATCHWRIGHT_POLL_MS: "60000", NODE_COMPILE_CACHE: compiledDir, ...this.#env },
      { preload: preload.href, hear: (line) => this.#reads(line) },
    );
  }

  #isKilled(server: ServerProcess): boolean {
    return server.exit()?.signal === "SIGKILL" && this.#cut !== undefined;
  }

  /** Later lives are left alone. */
  #died(): void {
    this.deaths += 1;
    this.#cut = undefined;
    this.github.setWebhook(undefined);
    this.claude.setWebhook(undefined);
  }

  /** When all that was sent has arrived, sees what is lost: in a copy, since looking mends what a crash left. */
  async #mourn(): Promise<void> {
    while (this.github.busy() > 0) await pause(systemClock, 5);
    const copy = await mkdtemp(join(tmpdir(), "patchwright-left-"));
    await cp(this.#dataDir, copy, { recursive: true });
    this.mints.struck((table) => rowsIn(copy, table, { mends: true }));
    await rm(copy, { recursive: true, force: true });
  }

  #reads({ msg, point }: Record<string, unknown>): void {
    if (msg === "moment" && this.deaths === 0) this.points.push(String(point));
  }

  /** A request has come, or its effect; true when the server was killed for it. */
  #hears(moment: string): boolean {
    // The agent's git comes from elsewhere.
    if (this.deaths > 0 || !/^\w+ \w+ \/(api|v1)\//.test(moment)) return false;
    const point = this.#count.point(moment);
    this.points.push(point);
    if (point !== this.#cut) return false;
    this.#server?.signal("SIGKILL");
    return true;
  }
}

function rowsIn(dir: string, table: string, { mends = false } = {}): Record<string, unknown>[] {
  let file: DatabaseSync | undefined;
  try {
    file = new DatabaseSync(join(dir, "patchwright.db"), { readOnly: !mends, timeout: 1_000 });
    return file.prepare(`select * from "${table}"`).all();
  } catch {
    return [];
  } finally {
    file?.close();
  }
}

/** Builds a house; the server does not run yet. */
export async function buildHouse({ speed, tokenLifeMs = 3_600_000, cut, env }: Plot): Promise<House> {
  const pace = { since: systemClock.now(), speed };
  const clock = fastClock(systemClock, pace);
  const github = await startGitHub({ clock, tokenLifeMs });
  const claude = await startClaude({ clock, gitHosts: [github.host] });
  await furnish(github);
  const dataDir = await mkdtemp(join(tmpdir(), "patchwright-kill-"));
  return new House({ github, claude }, { dataDir, pace, cut, env });
}
