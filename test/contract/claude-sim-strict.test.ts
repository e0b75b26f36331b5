/**
 * The simulated platform does not forgive: every request here is one the platform refuses,
 * and none leaves a trace.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { goodToken, type RawRequest, type Rehearsal, rehearse, repository } from "../sim/claude/rehearsal.ts";
import { VirtualClock } from "../sim/virtual-clock.ts";

let r: Rehearsal;
let sessionId: string;
beforeAll(async () => {
  r = await rehearse({ clock: new VirtualClock(), heartbeatMs: 0 });
  sessionId = (await r.open()).id;
  await r.settled();
});
afterAll(async () => {
  await r.stop();
  expect(r.sim.scriptErrors).toEqual([]);
});

/** Sends a request that must be refused with this status, without any effect. */
async function refused(status: number, request: RawRequest): Promise<string> {
  const before = [r.sim.sessions.length, r.sim.session(sessionId).log.length];
  const answer = await r.raw(request);
  expect(answer).toMatchObject({ status, body: { type: "error", error: { message: expect.any(String) } } });
  expect(answer.headers["request-id"]).toBe((answer.body as { request_id: string }).request_id);
  expect([r.sim.sessions.length, r.sim.session(sessionId).log.length]).toEqual(before);
  return (answer.body as { error: { message: string } }).error.message;
}

describe("headers", () => {
  const path = "/v1/sessions";
  test.each([
    [401, { authorization: null }],
    [401, { authorization: "Bearer wrong" }],
    [400, { "anthropic-version": null }],
    [400, { "anthropic-version": "1999-01-01" }],
    [400, { "anthropic-beta": null }],
    [400, { "anthropic-beta": "managed-agents-2026-04-01,invented-2026-01-01" }],
    [400, { "anthropic-beta": "managed-agents-2026-04-01,agent-memory-2026-07-22" }],
  ] as const)("%i for %o", async (status, headers) => {
    await refused(status, { path, headers });
  });

  test("the older key header is taken, and threads without the beta are not found", async () => {
    const headers = { authorization: null, "x-api-key": r.sim.apiKey };
    expect((await r.raw({ path, headers })).status).toBe(200);
    await refused(404, { path: `${path}/${sessionId}/threads`, headers: { "anthropic-beta": null } });
  });
});

describe("queries", () => {
  test.each([
    "/v1/sessions?statuses=idle",
    "/v1/sessions?statuses[]=sleeping",
    "/v1/sessions?metadata=x",
    "/v1/sessions?limit=0",
    "/v1/sessions?limit=ten",
    "/v1/sessions?limit=5&limit=6",
    "/v1/sessions?page=nonsense",
    "/v1/sessions?created_at[gte]=yesterday",
    "/v1/sessions?order=newest",
    "/v1/agents?name=x",
    "/v1/environments?scope=x",
  ])("%s", async (path) => {
    await refused(400, { path });
  });

  test("an unknown parameter is answered with the valid ones", async () => {
    expect(await refused(400, { path: "/v1/sessions?title=x" })).toContain("include_archived");
    const events = `/v1/sessions/${sessionId}/events`;
    await refused(400, { path: `${events}?types=user.message` });
    await refused(400, { path: `${events}?types[]=session.deleted` });
    await refused(400, { path: `${events}/stream?event_deltas[]=agent.tool_use` });
    await refused(400, { path: `/v1/sessions/${sessionId}?x=1` });
  });
});

describe("creating a session", () => {
  const body = (more: object) => ({
    agent: r.agentId,
    environment_id: r.environmentId,
    ...more,
  });
  const mount = (more: object) => ({
    resources: [
      { type: "github_repository", url: r.host.url(repository), authorization_token: goodToken, ...more },
    ],
  });
  const many = (count: number) => Array.from({ length: count }, (_, place) => place);
  const message = { type: "user.message", content: [{ type: "text", text: "go" }] };

  const cases: Record<string, () => object> = {
    "an unknown key": () => ({ branch: "main" }),
    "a title too long": () => ({ title: "x".repeat(501) }),
    "metadata of 17 pairs": () => ({ metadata: Object.fromEntries(many(17).map((n) => [`k${n}`, "v"])) }),
    "a metadata value too long": () => ({ metadata: { a: "x".repeat(513) } }),
    "a metadata value that is no text": () => ({ metadata: { issue: 42 } }),
    "an address with .git": () => mount({ url: `${r.host.url(repository)}.git` }),
    "an ssh address": () => mount({ url: "git@github.com:acme/widgets" }),
    "an http address of github.com": () => mount({ url: "http://github.com/acme/widgets" }),
    "an address with a token": () => mount({ url: "https://x:y@github.com/acme/widgets" }),
    "a host nobody named": () => mount({ url: "https://gitlab.com/acme/widgets" }),
    "an owner without a name": () => mount({ url: "https://github.com/acme" }),
    "a slash at the end": () => mount({ url: "https://github.com/acme/widgets/" }),
    "an empty token": () => mount({ authorization_token: "" }),
    "a token too long": () => mount({ authorization_token: "x".repeat(4097) }),
    "a mount elsewhere": () => mount({ mount_path: "/etc/widgets" }),
    "a mount that climbs": () => mount({ mount_path: "/workspace/../etc" }),
    "a checkout of a tag": () => mount({ checkout: { type: "tag", name: "v1" } }),
    "a checkout of a short sha": () => mount({ checkout: { type: "commit", sha: "abc" } }),
    "a repository twice": () => ({
      resources: [...mount({}).resources, ...mount({ mount_path: "/workspace/x" }).resources],
    }),
    "51 first events": () => ({ initial_events: many(51).map(() => message) }),
    "a first event of another kind": () => ({ initial_events: [{ type: "user.interrupt" }] }),
    "an empty first message": () => ({ initial_events: [{ type: "user.message", content: [] }] }),
    "a budget in other money": () => ({
      budget: { type: "limit", max_list_cost: { amount: "5", currency: "EUR" } },
    }),
    "a budget as a number": () => ({
      budget: { type: "limit", max_list_cost: { amount: 5, currency: "USD" } },
    }),
  };
  test.each(Object.keys(cases))("with %s", async (name) => {
    await refused(400, { method: "POST", path: "/v1/sessions", body: body(cases[name]?.() ?? {}) });
  });

  test("with things that are not there", async () => {
    const post = (more: object) => refused(404, { method: "POST", path: "/v1/sessions", body: body(more) });
    await post({ agent: "agent_nobody" });
    await post({ agent: { type: "agent", id: r.agentId, version: 9 } });
    await post({ environment_id: "env_nowhere" });
    await post({ vault_ids: ["vlt_none"] });
    await post({ resources: [{ type: "file", file_id: "file_none" }] });
    await post({ resources: [{ type: "memory_store", memory_store_id: "memstore_none" }] });
  });

  test("with a body that is no JSON, or is not said to be", async () => {
    const headers = { "content-type": "text/plain" };
    await refused(400, { method: "POST", path: "/v1/sessions", body: body({}), headers });
    await refused(400, { method: "POST", path: "/v1/sessions", body: "go" });
  });
});

describe("sending", () => {
  const send = (...events: object[]) => ({
    method: "POST" as const,
    path: `/v1/sessions/${sessionId}/events`,
    body: { events },
  });
  const message = { type: "user.message", content: [{ type: "text", text: "go" }] };

  test.each([
    { type: "user.message", content: [] },
    { type: "user.message", content: [{ type: "text", text: "go", cache: true }] },
    { type: "user.message", content: [{ type: "redacted" }] },
    { type: "user.message", content: "go" },
    { type: "user.custom_tool_result", custom_tool_use_id: "sevt_none", content: [] },
    { type: "user.tool_confirmation", tool_use_id: "sevt_none", result: "allow" },
    { type: "user.tool_result", tool_use_id: "sevt_none" },
    { type: "user.interrupt", session_thread_id: "sthr_other" },
    { type: "agent.message", content: [{ type: "text", text: "I am the agent" }] },
    { type: "session.status_idle" },
  ])("%o", async (event) => {
    await refused(400, send(event));
  });

  test("a good event beside a bad one has no effect", async () => {
    const bad = { type: "user.custom_tool_result", custom_tool_use_id: "sevt_none" };
    expect(await refused(400, send(message, bad))).toContain("events[1]");
    expect(r.sim.session(sessionId).status).toBe("idle");
    await refused(400, send());
  });
});

describe("resources and the rest", () => {
  test("a token's replacement needs the token, the right session and the right resource", async () => {
    const resourceId = r.sim.mounts(sessionId)[0]?.resourceId;
    const path = `/v1/sessions/${sessionId}/resources/${resourceId}`;
    await refused(400, { method: "POST", path, body: {} });
    await refused(400, { method: "POST", path, body: { authorization_token: "x", url: "y" } });
    await refused(404, { method: "POST", path: `${path}9`, body: { authorization_token: "x" } });
    const elsewhere = path.replace(sessionId, "sesn_other");
    await refused(404, { method: "POST", path: elsewhere, body: { authorization_token: "x" } });
    expect(r.sim.mounts(sessionId)[0]?.tokens).toHaveLength(1);
  });

  test("only files are added to a live session", async () => {
    const path = `/v1/sessions/${sessionId}/resources`;
    const url = r.host.url(repository);
    await refused(400, { method: "POST", path, body: { type: "github_repository", url } });
  });

  test("unknown paths, methods and bodies where none belong", async () => {
    await refused(404, { path: "/v1/session" });
    await refused(404, { method: "DELETE", path: `/v1/agents/${r.agentId}` });
    await refused(400, { method: "POST", path: `/v1/sessions/${sessionId}/archive`, body: { force: true } });
  });

  test("the git proxy serves mounted repositories only, whoever asks", async () => {
    const ask = (path: string) => fetch(`${r.sim.url}/git/${path}/info/refs?service=git-upload-pack`);
    expect((await ask(`${sessionId}/acme/other`)).status).toBe(403);
    expect((await ask(`sesn_other/${repository}`)).status).toBe(403);
    expect((await ask(`${sessionId}/${repository}`)).status).toBe(200);
  });
});
