/**
 * The HTTP server: routes, limits, health and readiness. What a request means is the other doors' business.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { getRequestListener, type HttpBindings } from "@hono/node-server";
import { type Context, Hono } from "hono";
import type { Clock } from "../clock.ts";
import { Problem } from "../domain/errors.ts";
import type { Logger } from "../log.ts";
import { type Body, dropBody, readBody } from "./body.ts";
import type { Pages } from "./dashboard/answer.ts";
import { joined, type Visitor, visitorOf } from "./visitor.ts";

/** A request as a door sees it. */
export interface Knock {
  /** A header by its lower-case name; one sent twice is joined and so matches nothing it must match. */
  header(name: string): string | undefined;
  /** Reads the body, at most so many bytes. */
  read(bytesMax: number): Promise<Body>;
}

/** A door's answer, in plain text. */
export interface Answer {
  status: 200 | 202 | 400 | 401 | 404 | 405 | 413 | 415 | 500 | 503;
  text: string;
}

/** A text with its media type. */
export interface Page {
  type: string;
  text: string;
}

/** What the server serves. */
export interface ServerParts {
  github: (knock: Knock) => Promise<Answer>;
  /** Absent when no signing key is configured: then the path does not exist. */
  claude?: (knock: Knock) => Promise<Answer>;
  /** The metrics' page; undefined for those to whom it does not exist. */
  metrics: (visitor: Visitor) => Promise<Page | undefined>;
  /** The dashboard, behind all other routes. */
  pages: Hono<Pages>;
  /** Undefined while ready, else the reason. */
  unready: () => Promise<string | undefined>;
  log: Logger;
  clock: Clock;
}

/** A listening server. */
export interface Listening {
  port: number;
  /** Where it is opened on this machine. */
  url: string;
  /** Requests not yet answered. */
  busy(): number;
  /** Takes no new connections, gives the open requests at most `ms`, then ends them. */
  close(ms: number): Promise<void>;
}

const headersTimeoutMs = 10_000;
const requestTimeoutMs = 30_000;
const connectionsMax = 10_000;

/** Starts serving. Throws `refused` when the address cannot be listened on. */
export function listen(parts: ServerParts, address: { host: string; port: number }): Promise<Listening> {
  const rest = getRequestListener(routes(parts).fetch);
  return serve(
    (incoming, outgoing) => {
      // Deliveries come in bursts of thousands: without the Request and Response in between each costs a fifth less.
      const isDelivery = incoming.method === "POST" && incoming.url === "/api/github/webhooks";
      return isDelivery ? answerDelivery(parts, incoming, outgoing) : rest(incoming, outgoing);
    },
    parts.clock,
    address,
  );
}

async function answerDelivery(
  parts: ServerParts,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const { answer, whole } = await knockOn(incoming, parts.github).catch((error: unknown) => {
    parts.log.error({ err: error, route: "/api/github/webhooks" }, "request failed");
    return { answer: { status: 500, text: "something went wrong on our side" } as const, whole: false };
  });
  outgoing.writeHead(answer.status, {
    "content-type": "text/plain; charset=utf-8",
    // Without its length the answer would go out in chunks.
    "content-length": Buffer.byteLength(answer.text),
    ...(whole ? {} : { connection: "close" }),
  });
  if (whole) {
    outgoing.end(answer.text);
    return;
  }
  outgoing.write(answer.text);
  await dropBody(incoming, parts.clock);
  outgoing.end();
}

/** Serves any application, with the same limits. Throws `refused` when the address cannot be listened on. */
export async function serve(
  listener: (incoming: IncomingMessage, outgoing: ServerResponse) => unknown,
  clock: Clock,
  address: { host: string; port: number },
): Promise<Listening> {
  const server = createServer(
    {
      headersTimeout: headersTimeoutMs,
      requestTimeout: requestTimeoutMs,
      connectionsCheckingInterval: 1_000,
    },
    listener,
  );
  server.maxConnections = connectionsMax;
  let open = 0;
  server.on("request", (request, response) => {
    // A page that is kept live is nobody's work in hand.
    if (request.headers.accept === "text/event-stream") return;
    open += 1;
    response.once("close", () => {
      open -= 1;
    });
  });
  await bound(server, address);
  const { port, address: heard } = server.address() as AddressInfo;
  const isEverywhere = heard === "0.0.0.0" || heard === "::";
  return {
    port,
    url: `http://${isEverywhere ? "localhost" : inAddress(address.host)}:${port}`,
    busy: () => open,
    close: (ms) =>
      new Promise((resolve) => {
        const off = clock.after(ms, () => server.closeAllConnections());
        server.close(() => {
          off();
          resolve();
        });
        server.closeIdleConnections();
      }),
  };
}

/** A host as it stands in the address of a page. */
export function inAddress(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}

function routes(parts: ServerParts): Hono<{ Bindings: HttpBindings }> {
  const app = new Hono<{ Bindings: HttpBindings }>();
  app.post("/api/github/webhooks", (context) => through(context, parts.github));
  app.all("/api/github/webhooks", (context) => context.text("use POST", 405, { allow: "POST" }));
  if (parts.claude) {
    const { claude } = parts;
    app.post("/api/anthropic/webhooks", (context) => through(context, claude));
    app.all("/api/anthropic/webhooks", (context) => context.text("use POST", 405, { allow: "POST" }));
  }
  app.get("/healthz", (context) => context.text("ok"));
  app.get("/readyz", async (context) => {
    const reason = await parts.unready();
    return reason === undefined ? context.text("ready") : context.text(reason, 503);
  });
  app.get("/metrics", async (context) => {
    const page = await parts.metrics(visitorOf(context.env.incoming));
    return page ? context.body(page.text, 200, { "content-type": page.type }) : context.notFound();
  });
  app.route("/", parts.pages);
  app.onError((error, context) => {
    parts.log.error({ err: error, route: context.req.path }, "request failed");
    return context.text("something went wrong on our side", 500);
  });
  return app;
}

async function through(
  context: Context<{ Bindings: HttpBindings }>,
  door: (knock: Knock) => Promise<Answer>,
) {
  const { answer, whole } = await knockOn(context.env.incoming as IncomingMessage, door);
  return context.text(answer.text, answer.status, whole ? {} : { connection: "close" });
}

/** The door's answer, and whether it has read the whole body: if not, the connection ends with the answer. */
async function knockOn(incoming: IncomingMessage, door: (knock: Knock) => Promise<Answer>) {
  let whole = false;
  const answer = await door({
    header: (name) => joined(incoming.headers[name]),
    read: async (bytesMax) => {
      const body = await readBody(incoming, bytesMax);
      whole = body.kind === "read";
      return body;
    },
  });
  return { answer, whole };
}

function bound(server: Server, { host, port }: { host: string; port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (cause: NodeJS.ErrnoException) => {
      const why =
        cause.code === "EADDRINUSE"
          ? "is in use by another process"
          : `cannot be listened on (${cause.code})`;
      reject(
        new Problem(
          "refused",
          "address_unusable",
          `${inAddress(host)}:${port} ${why}: change HOST or PORT.`,
          { cause },
        ),
      );
    });
    server.listen(port, host, resolve);
  });
}
