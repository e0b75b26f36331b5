/**
 * The Claude platform's session events, translated into the few that a run depends on.
 * Shapes from the official SDK's types; what is not listed here changes nothing.
 */
import type Anthropic from "@anthropic-ai/sdk";
import type { AgentEvent } from "../domain/progress.ts";
import { pushResult } from "../domain/push-result.ts";
import { redact } from "../domain/secret.ts";

type SessionEvent = Anthropic.Beta.Sessions.BetaManagedAgentsSessionEvent;
type SessionEventType = Anthropic.Beta.Sessions.BetaManagedAgentsSessionEventType;
type SessionError = Anthropic.Beta.Sessions.BetaManagedAgentsSessionErrorEvent["error"];

/** Types that a look asks for; the rest (spans, threads, deltas) would only fill pages. */
export const followedTypes: SessionEventType[] = [
  "user.message",
  "user.custom_tool_result",
  "agent.message",
  "agent.tool_use",
  "agent.tool_result",
  "agent.custom_tool_use",
  "session.error",
  "session.usage",
  "session.status_running",
  "session.status_idle",
  "session.status_terminated",
];

/** The event as a run sees it; undefined while it is queued, because it comes again with the same id. */
export function agentEvent(event: SessionEvent): AgentEvent | undefined {
  if (!("processed_at" in event) || !event.processed_at) return undefined;
  const base = { id: event.id, at: new Date(event.processed_at).toISOString() };
  switch (event.type) {
    case "user.message":
      return { ...base, kind: "heard" };
    case "user.custom_tool_result":
      return { ...base, kind: "answered", call: event.custom_tool_use_id };
    case "agent.message":
      return { ...base, kind: "said", text: textOf(event.content) };
    case "agent.tool_use":
      return { ...base, kind: "worked", tool: event.name, ...(pushes(event.input) ? { pushes: true } : {}) };
    case "agent.tool_result": {
      const result = pushResult(textOf(event.content ?? []));
      const ran = { use: event.tool_use_id, ok: event.is_error !== true };
      return { ...base, kind: "ran", ...ran, ...(result ? { result } : {}) };
    }
    case "agent.custom_tool_use":
      return { ...base, kind: "called", call: { id: event.id, name: event.name, input: event.input } };
    case "session.usage":
      return { ...base, kind: "spent", cents: Number(event.usage.list_cost?.amount ?? 0) };
    case "session.status_running":
      return { ...base, kind: "running" };
    case "session.status_idle":
      return { ...base, kind: "idle", reason: event.stop_reason.type };
    case "session.status_terminated":
      return { ...base, kind: "terminated" };
    case "session.error": {
      const lost = lostServer(event.error);
      if (lost) return { ...base, kind: "lost", lost };
      const words = troubleOf(event.error);
      return words === undefined ? { ...base, kind: "other" } : { ...base, kind: "trouble", words };
    }
    default:
      return { ...base, kind: "other" };
  }
}

function pushes({ command }: Record<string, unknown>): boolean {
  return typeof command === "string" && /\bgit\b[^\n;&|]*\bpush\b/.test(command);
}

/** The text blocks of a message, one after the other. */
export function textOf(content: readonly object[]): string {
  return content
    .flatMap((block) => ("text" in block && typeof block.text === "string" ? [block.text] : []))
    .join("\n\n");
}

/** An MCP server the session goes on without: it refused its token, or is not reached after retries. */
function lostServer(error: SessionError): { server: string; why: string } | undefined {
  if (error.type === "mcp_authentication_failed_error")
    return { server: error.mcp_server_name, why: "it did not accept its token" };
  if (error.type !== "mcp_connection_failed_error" || error.retry_status.type === "retrying")
    return undefined;
  return { server: error.mcp_server_name, why: "it could not be reached" };
}

const cannotClone = "The repository could not be mounted in the session";

/**
 * Words for an error no session comes back from. The platform says *retrying* about repositories and does
 * not retry: the session goes on without them, so every such error is final whatever it says of itself.
 */
function troubleOf(error: SessionError): string | undefined {
  switch (error.type) {
    case "repository_authentication_error":
      return `${cannotClone}: GitHub did not accept the token. \`/agent retry\` mounts it with a new one.`;
    case "repository_forbidden_error":
      return `${cannotClone}: GitHub forbids it. Check that the App may write to the repository's contents.`;
    case "repository_not_found_error":
      return `${cannotClone}: it was not found. Check that the App is installed on it.`;
    case "repository_checkout_error":
      return `${cannotClone}: the base branch could not be checked out. Check the \`base\` setting, or that the pull request's own branch still exists.`;
    case "repository_clone_error":
      return `${cannotClone}. \`/agent retry\` tries again.`;
    case "billing_error":
      return "The Claude platform reports a billing problem. The operator of this service can settle it.";
    case "tool_use_limit_reached_error":
    case "compaction_limit_reached_error":
      return "The session reached a limit of the Claude platform. Split the issue into smaller ones.";
    case "unknown_error":
      // Refused clones came as unknown errors before they had types of their own.
      return /repositor|github|clone/i.test(error.message)
        ? `${cannotClone}: ${redact(error.message)}`
        : undefined;
    default:
      return undefined;
  }
}
