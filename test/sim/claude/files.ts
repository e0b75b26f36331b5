/**
 * `/v1/files`: upload, list, read and delete files. Only what a session produced can be downloaded.
 */
import { Hono } from "hono";
import { z } from "zod";
import { storeFile } from "./file-store.ts";
import { numberOf } from "./ids.ts";
import { cutPage } from "./page.ts";
import { pageParams, readQuery } from "./query.ts";
import { invalid } from "./refusal.ts";
import { find, type World } from "./world.ts";

/** Routes of files. */
export function fileRoutes(world: World): Hono {
  return new Hono()
    .post("/v1/files", async (c) => {
      readQuery(c, {});
      const { file, ...others } = await c.req.parseBody();
      if (!(file instanceof File)) throw invalid("file: a multipart upload is required");
      const unknown = Object.keys(others).find((name) => name !== "expires_in_seconds");
      if (unknown !== undefined) throw invalid(`${unknown}: extra inputs are not permitted`);
      const content = new Uint8Array(await file.arrayBuffer());
      const mimeType = file.type || "application/octet-stream";
      const expiresInS = expiry(others["expires_in_seconds"]);
      return c.json(
        storeFile(world, { filename: file.name, mimeType, content, ...(expiresInS && { expiresInS }) }),
      );
    })
    .get("/v1/files", (c) => {
      const ids = z.array(z.string()).exactOptional();
      const query = readQuery(c, { ...pageParams(1000), scope_id: z.string().exactOptional(), "ids[]": ids });
      if (query.scope_id !== undefined && !c.req.header("anthropic-beta")?.includes("managed-agents"))
        throw invalid("scope_id: unexpected parameter");
      const items = [...world.files.values()]
        .map(({ metadata }) => metadata)
        .filter(({ scope }) => query.scope_id === undefined || scope?.id === query.scope_id)
        .filter(({ id }) => query["ids[]"]?.includes(id) ?? true);
      const { limit = 20, page } = query;
      const cut = cutPage({ items, key: (file) => numberOf(file.id), order: "desc", limit, page });
      return c.json({ data: cut.data, next_page: cut.next_page });
    })
    .get("/v1/files/:id", (c) => c.json(find(world.files, "file", c.req.param("id")).metadata))
    .get("/v1/files/:id/content", (c) => {
      const { metadata, content } = find(world.files, "file", c.req.param("id"));
      if (!metadata.downloadable) throw invalid(`file ${metadata.id} is not downloadable`);
      return c.body(content, 200, { "content-type": metadata.mime_type });
    })
    .delete("/v1/files/:id", (c) => {
      const { metadata } = find(world.files, "file", c.req.param("id"));
      world.files.delete(metadata.id);
      return c.json({ id: metadata.id, type: "file_deleted" });
    });
}

/** Seconds from an hour to ninety days. */
function expiry(given: unknown): number | undefined {
  if (given === undefined) return undefined;
  const seconds = Number(given);
  if (!Number.isInteger(seconds) || seconds < 3_600 || seconds > 7_776_000)
    throw invalid("expires_in_seconds: must be between 3600 and 7776000");
  return seconds;
}
