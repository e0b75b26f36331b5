/**
 * The simulator's own tests start from here: a simulator, a git host, the real SDK as its client,
 * an agent and an environment. Stories of the product do not use it.
 */
import Anthropic from "@anthropic-ai/sdk";
import type {
  BetaManagedAgentsSession,
  SessionCreateParams,
} from "@anthropic-ai/sdk/resources/beta/sessions";
import * as undici from "undici";
import { pause, systemClock } from "../../../src/clock.ts";
import { type ClaudeOptions, type ClaudeSim, startClaude } from "./claude.ts";
import { type GitHost, startGitHost } from "./git-host.ts";
import type { SessionEvent } from "./session.ts";

/** A request as it goes over the wire; the headers the API needs are there unless overwritten (null: left out). */
export interface RawRequest {
  method?: "GET" | "POST" | "DELETE";
  path: string;
  body?: unknown;
  headers?: Record<string, string | null>;
}

/** Everything a test of the simulator needs. */
export interface Rehearsal {
  sim: ClaudeSim;
  host: GitHost;
  client: Anthropic;
  agentId: string;
  environmentId: string;
  /** Opens a session on `acme/widgets` with a good token, or as told. */
  open(params?: Partial<SessionCreateParams>): Promise<BetaManagedAgentsSession>;
  /** Sends a message. */
  tell(sessionId: string, text: string): Promise<void>;
  /** Every event of a session, listed page by page. */
  events(sessionId: string): Promise<SessionEvent[]>;
  /** The types of a session's events, in order. */
  types(sessionId: string): Promise<string[]>;
  /** Answers a call of one of our tools. */
  answer(sessionId: string, callId: string, text: string): Promise<void>;
  /** Uploads a file by the SDK with the global fetch (it refuses uploads through another one's). */
  upload(name: string, content: string): Promise<string>;
  /** A request without the SDK: status and body. */
  raw(request: RawRequest): Promise<{ status: number; body: unknown; headers: Record<string, unknown> }>;
  /** Waits until nothing is under way. */
  settled(): Promise<void>;
  stop(): Promise<void>;
}

/** The repository every rehearsal has. */
export const repository = "acme/widgets";
/** The token the git host takes. */
export const goodToken = "ghs_good_token_of_the_rehearsal";

const stepMs = 5;
const stepsMax = 4000;

/** A client of the real SDK that retries nothing. */
export const clientOf = (sim: ClaudeSim): Anthropic =>
  new Anthropic({
    apiKey: sim.apiKey,
    baseURL: sim.url,
    maxRetries: 0,
    fetch: undici.fetch as unknown as typeof fetch,
    logLevel: "off",
  });

/** The tools the product offers, as far as these tests need them. */
export const tools: NonNullable<Anthropic.Beta.AgentCreateParams["tools"]> = [
  { type: "agent_toolset_20260401", configs: [{ name: "web_search", enabled: false }] },
  ...["submit_pull_request", "ask_maintainer"].map((name) => ({
    type: "custom" as const,
    name,
    description: name,
    input_schema: { type: "object" as const },
  })),
];

/** Starts a rehearsal. */
export async function rehearse(options: ClaudeOptions = {}): Promise<Rehearsal> {
  const host = await startGitHost();
  host.add(repository);
  host.tokens.add(goodToken);
  const sim = await startClaude({ gitHosts: [host.host], ...options });
  const client = clientOf(sim);
  const agent = await client.beta.agents.create({ name: "fixer", model: "claude-opus-5-5", tools });
  const environment = await client.beta.environments.create({ name: "default" });
  const mounted = {
    type: "github_repository" as const,
    url: host.url(repository),
    authorization_token: goodToken,
  };
  const events = async (sessionId: string) => {
    const all: SessionEvent[] = [];
    for await (const event of client.beta.sessions.events.list(sessionId)) all.push(event);
    return all;
  };
  return {
    sim,
    host,
    client,
    agentId: agent.id,
    environmentId: environment.id,
    open: (params = {}) =>
      client.beta.sessions.create({
        agent: { type: "agent", id: agent.id, version: agent.version },
        environment_id: environment.id,
        resources: [mounted],
        ...params,
      }),
    tell: async (sessionId, text) => {
      const content = [{ type: "text" as const, text }];
      await client.beta.sessions.events.send(sessionId, { events: [{ type: "user.message", content }] });
    },
    events,
    types: async (sessionId) => (await events(sessionId)).map(({ type }) => type),
    answer: async (sessionId, callId, text) => {
      const content = [{ type: "text" as const, text }];
      const result = { type: "user.custom_tool_result" as const, custom_tool_use_id: callId, content };
      await client.beta.sessions.events.send(sessionId, { events: [result] });
    },
    upload: async (name, content) => {
      const uploader = new Anthropic({ apiKey: sim.apiKey, baseURL: sim.url, maxRetries: 0 });
      return (await uploader.beta.files.upload({ file: new File([content], name, { type: "text/plain" }) }))
        .id;
    },
    raw: (request) => rawRequest(sim, request),
    settled: () => settle(sim),
    stop: async () => {
      await sim.stop();
      await host.stop();
    },
  };
}

async function rawRequest(sim: ClaudeSim, { method = "GET", path, body, headers = {} }: RawRequest) {
  const all: Record<string, string | null> = {
    authorization: `Bearer ${sim.apiKey}`,
    "anthropic-version": "2026-10-21",
    "anthropic-beta": "managed-agents-2026-04-01",
    "content-type": "application/json",
    ...headers,
  };
  const kept = Object.fromEntries(
    Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== null),
  );
  const text = body === undefined ? null : JSON.stringify(body);
  const answer = await undici.request(`${sim.url}${path}`, { method, headers: kept, body: text });
  return { status: answer.statusCode, body: await answer.body.json(), headers: answer.headers };
}

/** Waits in real time until the simulator has been quiet twice in a row. */
async function settle(sim: ClaudeSim): Promise<void> {
  for (let [step, quiet] = [0, 0]; quiet < 2; step += 1) {
    if (step > stepsMax) throw new Error("the simulator did not come to rest");
    await pause(systemClock, stepMs);
    quiet = sim.busy() === 0 ? quiet + 1 : 0;
  }
}
