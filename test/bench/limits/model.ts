/**
 * A world for bursts: the service's own queue, engine, mission, store and way to GitHub; behind them GitHub as a
 * table of answers with the simulator's limiter, and an agent backend that finishes after a while. No sockets and
 * no git, so that thousands of runs fit into minutes. It fails on every call it does not know.
 */
import { generateKeyPairSync, randomBytes } from "node:crypto";
import type { Agents } from "../../../src/agent/agent.ts";
import { pause, systemClock } from "../../../src/clock.ts";
import type { Run } from "../../../src/domain/run.ts";
import { Secret } from "../../../src/domain/secret.ts";
import { defaultSettings } from "../../../src/domain/settings.ts";
import { embeddedEngine } from "../../../src/engine/embedded.ts";
import type { Engine } from "../../../src/engine/engine.ts";
import { createGitHub } from "../../../src/github/client.ts";
import { createRepositories } from "../../../src/github/repository.ts";
import { createLogger } from "../../../src/log.ts";
import { createMetrics } from "../../../src/metrics.ts";
import { ledgerOf } from "../../../src/mission/ledger.ts";
import { mission } from "../../../src/mission/mission.ts";
import { createPermits } from "../../../src/mission/permits.ts";
import { operatorOf, type Rulebook } from "../../../src/mission/rulebook.ts";
import { Strays } from "../../../src/mission/strays.ts";
import type { Rooms } from "../../../src/mission/tools.ts";
import { openStore, type Store } from "../../../src/store/database.ts";
import { holdRun, startRun } from "../../../src/store/runs.ts";
import { sealKeyFrom, sealWith } from "../../../src/store/seal.ts";
import { noTraces } from "../../../src/traces.ts";
import { VirtualClock } from "../../sim/virtual-clock.ts";
import { Disk } from "../../store/disk.ts";
import { type ModelGitHub, modelGitHub } from "./model-github.ts";

/** How a world is set. */
export interface Setting {
  /** Virtual time every call takes, milliseconds. */
  latencyMs?: number;
  /** How long an agent works. */
  agentMs: number;
  limits?: Partial<typeof defaultSettings.limits>;
}

/** A world at work. */
export interface ModelWorld {
  clock: VirtualClock;
  store: Store;
  github: ModelGitHub;
  /** When each run's session was opened, by run. */
  sessions: Map<string, number>;
  /** Labels issues: one run each, all now. */
  label(installation: number, repository: number, runs: string[]): Promise<void>;
  close(): Promise<void>;
}

const { privateKey } = generateKeyPairSync("rsa", {
  modulusLength: 2048,
  privateKeyEncoding: { type: "pkcs8", format: "pem" },
  publicKeyEncoding: { type: "spki", format: "pem" },
});
const quietTurns = 8;
const runsInTransaction = 250;

/** Opens a world. */
export async function openModel(setting: Setting): Promise<ModelWorld> {
  const held = { engine: undefined as Engine | undefined, calls: 0, parked: 0 };
  const clock = new VirtualClock({ settle: () => settle(held) });
  const store = await openStore({ kind: "lent", connection: new Disk().open() });
  const log = createLogger("silent");
  const metrics = createMetrics();
  const takes = async () => {
    held.calls += 1;
    if (!setting.latencyMs) return;
    held.parked += 1;
    await pause(clock, setting.latencyMs);
    held.parked -= 1;
  };
  const answers = modelGitHub(clock);
  const config = {
    app: { id: 1, privateKey: new Secret(privateKey), webhookSecrets: [] },
    github: { webUrl: "https://github.com", apiUrl: "https://api.github.com" },
    limits: { budgetCents: 500, budgetCentsMax: 5_000, dayCentsMax: 10_000_000, activeRuns: 25 },
    ...{ mcp: { servers: [] }, pollMs: 30_000, server: { host: "", port: 0 } },
  };
  const fetch: typeof globalThis.fetch = async (input, init) => {
    await takes();
    return answers.fetch(input, init);
  };
  const github = createGitHub({ config, clock, fetch, log, metrics, store, traces: noTraces });
  const chance = () => randomBytes(4).readUInt32BE() / 2 ** 32;
  const engine = embeddedEngine({ store, clock, random: chance, onFailure: () => undefined });
  held.engine = engine;
  const sessions = new Map<string, number>();
  const knock = async (run: string) => {
    await store.db.transaction().execute((tx) => engine.wake(tx, { kind: "run", id: run, at: clock.now() }));
    engine.knock();
  };
  const agents = modelAgents({ clock, takes, sessions, agentMs: setting.agentMs, knock });
  // Nobody has written a settings file, and everybody knows it already.
  const rulebook: Rulebook = {
    at: async () => ({ layers: { operator: operatorOf(config) }, at: {} }),
    labels: async () => ["agent"],
  };
  const repositories = createRepositories(github, clock);
  const permits = createPermits({ github, repositories, rulebook });
  const streams = { follow: () => undefined, leave: () => undefined, close: () => undefined };
  const rooms: Omit<Rooms, "attachments"> = {
    ...{ github, repositories, rulebook, permits, agents, streams, store, engine },
    ...{ seal: sealWith([sealKeyFrom(config.app.privateKey)], randomBytes), clock, random: randomBytes },
    ...{
      log,
      metrics,
      config,
      strays: new Strays(),
      backlog: { isRead: async () => true, untilReadSince: async () => undefined },
    },
  };
  await engine.start({
    run: { work: (id) => enter(rooms as Rooms, id), atOnce: 64 },
    delivery: { work: async () => undefined, atOnce: 1 },
    sweep: { work: async () => undefined, atOnce: 1 },
  });
  return {
    ...{ clock, store, github: answers, sessions },
    label: (installation, repository, runs) =>
      label({ store, engine, clock, setting }, { installation, repository, runs }),
    close: async () => {
      await Promise.all([engine.stop(1_000), clock.advance(1_000)]);
      await store.close();
    },
  };
}

/** As the service enters a run. */
async function enter(rooms: Rooms, id: string): Promise<number | undefined> {
  const held = await holdRun(rooms.store.db, id);
  return held && mission({ ...rooms, held, ledger: ledgerOf(rooms.store, held, rooms.clock) });
}

async function label(
  { store, engine, clock, setting }: { store: Store; engine: Engine; clock: VirtualClock; setting: Setting },
  { installation, repository, runs }: { installation: number; repository: number; runs: string[] },
): Promise<void> {
  const limits = {
    ...defaultSettings.limits,
    runs_per_day: 100_000,
    budget_usd_per_day: 1_000_000,
    ...setting.limits,
  };
  const settings = { ...defaultSettings, limits };
  const now = clock.now();
  const sender = { login: "mona", id: 5, type: "User" };
  for (let at = 0; at < runs.length; at += runsInTransaction) {
    const some = runs.slice(at, at + runsInTransaction);
    await store.db.transaction().execute(async (tx) => {
      for (const [offset, id] of some.entries()) {
        const issue = at + offset + 1;
        const place = {
          installation,
          repositoryId: repository,
          owner: "acme",
          repo: `repo${repository}`,
          issue,
        };
        const origin: Run["origin"] = {
          ...{
            trigger: { kind: "label", label: "agent" },
            sender,
            at: now,
            title: "Add is wrong",
            body: "It is.",
          },
          ...{ author: sender, comments: 0, issueUrl: "", defaultBranch: "main", private: true },
        };
        await startRun(tx, { id, triggerKey: id, place, origin, settings, now });
      }
      await engine.wake(tx, ...some.map((id) => ({ kind: "run" as const, id, at: now })));
    });
  }
  engine.knock();
}

/** An agent backend whose sessions push one commit and end their turn after a while. */
function modelAgents({
  clock,
  takes,
  sessions,
  agentMs,
  knock,
}: {
  clock: VirtualClock;
  takes: () => Promise<void>;
  sessions: Map<string, number>;
  agentMs: number;
  knock: (run: string) => Promise<void>;
}): Agents {
  const told = new Map<string, string[]>();
  const done = new Set<string>();
  let messages = 0;
  const never = async () => undefined;
  return {
    prepare: never,
    session: (_run, order) => ({
      find: never,
      make: async () => {
        const { runId, mounts, budgetCents } = await order();
        await takes();
        sessions.set(runId, clock.now());
        const id = `sesn_${runId}`;
        clock.after(agentMs, () => {
          done.add(id);
          void knock(runId);
        });
        return {
          id,
          resources: Object.fromEntries(mounts.map(({ name }) => [name, `res_${name}`])),
          budgetCents,
        };
      },
    }),
    message: (session) => ({
      find: never,
      make: async () => {
        await takes();
        messages += 1;
        told.set(session, [...(told.get(session) ?? []), `sevt_${messages}`]);
        return { id: `sevt_${messages}` };
      },
    }),
    answer: () => ({ find: never, make: async () => ({ id: "sevt" }) }),
    look: async (session, progress) => {
      await takes();
      if (!done.has(session)) return { ...progress, status: "running" };
      const heard = told.get(session) ?? [];
      return { ...progress, status: "idle", idle: { reason: "end_turn" }, heard, costCents: 50 };
    },
    attach: () => ({ find: never, make: async () => ({ path: "" }) }),
    vault: () => ({ find: never, make: () => Promise.reject(new Error("nobody asks for a vault here")) }),
    vaults: async function* () {},
    ...{ closeVault: never, removeVault: never, equip: never },
    ...{ handOver: never, setBudget: never, interrupt: never, archive: never, remove: never },
    sessions: async function* () {},
    url: (session) => `https://platform.claude.com/${session}`,
  };
}

/** Comes to rest when nothing is at work but what waits for virtual time. */
async function settle(held: { engine: Engine | undefined; calls: number; parked: number }): Promise<void> {
  for (let [still, calls] = [0, held.calls]; still < quietTurns; ) {
    await new Promise((resolve) => setImmediate(resolve));
    const isBusy = (held.engine?.held() ?? 0) > 0 && held.parked === 0;
    // A token is signed outside the event loop.
    if (held.parked > 0 && still === quietTurns - 1) await pause(systemClock, 2);
    still = isBusy || calls !== held.calls ? 0 : still + 1;
    calls = held.calls;
  }
}
