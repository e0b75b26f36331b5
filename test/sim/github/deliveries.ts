/**
 * Webhook deliveries: signed, sent over HTTP, logged, never repeated unless asked.
 * Knows how to lose, double, delay and reorder them on request; not what the payloads mean.
 */
import { createHmac, randomUUID } from "node:crypto";
import { Agent, request } from "undici";
import type { Clock } from "../../../src/clock.ts";
import type { Emit, Occurrence } from "./occurrence.ts";
import { nextId } from "./world.ts";

/** One attempt. `statusCode` 0 while it is on its way. */
export interface Delivery extends Occurrence {
  id: number;
  guid: string;
  at: number;
  redelivery: boolean;
  durationMs: number;
  status: string;
  statusCode: number;
  requestHeaders: Record<string, string>;
  responseHeaders: Record<string, string>;
  responseBody: string;
}

/** Trouble on the way, for the deliveries that match. `lose`: GitHub never made it; `drop`: the attempt fails and is logged. */
export type Mishap = {
  event?: string;
  action?: string;
  /** Asked of each delivery as it leaves. */
  fits?: (delivery: Delivery) => boolean;
  /** How many deliveries it meets; every one when absent. */
  times?: number;
} & (
  | { kind: "lose" | "drop" }
  | { kind: "duplicate"; copies: number }
  | { kind: "delay"; ms: number }
  /** Held back until the next delivery has been sent. */
  | { kind: "reorder" }
  | { kind: "wrongSecret" }
);

/** What the courier needs of its surroundings. */
export interface CourierOptions {
  clock: Clock;
  app: { id: number; webhookSecret: string; events: string[] };
  hookId: number;
  webhookUrl: string | undefined;
}

/** GitHub gives a receiver ten seconds (its webhook documentation). */
const answerMsMax = 10_000;
const unreachable = "failed to connect to host";
const alwaysSent = ["installation", "installation_repositories", "installation_target", "ping"];

/** Sends deliveries and keeps their log. */
export class Courier {
  readonly log: Delivery[] = [];
  readonly #options: CourierOptions;
  readonly #agent = new Agent({ connections: 32, pipelining: 1 });
  #mishaps: Mishap[] = [];
  #held: Delivery[] = [];
  #sending = 0;

  constructor(options: CourierOptions) {
    this.#options = options;
  }

  /** Where deliveries go; none leave while it is absent, but they are logged as failed. */
  set webhookUrl(url: string | undefined) {
    this.#options.webhookUrl = url;
  }

  get webhookUrl(): string | undefined {
    return this.#options.webhookUrl;
  }

  /** Deliveries being sent at this moment. */
  get sending(): number {
    return this.#sending;
  }

  /** Troubles the next matching deliveries. */
  trouble(mishap: Mishap): void {
    this.#mishaps.push({ ...mishap });
  }

  /** Ends all trouble and sends what was held back. */
  heal(): void {
    this.#mishaps = [];
    for (const late of this.#held.splice(0)) this.#launch(late);
  }

  /** Sends a delivery in the background. */
  readonly emit: Emit = (occurrence) => {
    if (!this.#options.app.events.includes(occurrence.event) && !alwaysSent.includes(occurrence.event))
      return;
    const delivery = this.#delivery(occurrence, randomUUID(), false);
    const mishap = this.#meet(delivery);
    const held = this.#held;
    this.#held = [];
    this.#dispatch(delivery, mishap);
    for (const late of held) this.#launch(late);
  };

  #dispatch(delivery: Delivery, mishap: Mishap | undefined): void {
    if (mishap?.kind === "lose") return;
    this.log.push(delivery);
    switch (mishap?.kind) {
      case "drop":
        settle(delivery, 502, unreachable);
        break;
      case "duplicate":
        for (let copy = 0; copy <= mishap.copies; copy += 1) this.#launch(delivery);
        break;
      case "delay":
        this.#options.clock.after(mishap.ms, () => this.#launch(delivery));
        break;
      case "reorder":
        this.#held.push(delivery);
        break;
      case "wrongSecret":
        delivery.requestHeaders["X-Hub-Signature-256"] = `sha256=${"0".repeat(64)}`;
        this.#launch(delivery);
        break;
      default:
        this.#launch(delivery);
    }
  }

  /** Sends the payload of an earlier delivery again: same GUID, new id. Resolves once it has been answered. */
  async redeliver(guid: string): Promise<Delivery> {
    const first = this.log.find((each) => each.guid === guid);
    if (!first) throw new Error(`no delivery ${guid}`);
    const again = this.#delivery(first, guid, true);
    this.log.push(again);
    await this.#send(again);
    return again;
  }

  /** Lets go of held deliveries and of the connections. */
  async stop(): Promise<void> {
    this.#held = [];
    await this.#agent.destroy();
  }

  #meet(delivery: Delivery): Mishap | undefined {
    const mishap = this.#mishaps.find(
      (each) =>
        (each.event ?? delivery.event) === delivery.event &&
        (each.action ?? delivery.action) === delivery.action &&
        (each.times ?? 1) > 0 &&
        (each.fits?.(delivery) ?? true),
    );
    if (mishap?.times !== undefined) mishap.times -= 1;
    return mishap;
  }

  #delivery(occurrence: Occurrence, guid: string, redelivery: boolean): Delivery {
    const { event, action, payload, installationId, repositoryId } = occurrence;
    const { app, hookId, clock } = this.#options;
    const signature = createHmac("sha256", app.webhookSecret).update(JSON.stringify(payload)).digest("hex");
    return {
      ...{ event, action, payload, installationId, repositoryId },
      id: nextId(),
      guid,
      at: clock.now(),
      redelivery,
      durationMs: 0,
      status: "pending",
      statusCode: 0,
      requestHeaders: {
        Accept: "*/*",
        "Content-Type": "application/json",
        "User-Agent": "GitHub-Hookshot/5c1a2b3",
        "X-GitHub-Delivery": guid,
        "X-GitHub-Event": event,
        "X-GitHub-Hook-ID": String(hookId),
        "X-GitHub-Hook-Installation-Target-ID": String(app.id),
        "X-GitHub-Hook-Installation-Target-Type": "integration",
        "X-Hub-Signature-256": `sha256=${signature}`,
      },
      responseHeaders: {},
      responseBody: "",
    };
  }

  #launch(delivery: Delivery): void {
    void this.#send(delivery);
  }

  /** Never rejects: what goes wrong is written into the delivery. */
  async #send(delivery: Delivery): Promise<void> {
    const { webhookUrl, clock } = this.#options;
    if (!webhookUrl) {
      settle(delivery, 502, unreachable);
      return;
    }
    const cut = new AbortController();
    const off = clock.after(answerMsMax, () => cut.abort());
    const begun = clock.now();
    this.#sending += 1;
    try {
      const { statusCode, headers, body } = await request(webhookUrl, {
        method: "POST",
        headers: delivery.requestHeaders,
        body: JSON.stringify(delivery.payload),
        dispatcher: this.#agent,
        signal: cut.signal,
      });
      delivery.responseBody = (await body.text()).slice(0, 10_000);
      delivery.responseHeaders = Object.fromEntries(
        Object.entries(headers).map(([name, value]) => [name, String(value)]),
      );
      settle(delivery, statusCode, statusCode < 400 ? "OK" : `Invalid HTTP Response: ${statusCode}`);
    } catch {
      settle(delivery, cut.signal.aborted ? 504 : 502, cut.signal.aborted ? "timed out" : unreachable);
    } finally {
      off();
      this.#sending -= 1;
      delivery.durationMs = clock.now() - begun;
    }
  }
}

function settle(delivery: Delivery, statusCode: number, status: string): void {
  delivery.statusCode = statusCode;
  delivery.status = status;
}
