/**
 * `/v1/vaults` and their credentials. Secrets go in and never come out; archiving forgets them.
 * Only `static_bearer` credentials are simulated, the one kind the product may use.
 */
import type {
  BetaManagedAgentsCredential,
  BetaManagedAgentsVault,
  CredentialCreateParams,
  CredentialUpdateParams,
  VaultCreateParams,
  VaultUpdateParams,
} from "@anthropic-ai/sdk/resources/beta/vaults";
import { type Context, Hono } from "hono";
import { z } from "zod";
import { numberOf } from "./ids.ts";
import { sha256 } from "./journal.ts";
import type { MountedToken } from "./mount.ts";
import { cutPage } from "./page.ts";
import { flag, pageParams, readBody, readNothing, readQuery } from "./query.ts";
import { invalid, notFound, Refusal } from "./refusal.ts";
import { metadata, metadataPatch, patched } from "./shapes.ts";
import { find, timestamp, type World } from "./world.ts";

const listParams = { ...pageParams(100), include_archived: flag };

/** A credential and the hashes of the tokens it held. */
export interface CredentialRecord {
  credential: BetaManagedAgentsCredential;
  /** What it opens its server with; only the platform's MCP client reads it. */
  token: string;
  ledger: MountedToken[];
}

/** A vault with its credentials, oldest first. */
export interface VaultRecord {
  vault: BetaManagedAgentsVault;
  credentials: CredentialRecord[];
}

const credentialsMax = 20;
const displayName = z.string().min(1).max(255);
const token = z.string().min(1).max(8192);
const vaultCreate = z.strictObject({
  display_name: displayName,
  metadata: metadata.exactOptional(),
}) satisfies z.ZodType<VaultCreateParams>;
const vaultUpdate = z.strictObject({
  display_name: displayName.nullable().exactOptional(),
  metadata: metadataPatch.nullable().exactOptional(),
}) satisfies z.ZodType<VaultUpdateParams>;
const credentialCreate = z.strictObject({
  auth: z.strictObject({ type: z.literal("static_bearer"), mcp_server_url: z.url(), token }),
  display_name: displayName.nullable().exactOptional(),
  metadata: metadata.exactOptional(),
}) satisfies z.ZodType<CredentialCreateParams>;
const credentialUpdate = z.strictObject({
  auth: z
    .strictObject({ type: z.literal("static_bearer"), token: token.nullable().exactOptional() })
    .exactOptional(),
  display_name: displayName.nullable().exactOptional(),
  metadata: metadataPatch.nullable().exactOptional(),
}) satisfies z.ZodType<Omit<CredentialUpdateParams, "vault_id">>;

/** Routes of vaults. */
export function vaultRoutes(world: World): Hono {
  return new Hono()
    .post("/v1/vaults", async (c) => {
      readQuery(c, {});
      const body = await readBody(c, vaultCreate);
      return c.json(newVault(world, body));
    })
    .get("/v1/vaults", (c) =>
      c.json(
        list(
          c,
          [...world.vaults.values()].map(({ vault }) => vault),
        ),
      ),
    )
    .get("/v1/vaults/:id", (c) => {
      readQuery(c, {});
      return c.json(find(world.vaults, "vault", c.req.param("id")).vault);
    })
    .post("/v1/vaults/:id", async (c) => {
      readQuery(c, {});
      const { vault } = liveVault(world, c);
      const body = await readBody(c, vaultUpdate);
      vault.display_name = body.display_name ?? vault.display_name;
      vault.metadata = patched(vault.metadata, body.metadata);
      vault.updated_at = timestamp(world);
      return c.json(vault);
    })
    .post("/v1/vaults/:id/archive", async (c) => {
      await readNothing(c);
      const { vault, credentials } = liveVault(world, c);
      vault.archived_at = timestamp(world);
      for (const record of credentials) {
        record.credential.archived_at ??= vault.archived_at;
        record.token = "";
      }
      return c.json(vault);
    })
    .delete("/v1/vaults/:id", (c) => {
      const { vault } = find(world.vaults, "vault", c.req.param("id"));
      world.vaults.delete(vault.id);
      return c.json({ id: vault.id, type: "vault_deleted" });
    });
}

/** Makes a vault. */
export function newVault(
  world: World,
  { display_name, metadata: pairs = {} }: VaultCreateParams,
): BetaManagedAgentsVault {
  const now = timestamp(world);
  const id = world.ids("vlt");
  const vault: BetaManagedAgentsVault = {
    ...{ type: "vault", id, display_name, metadata: pairs },
    ...{ created_at: now, updated_at: now, archived_at: null },
  };
  world.vaults.set(id, { vault, credentials: [] });
  return vault;
}

/** Routes of a vault's credentials. */
export function credentialRoutes(world: World): Hono {
  const base = "/v1/vaults/:id/credentials";
  return new Hono()
    .post(base, async (c) => {
      readQuery(c, {});
      const record = liveVault(world, c);
      const body = await readBody(c, credentialCreate);
      return c.json(addCredential(world, record, body).credential);
    })
    .get(base, (c) => {
      const { credentials } = find(world.vaults, "vault", c.req.param("id"));
      return c.json(
        list(
          c,
          credentials.map(({ credential }) => credential),
        ),
      );
    })
    .get(`${base}/:credential`, (c) => {
      readQuery(c, {});
      return c.json(credentialOf(world, c).credential);
    })
    .post(`${base}/:credential`, async (c) => {
      readQuery(c, {});
      const record = credentialOf(world, c);
      const { credential, ledger } = record;
      if (credential.archived_at !== null) throw invalid(`credential ${credential.id} is archived`);
      const body = await readBody(c, credentialUpdate);
      if (body.auth?.token) {
        record.token = body.auth.token;
        ledger.push({ sha256: sha256(body.auth.token), setAt: world.clock.now() });
      }
      if (body.display_name !== undefined) credential.display_name = body.display_name;
      credential.metadata = patched(credential.metadata, body.metadata);
      credential.updated_at = timestamp(world);
      return c.json(credential);
    })
    .post(`${base}/:credential/archive`, async (c) => {
      await readNothing(c);
      const { credential } = credentialOf(world, c);
      if (credential.archived_at !== null) throw invalid(`credential ${credential.id} is already archived`);
      credential.archived_at = timestamp(world);
      return c.json(credential);
    })
    .post(`${base}/:credential/mcp_oauth_validate`, (c) => {
      throw invalid(`credential ${credentialOf(world, c).credential.id} is not an mcp_oauth credential`);
    })
    .delete(`${base}/:credential`, (c) => {
      const record = find(world.vaults, "vault", c.req.param("id"));
      const held = credentialOf(world, c);
      record.credentials.splice(record.credentials.indexOf(held), 1);
      return c.json({ id: held.credential.id, type: "vault_credential_deleted" });
    });
}

/** Scheme and host in lower case, without a default port or a slash at the end. */
export const normalised = (url: string): string => new URL(url).href.replace(/\/$/, "");

function addCredential(
  world: World,
  { vault, credentials }: VaultRecord,
  { auth, display_name, metadata: pairs }: z.infer<typeof credentialCreate>,
): CredentialRecord {
  const live = credentials.filter(({ credential }) => credential.archived_at === null);
  if (live.length >= credentialsMax) throw invalid(`a vault holds at most ${credentialsMax} credentials`);
  const taken = live.some(
    ({ credential }) =>
      credential.auth.type === "static_bearer" &&
      normalised(credential.auth.mcp_server_url) === normalised(auth.mcp_server_url),
  );
  if (taken) throw new Refusal(409, `the vault holds a credential for ${auth.mcp_server_url}`);
  const now = timestamp(world);
  const credential: BetaManagedAgentsCredential = {
    type: "vault_credential",
    id: world.ids("vcrd"),
    vault_id: vault.id,
    display_name: display_name ?? null,
    metadata: pairs ?? {},
    auth: { type: "static_bearer", mcp_server_url: auth.mcp_server_url },
    created_at: now,
    updated_at: now,
    archived_at: null,
  };
  const record = {
    credential,
    token: auth.token,
    ledger: [{ sha256: sha256(auth.token), setAt: world.clock.now() }],
  };
  credentials.push(record);
  return record;
}

function liveVault(world: World, c: Context): VaultRecord {
  const record = find(world.vaults, "vault", c.req.param("id"));
  if (record.vault.archived_at !== null) throw invalid(`vault ${record.vault.id} is archived`);
  return record;
}

function credentialOf(world: World, c: Context): CredentialRecord {
  const { credentials } = find(world.vaults, "vault", c.req.param("id"));
  const id = c.req.param("credential") ?? "";
  const held = credentials.find(({ credential }) => credential.id === id);
  if (!held) throw notFound("credential", id);
  return held;
}

function list<T extends { id: string; archived_at: string | null }>(c: Context, all: T[]) {
  const query = readQuery(c, listParams);
  const items = all.filter((one) => query.include_archived || one.archived_at === null);
  const { limit = 20, page } = query;
  const { data, next_page } = cutPage({ items, key: (one) => numberOf(one.id), order: "desc", limit, page });
  return { data, next_page };
}
