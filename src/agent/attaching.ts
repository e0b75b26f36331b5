/**
 * Files given to a session: uploaded, then added to it, read-only. A file is found again by where it is
 * mounted, so its name has to be the session's only one. It does not know what is in it.
 */
import { type Anthropic, toFile } from "@anthropic-ai/sdk";
import type { Act } from "../domain/act.ts";
import type { Attachment } from "./agent.ts";
import { once, read } from "./patience.ts";

/** The only place the platform mounts files in. */
const uploads = "/mnt/session/uploads";
/** The uploaded original is of no use once the session has its copy, and goes away by itself. */
const expiresInSeconds = 7 * 24 * 60 * 60;

/** Puts a file into a session; the result is where the agent finds it. */
export function attachAct(
  client: Anthropic,
  session: string,
  { name, text }: Attachment,
): Act<{ path: string }> {
  const path = `${uploads}/${name}`;
  return {
    find: async () => {
      for await (const resource of client.beta.sessions.resources.list(session, {}, read)) {
        if (resource.type === "file" && resource.mount_path === path) return { path };
      }
      return undefined;
    },
    make: async () => {
      const file = await toFile(Buffer.from(text), name, { type: "text/plain" });
      const uploaded = await client.beta.files.upload({ file, expires_in_seconds: expiresInSeconds }, once);
      const added = { type: "file" as const, file_id: uploaded.id, mount_path: path };
      const { mount_path } = await client.beta.sessions.resources.add(session, added, once);
      return { path: mount_path };
    },
  };
}
