/**
 * The gate every request passes, whatever it asks for: the log, observers, faults, and the headers of the answer.
 * Knows neither credentials nor routes.
 */
import { createHash } from "node:crypto";
import { once } from "node:events";
import type { HttpBindings } from "@hono/node-server";
import type { Context } from "hono";
import { pause } from "../../../src/clock.ts";
import { halfOf } from "../half-answer.ts";
import { sha256 } from "./auth.ts";
import { type Reply, requestId } from "./call.ts";
import type { Faults, Trouble } from "./faults.ts";
import type { Limiter, Resource } from "./limits.ts";
import { Refusal } from "./refusal.ts";
import type { RequestRecord, Requests } from "./requests.ts";
import type { World } from "./world.ts";

/** What the gate needs. */
export interface Gate {
  world: World;
  requests: Requests;
  faults: Faults;
  limiter: Limiter;
}

/** Hono over Node's own request and response. */
export type Env = { Bindings: HttpBindings };
/** A request as Hono hands it over. */
export type HonoContext = Context<Env>;

/** An answer on its way out, with who asked, on which budget, and what the route would have accepted. */
export interface Outcome {
  reply: Reply;
  who?: string;
  resource?: Resource;
  accepts?: string;
}

/** Answers one request; `answer` is the effect, and may throw a `Refusal`. */
export async function exchange(
  { world, requests, faults, limiter }: Gate,
  context: HonoContext,
  about: Pick<RequestRecord, "route" | "createsContent">,
  answer: (record: RequestRecord) => Promise<Outcome>,
): Promise<Response> {
  const url = new URL(context.req.url);
  const { method } = context.req;
  const record: RequestRecord = {
    ...about,
    ...{ at: world.clock.now(), method, path: url.pathname, query: Object.fromEntries(url.searchParams) },
    as: undefined,
    status: 0,
  };
  requests.begin(record);
  context.env.outgoing.once("close", () => requests.finish(record));
  if (await requests.tell("before", record)) return cut(context);
  const trouble = faults.meet(method, record.route);
  if (trouble?.kind === "latency" || trouble?.kind === "stall")
    await requests.idle(record, pause(world.clock, trouble.ms));
  if (trouble?.kind === "resetBefore" || trouble?.kind === "stall") return cut(context);
  if (trouble?.kind === "late") {
    // Read before the connection is gone.
    await context.req.text();
    cut(context);
    await pause(world.clock, trouble.ms);
  }
  const isInjected = trouble?.kind === "status";
  if (isInjected) record.injected = true;
  const outcome = isInjected ? { reply: injected(trouble) } : await answer(record).catch(refused);
  const response = respond(context, outcome, {
    date: new Date(world.clock.now()).toUTCString(),
    server: "github.com",
    "x-github-request-id": requestId(),
    ...(outcome.accepts && { "x-accepted-github-permissions": outcome.accepts }),
    ...(outcome.who && limiter.headers(outcome.who, outcome.resource)),
    ...outcome.reply.headers,
  });
  // What has not changed since the caller saw it costs nothing.
  if (response.status === 304 && outcome.who) limiter.forgive(outcome.who);
  record.status = response.status;
  if (!outcome.reply.raw) record.responseBody = masked(record.route, outcome.reply.body);
  const isCut = await requests.tell("after", record);
  if (trouble?.kind === "stallAfter") await once(context.env.outgoing, "close");
  if (trouble?.kind === "stallBody") return halfOf(response);
  return isCut || trouble?.kind === "resetAfter" || trouble?.kind === "late" ? cut(context) : response;
}

/** Drops the connection; what is returned is never sent. */
function cut(context: HonoContext): Response {
  context.env.incoming.socket.destroy();
  return new Response(null);
}

function injected(trouble: Trouble & { kind: "status" }): Reply {
  const { status, headers = {}, body = { message: "Server Error" } } = trouble;
  if (typeof body === "string")
    return { status, headers, raw: { type: "text/html", bytes: Buffer.from(body) } };
  return { status, headers, body };
}

/** The reply a refusal stands for; any other error is a fault of the simulator and goes on. */
export function refused(problem: unknown): Outcome {
  if (!(problem instanceof Refusal)) throw problem;
  const { status, body, text, headers } = problem;
  const raw = {
    type: "text/plain; charset=utf-8",
    bytes: Buffer.from(`${text}\n`),
  };
  return { reply: text === undefined ? { status, body, headers } : { status, raw, headers } };
}

/** A minted token is a secret: the log holds its hash. */
function masked(route: string, body: unknown): unknown {
  if (!route.endsWith("/access_tokens") || typeof body !== "object" || body === null || !("token" in body))
    return body;
  return { ...body, token: `sha256:${sha256(String(body.token))}` };
}

function respond(context: HonoContext, { reply }: Outcome, headers: Record<string, string>): Response {
  const { status, raw, body } = reply;
  if (raw)
    return new Response(new Uint8Array(raw.bytes), {
      status,
      headers: { ...headers, "content-type": raw.type },
    });
  if (body === undefined) return new Response(null, { status, headers });
  const text = JSON.stringify(body);
  // An entity tag holds for one token only (GitHub support), so the token is part of the hash.
  const authorization = context.req.header("authorization") ?? "";
  const etag = `W/"${createHash("sha256").update(authorization).update(text).digest("hex")}"`;
  const isReadable = context.req.method === "GET" && status === 200;
  if (isReadable && context.req.header("if-none-match") === etag) {
    return new Response(null, { status: 304, headers: { ...headers, etag } });
  }
  const json = {
    "content-type": "application/json; charset=utf-8",
    "x-github-media-type": "github.v3; format=json",
    ...(isReadable && { etag }),
    ...headers,
  };
  return new Response(text, { status, headers: json });
}
