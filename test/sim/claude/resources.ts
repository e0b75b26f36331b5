/**
 * `/v1/sessions/:id/resources`: what a session has mounted. While it lives only files come and go,
 * and only a repository's token is replaced, by the resource's own id.
 */
import type { BetaManagedAgentsDeleteSessionResource } from "@anthropic-ai/sdk/resources/beta/sessions";
import { type Context, Hono } from "hono";
import { layFiles, mountToken } from "./mount.ts";
import { checkReadTool, takenPaths } from "./opening.ts";
import { cutPage } from "./page.ts";
import { pageParams, readBody, readQuery } from "./query.ts";
import { invalid, notFound } from "./refusal.ts";
import { fileParams, newFile, tokenUpdate } from "./resource-shapes.ts";
import type { Session } from "./session.ts";
import { find, type World } from "./world.ts";

const listMax = 1000;

/** Routes of a session's resources. */
export function resourceRoutes(world: World): Hono {
  const session = (c: Context) => find(world.sessions, "session", c.req.param("id"));
  return new Hono()
    .get("/v1/sessions/:id/resources", (c) => {
      const { limit = listMax, page } = readQuery(c, pageParams(listMax));
      const items = session(c).view().resources;
      const { data, next_page } = cutPage({
        items,
        key: (item) => items.indexOf(item),
        order: "asc",
        limit,
        page,
      });
      return c.json({ data, next_page });
    })
    .post("/v1/sessions/:id/resources", async (c) => {
      readQuery(c, {});
      const live = alive(session(c));
      const params = await readBody(c, fileParams);
      checkReadTool(world, live);
      const file = newFile(world, params, { sessionId: live.id, taken: takenPaths(live) });
      live.files.push(file);
      await layFiles(world, live);
      return c.json(file);
    })
    .get("/v1/sessions/:id/resources/:resource", (c) => {
      readQuery(c, {});
      return c.json(resource(session(c), c.req.param("resource")));
    })
    .post("/v1/sessions/:id/resources/:resource", async (c) => {
      readQuery(c, {});
      const live = alive(session(c));
      const held = resource(live, c.req.param("resource"));
      const { authorization_token } = await readBody(c, tokenUpdate);
      const mount = live.mounts.find((one) => one.resource === held);
      if (!mount)
        throw invalid(
          `resource ${c.req.param("resource")} is a ${held.type}; only a repository's token changes`,
        );
      mountToken(world, mount, authorization_token);
      return c.json(mount.resource);
    })
    .delete("/v1/sessions/:id/resources/:resource", async (c) => {
      readQuery(c, {});
      const live = alive(session(c));
      resource(live, c.req.param("resource"));
      const place = live.files.findIndex(({ id }) => id === c.req.param("resource"));
      if (place < 0) throw invalid("only files can be removed from a session");
      live.files.splice(place, 1);
      await layFiles(world, live);
      const gone = { id: c.req.param("resource"), type: "session_resource_deleted" } as const;
      return c.json(gone satisfies BetaManagedAgentsDeleteSessionResource);
    });
}

function resource(session: Session, id: string) {
  const held = session.view().resources.find((one) => one.type !== "memory_store" && one.id === id);
  if (!held) throw notFound("resource", id);
  return held;
}

function alive(session: Session): Session {
  if (session.status === "terminated") throw invalid(`session ${session.id} is terminated`);
  return session;
}
