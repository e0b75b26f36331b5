/**
 * The App's delivery log: what GitHub tried to deliver and how it was answered, newest first, kept for
 * three days. It does not know which deliveries matter.
 */
import type { GitHub } from "./client.ts";

/** GitHub keeps its log of an App's deliveries this long (documentation of webhooks; Enterprise Server: longer). */
export const logKeptMs = 72 * 3_600_000;

/** One attempt to deliver. */
export interface Attempt {
  id: number;
  /** `X-GitHub-Delivery`: the same for every attempt at a delivery. */
  guid: string;
  /** When, milliseconds since the epoch by GitHub's clock. */
  at: number;
  event: string;
  action: string;
  /** Was it answered 2xx? */
  taken: boolean;
  /** The wrong secret is answered so. */
  unsigned: boolean;
}

/** A page of the log; `next` continues it. */
export interface AttemptPage {
  attempts: Attempt[];
  /** When it was answered, milliseconds since the epoch by GitHub's clock; undefined where the answer does not say. */
  answeredAt: number | undefined;
  next: string | undefined;
}

/** A page of a hundred attempts, newest first, from `cursor` on. */
export async function attemptsOf(github: GitHub, cursor: string | undefined): Promise<AttemptPage> {
  const { data, headers } = await github.app.rest.apps.listWebhookDeliveries({
    per_page: 100,
    ...(cursor === undefined ? {} : { cursor }),
  });
  const attempts = data.map((one) => ({
    id: one.id,
    guid: one.guid,
    at: Date.parse(one.delivered_at),
    event: one.event,
    action: one.action ?? "",
    taken: one.status_code >= 200 && one.status_code < 300,
    unsigned: one.status_code === 401,
  }));
  const [, next] = /[?&]cursor=([^&>]+)[^>]*>;\s*rel="next"/.exec(headers.link ?? "") ?? [];
  const answeredAt = headers.date === undefined ? Number.NaN : Date.parse(headers.date);
  return {
    attempts,
    answeredAt: Number.isNaN(answeredAt) ? undefined : answeredAt,
    next: next === undefined ? undefined : decodeURIComponent(next),
  };
}

/** The payload of an attempt, as GitHub logged it. Throws `gone` when the log has forgotten it. */
export async function payloadOf(github: GitHub, attempt: number): Promise<unknown> {
  const { data } = await github.app.rest.apps.getWebhookDelivery({ delivery_id: attempt });
  return data.request.payload;
}
