/**
 * Everything the simulated platform knows, in one place that the routes share.
 * Holds state only; the rules live with the subject they are about.
 */
import type { BetaManagedAgentsAgent } from "@anthropic-ai/sdk/resources/beta/agents";
import type { BetaEnvironment } from "@anthropic-ai/sdk/resources/beta/environments";
import type { BetaFileMetadata } from "@anthropic-ai/sdk/resources/beta/files";
import type { Clock } from "../../../src/clock.ts";
import type { Activity } from "./activity.ts";
import type { Script } from "./agent.ts";
import type { Faults, StreamTrouble, Trouble } from "./faults.ts";
import type { Ids } from "./ids.ts";
import type { LoggedRequest } from "./journal.ts";
import type { PushPolicy } from "./push-policy.ts";
import type { RateLimiter } from "./rate.ts";
import { notFound } from "./refusal.ts";
import type { Session } from "./session.ts";
import type { VaultRecord } from "./vaults.ts";
import type { Webhooks } from "./webhooks.ts";

/** Behaviours a test may turn while the simulator runs. */
export interface Switches {
  /** What the git proxy lets through. */
  pushPolicy: PushPolicy;
  /** Off: repositories are said to be cloned and are not, for agents that touch no file. */
  clones: boolean;
  /** How long after an idle event the session still reads as running and refuses to be archived. */
  idleLagMs: number;
  /** How long an interrupt takes to be noticed. */
  interruptLagMs: number;
  /** Status of the refusal of events for an archived or terminated session; sources disagree. */
  endedSendStatus: 400 | 409;
}

/** One git operation that came through the proxy. */
export interface GitOperation {
  at: number;
  sessionId: string;
  resourceId: string;
  /** `owner/name`. */
  repository: string;
  service: "git-upload-pack" | "git-receive-pack";
  step: "advertise" | "exchange";
  /** Refs a push wanted to change; empty otherwise. */
  refs: string[];
  /** SHA-256 of the token mounted at that moment; absent when none was. */
  tokenSha256?: string;
  /** What the sandbox was answered. */
  status: number;
}

/** An uploaded or produced file. */
export interface FileRecord {
  metadata: BetaFileMetadata;
  content: Uint8Array<ArrayBuffer>;
}

/** A memory store that sessions may mount; the simulator keeps no memories. */
export interface MemoryStore {
  id: string;
  name: string;
  description: string;
}

/** What an observer is told: a request about to take effect, or one that just did. */
export interface Moment {
  phase: "before" | "after";
  request: LoggedRequest;
}

/** Called around the effect of each request; the answer `reset` resets the connection there. */
export type Observer = (moment: Moment) => undefined | "reset" | Promise<undefined | "reset">;

/** Chooses the script of a session; asked once, at its first message. */
export type Casting = (session: Session) => Script;

/** The state of one simulator. Maps are in order of creation. */
export interface World {
  readonly clock: Clock;
  readonly ids: Ids;
  readonly apiKey: string;
  readonly activity: Activity;
  readonly switches: Switches;
  /** `host[:port]` of repositories that may be mounted besides github.com. */
  readonly gitHosts: string[];
  /** Where the sandboxes live. */
  readonly directory: string;
  readonly heartbeatMs: number;
  readonly limiter: RateLimiter | undefined;
  readonly webhooks: Webhooks;
  readonly faults: Faults<Trouble>;
  readonly streamFaults: Faults<StreamTrouble>;
  readonly observers: Set<Observer>;
  readonly log: LoggedRequest[];
  readonly gitOperations: GitOperation[];
  /** What went wrong inside scripts; a test asserts that it is empty. */
  readonly scriptErrors: unknown[];
  /** All versions of each agent, oldest first. */
  readonly agents: Map<string, BetaManagedAgentsAgent[]>;
  readonly environments: Map<string, BetaEnvironment>;
  readonly sessions: Map<string, Session>;
  readonly vaults: Map<string, VaultRecord>;
  readonly files: Map<string, FileRecord>;
  readonly memoryStores: Map<string, MemoryStore>;
  /** Set once the server listens. */
  url: string;
  casting: Casting;
}

/** The clock's time as the API writes it. */
export const timestamp = (world: World): string => new Date(world.clock.now()).toISOString();

/** Looks something up; 404 when it is not there. */
export function find<T>(map: Map<string, T>, what: string, id: string | undefined): T {
  const found = id === undefined ? undefined : map.get(id);
  if (found === undefined) throw notFound(what, id ?? "");
  return found;
}
