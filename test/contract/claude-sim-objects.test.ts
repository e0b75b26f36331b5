/**
 * The simulated platform through the real SDK: agents, environments, vaults, files, resources,
 * sessions' updates and lists, each with what it refuses.
 */
import Anthropic from "@anthropic-ai/sdk";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Rehearsal, rehearse, tools } from "../sim/claude/rehearsal.ts";
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

const bare = (params: Parameters<Rehearsal["open"]>[0] = {}) => r.open({ resources: [], ...params });
const { BadRequestError, ConflictError, NotFoundError } = Anthropic;

describe("agents", () => {
  test("come back with every choice spelled out", async () => {
    const agent = await r.client.beta.agents.retrieve(r.agentId);
    const policy = { type: "always_allow" };
    expect(agent.tools[0]).toEqual({
      type: "agent_toolset_20260401",
      configs: [{ name: "web_search", type: "web_search", enabled: false, permission_policy: policy }],
      default_config: { enabled: true, permission_policy: policy },
    });
    expect(agent).toMatchObject({ version: 1, model: { id: "claude-opus-5-5" }, archived_at: null });
  });

  test("get a version for a change, none for a repetition, and refuse a stale one", async () => {
    const { update, versions } = r.client.beta.agents;
    expect(update).toBeTypeOf("function");
    const changed = await r.client.beta.agents.update(r.agentId, { system: "Be brief.", version: 1 });
    expect(changed.version).toBe(2);
    expect((await r.client.beta.agents.update(r.agentId, { system: "Be brief.", tools })).version).toBe(2);
    await expect(r.client.beta.agents.update(r.agentId, { name: "x", version: 1 })).rejects.toThrow(
      ConflictError,
    );
    const { data } = await versions.list(r.agentId);
    expect(data.map(({ version }) => version)).toEqual([2, 1]);
    expect((await r.client.beta.agents.retrieve(r.agentId, { version: 1 })).system).toBeNull();
  });

  test("are pinned by a session or taken as they are, and refused once archived", async () => {
    await r.client.beta.agents.update(r.agentId, { system: "second" });
    expect((await bare()).agent).toMatchObject({ version: 1, system: null });
    expect((await bare({ agent: r.agentId })).agent).toMatchObject({ version: 2, system: "second" });
    await r.client.beta.agents.archive(r.agentId);
    await expect(bare()).rejects.toThrow(BadRequestError);
    expect((await r.client.beta.agents.list()).data).toEqual([]);
    expect((await r.client.beta.agents.list({ include_archived: true })).data).toHaveLength(1);
  });

  test("are overridden field by field for one session", async () => {
    const overridden = await bare({
      agent: {
        type: "agent_with_overrides",
        id: r.agentId,
        system: "For this one.",
        model: "claude-sonnet-5-5",
      },
    });
    expect(overridden.agent).toMatchObject({ system: "For this one.", model: { id: "claude-sonnet-5-5" } });
    expect(overridden.agent.tools).toHaveLength(tools.length);
    expect((await r.client.beta.agents.retrieve(r.agentId)).version).toBe(1);
  });

  test("need each server named by exactly one toolset", async () => {
    const mcp_servers = [{ type: "url" as const, name: "github", url: "https://example.invalid/mcp/" }];
    const create = (more: Partial<Anthropic.Beta.AgentCreateParams>) =>
      r.client.beta.agents.create({ name: "a", model: "claude-opus-5-5", ...more });
    await expect(create({ mcp_servers })).rejects.toThrow(BadRequestError);
    const toolset = { type: "mcp_toolset" as const, mcp_server_name: "github" };
    await expect(create({ tools: [toolset] })).rejects.toThrow(BadRequestError);
    const agent = await create({ mcp_servers, tools: [toolset] });
    expect(agent.tools[0]).toMatchObject({ default_config: { permission_policy: { type: "always_ask" } } });
  });
});

test("environments have one name each, a config that keeps its type, and cannot go while in use", async () => {
  const { environments } = r.client.beta;
  await expect(environments.create({ name: "default" })).rejects.toThrow(ConflictError);
  const networking = { type: "limited" as const, allowed_hosts: ["github.com"] };
  const limited = await environments.create({ name: "limited", config: { type: "cloud", networking } });
  expect(limited.config).toMatchObject({
    networking: { allow_mcp_servers: false, allow_package_managers: false },
  });
  const packages = { npm: ["pnpm"] };
  const wrong = { type: "cloud" as const, networking, packages };
  await expect(environments.create({ name: "p", config: wrong })).rejects.toThrow(/allow_package_managers/);
  const change = environments.update(limited.id, { config: { type: "self_hosted" } });
  await expect(change).rejects.toMatchObject({ errorCode: "invalid_config_type_change" });
  await bare();
  await expect(environments.delete(r.environmentId)).rejects.toThrow(BadRequestError);
  expect(await environments.delete(limited.id)).toEqual({ id: limited.id, type: "environment_deleted" });
  await environments.archive(r.environmentId);
  await expect(bare()).rejects.toMatchObject({ errorCode: "environment_archived" });
});

describe("vaults", () => {
  const auth = {
    type: "static_bearer" as const,
    mcp_server_url: "https://example.invalid/mcp/",
    token: "ghs_one",
  };

  test("hold one credential per server, keep its token to themselves and count its replacements", async () => {
    const { vaults } = r.client.beta;
    const vault = await vaults.create({ display_name: "run", metadata: { run_id: "run_1" } });
    const credential = await vaults.credentials.create(vault.id, { auth });
    expect(credential.auth).toEqual({ type: "static_bearer", mcp_server_url: auth.mcp_server_url });
    await expect(vaults.credentials.create(vault.id, { auth })).rejects.toThrow(ConflictError);
    const next = { vault_id: vault.id, auth: { type: "static_bearer" as const, token: "ghs_two" } };
    await vaults.credentials.update(credential.id, next);
    expect(r.sim.credentialTokens(vault.id, credential.id)).toHaveLength(2);
    expect(JSON.stringify(r.sim.log)).not.toContain("ghs_");
    const session = await bare({ vault_ids: [vault.id] });
    expect(session.vault_ids).toEqual([vault.id]);
    await vaults.archive(vault.id);
    const { data } = await vaults.credentials.list(vault.id, { include_archived: true });
    expect(data[0]?.archived_at).not.toBeNull();
    await expect(vaults.archive(vault.id)).rejects.toThrow(BadRequestError);
    await expect(bare({ vault_ids: [vault.id] })).rejects.toThrow(BadRequestError);
    expect(await vaults.delete(vault.id)).toEqual({ id: vault.id, type: "vault_deleted" });
    await expect(vaults.retrieve(vault.id)).rejects.toThrow(NotFoundError);
  });
});

describe("resources of a live session", () => {
  test("files come and go, each path once; repositories stay and take tokens only", async () => {
    const { resources } = r.client.beta.sessions;
    const { id: session_id, resources: mounted } = await r.open();
    const [repository] = mounted;
    if (repository?.type !== "github_repository") throw new Error("no repository");
    const file_id = await r.upload("log.txt", "log");
    const file = await resources.add(session_id, { type: "file", file_id });
    expect(file).toMatchObject({ mount_path: "/mnt/session/uploads/log.txt" });
    expect(file.file_id).not.toBe(file_id);
    await expect(resources.add(session_id, { type: "file", file_id })).rejects.toThrow(/occupied/);
    const token = { session_id, authorization_token: "ghs_next" };
    await expect(resources.update(file.id, token)).rejects.toThrow(BadRequestError);
    await clock.advance(1000);
    const rotated = await resources.update(repository.id, token);
    if (rotated.type !== "github_repository") throw new Error("no repository");
    expect(Date.parse(rotated.updated_at)).toBe(Date.parse(repository.updated_at) + 1000);
    await expect(resources.delete(repository.id, { session_id })).rejects.toThrow(BadRequestError);
    await resources.delete(file.id, { session_id });
    expect((await resources.list(session_id)).data).toHaveLength(1);
    await expect(resources.retrieve(file.id, { session_id })).rejects.toThrow(NotFoundError);
    await r.settled();
    await r.client.beta.sessions.archive(session_id);
    await expect(resources.update(repository.id, token)).rejects.toThrow(BadRequestError);
  });

  test("what the session leaves in its outputs can be listed and downloaded", async () => {
    r.sim.script(() => (agent) => agent.output("patch.diff", "diff"));
    const { id } = await bare();
    await r.tell(id, "go");
    await r.settled();
    const betas: Anthropic.Beta.AnthropicBeta[] = ["managed-agents-2026-04-01"];
    const { data } = await r.client.beta.files.list({ scope_id: id, betas });
    expect(data.map(({ filename }) => filename)).toEqual(["patch.diff"]);
    expect(await (await r.client.beta.files.download(data[0]?.id ?? "")).text()).toBe("diff");
    const uploaded = await r.upload("a.txt", "a");
    await expect(r.client.beta.files.download(uploaded)).rejects.toThrow(BadRequestError);
  });
});

describe("sessions", () => {
  test("are updated while they live, and say what changed", async () => {
    const { id } = await bare({ metadata: { a: "1", b: "2" } });
    const updated = await r.client.beta.sessions.update(id, { title: "new", metadata: { a: null, c: "3" } });
    expect(updated).toMatchObject({ title: "new", metadata: { b: "2", c: "3" } });
    expect((await r.events(id)).at(-1)).toMatchObject({ type: "session.updated", title: "new" });
    await expect(r.client.beta.sessions.update(id, { vault_ids: [] })).rejects.toThrow(BadRequestError);
  });

  test("change their tools at rest only", async () => {
    r.sim.script(() => (agent) => agent.wait(60_000));
    const { id } = await bare();
    const fewer = await r.client.beta.sessions.update(id, { agent: { tools: tools.slice(0, 1) } });
    expect(fewer.agent.tools).toHaveLength(1);
    await r.tell(id, "go");
    await expect(r.client.beta.sessions.update(id, { agent: { tools } })).rejects.toThrow(
      /while session is running/,
    );
  });

  test("are archived at rest, stay readable, and are archived once", async () => {
    const { sessions } = r.client.beta;
    r.sim.script(() => (agent) => agent.wait(60_000));
    const { id } = await bare();
    await r.tell(id, "go");
    await expect(sessions.archive(id)).rejects.toThrow(BadRequestError);
    await expect(sessions.delete(id)).rejects.toThrow(BadRequestError);
    await sessions.events.send(id, { events: [{ type: "user.interrupt" }] });
    await r.settled();
    expect(await sessions.archive(id)).toMatchObject({
      status: "terminated",
      archived_at: expect.any(String),
    });
    expect(await r.types(id)).toContain("session.status_terminated");
    await expect(r.tell(id, "hello?")).rejects.toThrow(BadRequestError);
    await expect(sessions.archive(id)).rejects.toThrow(BadRequestError);
    r.sim.switches.endedSendStatus = 409;
    await expect(r.tell(id, "hello?")).rejects.toThrow(ConflictError);
  });

  test("are listed newest first, page by page, both ways, with filters", async () => {
    const ids: string[] = [];
    for (let count = 0; count < 5; count += 1) {
      ids.push((await bare()).id);
      await clock.advance(1000);
    }
    const walked: string[] = [];
    for await (const session of r.client.beta.sessions.list({ limit: 2 })) walked.push(session.id);
    expect(walked).toEqual(ids.toReversed());
    const first = await r.client.beta.sessions.list({ limit: 2, order: "asc" });
    expect(first.prev_page).toBeNull();
    const page = first.next_page;
    const second = await r.client.beta.sessions.list({ limit: 2, order: "asc", page });
    expect(second.data.map(({ id }) => id)).toEqual(ids.slice(2, 4));
    const back = await r.client.beta.sessions.list({ limit: 2, order: "asc", page: second.prev_page });
    expect(back.data.map(({ id }) => id)).toEqual(ids.slice(0, 2));
    await expect(r.client.beta.sessions.list({ limit: 2, order: "desc", page })).rejects.toThrow(/order=asc/);
    const since = new Date(clock.now() - 2000).toISOString();
    const recent = await r.client.beta.sessions.list({ "created_at[gte]": since, statuses: ["idle"] });
    expect(recent.data.map(({ id }) => id)).toEqual(ids.slice(3).toReversed());
    await r.client.beta.sessions.archive(ids[0] ?? "");
    expect((await r.client.beta.sessions.list()).data).toHaveLength(4);
    expect((await r.client.beta.sessions.list({ include_archived: true })).data).toHaveLength(5);
    expect((await r.client.beta.sessions.list({ agent_id: "agent_other" })).data).toEqual([]);
  });

  test("list their events by type, time and page", async () => {
    const { id } = await bare();
    await r.tell(id, "go");
    await r.settled();
    const { events } = r.client.beta.sessions;
    const idle = await events.list(id, { types: ["session.status_idle"] });
    expect(idle.data.map(({ type }) => type)).toEqual(["session.status_idle"]);
    const all = await r.types(id);
    const paged: string[] = [];
    for await (const event of events.list(id, { limit: 3, order: "desc" })) paged.push(event.type);
    expect(paged).toEqual(all.toReversed());
    const later = new Date(clock.now() + 1).toISOString();
    expect((await events.list(id, { "created_at[gte]": later })).data).toEqual([]);
  });
});
