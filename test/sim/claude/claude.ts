/**
 * The Claude Managed Agents platform, simulated: real HTTP on loopback, strict, with agents that are
 * scripts doing real git through the platform's own proxy. This file builds one and is what tests hold.
 */
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import type { Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { VaultCreateParams } from "@anthropic-ai/sdk/resources/beta/vaults";
import { createAdaptorServer } from "@hono/node-server";
import { Hono } from "hono";
import { type Clock, systemClock } from "../../../src/clock.ts";
import { Activity } from "./activity.ts";
import type { Script } from "./agent.ts";
import { agentRoutes } from "./agents.ts";
import { environmentRoutes } from "./environments.ts";
import { eventRoutes } from "./events.ts";
import { type Fault, Faults, type StreamTrouble, type Trouble } from "./faults.ts";
import { fileRoutes } from "./files.ts";
import { gate, refused } from "./gate.ts";
import { gitProxy } from "./git-proxy.ts";
import { countedIds } from "./ids.ts";
import type { LoggedRequest } from "./journal.ts";
import type { MountedToken } from "./mount.ts";
import type { PushPolicy } from "./push-policy.ts";
import { documentedLimits, RateLimiter, type RateLimits } from "./rate.ts";
import { Refusal } from "./refusal.ts";
import { resourceRoutes } from "./resources.ts";
import { doNothing } from "./scripts.ts";
import type { Session } from "./session.ts";
import { sessionRoutes } from "./sessions.ts";
import type { NodeBindings } from "./stream.ts";
import { credentialRoutes, newVault, type VaultRecord, vaultRoutes } from "./vaults.ts";
import { type WebhookDelivery, Webhooks, type WebhookTarget } from "./webhooks.ts";
import { find, type GitOperation, type Observer, type Switches, type World } from "./world.ts";

/** How a simulator is set up; everything may be left out. */
export interface ClaudeOptions {
  clock?: Clock;
  port?: number;
  /** Made up when absent. */
  apiKey?: string;
  /** `host[:port]` whose repositories may be mounted besides github.com's, by http or https. */
  gitHosts?: string[];
  webhook?: WebhookTarget;
  pushPolicy?: PushPolicy;
  /** Where the sandboxes are made; a temporary directory, removed by `stop`, when absent. */
  directory?: string;
  /** Span between a stream's heartbeats by the clock; 0 for none, 15 s when absent. */
  heartbeatMs?: number;
  /** Enforce request limits: the documented ones, or these. */
  rateLimits?: RateLimits | "documented";
}

/** One mounted repository as assertions see it. */
export interface MountSummary {
  resourceId: string;
  repository: string;
  cloned: boolean;
  /** Every token it held, oldest first. */
  tokens: MountedToken[];
}

/** A running simulator. */
export interface ClaudeSim {
  readonly url: string;
  readonly apiKey: string;
  /** Every API request, in order of arrival. */
  readonly log: LoggedRequest[];
  readonly gitOperations: GitOperation[];
  readonly deliveries: WebhookDelivery[];
  /** Errors thrown by scripts; a story asserts that there are none. */
  readonly scriptErrors: unknown[];
  readonly switches: Switches;
  readonly webhooks: Webhooks;
  /** Sessions that were not deleted, oldest first. */
  readonly sessions: Session[];
  session(id: string): Session;
  mounts(sessionId: string): MountSummary[];
  /** Vaults that were not deleted, oldest first. */
  readonly vaults: VaultRecord[];
  /** Makes a vault as somebody else does who shares the workspace; returns its id. */
  addVault(params: VaultCreateParams): string;
  /** Hashes of the tokens a credential held. */
  credentialTokens(vaultId: string, credentialId: string): MountedToken[];
  /** Chooses each session's script, asked at its first message. */
  script(casting: (session: Session) => Script): void;
  fault(fault: Fault<Trouble>): () => void;
  streamFault(fault: Fault<StreamTrouble>): () => void;
  /** Ends open streams, of one session or of all, as a restart of the platform would. */
  cutStreams(sessionId?: string): void;
  /** Called before and after the effect of each request; `reset` resets the connection there. */
  onRequest(observer: Observer): () => void;
  setWebhook(target: WebhookTarget | undefined): void;
  addMemoryStore(name: string, description?: string): string;
  /** Requests, scripts and deliveries under way, without open streams and without whatever waits. */
  busy(): number;
  stop(): Promise<void>;
}

/** Starts a simulator and waits until it listens. */
export async function startClaude(options: ClaudeOptions = {}): Promise<ClaudeSim> {
  const directory = options.directory ?? (await mkdtemp(join(tmpdir(), "claude-sim-")));
  const world = newWorld(options, directory);
  const server = createAdaptorServer({ fetch: application(world).fetch }) as Server;
  server.listen(options.port ?? 0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  world.url = `http://127.0.0.1:${address.port}`;
  return control(world, async () => {
    for (const session of world.sessions.values()) session.crew.close();
    world.webhooks.stop();
    server.close();
    server.closeAllConnections();
    await Promise.all([...world.sessions.values()].flatMap(({ crew }) => [crew.ready, crew.done]));
    if (options.directory === undefined) await rm(directory, { recursive: true, force: true, maxRetries: 3 });
  });
}

function newWorld(options: ClaudeOptions, directory: string): World {
  const clock = options.clock ?? systemClock;
  const [ids, activity] = [countedIds(), new Activity()];
  const limits = options.rateLimits === "documented" ? documentedLimits : options.rateLimits;
  const webhooks = new Webhooks(clock, ids, activity);
  webhooks.target = options.webhook;
  return {
    clock,
    ids,
    activity,
    webhooks,
    directory,
    apiKey: options.apiKey ?? `sk-ant-sim-${randomBytes(16).toString("hex")}`,
    switches: {
      pushPolicy: options.pushPolicy ?? "claude_session_only",
      clones: true,
      idleLagMs: 0,
      interruptLagMs: 0,
      endedSendStatus: 400,
    },
    gitHosts: options.gitHosts ?? [],
    heartbeatMs: options.heartbeatMs ?? 15_000,
    limiter: limits && new RateLimiter(clock, limits),
    faults: new Faults(),
    streamFaults: new Faults(),
    observers: new Set(),
    log: [],
    gitOperations: [],
    scriptErrors: [],
    agents: new Map(),
    environments: new Map(),
    sessions: new Map(),
    vaults: new Map(),
    files: new Map(),
    memoryStores: new Map(),
    url: "",
    casting: () => doNothing,
  };
}

function application(world: World): Hono<NodeBindings> {
  const app = new Hono<NodeBindings>().use("/v1/*", gate(world));
  for (const routes of [
    agentRoutes,
    environmentRoutes,
    sessionRoutes,
    resourceRoutes,
    vaultRoutes,
    credentialRoutes,
  ])
    app.route("/", routes(world));
  app.route("/", eventRoutes(world)).route("/", fileRoutes(world)).route("/", gitProxy(world));
  app.notFound((c) => refused(c, new Refusal(404, `no such endpoint: ${c.req.method} ${c.req.path}`)));
  app.onError((error, c) => {
    if (!(error instanceof Refusal)) world.scriptErrors.push(error);
    return refused(c, error instanceof Refusal ? error : new Refusal(500, String(error)));
  });
  return app;
}

function control(world: World, stop: () => Promise<void>): ClaudeSim {
  return {
    url: world.url,
    apiKey: world.apiKey,
    log: world.log,
    gitOperations: world.gitOperations,
    deliveries: world.webhooks.deliveries,
    scriptErrors: world.scriptErrors,
    switches: world.switches,
    webhooks: world.webhooks,
    get sessions() {
      return [...world.sessions.values()];
    },
    get vaults() {
      return [...world.vaults.values()];
    },
    session: (id) => find(world.sessions, "session", id),
    mounts: (id) => find(world.sessions, "session", id).mounts.map(summary),
    credentialTokens: (vaultId, credentialId) =>
      find(world.vaults, "vault", vaultId).credentials.find(
        ({ credential }) => credential.id === credentialId,
      )?.ledger ?? [],
    script: (casting) => {
      world.casting = casting;
    },
    fault: (fault) => world.faults.set(fault),
    streamFault: (fault) => world.streamFaults.set(fault),
    cutStreams: (id) => {
      for (const session of world.sessions.values())
        if (id === undefined || session.id === id) for (const reader of session.readers) reader.end();
    },
    onRequest: (observer) => {
      world.observers.add(observer);
      return () => world.observers.delete(observer);
    },
    setWebhook: (target) => {
      world.webhooks.target = target;
    },
    addVault: (params) => newVault(world, params).id,
    addMemoryStore: (name, description = "") => {
      const id = world.ids("memstore");
      world.memoryStores.set(id, { id, name, description });
      return id;
    },
    busy: () => world.activity.count,
    stop,
  };
}

function summary({ resource, repository, cloned, ledger }: Session["mounts"][number]): MountSummary {
  return { resourceId: resource.id, repository, cloned, tokens: ledger };
}
