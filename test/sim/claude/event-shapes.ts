/**
 * The events we may send, as strict shapes held to the SDK's types by the compiler.
 */
import type { BetaManagedAgentsEventParams } from "@anthropic-ai/sdk/resources/beta/sessions/events";
import { z } from "zod";

const text = z.strictObject({ type: z.literal("text"), text: z.string().min(1) });
const base64 = z.strictObject({ type: z.literal("base64"), media_type: z.string(), data: z.base64() });
const byUrl = z.strictObject({ type: z.literal("url"), url: z.url() });
const byFile = z.strictObject({ type: z.literal("file"), file_id: z.string() });
const image = z.strictObject({
  type: z.literal("image"),
  source: z.discriminatedUnion("type", [base64, byUrl, byFile]),
});
const plain = z.strictObject({
  type: z.literal("text"),
  media_type: z.literal("text/plain"),
  data: z.string(),
});
const document = z.strictObject({
  type: z.literal("document"),
  source: z.discriminatedUnion("type", [base64, plain, byUrl, byFile]),
  title: z.string().nullable().exactOptional(),
  context: z.string().nullable().exactOptional(),
});
const content = z.array(z.discriminatedUnion("type", [text, image, document]));

/** A message to the agent. */
export const userMessage = z.strictObject({ type: z.literal("user.message"), content: content.min(1) });

const interrupt = z.strictObject({
  type: z.literal("user.interrupt"),
  session_thread_id: z.string().nullable().exactOptional(),
});
const confirmation = z.strictObject({
  type: z.literal("user.tool_confirmation"),
  tool_use_id: z.string(),
  result: z.enum(["allow", "deny"]),
  deny_message: z.string().max(10_000).nullable().exactOptional(),
});
const customResult = z.strictObject({
  type: z.literal("user.custom_tool_result"),
  custom_tool_use_id: z.string(),
  content: content.exactOptional(),
  is_error: z.boolean().nullable().exactOptional(),
});

const event = z.discriminatedUnion("type", [userMessage, interrupt, confirmation, customResult]);

/** An event as sent. Outcomes, system messages and self-hosted tool results are not simulated and refused. */
export type InboundEvent = z.infer<typeof event>;

/** The body that sends events. */
export const eventSend = z.strictObject({ events: z.array(event).min(1) }) satisfies z.ZodType<{
  events: BetaManagedAgentsEventParams[];
}>;
