/**
 * The doors we go out by: GitHub and the Claude platform, each over connections of this process with
 * timeouts everywhere. What is said there is other rooms' business.
 */
import type Anthropic from "@anthropic-ai/sdk";
import { Agent, type Dispatcher, fetch as undiciFetch } from "undici";
import { countedFetch } from "../agent/calls.ts";
import { claudeClient } from "../agent/claude.ts";
import { createGate } from "../agent/gate.ts";
import type { Clock } from "../clock.ts";
import type { Config } from "../config.ts";
import { createGitHub, type GitHub } from "../github/client.ts";
import { exchangesAtOnceMax } from "../github/visitor-token.ts";
import type { Logger } from "../log.ts";
import type { Metrics } from "../metrics.ts";
import type { Store } from "../store/database.ts";
import type { Traces } from "../traces.ts";

/** Who is outside. */
export interface Neighbours {
  github: GitHub;
  client: Anthropic;
  /** The client for open streams, whose bodies may take for ever. */
  streaming: Anthropic;
  /** Any address, for a question that is neither's. */
  fetch: typeof fetch;
  /** What strangers set off by signing in, over connections of its own: all else leaves, however slow it is. */
  exchangeFetch: typeof fetch;
  /** Gives the process's own tokens back, as far as that takes a second, and ends all connections. */
  close(): Promise<void>;
}

const callTimeoutMsDefault = 30_000;
/** A change waits so long for a connection at most: what it was decided on is out of date then. */
const sendMsMax = 3_000;
const connect = { timeout: sendMsMax };
/**
 * Requests to one host at a time; the rest wait. GitHub allows an App a hundred over all its installations and our
 * replicas (its documentation of secondary rate limits).
 */
const atOnceMax = 40;
/** How long giving tokens back may keep a stop: unreturned they die within the hour, and nobody else has them. */
const giveBackMsMax = 1_000;

/**
 * A way out with the same limits, for whoever knows no neighbours yet. `callTimeoutMs` bounds the wait for an
 * answer's head, and for each part of its body; `atOnce` is how many requests go to one host at a time.
 */
export function wayOut(
  clock: Clock,
  callTimeoutMs: number = callTimeoutMsDefault,
  atOnce: number = atOnceMax,
): { fetch: typeof fetch; close(): Promise<void> } {
  const bounds = { headersTimeout: callTimeoutMs, bodyTimeout: callTimeoutMs, connections: atOnce };
  const dispatcher = new Agent({ ...bounds, connect });
  return { fetch: fetchBy(dispatcher.compose(inTime(clock))), close: () => dispatcher.destroy() };
}

/** What the ways out need. */
export interface NeighbourTools {
  clock: Clock;
  log: Logger;
  metrics: Metrics;
  traces: Traces;
  /** Where the pace is kept together with other replicas. */
  store?: Store;
  /** Bounds the wait for an answer's head, and for each part of its body; 30 s when left out. */
  callTimeoutMs?: number | undefined;
}

/** The neighbours that the configuration names. Nobody is asked anything yet. */
export function neighbours(
  config: Pick<Config, "app" | "github" | "claude">,
  tools: NeighbourTools,
): Neighbours {
  const { clock, metrics, traces, store, callTimeoutMs = callTimeoutMsDefault } = tools;
  const { fetch, close } = wayOut(clock, callTimeoutMs);
  const exchanges = wayOut(clock, callTimeoutMs, exchangesAtOnceMax);
  const unending = new Agent({ headersTimeout: callTimeoutMs, bodyTimeout: 0, connect });
  const github = createGitHub({ config, fetch, ...tools });
  const gated = createGate(clock, store);
  const client = (by: typeof fetch) =>
    claudeClient({ config: config.claude, fetch: gated(countedFetch(by, { metrics, traces })) });
  return {
    github,
    fetch,
    exchangeFetch: exchanges.fetch,
    client: client(fetch),
    streaming: client(fetchBy(unending)),
    close: async () => {
      const end = () => Promise.all([close(), exchanges.close(), unending.destroy()]);
      const off = clock.after(giveBackMsMax, () => void end());
      await github.close();
      off();
      await end();
    },
  };
}

/**
 * A change leaves soon or not at all: one that waited behind forty others, for a connection, or in a process that
 * stood still, may have been made by another replica meanwhile. Asked where its first byte would be written.
 */
function inTime(clock: Clock): Dispatcher.DispatcherComposeInterceptor {
  return (dispatch) => (options, handler) => {
    if (options.method === "GET") return dispatch(options, handler);
    const began = clock.now();
    const onRequestStart: Dispatcher.DispatchHandler["onRequestStart"] = (controller, context) => {
      // Thrown here it ends the request alone, and the connection serves the next one.
      if (clock.now() - began > sendMsMax) throw new Error("a change came too late to be sent");
      handler.onRequestStart?.(controller, context);
    };
    const read = (of: Dispatcher.DispatchHandler, name: string) => {
      const member: unknown = Reflect.get(of, name, of);
      return typeof member === "function" ? member.bind(of) : member;
    };
    const watched = new Proxy(handler, {
      get: (of, name) => (name === "onRequestStart" ? onRequestStart : read(of, String(name))),
    });
    return dispatch(options, watched);
  };
}

/** undici's fetch over a dispatcher of the same undici: Node's own fetch refuses a foreign one. */
function fetchBy(dispatcher: Dispatcher): typeof fetch {
  // The cast: undici's types and the global ones name the same standard objects differently.
  return ((input: string, init: object) =>
    undiciFetch(input, { ...init, dispatcher })) as unknown as typeof fetch;
}
