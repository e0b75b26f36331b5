/**
 * How the platform uses an MCP server for an agent: only with a tool that is on and needs no leave, only where
 * the environment lets it out, and with the first live credential for exactly the server's address.
 */
import * as undici from "undici";
import type { Session } from "./session.ts";
import type { ToolOutcome } from "./turn.ts";
import { normalised } from "./vaults.ts";
import type { World } from "./world.ts";

/** A tool of a server. */
export interface McpCall {
  server: string;
  name: string;
  input: Record<string, unknown>;
}

/** What a call came to; `trouble` is told as an event besides. */
export type McpOutcome = ToolOutcome & {
  trouble?: "mcp_connection_failed_error" | "mcp_authentication_failed_error";
};

/** Throws where the agent could not have called the tool, or would have had to ask first. */
export function checkMcpTool(session: Session, { server, name }: McpCall): void {
  const toolset = session.agent.tools.find(
    (tool) => tool.type === "mcp_toolset" && tool.mcp_server_name === server,
  );
  if (toolset?.type !== "mcp_toolset") throw new Error(`the agent of ${session.id} has no server ${server}`);
  const config = toolset.configs.find((one) => one.name === name) ?? toolset.default_config;
  if (!config.enabled) throw new Error(`the tool ${name} of ${server} is off`);
  if (config.permission_policy.type !== "always_allow")
    throw new Error(`the tool ${name} would ask for leave`);
}

/** Calls the server. */
export async function callServer(world: World, session: Session, call: McpCall): Promise<McpOutcome> {
  const url = session.agent.mcp_servers.find(({ name }) => name === call.server)?.url ?? "";
  const failed = (trouble: McpOutcome["trouble"] & string): McpOutcome => ({
    text: trouble,
    isError: true,
    trouble,
  });
  if (!reaches(world, session, url)) return failed("mcp_connection_failed_error");
  const token = credentialFor(world, session, url);
  const headers = {
    "content-type": "application/json",
    ...(token ? { authorization: `Bearer ${token}` } : {}),
  };
  const params = { name: call.name, arguments: call.input };
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params });
  try {
    const answer = await undici.request(url, { method: "POST", headers, body });
    const text = await answer.body.text();
    if (answer.statusCode === 401 || answer.statusCode === 403)
      return failed("mcp_authentication_failed_error");
    if (answer.statusCode !== 200) return failed("mcp_connection_failed_error");
    const { result } = JSON.parse(text) as { result: { content: { text: string }[]; isError?: boolean } };
    return { text: result.content.map((one) => one.text).join("\n"), isError: result.isError ?? false };
  } catch {
    return failed("mcp_connection_failed_error");
  }
}

function reaches(world: World, session: Session, url: string): boolean {
  const config = world.environments.get(session.environmentId)?.config;
  if (config?.type !== "cloud" || config.networking.type !== "limited") return true;
  const { allow_mcp_servers, allowed_hosts } = config.networking;
  return allow_mcp_servers || allowed_hosts.includes(new URL(url).hostname);
}

function credentialFor(world: World, session: Session, url: string): string | undefined {
  const vaults = session.vaultIds.flatMap((id) => world.vaults.get(id) ?? []);
  const live = vaults
    .filter(({ vault }) => vault.archived_at === null)
    .flatMap(({ credentials }) => credentials)
    .filter(({ credential }) => credential.archived_at === null);
  const held = live.find(
    ({ credential: { auth } }) =>
      auth.type === "static_bearer" && normalised(auth.mcp_server_url) === normalised(url),
  );
  return held?.token;
}
