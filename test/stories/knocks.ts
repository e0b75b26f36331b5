/**
 * Deliveries by hand: what GitHub, or somebody who recorded what it sent, could post to the service.
 */
import { createHmac } from "node:crypto";
import type { Stage } from "./stage.ts";

type Sent = Stage["github"]["deliveries"][number];

/** The newest delivery GitHub made of this kind (`issues.labeled`). */
export function lastSent({ github }: Stage, kind: string): Sent {
  const sent = github.deliveries.findLast((each) => `${each.event}.${each.action}` === kind);
  if (!sent) throw new Error(`no ${kind} was sent`);
  return sent;
}

/** Posts a recorded delivery, under its own id or another. Resolves with the status. */
export async function post({ app }: Stage, sent: Sent, id = sent.guid): Promise<number> {
  const { status } = await fetch(`${app.url}/api/github/webhooks`, {
    method: "POST",
    headers: { ...sent.requestHeaders, "X-GitHub-Delivery": id },
    body: JSON.stringify(sent.payload),
  });
  return status;
}

/** What somebody who holds the webhook secret could post: a delivery with members changed, signed anew. */
export async function postChanged(
  { app, github }: Stage,
  { requestHeaders, payload, event: sent }: Sent,
  { id, event = sent, change }: { id: string; event?: string; change: Record<string, unknown> },
): Promise<number> {
  const isObject = (value: unknown) => typeof value === "object" && value !== null;
  const changed = Object.entries(change).map(([name, value]) => [
    name,
    isObject(value) ? { ...Object(payload[name]), ...Object(value) } : value,
  ]);
  const body = JSON.stringify({ ...payload, ...Object.fromEntries(changed) });
  const signature = createHmac("sha256", github.app.webhookSecret).update(body).digest("hex");
  const headers = {
    "X-GitHub-Delivery": id,
    "X-GitHub-Event": event,
    "X-Hub-Signature-256": `sha256=${signature}`,
  };
  const { status } = await fetch(`${app.url}/api/github/webhooks`, {
    method: "POST",
    headers: { ...requestHeaders, ...headers },
    body,
  });
  return status;
}

/** What became of a delivery, without the run's id; undefined while it is not worked off. */
export function verdictOf({ lines }: Stage, id: string): string | undefined {
  const line = lines.findLast((each) => each["msg"] === "delivery worked off" && each["delivery_id"] === id);
  return line && String(line["verdict"]).replace(/run_\w+/, "RUN");
}
