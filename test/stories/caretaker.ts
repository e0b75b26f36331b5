/**
 * The caretaker alone: the real sweep of GitHub's delivery log, with the inbox and without the runs, which other
 * stories tell of.
 */
import { fetch as undiciFetch } from "undici";
import type { Agents } from "../../src/agent/agent.ts";
import { isProblem } from "../../src/domain/errors.ts";
import { Secret } from "../../src/domain/secret.ts";
import { embeddedEngine } from "../../src/engine/embedded.ts";
import { createGitHub } from "../../src/github/client.ts";
import { createLogger } from "../../src/log.ts";
import { createMetrics } from "../../src/metrics.ts";
import type { Rulebook } from "../../src/mission/rulebook.ts";
import { Strays } from "../../src/mission/strays.ts";
import { createSweep } from "../../src/mission/sweep.ts";
import { openStore } from "../../src/store/database.ts";
import { inbox } from "../../src/store/deliveries.ts";
import { writeMemo } from "../../src/store/memos.ts";
import type { Seal } from "../../src/store/seal.ts";
import { noTraces } from "../../src/traces.ts";
import { type GitHubSim, startGitHub } from "../sim/github/github.ts";
import type { VirtualClock } from "../sim/virtual-clock.ts";
import { Disk } from "../store/disk.ts";

/** A caretaker and the GitHub it looks at, with one repository, `acme/shop`, and nobody to deliver to. */
export interface Caretaker {
  github: GitHubSim;
  /** Turns until the round over the log is over, waiting as the engine would; fails after 500 of them. */
  round: () => Promise<void>;
  /** What is in the inbox. */
  rows: () => Promise<{ id: string; body: string; received_at: number }[]>;
  /** How many issues the inbox has word of. */
  issues: () => Promise<number>;
  /** Writes what another version, or another time, has left in the store. */
  remember: (name: string, value: string) => Promise<void>;
}

/** How one is set up: `now` is the service's own time where it is not GitHub's, milliseconds since the epoch. */
export interface Skew {
  now?: () => number;
}

/** Sets one up. */
export async function setCaretaker(
  clock: VirtualClock,
  { now = () => clock.now() }: Skew = {},
): Promise<Caretaker> {
  const github = await startGitHub({ clock, permissions: { issues: "write", metadata: "read" } });
  github.addOrganization("acme");
  github.addUser("mona");
  await github.addRepository({ owner: "acme", name: "shop" });
  github.install("acme");
  const log = createLogger("silent");
  const store = await openStore({ kind: "lent", connection: new Disk().open() });
  const engine = embeddedEngine({ store, clock, random: () => 0, onFailure: () => {} });
  const app = { id: github.app.id, privateKey: new Secret(github.app.privateKey), webhookSecrets: [] };
  const config = { app, github: { webUrl: github.url, apiUrl: `${github.url}/api/v3` } };
  // The cast: undici's types and the global ones name the same standard objects differently.
  const fetch = undiciFetch as unknown as typeof globalThis.fetch;
  const own = { now, after: clock.after.bind(clock) };
  const rooms = {
    // Its calls are signed by GitHub's time, as Octokit's are once GitHub has told it.
    github: createGitHub({ config, clock, fetch, log, metrics: createMetrics(), traces: noTraces }),
    clock: own,
    log,
    store,
    engine,
    metrics: createMetrics(),
    strays: new Strays(),
  };
  const sweep = createSweep({
    ...{ ...rooms, box: inbox(store, engine, own) },
    config: { pollMs: 30_000, sweepMs: 300_000, textsKeptMs: 30 * 86_400_000 },
    agents: {} as Agents,
    rulebook: { labels: async () => ["agent"] } as unknown as Rulebook,
    seal: {} as Seal,
    oauth: undefined,
  });
  const round = async () => {
    for (let turn = 0; turn < 500; turn += 1) {
      try {
        const next = await sweep("deliveries", new AbortController().signal);
        if (next !== undefined && next > now()) return;
      } catch (error) {
        if (!isProblem(error, "later")) throw error;
        await clock.advance(error.retryAfterMs ?? 60_000);
      }
    }
    throw new Error("the round does not end");
  };
  const rows = () => store.db.selectFrom("deliveries").select(["id", "body", "received_at"]).execute();
  const issues = async () => {
    const bodies = (await rows()).map(({ body }) => JSON.parse(body) as { issue: { number: number } });
    return new Set(bodies.map(({ issue }) => issue.number)).size;
  };
  const remember = (name: string, value: string) => writeMemo(store.db, name, value);
  return { github, round, rows, issues, remember };
}
