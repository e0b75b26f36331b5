/**
 * `/v1/sessions`: open, look at, list, update, archive and delete sessions.
 * A running session is neither archived nor deleted; an archived one stays readable.
 */
import { rm } from "node:fs/promises";
import type {
  BetaManagedAgentsDeletedSession,
  BetaManagedAgentsSessionUpdatedEvent,
  SessionUpdateParams,
} from "@anthropic-ai/sdk/resources/beta/sessions";
import { Hono } from "hono";
import { z } from "zod";
import { agentOfSessionUpdate, resolvedTool } from "./agent-shapes.ts";
import { checkServers } from "./agents.ts";
import { numberOf } from "./ids.ts";
import { rootOf } from "./mount.ts";
import { openSession, sessionCreate } from "./opening.ts";
import { cutPage } from "./page.ts";
import { createdAt, flag, pageParams, passes, readBody, readNothing, readQuery } from "./query.ts";
import { invalid } from "./refusal.ts";
import type { Session } from "./session.ts";
import { budget, metadataPatch, patched } from "./shapes.ts";
import { find, timestamp, type World } from "./world.ts";

const sessionUpdate = z.strictObject({
  title: z.string().max(500).nullable().exactOptional(),
  metadata: metadataPatch.nullable().exactOptional(),
  budget: budget.nullable().exactOptional(),
  agent: agentOfSessionUpdate.exactOptional(),
}) satisfies z.ZodType<SessionUpdateParams>;

const listParams = {
  ...pageParams(100),
  ...createdAt,
  agent_id: z.string().exactOptional(),
  agent_version: z.coerce.number().int().exactOptional(),
  deployment_id: z.string().exactOptional(),
  memory_store_id: z.string().exactOptional(),
  "statuses[]": z.array(z.enum(["rescheduling", "running", "idle", "terminated"])).exactOptional(),
  include_archived: flag,
  order: z.enum(["asc", "desc"]).exactOptional(),
};

/** Routes of sessions themselves. */
export function sessionRoutes(world: World): Hono {
  return new Hono()
    .post("/v1/sessions", async (c) => {
      readQuery(c, {});
      return c.json(openSession(world, await readBody(c, sessionCreate)).view());
    })
    .get("/v1/sessions", (c) => {
      const query = readQuery(c, listParams);
      const { limit = 20, page, order = "desc" } = query;
      const items = [...world.sessions.values()].filter((session) => listed(session, query));
      const cut = cutPage({ items, key: (session) => numberOf(session.id), order, limit, page });
      return c.json({ ...cut, data: cut.data.map((session) => session.view()) });
    })
    .get("/v1/sessions/:id", (c) => {
      readQuery(c, {});
      return c.json(find(world.sessions, "session", c.req.param("id")).view());
    })
    .post("/v1/sessions/:id", async (c) => {
      readQuery(c, {});
      const session = find(world.sessions, "session", c.req.param("id"));
      update(world, session, await readBody(c, sessionUpdate));
      return c.json(session.view());
    })
    .post("/v1/sessions/:id/archive", async (c) => {
      await readNothing(c);
      readQuery(c, {});
      const session = find(world.sessions, "session", c.req.param("id"));
      if (session.archivedAt !== null) throw invalid(`session ${session.id} is already archived`);
      checkAtRest(session);
      session.crew.close();
      session.archivedAt = timestamp(world);
      session.updatedAt = session.archivedAt;
      if (session.status !== "terminated") session.terminate();
      return c.json(session.view());
    })
    .delete("/v1/sessions/:id", async (c) => {
      readQuery(c, {});
      const session = find(world.sessions, "session", c.req.param("id"));
      checkAtRest(session);
      world.sessions.delete(session.id);
      session.crew.close();
      session.send(session.stamp({ type: "session.deleted" }));
      for (const reader of session.readers) reader.end();
      world.webhooks.send("session.deleted", session.id);
      await session.crew.ready;
      await rm(rootOf(world, session), { recursive: true, force: true });
      const gone = { id: session.id, type: "session_deleted" } as const;
      return c.json(gone satisfies BetaManagedAgentsDeletedSession);
    });
}

function listed(session: Session, query: z.infer<z.ZodObject<typeof listParams>>): boolean {
  const {
    agent_id,
    agent_version,
    deployment_id,
    memory_store_id,
    include_archived,
    "statuses[]": statuses,
  } = query;
  return (
    (include_archived || session.archivedAt === null) &&
    (agent_id === undefined || session.agent.id === agent_id) &&
    (agent_version === undefined || session.agent.version === agent_version) &&
    deployment_id === undefined &&
    (memory_store_id === undefined ||
      session.memories.some((memory) => memory.memory_store_id === memory_store_id)) &&
    (statuses === undefined || statuses.includes(session.shownStatus)) &&
    passes(session.createdAtMs, query)
  );
}

function checkAtRest(session: Session): void {
  if (session.shownStatus === "running" || session.shownStatus === "rescheduling")
    throw invalid(`session ${session.id} is ${session.shownStatus}; interrupt it and wait for idle`);
}

/** Checks all of an update, applies it, and tells what changed. */
function update(world: World, session: Session, body: z.infer<typeof sessionUpdate>): void {
  if (session.status === "terminated") throw invalid(`session ${session.id} is terminated`);
  if (body.agent && session.shownStatus !== "idle")
    throw invalid("agent cannot change while session is running");
  if (body.budget !== undefined) checkBudget(session, body.budget);
  const metadata = patched(session.metadata, body.metadata);
  const agent = !body.agent
    ? session.agent
    : {
        ...session.agent,
        tools: body.agent.tools?.map(resolvedTool) ?? session.agent.tools,
        mcp_servers: body.agent.mcp_servers ?? session.agent.mcp_servers,
      };
  checkServers(agent);

  const changes: Partial<BetaManagedAgentsSessionUpdatedEvent> = {};
  if (body.title !== undefined && body.title !== session.title) changes.title = body.title;
  if (JSON.stringify(metadata) !== JSON.stringify(session.metadata)) changes.metadata = metadata;
  if (body.budget !== undefined) changes.budget = body.budget;
  if (body.agent) changes.agent = agent;
  if (body.title !== undefined) session.title = body.title;
  if (body.budget !== undefined) session.budget = body.budget;
  session.metadata = metadata;
  session.agent = agent;
  session.updatedAt = timestamp(world);
  session.publish({ ...session.stamp({ type: "session.updated" }), ...changes });
  world.webhooks.send("session.updated", session.id);
  if (body.budget !== undefined) session.crew.resume();
}

/** A budget is set at creation only; later it may be replaced by more than is spent, or removed for good. */
function checkBudget(session: Session, wanted: z.infer<typeof budget> | null): void {
  if (session.budget === null) throw invalid("budget: can only be set at creation", "budget_create_only");
  const spentCents = Math.round(session.usage.cents);
  if (wanted && Number(wanted.max_list_cost.amount) <= spentCents)
    throw invalid(`budget: must exceed the ${spentCents} cents already consumed`);
}
