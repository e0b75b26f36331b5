/**
 * Sends the platform's webhooks: thin, signed (Standard Webhooks: HMAC-SHA256 over `id.timestamp.body`),
 * tried three times, then dropped without a word. A test may lose, double, delay or reorder them.
 * Knows nothing of what the receiver does.
 */
import { createHmac } from "node:crypto";
import type { BetaWebhookEvent } from "@anthropic-ai/sdk/resources/beta/webhooks";
import { request } from "undici";
import type { Clock } from "../../../src/clock.ts";
import type { Activity } from "./activity.ts";
import type { Ids } from "./ids.ts";

/** Where deliveries go. */
export interface WebhookTarget {
  url: string;
  /** `whsec_` and 32 bytes in base64. */
  secret: string;
  /** The time written on deliveries; the simulator's clock when absent. */
  clock?: Clock;
}

/** What goes wrong on the way; all off at first. */
export interface WebhookFaults {
  /** Loses deliveries of these types (`*`: all). */
  drop: string[];
  /** Sends each delivery this often; 1 is once. */
  copies: number;
  delayMs: number;
  /** Holds each delivery back until the next one has gone. */
  reorder: boolean;
}

/** One delivery and how it went. */
export interface WebhookDelivery {
  event: BetaWebhookEvent;
  attempts: { at: number; status: number | undefined }[];
  /** Lost by a fault, or given up. */
  dropped: boolean;
}

/** The kinds of a session's news that are sent. */
export type WebhookType =
  | "session.status_run_started"
  | "session.status_idled"
  | "session.budget_reached"
  | "session.status_rescheduled"
  | "session.status_terminated"
  | "session.updated"
  | "session.deleted";

/** Waits before the second and third attempt; the platform documents 5 to 120 s. */
const backoffMs = [5_000, 60_000];
const answerMsMax = 10_000;
const organizationId = "8a3d2f1e-0000-4000-8000-000000000001";
const workspaceId = "wrkspc_01SIM";

/** The headers and body of one attempt; `timestampS` is renewed for each. */
export function signWebhook(
  event: BetaWebhookEvent,
  secret: string,
  timestampS: number,
): { headers: Record<string, string>; body: string } {
  const body = JSON.stringify(event);
  const key = Buffer.from(secret.replace(/^whsec_/, ""), "base64");
  const signature = createHmac("sha256", key).update(`${event.id}.${timestampS}.${body}`).digest("base64");
  const headers = {
    "content-type": "application/json",
    "webhook-id": event.id,
    "webhook-timestamp": String(timestampS),
    "webhook-signature": `v1,${signature}`,
  };
  return { headers, body };
}

/** The sender. Deliveries are never awaited by what caused them. */
export class Webhooks {
  target: WebhookTarget | undefined;
  readonly faults: WebhookFaults = { drop: [], copies: 1, delayMs: 0, reorder: false };
  readonly deliveries: WebhookDelivery[] = [];
  readonly #clock: Clock;
  readonly #ids: Ids;
  readonly #activity: Activity;
  #held: (() => void) | undefined;
  #stopped = false;

  constructor(clock: Clock, ids: Ids, activity: Activity) {
    this.#clock = clock;
    this.#ids = ids;
    this.#activity = activity;
  }

  /** Sends news of a session, if a target is set. */
  send(type: WebhookType, sessionId: string): void {
    if (!this.target || this.#stopped) return;
    const event: BetaWebhookEvent = {
      type: "event",
      id: this.#ids("whe"),
      created_at: new Date(this.#clock.now()).toISOString(),
      data: { type, id: sessionId, organization_id: organizationId, workspace_id: workspaceId },
    };
    const delivery: WebhookDelivery = { event, attempts: [], dropped: false };
    this.deliveries.push(delivery);
    const { drop, copies, delayMs, reorder } = this.faults;
    if (drop.includes("*") || drop.includes(type)) {
      delivery.dropped = true;
      return;
    }
    const go = () => {
      for (let copy = 0; copy < copies; copy += 1) void this.#attempt(delivery, 0);
    };
    const first = this.#held;
    this.#held = undefined;
    if (reorder && !first) this.#held = go;
    else if (delayMs > 0) this.#clock.after(delayMs, go);
    else go();
    first?.();
  }

  /** Sends a delivery again, as a late retry would. */
  resend(delivery: WebhookDelivery): void {
    void this.#attempt(delivery, backoffMs.length);
  }

  /** No further attempts. */
  stop(): void {
    this.#stopped = true;
  }

  async #attempt(delivery: WebhookDelivery, tried: number): Promise<void> {
    const { target } = this;
    if (!target || this.#stopped) return;
    const status = await this.#activity.during(() => this.#post(target, delivery.event));
    delivery.attempts.push({ at: this.#clock.now(), status });
    if (status !== undefined && status >= 200 && status < 300) return;
    if (status !== undefined && status >= 300 && status < 400) this.target = undefined;
    const waitMs = backoffMs[tried];
    if (waitMs === undefined || this.target === undefined) delivery.dropped = true;
    else this.#clock.after(waitMs, () => void this.#attempt(delivery, tried + 1));
  }

  async #post(target: WebhookTarget, event: BetaWebhookEvent): Promise<number | undefined> {
    const timestampS = Math.floor((target.clock ?? this.#clock).now() / 1000);
    const { headers, body } = signWebhook(event, target.secret, timestampS);
    try {
      const answer = await request(target.url, {
        method: "POST",
        headers,
        body,
        headersTimeout: answerMsMax,
      });
      await answer.body.dump();
      return answer.statusCode;
    } catch {
      return undefined;
    }
  }
}
