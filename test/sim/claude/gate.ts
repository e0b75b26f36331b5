/**
 * What every request passes: it is given an id and written down, observers are told, faults strike,
 * then credentials, version and beta are checked. Knows nothing of what the routes behind it do.
 */

import { once } from "node:events";
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import type { Context, MiddlewareHandler } from "hono";
import { routePath } from "hono/route";
import { pause } from "../../../src/clock.ts";
import { halfOf } from "../half-answer.ts";
import type { Trouble } from "./faults.ts";
import { journalBody, type LoggedRequest } from "./journal.ts";
import { invalid, Refusal } from "./refusal.ts";
import type { NodeBindings } from "./stream.ts";
import type { Moment, World } from "./world.ts";

const versions = ["2023-06-01", "2026-10-21"];
const beta = "managed-agents-2026-04-01";
const knownBetas = [beta, "agent-memory-2026-07-22", "files-api-2025-04-14", "dreaming-2026-04-21"];

/** The request's method and path with its parameters named; `METHOD *` when no route matches. */
export function routeOf(c: Context): string {
  const path = routePath(c, -1);
  return `${c.req.method} ${path === "/*" ? "*" : path}`;
}

/** Around every request to `/v1`. */
export function gate(world: World): MiddlewareHandler<NodeBindings> {
  return async (c, next) => {
    let leave = world.activity.enter();
    c.env.outgoing.once("close", () => leave());
    const request = await enter(world, c);
    c.set("requestId", request.id);
    c.header("request-id", request.id);

    const trouble = world.faults.strike(routeOf(c), request.path);
    if (trouble?.kind === "latency") {
      leave();
      await pause(world.clock, trouble.ms);
      leave = world.activity.enter();
    }
    const cutBefore =
      trouble?.kind === "reset_before" || (await observed(world, { phase: "before", request }));
    if (cutBefore) return reset(c);
    if (trouble?.kind === "status") throw failed(request, refusalOf(trouble));
    try {
      admit(world, c, request);
    } catch (error) {
      throw failed(request, error);
    }

    await next();
    request.status = request.kind === "stream" && c.res === RESPONSE_ALREADY_SENT ? 200 : c.res.status;
    if (request.kind === "stream") leave();
    const cutAfter = await observed(world, { phase: "after", request });
    if (cutAfter || trouble?.kind === "reset_after") return reset(c, request);
    if (trouble?.kind === "stall_after" || trouble?.kind === "stall_body") request.status = 0;
    if (trouble?.kind === "stall_after") await once(c.env.outgoing, "close");
    if (trouble?.kind === "stall_body") c.res = await halfOf(c.res);
    if (trouble?.kind !== "status_after") return undefined;
    const refusal = refusalOf(trouble);
    request.status = refusal.status;
    c.res = refused(c, refusal);
    return undefined;
  };
}

/** The answer to a refusal, in the platform's shape. */
export function refused(c: Context<NodeBindings>, refusal: Refusal): Response {
  const requestId = c.get("requestId");
  return Response.json(refusal.body(requestId), {
    status: refusal.status,
    headers: { "request-id": requestId, ...refusal.headers() },
  });
}

async function enter(world: World, c: Context<NodeBindings>): Promise<LoggedRequest> {
  const { method, path } = c.req;
  const route = routeOf(c).slice(method.length + 1);
  const request: LoggedRequest = {
    id: world.ids("req"),
    at: world.clock.now(),
    method,
    path,
    route,
    kind: route.endsWith("/stream") ? "stream" : method === "POST" ? "create" : "other",
    status: 0,
    retryCount: Number(c.req.header("x-stainless-retry-count") ?? 0),
  };
  world.log.push(request);
  if (c.req.header("content-type")?.startsWith("application/json"))
    request.requestBody = journalBody(await c.req.text());
  return request;
}

/** Credentials, version, beta and rate, in the platform's order. */
function admit(world: World, c: Context, request: LoggedRequest): void {
  const key = c.req.header("authorization")?.replace(/^Bearer /, "") ?? c.req.header("x-api-key");
  if (key !== world.apiKey) throw new Refusal(401, "invalid API key");
  if (!versions.includes(c.req.header("anthropic-version") ?? ""))
    throw invalid("anthropic-version: header is required and must be a known version");
  const betas = (c.req.header("anthropic-beta") ?? "")
    .split(",")
    .map((text) => text.trim())
    .filter(Boolean);
  const unknown = betas.find((name) => !knownBetas.includes(name));
  if (unknown !== undefined) throw invalid(`anthropic-beta: unexpected value ${unknown}`);
  if (betas.includes(beta) && betas.includes("agent-memory-2026-07-22"))
    throw invalid("anthropic-beta: managed-agents and agent-memory do not go together");
  if (!request.path.startsWith("/v1/files") && !betas.includes(beta)) {
    if (request.path.includes("/threads")) throw new Refusal(404, "not found");
    throw invalid(`anthropic-beta: this endpoint needs ${beta}`);
  }
  world.limiter?.count(request.kind === "create" ? "create" : "read");
}

function failed(request: LoggedRequest, error: unknown): unknown {
  request.status = error instanceof Refusal ? error.status : 500;
  return error;
}

function refusalOf(trouble: Extract<Trouble, { kind: "status" | "status_after" }>): Refusal {
  const { status, retryAfterS } = trouble;
  return new Refusal(status, "injected by the test", retryAfterS === undefined ? {} : { retryAfterS });
}

async function observed(world: World, moment: Moment): Promise<boolean> {
  let cut = false;
  for (const observer of world.observers) cut = (await observer(moment)) === "reset" || cut;
  return cut;
}

function reset(c: Context<NodeBindings>, request?: LoggedRequest): Response {
  if (request) request.status = 0;
  c.env.incoming.socket.resetAndDestroy();
  c.res = RESPONSE_ALREADY_SENT;
  return RESPONSE_ALREADY_SENT;
}
