/**
 * The Claude platform's webhooks in: verify, wake the run. They carry no state, so losing one only delays,
 * and one that comes twice or late only makes a run look once more.
 */
import type Anthropic from "@anthropic-ai/sdk";
import type { Logger } from "../log.ts";
import type { Answer, Knock } from "./server.ts";

/** What the door needs. */
export interface ClaudeDoor {
  client: Anthropic;
  /** Wakes the run of a session; sessions that are not ours wake nothing. */
  knock: (session: string) => Promise<void>;
  log: Logger;
}

const bodyBytesMax = 1024 * 1024;

/** Types after which a run has something to do; the platform tells every start of a turn as well. */
const telling = new Set([
  "session.status_idled",
  "session.status_terminated",
  "session.budget_reached",
  "session.deleted",
]);

/** Takes one webhook (Standard Webhooks signature, five minutes of tolerance). */
export async function takeWebhook(
  { client, knock, log }: ClaudeDoor,
  { headers, read }: Knock,
): Promise<Answer> {
  const body = await read(bodyBytesMax);
  if (body.kind === "too large") return { status: 413, text: "the body is larger than 1 MiB", close: true };
  if (body.kind === "aborted") return { status: 400, text: "the body ended early", close: true };
  const event = verified(client, body.bytes.toString("utf8"), headers);
  if (!event) {
    log.warn("webhook with a bad signature");
    return { status: 401, text: "webhook-signature is missing or does not match the signing key" };
  }
  if (telling.has(event.data.type)) await knock(event.data.id);
  return { status: 200, text: "ok" };
}

function verified(client: Anthropic, body: string, headers: Knock["headers"]) {
  try {
    const given = Object.entries(headers).filter(
      (entry): entry is [string, string] => entry[1] !== undefined,
    );
    return client.beta.webhooks.unwrap(body, { headers: Object.fromEntries(given) });
  } catch {
    return undefined;
  }
}
