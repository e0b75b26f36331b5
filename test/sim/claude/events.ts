/**
 * `/v1/sessions/:id/events` and the session's one thread: send, list and stream events.
 * Lists are in the order of processing, with what is still queued at the end.
 */
import type {
  BetaManagedAgentsSendSessionEvents,
  BetaManagedAgentsSessionThread,
} from "@anthropic-ai/sdk/resources/beta/sessions";
import { type Context, Hono } from "hono";
import { z } from "zod";
import { eventSend } from "./event-shapes.ts";
import { eventTypes } from "./event-types.ts";
import { receive } from "./inbound.ts";
import { cutPage, type Order } from "./page.ts";
import { createdAt, pageParams, passes, readBody, readNothing, readQuery } from "./query.ts";
import { invalid } from "./refusal.ts";
import type { Session, SessionEvent } from "./session.ts";
import { type NodeBindings, openStream } from "./stream.ts";
import { find, type World } from "./world.ts";

const listMax = 1000;
const deltas = z.array(z.enum(["agent.message", "agent.thinking"])).max(100);
const plainParams = pageParams(listMax);
const eventParams = {
  ...plainParams,
  ...createdAt,
  order: z.enum(["asc", "desc"]).exactOptional(),
  "types[]": z.array(z.enum(eventTypes)).exactOptional(),
};
const streamParams = { "event_deltas[]": deltas.exactOptional() };

/** Routes of a session's events and threads. */
export function eventRoutes(world: World): Hono<NodeBindings> {
  const session = (c: Context) => find(world.sessions, "session", c.req.param("id"));
  return new Hono<NodeBindings>()
    .post("/v1/sessions/:id/events", async (c) => {
      readQuery(c, {});
      const { events } = await readBody(c, eventSend);
      const sent: BetaManagedAgentsSendSessionEvents = { data: receive(world, session(c), events) };
      return c.json(sent);
    })
    .get("/v1/sessions/:id/events", (c) => {
      const query = readQuery(c, eventParams);
      const types = query["types[]"];
      const kept = (event: SessionEvent) =>
        (types === undefined || types.some((type) => type === event.type)) &&
        passes(event.processed_at ? Date.parse(event.processed_at) : undefined, query);
      return c.json(page(session(c), { ...query, kept }));
    })
    .get("/v1/sessions/:id/events/stream", (c) => {
      const query = readQuery(c, streamParams);
      return openStream(world, session(c), { c, deltas: query["event_deltas[]"] ?? [] });
    })
    .get("/v1/sessions/:id/threads", (c) => {
      const statuses = z.array(z.enum(["running", "idle", "rescheduling", "terminated"])).exactOptional();
      const query = readQuery(c, { ...pageParams(listMax), "statuses[]": statuses });
      const items = [thread(session(c))].filter((one) => query["statuses[]"]?.includes(one.status) ?? true);
      return c.json({ data: items, next_page: null });
    })
    .get("/v1/sessions/:id/threads/:thread", (c) => {
      readQuery(c, {});
      return c.json(thread(withThread(session(c), c)));
    })
    .get("/v1/sessions/:id/threads/:thread/events", (c) => {
      const query = readQuery(c, plainParams);
      return c.json(page(withThread(session(c), c), { ...query, kept: () => true }));
    })
    .get("/v1/sessions/:id/threads/:thread/stream", (c) => {
      const query = readQuery(c, streamParams);
      return openStream(world, withThread(session(c), c), { c, deltas: query["event_deltas[]"] ?? [] });
    })
    .post("/v1/sessions/:id/threads/:thread/archive", async (c) => {
      await readNothing(c);
      withThread(session(c), c);
      throw invalid("the primary thread cannot be archived; archive the session");
    });
}

function page(
  session: Session,
  query: { kept: (event: SessionEvent) => boolean; limit?: number; page?: string; order?: Order },
) {
  const places = new Map([...session.log, ...session.queue].map((event, place) => [event, place]));
  const items = [...places.keys()].filter(query.kept);
  const key = (event: SessionEvent) => places.get(event) ?? 0;
  const { order = "asc", limit = listMax } = query;
  const { data, next_page } = cutPage({ items, key, order, limit, page: query.page });
  return { data, next_page };
}

function withThread(session: Session, c: Context): Session {
  return find(new Map([[session.threadId, session]]), "thread", c.req.param("thread"));
}

function thread(session: Session): BetaManagedAgentsSessionThread {
  const { id, threadId, activeSeconds, updatedAt, archivedAt, createdAtMs } = session;
  return {
    type: "session_thread",
    id: threadId,
    session_id: id,
    parent_thread_id: null,
    workflow_run_id: null,
    status: session.shownStatus,
    archived_at: archivedAt,
    created_at: new Date(createdAtMs).toISOString(),
    updated_at: updatedAt,
    stats: { active_seconds: activeSeconds, duration_seconds: activeSeconds, startup_seconds: 0 },
    usage: session.usageSnapshot(),
    agent: session.threadAgent(),
  };
}
