/**
 * The simulated platform through the real SDK when things go wrong: lost replies, refusals with and
 * without a hint, limits, observers, and what the journal keeps of it.
 */
import Anthropic from "@anthropic-ai/sdk";
import { afterEach, beforeEach, expect, test } from "vitest";
import { goodToken, type Rehearsal, rehearse } from "../sim/claude/rehearsal.ts";
import { VirtualClock } from "../sim/virtual-clock.ts";

let r: Rehearsal;
let clock: VirtualClock;
beforeEach(async () => {
  clock = new VirtualClock();
  r = await rehearse({ clock, heartbeatMs: 0 });
});
afterEach(async () => {
  await r.stop();
  expect(r.sim.scriptErrors).toEqual([]);
});

const create = "POST /v1/sessions";
const sessions = async () => (await r.client.beta.sessions.list({ agent_id: r.agentId })).data;

test("a reply that is lost after the effect leaves a session to be found again by its metadata", async () => {
  r.sim.fault({ on: create, trouble: { kind: "reset_after" } });
  const metadata = { run_id: "run_1" };
  await expect(r.open({ metadata })).rejects.toThrow(Anthropic.APIConnectionError);
  expect((await sessions()).map((session) => session.metadata)).toEqual([metadata]);
});

test("a connection that breaks before the effect leaves nothing", async () => {
  r.sim.fault({ on: create, trouble: { kind: "reset_before" } });
  await expect(r.open()).rejects.toThrow(Anthropic.APIConnectionError);
  expect(await sessions()).toEqual([]);
});

test("an error after the effect and blind retries make two sessions, which is why we never retry", async () => {
  r.sim.fault({ on: create, trouble: { kind: "status_after", status: 503 } });
  const retrying = new Anthropic({
    apiKey: r.sim.apiKey,
    baseURL: r.sim.url,
    maxRetries: 1,
    logLevel: "off",
  });
  await retrying.beta.sessions.create({ agent: r.agentId, environment_id: r.environmentId });
  expect(await sessions()).toHaveLength(2);
  const posts = r.sim.log.filter(({ route, method }) => method === "POST" && route === "/v1/sessions");
  expect(posts.map(({ status, retryCount }) => [status, retryCount])).toEqual([
    [503, 0],
    [200, 1],
  ]);
});

test.each([
  [{ status: 429, retryAfterS: 7 } as const, "7", Anthropic.RateLimitError],
  [{ status: 429 } as const, null, Anthropic.RateLimitError],
  [{ status: 409 } as const, null, Anthropic.ConflictError],
  [{ status: 500 } as const, null, Anthropic.InternalServerError],
  [{ status: 529 } as const, null, Anthropic.InternalServerError],
  [{ status: 404 } as const, null, Anthropic.NotFoundError],
])("%o is answered once, in the platform's shape", async (trouble, hint, kind) => {
  r.sim.fault({ on: create, trouble: { kind: "status", ...trouble } });
  const error = await r.open().catch((caught: unknown) => caught);
  if (!(error instanceof Anthropic.APIError)) throw new Error("no API error");
  expect(error).toBeInstanceOf(kind);
  expect(error.headers?.get("retry-after")).toBe(hint);
  expect(error.requestID).toMatch(/^req_/);
  await r.open();
  expect(await sessions()).toHaveLength(1);
});

test("a fault strikes only its route and path, and can be called off", async () => {
  const [one, two] = [await r.open(), await r.open()];
  const trouble = { kind: "status", status: 500 } as const;
  const off = r.sim.fault({ on: "GET /v1/sessions/:id", path: two.id, times: 5, trouble });
  await r.client.beta.sessions.retrieve(one.id);
  await expect(r.client.beta.sessions.retrieve(two.id)).rejects.toThrow(Anthropic.InternalServerError);
  off();
  await r.client.beta.sessions.retrieve(two.id);
});

test("latency passes by the clock and is not activity meanwhile", async () => {
  r.sim.fault({ on: create, trouble: { kind: "latency", ms: 60_000 } });
  const opening = r.open();
  await r.settled();
  expect(r.sim.log.at(-1)?.status).toBe(0);
  await clock.advance(60_000);
  expect((await opening).status).toBe("idle");
});

test("observers stand around the effect and may cut the connection on either side", async () => {
  const phases: string[] = [];
  const off = r.sim.onRequest(({ phase, request }) => {
    phases.push(`${phase} ${request.method} ${request.route} ${r.sim.sessions.length}`);
    return phases.length === 2 ? "reset" : undefined;
  });
  await expect(r.open()).rejects.toThrow(Anthropic.APIConnectionError);
  expect(phases).toEqual(["before POST /v1/sessions 0", "after POST /v1/sessions 1"]);
  off();
  await r.open();
  expect(phases).toHaveLength(2);
});

test("the journal keeps what was asked, with hashes for tokens", async () => {
  const { id } = await r.open();
  const entry = r.sim.log.find(({ route, method }) => method === "POST" && route === "/v1/sessions");
  expect(entry).toMatchObject({ kind: "create", status: 200, at: clock.now() });
  expect(JSON.stringify(entry)).toMatch(/"authorization_token":"sha256:[0-9a-f]{64}"/);
  expect(JSON.stringify(r.sim.log)).not.toContain(goodToken);
  await r.client.beta.sessions.retrieve(id);
  expect(r.sim.log.at(-1)).toMatchObject({ kind: "other", method: "GET", route: "/v1/sessions/:id" });
});

test("a session that just came to rest still reads as running for a moment and is not archived", async () => {
  r.sim.switches.idleLagMs = 200;
  const { id } = await r.open({ resources: [] });
  await r.tell(id, "go");
  await r.settled();
  expect(await r.types(id)).toContain("session.status_idle");
  expect((await r.client.beta.sessions.retrieve(id)).status).toBe("running");
  await expect(r.client.beta.sessions.archive(id)).rejects.toThrow(/interrupt it and wait for idle/);
  await clock.advance(200);
  expect((await r.client.beta.sessions.archive(id)).status).toBe("terminated");
});

test("requests above the limit are refused with the time to wait, kind by kind", async () => {
  await r.stop();
  r = await rehearse({ clock, heartbeatMs: 0, rateLimits: { create: 3, read: 5 } });
  await r.open({ resources: [] });
  const error = await r.open({ resources: [] }).catch((caught: unknown) => caught);
  if (!(error instanceof Anthropic.RateLimitError)) throw new Error("no limit");
  expect(Number(error.headers.get("retry-after"))).toBe(60);
  await sessions();
  await clock.advance(60_000);
  await r.open({ resources: [] });
});
