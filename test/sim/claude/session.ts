/**
 * One simulated session: its status, its log of events, its queue, what it has used.
 * Emits events in the platform's order; decides nothing about what the agent does
 * and nothing about who may ask for what.
 */
import type { BetaManagedAgentsSessionThreadAgent } from "@anthropic-ai/sdk/resources/beta/agents";
import type {
  BetaManagedAgentsBudgetLimit,
  BetaManagedAgentsFileResource,
  BetaManagedAgentsMemoryStoreResource,
  BetaManagedAgentsSession,
  BetaManagedAgentsSessionAgent,
  BetaManagedAgentsSessionEvent,
  BetaManagedAgentsSessionUsageSnapshot,
  BetaManagedAgentsUserInterruptEvent,
  BetaManagedAgentsUserMessageEvent,
} from "@anthropic-ai/sdk/resources/beta/sessions";
import type {
  BetaManagedAgentsSessionRefusalStopDetails,
  BetaManagedAgentsSessionStatusIdleEvent,
  BetaManagedAgentsStreamSessionEvents,
} from "@anthropic-ai/sdk/resources/beta/sessions/events";
import { Crew } from "./crew.ts";
import type { Mount } from "./mount.ts";
import { timestamp, type World } from "./world.ts";

/** What stays in the log and is listed. */
export type SessionEvent = BetaManagedAgentsSessionEvent;

/** An inbound event that waits for its turn. */
export type QueuedEvent = BetaManagedAgentsUserMessageEvent | BetaManagedAgentsUserInterruptEvent;

/** Why a session rests. */
export type StopReason = BetaManagedAgentsSessionStatusIdleEvent["stop_reason"];

/** Gets every frame of an open stream. */
export interface Reader {
  send(event: BetaManagedAgentsStreamSessionEvents): void;
  /** Ends the stream properly. */
  end(): void;
}

/** Something the agent waits for: a custom tool's result, or leave to use a tool. */
export interface Pending {
  kind: "custom_tool" | "permission";
  /** Hands over the answer once it has come. */
  settle: (answer: unknown) => void;
}

/** What was used so far; cents may be fractions, the API shows whole ones. */
export interface Usage {
  inputTokens: number;
  outputTokens: number;
  cents: number;
}

/** What a session is made of at its creation. */
export interface SessionSeed {
  agent: BetaManagedAgentsSessionAgent;
  environmentId: string;
  title: string | null;
  metadata: Record<string, string>;
  vaultIds: string[];
  budget: BetaManagedAgentsBudgetLimit | null;
}

/** A session and everything the platform remembers of it. */
export class Session {
  readonly id: string;
  readonly threadId: string;
  readonly createdAtMs: number;
  readonly vaultIds: string[];
  readonly environmentId: string;
  /** Processed events, in the order of processing. */
  readonly log: SessionEvent[] = [];
  /** Inbound events not processed yet, in the order of arrival. */
  readonly queue: QueuedEvent[] = [];
  readonly readers = new Set<Reader>();
  readonly pending = new Map<string, Pending>();
  readonly usage: Usage = { inputTokens: 0, outputTokens: 0, cents: 0 };
  readonly mounts: Mount[] = [];
  readonly files: BetaManagedAgentsFileResource[] = [];
  readonly memories: BetaManagedAgentsMemoryStoreResource[] = [];
  /** The script and its life. */
  readonly crew: Crew;
  agent: BetaManagedAgentsSessionAgent;
  title: string | null;
  metadata: Record<string, string>;
  budget: BetaManagedAgentsBudgetLimit | null;
  status: BetaManagedAgentsSession["status"] = "idle";
  stop: StopReason | undefined;
  archivedAt: string | null = null;
  updatedAt: string;
  readonly #world: World;
  #activeMs = 0;
  #activeSinceMs: number | undefined;
  #idleSinceMs = Number.NEGATIVE_INFINITY;

  constructor(world: World, seed: SessionSeed) {
    this.#world = world;
    this.id = world.ids("sesn");
    this.threadId = world.ids("sthr");
    this.createdAtMs = world.clock.now();
    this.updatedAt = timestamp(world);
    this.agent = seed.agent;
    this.environmentId = seed.environmentId;
    this.title = seed.title;
    this.metadata = seed.metadata;
    this.vaultIds = seed.vaultIds;
    this.budget = seed.budget;
    this.crew = new Crew(world, this);
  }

  /** The one branch the platform lets the session push to. */
  get branch(): string {
    return `claude/${this.id}`;
  }

  /** The status as the API shows it, which may lag behind the events by a moment. */
  get shownStatus(): BetaManagedAgentsSession["status"] {
    const lagging = this.#world.clock.now() < this.#idleSinceMs + this.#world.switches.idleLagMs;
    return this.status === "idle" && lagging ? "running" : this.status;
  }

  /** Seconds spent running. */
  get activeSeconds(): number {
    const current = this.#activeSinceMs === undefined ? 0 : this.#world.clock.now() - this.#activeSinceMs;
    return (this.#activeMs + current) / 1000;
  }

  /** Has the budget been used up? */
  get spent(): boolean {
    return this.budget !== null && this.usage.cents >= Number(this.budget.max_list_cost.amount);
  }

  /** Gives an event its id and time. */
  stamp<T extends { type: string }>(event: T): T & { id: string; processed_at: string } {
    return { id: this.#world.ids("sevt"), processed_at: timestamp(this.#world), ...event };
  }

  /** Writes an event into the log and sends it to everyone who reads the stream. */
  publish(event: SessionEvent): void {
    this.log.push(event);
    this.send(event);
  }

  /** Sends a frame without keeping it. */
  send(event: BetaManagedAgentsStreamSessionEvents): void {
    for (const reader of this.readers) reader.send(event);
  }

  /** Takes an inbound event into the queue and shows it as queued. */
  enqueue(event: QueuedEvent): void {
    this.queue.push(event);
    this.send(event);
  }

  /** Takes an event out of the queue into the log, with the same id and a time. */
  process<T extends QueuedEvent>(event: T): T {
    const place = this.queue.indexOf(event);
    if (place >= 0) this.queue.splice(place, 1);
    const processed = { ...event, processed_at: timestamp(this.#world) };
    this.publish(processed);
    return processed;
  }

  /** The agent starts or goes on working. */
  run(): void {
    this.status = "running";
    this.stop = undefined;
    this.#activeSinceMs ??= this.#world.clock.now();
    this.publish(this.stamp({ type: "session.status_running" }));
    this.publish(this.stamp({ type: "session.thread_status_running", ...this.#thread }));
    this.#world.webhooks.send("session.status_run_started", this.id);
  }

  /** The agent rests: the thread, then the usage, then the session; in this order. */
  rest(stop: StopReason, details: BetaManagedAgentsSessionRefusalStopDetails | null = null): void {
    this.#halt("idle");
    this.stop = stop;
    this.#idleSinceMs = this.#world.clock.now();
    const why = { stop_reason: stop, stop_details: details };
    this.publish(this.stamp({ type: "session.thread_status_idle", ...this.#thread, ...why }));
    this.publish(this.stamp({ type: "session.usage", usage: this.usageSnapshot(), budget: this.budget }));
    this.publish(this.stamp({ type: "session.status_idle", ...why }));
    if (stop.type === "budget_reached") this.#world.webhooks.send("session.budget_reached", this.id);
    this.#world.webhooks.send("session.status_idled", this.id);
  }

  /** The platform moves the session elsewhere after a passing failure. */
  reschedule(): void {
    this.#halt("rescheduling");
    this.publish(this.stamp({ type: "session.status_rescheduled" }));
    this.publish(this.stamp({ type: "session.thread_status_rescheduled", ...this.#thread }));
    this.#world.webhooks.send("session.status_rescheduled", this.id);
  }

  /** The session is over: it failed for good or was archived. */
  terminate(): void {
    this.#halt("terminated");
    this.pending.clear();
    this.publish(this.stamp({ type: "session.status_terminated" }));
    this.publish(this.stamp({ type: "session.thread_status_terminated", ...this.#thread }));
    this.#world.webhooks.send("session.status_terminated", this.id);
  }

  /** The usage as events and reads show it. */
  usageSnapshot(): BetaManagedAgentsSessionUsageSnapshot {
    return {
      input_tokens: this.usage.inputTokens,
      output_tokens: this.usage.outputTokens,
      cache_read_input_tokens: 0,
      cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 0 },
      active_seconds: this.activeSeconds,
      list_cost: { amount: String(Math.round(this.usage.cents)), currency: "USD" },
      server_tool_use: { web_search_requests: 0, web_fetch_requests: 0 },
    };
  }

  /** The agent as the thread's reads show it. */
  threadAgent(): BetaManagedAgentsSessionThreadAgent {
    const { multiagent: _, ...agent } = this.agent;
    return agent;
  }

  /** The session as the API shows it. Never holds a token. */
  view(): BetaManagedAgentsSession {
    return {
      type: "session",
      id: this.id,
      status: this.shownStatus,
      title: this.title,
      environment_id: this.environmentId,
      vault_ids: this.vaultIds,
      deployment_id: null,
      archived_at: this.archivedAt,
      created_at: new Date(this.createdAtMs).toISOString(),
      updated_at: this.updatedAt,
      metadata: this.metadata,
      budget: this.budget,
      agent: this.agent,
      resources: [...this.mounts.map((mount) => mount.resource), ...this.files, ...this.memories],
      outcome_evaluations: [],
      stats: {
        active_seconds: this.activeSeconds,
        duration_seconds: (this.#world.clock.now() - this.createdAtMs) / 1000,
      },
      usage: this.usageSnapshot(),
    };
  }

  get #thread(): { session_thread_id: string; agent_name: string } {
    return { session_thread_id: this.threadId, agent_name: this.agent.name };
  }

  #halt(status: BetaManagedAgentsSession["status"]): void {
    this.status = status;
    this.#activeMs += this.#activeSinceMs === undefined ? 0 : this.#world.clock.now() - this.#activeSinceMs;
    this.#activeSinceMs = undefined;
  }
}
