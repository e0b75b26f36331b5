/**
 * Vaults: where the platform keeps what opens MCP servers for a session. Made by find or do: a vault is found
 * again by the run in its metadata, a credential by its address. Secrets go in and never come out.
 */
import type Anthropic from "@anthropic-ai/sdk";
import type { Act } from "../domain/act.ts";
import { Problem } from "../domain/errors.ts";
import type { Secret } from "../domain/secret.ts";
import type { OpenVault, SeenVault, VaultCredential } from "./agent.ts";
import { ownMark } from "./definition.ts";
import { asProblem, settled } from "./failure.ts";
import { once, read, slackMs } from "./patience.ts";

type Vault = Anthropic.Beta.BetaManagedAgentsVault;

/** A run's vault; `number` tells it from those of its earlier sessions. */
export interface VaultRun {
  id: string;
  number: number;
}

/** Makes a run's vault with its credentials, or completes the one that an earlier attempt left. */
export function vaultAct(
  client: Anthropic,
  run: VaultRun,
  order: () => Promise<VaultCredential[]>,
): Act<OpenVault> {
  return {
    find: async (begunAt) => {
      const vault = await findVault(client, run, begunAt);
      return vault === undefined
        ? undefined
        : { id: vault, credentials: await fill(client, vault, { wanted: await order(), isNew: false }) };
    },
    make: async () => {
      const wanted = await order();
      const { id } = await client.beta.vaults.create(
        { display_name: `patchwright ${run.id} ${run.number}`, metadata: metadataOf(run) },
        once,
      );
      const filled = fill(client, id, { wanted, isNew: true }).catch((error: unknown) => {
        throw withVaultLeft(error);
      });
      return { id, credentials: await filled };
    },
  };
}

/** The vault is there all the same: the next attempt has to look for it. */
function withVaultLeft(error: unknown): Problem {
  const { kind, code, message, retryAfterMs } = asProblem(error);
  const wait = retryAfterMs === undefined ? {} : { retryAfterMs };
  return new Problem(kind, code, message, { ...wait, undone: false, cause: error });
}

function metadataOf({ id, number }: VaultRun): Record<string, string> {
  return { ...ownMark, run_id: id, number: String(number) };
}

/** The oldest of the run's; a second one that a lost reply left is closed. */
async function findVault(client: Anthropic, run: VaultRun, begunAt: number): Promise<string | undefined> {
  const found: Vault[] = [];
  // Newest first: what is older than the attempt needs no look.
  for await (const vault of client.beta.vaults.list({ limit: 100 }, read)) {
    if (Date.parse(vault.created_at) < begunAt - slackMs) break;
    const { run_id, number } = vault.metadata;
    if (run_id === run.id && number === String(run.number)) found.unshift(vault);
  }
  const [oldest, ...others] = found;
  for (const other of others) await closeVault(client, other.id);
  return oldest?.id;
}

/** Puts in what is not there yet. Returns the credentials' ids by server. */
async function fill(
  client: Anthropic,
  vault: string,
  { wanted, isNew }: { wanted: VaultCredential[]; isNew: boolean },
): Promise<Record<string, string>> {
  const ids: Record<string, string> = {};
  if (!isNew) {
    for await (const one of client.beta.vaults.credentials.list(vault, { limit: 100 }, read)) {
      const { auth } = one;
      const server =
        "mcp_server_url" in auth && wanted.find(({ url }) => url === auth.mcp_server_url)?.server;
      if (server) ids[server] = one.id;
    }
  }
  for (const { server, url, token } of wanted.filter((one) => !(one.server in ids))) {
    const made = await client.beta.vaults.credentials.create(
      vault,
      {
        display_name: server,
        auth: { type: "static_bearer", mcp_server_url: url, token: token.reveal() },
      },
      once,
    );
    ids[server] = made.id;
  }
  return ids;
}

/** Replaces what a credential opens its server with. */
export async function replaceCredential(
  client: Anthropic,
  { vault, id }: { vault: string; id: string },
  token: Secret,
): Promise<void> {
  const auth = { type: "static_bearer" as const, token: token.reveal() };
  await client.beta.vaults.credentials.update(id, { vault_id: vault, auth }, once);
}

/** Archives a vault, and with it all it holds. One already closed or gone is success. */
export async function closeVault(client: Anthropic, id: string): Promise<void> {
  await settled(client.beta.vaults.archive(id, {}, once));
}

/** Deletes a vault. One already gone is success. */
export async function removeVault(client: Anthropic, id: string): Promise<void> {
  await settled(client.beta.vaults.delete(id, {}, once));
}

/** Our vaults, newest first, a page at a time; `closed`: archived ones as well. */
export async function* vaultPages(
  client: Anthropic,
  { closed }: { closed?: true },
): AsyncGenerator<SeenVault[]> {
  try {
    const list = await client.beta.vaults.list(
      { limit: 100, ...(closed ? { include_archived: true } : {}) },
      read,
    );
    for await (const { data } of list.iterPages())
      yield data.flatMap(({ id, metadata }) => {
        const { app, run_id: run } = metadata;
        return app === ownMark.app && run !== undefined ? [{ id, run }] : [];
      });
  } catch (error) {
    throw asProblem(error);
  }
}
