/**
 * The names of session events a list may be filtered by, complete by the compiler's word.
 */
import type { BetaManagedAgentsSessionEventType } from "@anthropic-ai/sdk/resources/beta/sessions/events";

const names: Record<BetaManagedAgentsSessionEventType, true> = {
  "user.message": true,
  "user.interrupt": true,
  "user.tool_confirmation": true,
  "user.custom_tool_result": true,
  "agent.custom_tool_use": true,
  "agent.message": true,
  "agent.thinking": true,
  "agent.mcp_tool_use": true,
  "agent.mcp_tool_result": true,
  "agent.tool_use": true,
  "agent.tool_result": true,
  "agent.thread_message_received": true,
  "agent.thread_message_sent": true,
  "agent.thread_context_compacted": true,
  "session.error": true,
  "session.status_rescheduled": true,
  "session.status_running": true,
  "session.status_idle": true,
  "session.status_terminated": true,
  "session.thread_created": true,
  "span.outcome_evaluation_start": true,
  "span.outcome_evaluation_end": true,
  "span.model_request_start": true,
  "span.model_request_end": true,
  "span.outcome_evaluation_ongoing": true,
  "user.define_outcome": true,
  "session.thread_status_running": true,
  "session.thread_status_idle": true,
  "session.thread_status_terminated": true,
  "user.tool_result": true,
  "session.thread_status_rescheduled": true,
  "session.updated": true,
  "system.message": true,
  "session.usage": true,
  "workflow_run.created": true,
  "workflow_run.status_running": true,
  "workflow_run.status_idle": true,
  "workflow_run.status_ended": true,
  "workflow_run.error": true,
  "workflow_run.phase_started": true,
  "workflow_run.phase_ended": true,
};

/** Every valid `types[]` value. */
export const eventTypes = Object.keys(names) as BetaManagedAgentsSessionEventType[];
