/**
 * The MCP servers of a run: chosen from what the operator offers, opened by a vault of the run's own. A server
 * that does not take its token, or cannot be had, is done without, and people are told.
 */
import type { McpTools } from "../agent/definition.ts";
import { repeatable } from "../domain/act.ts";
import { isProblem, Problem } from "../domain/errors.ts";
import { messageMarker } from "../domain/ids.ts";
import {
  githubServer,
  githubServerResource,
  goOnWithoutText,
  type McpServer,
  mcpChoice,
  mcpRefused,
  withoutServer,
} from "../domain/mcp.ts";
import { issueToken, releaseTokens } from "./credential.ts";
import type { RunSession, RunVault } from "./facts.ts";
import type { Tools } from "./tools.ts";

/** The servers the run uses now. Throws `refused`, naming what the settings ask for and cannot have. */
export function serversOf(tools: Tools): McpServer[] {
  const { run } = tools.held;
  const { servers, problems } = mcpChoice(run.settings, tools.config.mcp, run.place.owner);
  if (problems.length > 0) throw new Problem("refused", "mcp_refused", mcpRefused(problems));
  return servers.filter(({ name }) => !tools.ledger.read(`without ${name}`));
}

/** The servers as the platform wants them. */
export function offeredBy(servers: McpServer[]): McpTools[] {
  return servers.map(({ name, url, tools }) => ({ name, url, tools }));
}

/** Sentences about servers the run does without. */
export function withoutServers({ ledger, config, held: { run } }: Tools): string[] {
  const { off } = mcpChoice(run.settings, config.mcp, run.place.owner);
  const lost = ledger.all<{ why: string }>("without ").map(({ name, value }) => ({
    name: name.slice("without ".length),
    why: value.why,
  }));
  const all = off === undefined ? lost : [{ name: githubServer, why: off }, ...lost];
  return all.map(({ name, why }) => withoutServer(name, why));
}

/** The vault for the run's session of this number; undefined where nothing has to be opened. */
export async function vaultFor(tools: Tools, number: number): Promise<RunVault | undefined> {
  const { ledger, agents, held } = tools;
  const known = ledger.read(`vault ${number}`);
  if (known) return known;
  const own = await ownToken(tools);
  const closed = serversOf(tools).filter(({ name, token }) => name === githubServer || token !== undefined);
  if (closed.length === 0) return undefined;
  const act = agents.vault({ id: held.run.id, number }, async () => {
    await ledger.still();
    return closed.flatMap(({ name: server, url, token }) => {
      const opens = server === githubServer ? own?.token : token;
      return opens ? [{ server, url, token: opens }] : [];
    });
  });
  const make = async () => ({ ...(await act.make()), ...(own ? { token: own.id } : {}) });
  return ledger.once(`vault ${number}`, { find: act.find, make });
}

/** A token for GitHub's own server, where the run uses it. An App that lacks the permissions does without. */
async function ownToken(tools: Tools) {
  if (!serversOf(tools).some(({ name }) => name === githubServer)) return undefined;
  try {
    return await issueToken(tools, githubServerResource);
  } catch (error) {
    if (!isProblem(error) || error.code !== "github_not_granted") throw error;
    await tools.ledger.write(`without ${githubServer}`, { why: notGranted });
    return undefined;
  }
}

const notGranted = "the App may not read actions, checks, issues and pull requests here";

/** The session's resources with the credentials that are replaced like tokens of repositories. */
export function withVault(session: RunSession, vault: RunVault | undefined): RunSession {
  const id = vault?.credentials[githubServer];
  if (!vault || id === undefined) return session;
  const resources = { ...session.resources, [githubServerResource]: `${vault.id}/${id}` };
  const tokens = { ...session.tokens, ...(vault.token ? { [githubServerResource]: vault.token } : {}) };
  return { ...session, resources, tokens };
}

/** Notes which servers the platform could not use. */
export async function noteLost(tools: Tools): Promise<void> {
  const { ledger, held, log } = tools;
  for (const { server, why } of held.run.progress.lost ?? []) {
    if (ledger.read(`without ${server}`)) continue;
    await ledger.write(`without ${server}`, { why });
    if (server === githubServer) await releaseTokens(tools, githubServerResource);
    log.warn({ session_id: held.run.session, server }, "the session works without an MCP server");
  }
}

/**
 * A turn that broke off because a server could not be used is taken up again without it, once. True while the
 * session has been told and has not heard yet.
 */
export async function goOnWithout(tools: Tools, session: RunSession): Promise<boolean> {
  const { ledger, agents, held } = tools;
  const lost = held.run.progress.lost ?? [];
  if (lost.length === 0 || held.run.progress.idle?.reason !== "retries_exhausted") return false;
  const name = `note without-${session.id}` as const;
  const told = ledger.read(name);
  if (told) return !held.run.progress.heard.includes(told.id);
  await agents.equip(session.id, offeredBy(serversOf(tools)));
  const text = goOnWithoutText(lost.map(({ server }) => server));
  const marker = messageMarker(held.run.id, `without-${session.id}`);
  await ledger.once(name, agents.message(session.id, { marker, text }));
  return true;
}

/** Closes the vaults of the run. */
export async function closeVaults({ ledger, agents }: Tools): Promise<void> {
  for (const { value } of ledger.all<RunVault>("vault ")) {
    await ledger.once(
      `closed ${value.id}`,
      repeatable(() => agents.closeVault(value.id)),
    );
  }
}
