/**
 * What a session's events come to. A reducer: events in, one small record out, the same whatever way they
 * came (stream, webhook, looking) and however often. It knows the shapes of the Claude platform's events
 * only as far as `AgentEvent` names them; floor 2 translates.
 */
import type { PushResult } from "./push-result.ts";

type Refusal = Extract<PushResult, { kind: "refused" }>;

/** A custom tool call of the agent that waits for our answer. */
export interface ToolCall {
  /** The event's id, by which it is answered. */
  id: string;
  name: string;
  input: Record<string, unknown>;
}

/** Why a turn came to rest (Claude Managed Agents, `session.status_idle.stop_reason`). */
export type IdleReason = "end_turn" | "requires_action" | "budget_reached" | "retries_exhausted" | "refusal";

/** One event of a session, reduced to what a run depends on. */
export type AgentEvent = { id: string; at: string } & (
  | { kind: "running" }
  | { kind: "idle"; reason: IdleReason }
  | { kind: "terminated" }
  | { kind: "heard" }
  | { kind: "answered"; call: string }
  | { kind: "said"; text: string }
  | { kind: "worked"; tool: string; pushes?: true }
  | { kind: "ran"; use: string; ok: boolean; result?: PushResult }
  | { kind: "called"; call: ToolCall }
  | { kind: "spent"; cents: number }
  | { kind: "trouble"; words: string }
  | { kind: "lost"; lost: LostServer }
  | { kind: "other" }
);

/** An MCP server that a session works without. */
export interface LostServer {
  server: string;
  /** A clause that follows a colon. */
  why: string;
}

/** How far a session has come. */
export interface Progress {
  /** `processed_at` of the newest event taken in: where the next look begins. */
  since?: string;
  /** Ids taken in at or shortly before `since`; at most `seenMax`. */
  seen: string[];
  status: "new" | "running" | "idle" | "terminated";
  /** The rest the session came to after the newest thing it heard; absent while it works. */
  idle?: { reason: IdleReason };
  /** Ids of our messages and answers the agent has read; at most `seenMax`. */
  heard: string[];
  /** Tool calls not yet answered, oldest first. */
  calls: ToolCall[];
  /** What the agent said last, cut to `wordsMax` characters. */
  words: string;
  counts: { read: number; edited: number; commands: number };
  /** List cost of this session, and of the run's sessions before it. */
  costCents: number;
  carriedCents: number;
  /** GitHub's refusal of the last push, until another one is taken. */
  refusal?: Refusal;
  /** The last command that pushes, by the id of its event. */
  pushing?: string;
  /** A trouble the session cannot come back from, in words for people. */
  trouble?: string;
  /** MCP servers that could not be used, each once; at most `lostMax`. */
  lost?: LostServer[];
}

/** How many ids are remembered: more than any page of events that shares a few seconds. */
export const seenMax = 2_000;
const wordsMax = 4_000;
const lostMax = 20;

/** A session of which nothing has been seen yet. */
export const noProgress: Progress = {
  seen: [],
  status: "new",
  heard: [],
  calls: [],
  words: "",
  counts: { read: 0, edited: 0, commands: 0 },
  costCents: 0,
  carriedCents: 0,
};

/** The same session as a new round finds it: an old rest or trouble ends nothing, old words answer nothing. */
export function forNextRound(progress: Progress): Progress {
  const { idle: _idle, trouble: _trouble, refusal: _refusal, ...rest } = progress;
  return { ...rest, words: "" };
}

/** What a new session of the same run begins with: only the cost is carried over. */
export function forNextSession(progress: Progress): Progress {
  return { ...noProgress, carriedCents: progress.carriedCents + progress.costCents };
}

/** Takes events in, oldest first; those seen before change nothing. */
export function advance(progress: Progress, events: AgentEvent[]): Progress {
  const seen = new Set(progress.seen);
  return events.reduce((before, event) => {
    if (seen.has(event.id)) return before;
    seen.add(event.id);
    return {
      ...take(before, event),
      since: before.since && before.since > event.at ? before.since : event.at,
      seen: [...before.seen, event.id].slice(-seenMax),
    };
  }, progress);
}

function take(progress: Progress, event: AgentEvent): Progress {
  switch (event.kind) {
    case "running":
      return without(progress, "idle", { status: "running" });
    case "idle":
      return { ...progress, status: "idle", idle: { reason: event.reason } };
    case "terminated":
      return { ...progress, status: "terminated" };
    case "heard":
      return without(progress, "idle", { heard: [...progress.heard, event.id].slice(-seenMax) });
    case "answered":
      return {
        ...progress,
        heard: [...progress.heard, event.id].slice(-seenMax),
        calls: progress.calls.filter((call) => call.id !== event.call),
      };
    case "said":
      return { ...progress, words: event.text.slice(-wordsMax) };
    case "worked":
      return {
        ...progress,
        counts: counted(progress.counts, event.tool),
        ...(event.pushes ? { pushing: event.id } : {}),
      };
    case "ran": {
      const { result, ok, use } = event;
      if (result?.kind === "refused") return { ...progress, refusal: result };
      // A quiet push says nothing when all is well.
      return result || (ok && use === progress.pushing) ? without(progress, "refusal", {}) : progress;
    }
    case "called":
      return { ...progress, calls: [...progress.calls, event.call] };
    case "spent":
      return { ...progress, costCents: Math.max(progress.costCents, event.cents) };
    case "trouble":
      return { ...progress, trouble: progress.trouble ?? event.words };
    case "lost": {
      const { lost = [] } = progress;
      const isKnown = lost.length >= lostMax || lost.some(({ server }) => server === event.lost.server);
      return isKnown ? progress : { ...progress, lost: [...lost, event.lost] };
    }
    case "other":
      return progress;
    default:
      return event satisfies never;
  }
}

function without(progress: Progress, key: "idle" | "refusal", change: Partial<Progress>): Progress {
  const { [key]: _gone, ...rest } = progress;
  return { ...rest, ...change };
}

function counted(counts: Progress["counts"], tool: string): Progress["counts"] {
  switch (tool) {
    case "read":
      return { ...counts, read: counts.read + 1 };
    case "write":
    case "edit":
      return { ...counts, edited: counts.edited + 1 };
    case "bash":
      return { ...counts, commands: counts.commands + 1 };
    default:
      return counts;
  }
}
