/**
 * The world of one play: both simulators, a virtual clock, a disk in memory, and the service in one life
 * after another. Small on purpose, because it is built hundreds of times. It knows no invariants.
 */
import { randomBytes } from "node:crypto";
import { pause, systemClock } from "../../src/clock.ts";
import { readConfig } from "../../src/config.ts";
import { createLogger } from "../../src/log.ts";
import { type App, start } from "../../src/main.ts";
import { type ClaudeSim, startClaude } from "../sim/claude/claude.ts";
import { type GitHubSim, startGitHub } from "../sim/github/github.ts";
import { variables, webhookKey } from "../sim/variables.ts";
import { VirtualClock } from "../sim/virtual-clock.ts";
import { Disk } from "../store/disk.ts";
import { type Hear, Life } from "./life.ts";
import { furnish, type Scene } from "./scene.ts";
import type { Story } from "./story.ts";

const quietTurns = 6;
const eagerTurns = 100;
const turnsMax = 20_000;

/** A world at work. */
export class World implements Scene {
  readonly clock: VirtualClock;
  readonly disk = new Disk();
  /** What the service says, for whoever has to find out why. */
  readonly lines: string[] = [];
  readonly github: GitHubSim;
  readonly claude: ClaudeSim;
  life: Life;
  /** Variables of the service's environment besides the usual ones. */
  env: Record<string, string> = {};
  #app: App | undefined;

  constructor({ github, claude, clock }: { github: GitHubSim; claude: ClaudeSim; clock: VirtualClock }) {
    this.clock = clock;
    this.github = github;
    this.claude = claude;
    this.life = new Life({ clock, disk: this.disk, hear: () => undefined });
    this.life.die();
  }

  /** Starts the service on the disk as it is. It may die while it starts. */
  async begin(hear: Hear): Promise<void> {
    const { github, claude, clock, disk, lines } = this;
    this.#app = undefined;
    const life = new Life({ clock, disk, hear });
    this.life = life;
    const config = readConfig({
      ...variables(github, claude),
      ANTHROPIC_WEBHOOK_SIGNING_KEY: webhookKey,
      PATCHWRIGHT_POLL_MS: "60000",
      ...this.env,
    });
    const log = createLogger("debug", { write: (line: string) => void lines.push(line) });
    const starting = start(config, {
      clock: life.clock,
      log,
      random: randomBytes,
      store: { kind: "lent", connection: life.disk },
    }).catch((error: unknown) => {
      if (!life.isDead) throw error;
      return undefined;
    });
    const app = await Promise.race([starting, life.death]);
    if (!app) return void this.bury(life, starting);
    this.#app = app;
    void life.death.then(() => this.bury(life, starting));
    github.setWebhook(`${app.url}/api/github/webhooks`);
    claude.setWebhook({ url: `${app.url}/api/anthropic/webhooks`, secret: webhookKey, clock: systemClock });
  }

  /** Takes the doors away from who died; what it still holds in this process is let go. */
  bury(life: Life, starting: Promise<App | undefined>): void {
    this.github.setWebhook(undefined);
    this.claude.setWebhook(undefined);
    void Promise.all([starting, life.end])
      .then(([app]) => app?.stop())
      .catch(() => undefined);
  }

  /** Where the service takes GitHub's deliveries; undefined while nobody lives. */
  get door(): string | undefined {
    return this.#app && !this.life.isDead ? `${this.#app.url}/api/github/webhooks` : undefined;
  }

  /** All rows of a table. */
  rows(table: string): Record<string, unknown>[] {
    const connection = this.life.isDead ? this.disk.open() : this.life.peek;
    return connection.prepare(`select * from "${table}"`).all([]) as Record<string, unknown>[];
  }

  /** Stops everything. */
  async end(): Promise<void> {
    this.life.die();
    await this.claude.stop();
    await this.github.stop();
  }

  /** Resolves when nothing has been in flight for a few turns of the event loop. */
  async settle(): Promise<void> {
    const busy = () =>
      this.github.busy() +
      this.claude.busy() +
      (this.life.isDead ? this.life.underWay : (this.#app?.busy() ?? 0));
    for (let turn = 0, still = 0; still < quietTurns; turn += 1) {
      if (turn > turnsMax) throw new Error("never came to rest");
      if (turn > eagerTurns && still === 0) await pause(systemClock, 1);
      else await new Promise((resolve) => setImmediate(resolve));
      still = busy() === 0 ? still + 1 : 0;
    }
  }
}

/** Builds a world; the service does not run yet. */
export async function buildWorld({
  tokenLifeMs = 3_600_000,
  env = {},
  prepare,
}: Pick<Story, "tokenLifeMs" | "env" | "prepare">): Promise<World> {
  let world: World | undefined;
  const clock = new VirtualClock({ settle: async () => world?.settle() });
  const github = await startGitHub({ clock, tokenLifeMs });
  const claude = await startClaude({ clock, gitHosts: [github.host], heartbeatMs: 0 });
  await furnish(github);
  world = new World({ github, claude, clock });
  world.env = env;
  await prepare?.(world);
  return world;
}
