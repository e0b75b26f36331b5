/**
 * Open event streams: what happens from now on, never what happened before. Writes straight to the
 * connection, so that a fault may cut, silence or spoil it at an exact frame.
 */

import type { BetaManagedAgentsStreamSessionEvents } from "@anthropic-ai/sdk/resources/beta/sessions/events";
import type { HttpBindings } from "@hono/node-server";
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import type { Context } from "hono";
import type { StreamTrouble } from "./faults.ts";
import { routeOf } from "./gate.ts";
import { Refusal } from "./refusal.ts";
import type { Reader, Session } from "./session.ts";
import type { World } from "./world.ts";

/** What Hono's Node server hands to a route. */
export interface NodeBindings {
  Bindings: HttpBindings;
  Variables: { requestId: string };
}

type Delta = "agent.message" | "agent.thinking";

/** Opens a stream and answers at once; it lasts until either side ends it. */
export function openStream(
  world: World,
  session: Session,
  { c, deltas }: { c: Context<NodeBindings>; deltas: Delta[] },
): Response {
  const { outgoing } = c.env;
  const trouble = world.streamFaults.strike(routeOf(c), c.req.path);
  outgoing.writeHead(200, {
    "content-type": "text/event-stream",
    "cache-control": "no-cache",
    "request-id": c.get("requestId"),
  });
  outgoing.write(": keep-alive\n\n");

  const carried = new Carried(outgoing, c.get("requestId"), trouble);
  const reader: Reader = {
    send: (event) => {
      for (const frame of withDeltas(event, deltas)) carried.frame(frame);
    },
    end: () => carried.end(),
  };
  session.readers.add(reader);
  let stopBeats = beat(world, carried);
  outgoing.on("close", () => {
    session.readers.delete(reader);
    stopBeats();
    stopBeats = () => {};
  });
  return RESPONSE_ALREADY_SENT;
}

/** A comment every so often, while the stream is open; returns what stops it. */
function beat(world: World, carried: Carried): () => void {
  if (world.heartbeatMs <= 0) return () => {};
  let off = () => {};
  const next = () => {
    off = world.clock.after(world.heartbeatMs, () => {
      carried.comment("keep-alive");
      next();
    });
  };
  next();
  return () => off();
}

/** The event with the previews the reader asked for in front of it. */
function withDeltas(
  event: BetaManagedAgentsStreamSessionEvents,
  deltas: Delta[],
): BetaManagedAgentsStreamSessionEvents[] {
  if ((event.type !== "agent.message" && event.type !== "agent.thinking") || !deltas.includes(event.type))
    return [event];
  const start = { type: "event_start", event: { type: event.type, id: event.id } } as const;
  if (event.type === "agent.thinking") return [start, event];
  const parts = event.content.flatMap((block, index) =>
    block.type !== "text"
      ? []
      : [
          {
            type: "event_delta",
            event_id: event.id,
            delta: { type: "content_delta", index, content: block },
          } as const,
        ],
  );
  return [start, ...parts, event];
}

/** One connection's frames, and the trouble it runs into. */
class Carried {
  readonly #outgoing: HttpBindings["outgoing"];
  readonly #requestId: string;
  readonly #trouble: StreamTrouble | undefined;
  #frames = 0;
  #silent: boolean = false;

  constructor(outgoing: HttpBindings["outgoing"], requestId: string, trouble: StreamTrouble | undefined) {
    this.#outgoing = outgoing;
    this.#requestId = requestId;
    this.#trouble = trouble;
    this.#strike();
  }

  frame(event: BetaManagedAgentsStreamSessionEvents): void {
    if (this.#silent || this.#outgoing.writableEnded) return;
    const unnamed = this.#struck && this.#trouble?.kind === "unnamed";
    const name = unnamed ? "" : `event: ${event.type}\n`;
    this.#outgoing.write(`${name}data: ${JSON.stringify(event)}\n\n`);
    this.#frames += 1;
    this.#strike();
  }

  comment(text: string): void {
    if (!this.#silent && !this.#outgoing.writableEnded) this.#outgoing.write(`: ${text}\n\n`);
  }

  end(): void {
    this.#outgoing.end();
  }

  get #struck(): boolean {
    return this.#trouble !== undefined && this.#frames >= this.#trouble.afterFrames;
  }

  #strike(): void {
    if (!this.#struck || this.#silent) return;
    switch (this.#trouble?.kind) {
      case "cut":
        this.#silent = true;
        this.#outgoing.socket?.destroySoon();
        break;
      case "end":
        this.end();
        break;
      case "silent":
        this.#silent = true;
        break;
      case "error": {
        const body = new Refusal(529, "try later").body(this.#requestId);
        this.#outgoing.end(`event: error\ndata: ${JSON.stringify(body)}\n\n`);
        break;
      }
      case "unnamed":
      case undefined:
        break;
    }
  }
}
