/**
 * What a session may mount, as requests say it and as mounts and reads hold it.
 * Repository addresses are checked as strictly as the platform does: https, owner and name, no `.git`.
 */
import type {
  BetaManagedAgentsFileResource,
  BetaManagedAgentsMemoryStoreResource,
} from "@anthropic-ai/sdk/resources/beta/sessions";
import { z } from "zod";
import { storeFile } from "./file-store.ts";
import { type Mount, mountToken, repositoryOf } from "./mount.ts";
import { invalid } from "./refusal.ts";
import { find, timestamp, type World } from "./world.ts";

const token = z.string().min(1).max(4096);
const mountPath = z.string().min(1).nullable().exactOptional();
const checkout = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("branch"), name: z.string().min(1).max(255) }),
  z.strictObject({ type: z.literal("commit"), sha: z.string().regex(/^[0-9a-f]{7,64}$/) }),
]);

const repository = z.strictObject({
  type: z.literal("github_repository"),
  url: z.string().max(2048),
  authorization_token: token.exactOptional(),
  checkout: checkout.nullable().exactOptional(),
  mount_path: mountPath,
});

/** A file to mount; also the body that adds one to a session. */
export const fileParams = z.strictObject({
  type: z.literal("file"),
  file_id: z.string(),
  mount_path: mountPath,
});

const memory = z.strictObject({
  type: z.literal("memory_store"),
  memory_store_id: z.string(),
  access: z.enum(["read_write", "read_only"]).nullable().exactOptional(),
  instructions: z.string().max(4096).nullable().exactOptional(),
});

/** The `resources` of a session's creation. */
export const resources = z.array(z.discriminatedUnion("type", [repository, fileParams, memory]));

/** The body that hands over a new token. */
export const tokenUpdate = z.strictObject({ authorization_token: token });

const workspace = /^\/workspace\/[\w.-]+(\/[\w.-]+)*$/;
const uploads = "/mnt/session/uploads";

/** Makes a mount of a repository. Throws 400 for an address or path the platform would not take. */
export function newMount(world: World, params: z.infer<typeof repository>): Mount {
  checkUrl(world, params.url);
  const name = repositoryOf(params.url);
  const path = params.mount_path ?? `/workspace/${name.split("/")[1]}`;
  if (!workspace.test(path) || path.split("/").includes(".."))
    throw invalid(`mount_path: ${path} is not under /workspace`);
  const now = timestamp(world);
  const mount: Mount = {
    resource: {
      type: "github_repository",
      id: world.ids("sesrsc"),
      url: params.url,
      mount_path: path,
      checkout: params.checkout ?? null,
      created_at: now,
      updated_at: now,
    },
    repository: name,
    token: undefined,
    ledger: [],
    cloned: false,
    hostStatus: undefined,
  };
  if (params.authorization_token !== undefined) mountToken(world, mount, params.authorization_token);
  return mount;
}

function checkUrl(world: World, text: string): void {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const plain = url && `${url.protocol}//${url.host}${url.pathname}` === text;
  const known =
    url?.host === "github.com" ? url.protocol === "https:" : world.gitHosts.includes(url?.host ?? "");
  const path = /^\/[A-Za-z0-9_.-]+\/[A-Za-z0-9_.-]+$/.test(url?.pathname ?? "");
  if (!plain || !known || !path || text.endsWith(".git"))
    throw invalid(`resources.url: ${text} must be https://github.com/OWNER/REPO, without .git`);
}

/** Mounts a copy of an uploaded file under an id of its own. Throws 404, or 400 for a path that is taken. */
export function newFile(
  world: World,
  params: z.infer<typeof fileParams>,
  { sessionId, taken }: { sessionId: string; taken: string[] },
): BetaManagedAgentsFileResource {
  const { metadata, content } = find(world.files, "file", params.file_id);
  const path = params.mount_path ?? metadata.filename;
  const place = path.startsWith(`${uploads}/`) ? path : `${uploads}/${path.replace(/^\/+/, "")}`;
  if (place.split("/").includes("..")) throw invalid(`mount_path: ${path} leaves ${uploads}`);
  if (taken.includes(place)) throw invalid(`mount_path: ${place} is occupied`);
  const copy = storeFile(world, {
    filename: metadata.filename,
    mimeType: metadata.mime_type,
    content,
    sessionId,
  });
  const now = timestamp(world);
  return {
    type: "file",
    id: world.ids("sesrsc"),
    file_id: copy.id,
    mount_path: place,
    created_at: now,
    updated_at: now,
  };
}

/** Mounts a memory store. Throws 404. */
export function newMemory(
  world: World,
  params: z.infer<typeof memory>,
): BetaManagedAgentsMemoryStoreResource {
  const store = find(world.memoryStores, "memory store", params.memory_store_id);
  return {
    type: "memory_store",
    memory_store_id: store.id,
    name: store.name,
    description: store.description,
    access: params.access ?? "read_write",
    instructions: params.instructions ?? null,
    mount_path: `/mnt/memory/${store.name}`,
  };
}
