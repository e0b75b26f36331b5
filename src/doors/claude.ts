/**
 * The Claude platform's webhooks in: verify, wake the run. They carry no state, so losing one only delays,
 * and one that comes twice or late only makes a run look once more.
 */
import type Anthropic from "@anthropic-ai/sdk";
import { z } from "zod";
import type { Seldom } from "../log.ts";
import type { Metrics } from "../metrics.ts";
import type { Answer, Knock } from "./server.ts";

/** What the door needs. */
export interface ClaudeDoor {
  client: Anthropic;
  /** Wakes the run of a session; sessions that are not ours wake nothing. */
  knock: (session: string) => Promise<void>;
  /** What strangers can cause at will. */
  warn: Seldom;
  metrics: Pick<Metrics, "suspects">;
}

const bodyBytesMax = 1024 * 1024;

/** The part of a webhook that is read; one of another shape is answered and means nothing to us. */
const webhook = z.object({ data: z.object({ type: z.string(), id: z.string() }) });

/** Types after which a run has something to do; the platform tells every start of a turn as well. */
const telling = new Set([
  "session.status_idled",
  "session.status_terminated",
  "session.budget_reached",
  "session.deleted",
]);

/** Takes one webhook (Standard Webhooks signature, five minutes of tolerance). */
export async function takeWebhook(
  { client, knock, warn, metrics }: ClaudeDoor,
  { header, read }: Knock,
): Promise<Answer> {
  const body = await read(bodyBytesMax);
  if (body.kind === "too large") return { status: 413, text: "the body is larger than 1 MiB" };
  if (body.kind === "aborted") return { status: 400, text: "the body ended early" };
  const text = body.bytes.toString("utf8");
  if (!isSigned(client, text, header)) {
    warn({}, "webhook with a bad signature");
    metrics.suspects.inc({ door: "claude", what: "signature" });
    return { status: 401, text: "webhook-signature is missing or does not match the signing key" };
  }
  const { success, data: event } = webhook.safeParse(JSON.parse(text));
  if (success && telling.has(event.data.type)) await knock(event.data.id);
  return { status: 200, text: "ok" };
}

/** Of the Standard Webhooks scheme. */
const signatureHeaders = ["webhook-id", "webhook-timestamp", "webhook-signature"];

/** The SDK verifies signature and age, and throws at a body that is not JSON as well. */
function isSigned(client: Anthropic, body: string, header: Knock["header"]): boolean {
  try {
    const given = signatureHeaders.map((name) => [name, header(name) ?? ""]);
    client.beta.webhooks.unwrap(body, { headers: Object.fromEntries(given) });
    return true;
  } catch {
    return false;
  }
}
