/**
 * `/v1/agents`: definitions with versions. An update that changes nothing makes no version;
 * an archived agent starts no session.
 */
import type { BetaManagedAgentsAgent } from "@anthropic-ai/sdk/resources/beta/agents";
import { Hono } from "hono";
import { z } from "zod";
import { agentCreate, agentUpdate, resolvedModel, resolvedSkill, resolvedTool } from "./agent-shapes.ts";
import { numberOf } from "./ids.ts";
import { cutPage } from "./page.ts";
import { flag, moment, pageParams, passes, readBody, readNothing, readQuery } from "./query.ts";
import { invalid, Refusal } from "./refusal.ts";
import { patched } from "./shapes.ts";
import { find, timestamp, type World } from "./world.ts";

const listParams = {
  ...pageParams(100),
  "created_at[gte]": moment,
  "created_at[lte]": moment,
  include_archived: flag,
};

/** The newest version, or the one asked for. Throws 404. */
export function agentVersion(world: World, id: string, version?: number): BetaManagedAgentsAgent {
  const versions = find(world.agents, "agent", id);
  const agent = version === undefined ? versions.at(-1) : versions.find((one) => one.version === version);
  if (!agent) throw new Refusal(404, `agent ${id} has no version ${version}`);
  return agent;
}

/** Refuses servers without a toolset and toolsets without a server. */
export function checkServers({
  tools,
  mcp_servers,
}: Pick<BetaManagedAgentsAgent, "tools" | "mcp_servers">): void {
  const used = tools.flatMap((tool) => (tool.type === "mcp_toolset" ? [tool.mcp_server_name] : []));
  const declared = mcp_servers.map(({ name }) => name);
  const paired = new Set(used).size === used.length && used.length === declared.length;
  if (!paired || !declared.every((name) => used.includes(name)))
    throw invalid("mcp_servers: each server must be referenced by exactly one mcp_toolset and the reverse");
}

/** Refuses two tools of one name. */
function checkNames(tools: BetaManagedAgentsAgent["tools"]): void {
  const names = tools.flatMap((tool) => (tool.type === "custom" ? [tool.name] : []));
  if (new Set(names).size < names.length) throw invalid("tools: two custom tools of one name");
}

function created(world: World, body: z.infer<typeof agentCreate>): BetaManagedAgentsAgent {
  const now = timestamp(world);
  return {
    type: "agent",
    id: world.ids("agent"),
    version: 1,
    name: body.name,
    description: body.description ?? null,
    system: body.system ?? null,
    model: resolvedModel(body.model),
    execution_identity: body.execution_identity ?? { type: "service_account" },
    mcp_servers: body.mcp_servers ?? [],
    skills: (body.skills ?? []).map(resolvedSkill),
    multiagent: null,
    metadata: body.metadata ?? {},
    tools: (body.tools ?? []).map(resolvedTool),
    created_at: now,
    updated_at: now,
    archived_at: null,
  };
}

function updated(agent: BetaManagedAgentsAgent, body: z.infer<typeof agentUpdate>): BetaManagedAgentsAgent {
  return {
    ...agent,
    name: body.name ?? agent.name,
    description: body.description === undefined ? agent.description : body.description,
    system: body.system === undefined ? agent.system : body.system,
    model: body.model === undefined ? agent.model : resolvedModel(body.model),
    mcp_servers: body.mcp_servers === undefined ? agent.mcp_servers : (body.mcp_servers ?? []),
    skills: body.skills === undefined ? agent.skills : (body.skills ?? []).map(resolvedSkill),
    tools: body.tools === undefined ? agent.tools : (body.tools ?? []).map(resolvedTool),
    metadata: patched(agent.metadata, body.metadata),
  };
}

/** Routes of agents. */
export function agentRoutes(world: World): Hono {
  return new Hono()
    .post("/v1/agents", async (c) => {
      readQuery(c, {});
      const agent = created(world, await readBody(c, agentCreate));
      checkServers(agent);
      checkNames(agent.tools);
      world.agents.set(agent.id, [agent]);
      return c.json(agent);
    })
    .get("/v1/agents", (c) => {
      const query = readQuery(c, listParams);
      const items = [...world.agents.values()]
        .flatMap((versions) => versions.at(-1) ?? [])
        .filter((agent) => query.include_archived || agent.archived_at === null)
        .filter((agent) => passes(Date.parse(agent.created_at), query));
      return c.json(page(items, query));
    })
    .get("/v1/agents/:id", (c) => {
      const { version } = readQuery(c, { version: z.coerce.number().int().positive().exactOptional() });
      return c.json(agentVersion(world, c.req.param("id"), version));
    })
    .get("/v1/agents/:id/versions", (c) => {
      const query = readQuery(c, pageParams(100));
      const versions = find(world.agents, "agent", c.req.param("id"));
      const { limit = 20, page: token } = query;
      const key = (agent: BetaManagedAgentsAgent) => agent.version;
      const { data, next_page } = cutPage({ items: versions, key, order: "desc", limit, page: token });
      return c.json({ data, next_page });
    })
    .post("/v1/agents/:id", async (c) => {
      readQuery(c, {});
      const agent = agentVersion(world, c.req.param("id"));
      const body = await readBody(c, agentUpdate);
      if (agent.archived_at !== null) throw invalid(`agent ${agent.id} is archived`);
      if (body.version !== undefined && body.version !== agent.version)
        throw new Refusal(409, `agent ${agent.id} is at version ${agent.version}`);
      const next = updated(agent, body);
      checkServers(next);
      checkNames(next.tools);
      if (JSON.stringify(next) === JSON.stringify(agent)) return c.json(agent);
      const fresh = { ...next, version: agent.version + 1, updated_at: timestamp(world) };
      find(world.agents, "agent", agent.id).push(fresh);
      return c.json(fresh);
    })
    .post("/v1/agents/:id/archive", async (c) => {
      await readNothing(c);
      readQuery(c, {});
      const agent = agentVersion(world, c.req.param("id"));
      agent.archived_at ??= timestamp(world);
      return c.json(agent);
    });
}

function page(items: BetaManagedAgentsAgent[], query: { limit?: number; page?: string }) {
  const key = (agent: BetaManagedAgentsAgent) => numberOf(agent.id);
  const { data, next_page } = cutPage({
    items,
    key,
    order: "desc",
    limit: query.limit ?? 20,
    page: query.page,
  });
  return { data, next_page };
}
