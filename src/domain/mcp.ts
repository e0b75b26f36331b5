/**
 * MCP servers: which of those the operator offers a run may use. Settings name them and no more; what they are
 * and what opens them comes from the operator, and for GitHub's own server from the run.
 */
import type { Secret } from "./secret.ts";
import type { Settings } from "./settings.ts";

/** A server as the operator offers it. */
export interface McpServer {
  /** Lower case. */
  name: string;
  url: string;
  /** The tools the agent may use; all others are off. */
  tools: string[];
  /** What opens it; without one it is open, or opened by the run's own token (`githubServer`). */
  token?: Secret;
  /** Lower-case logins of the accounts that may use it; everybody when absent. */
  owners?: string[];
}

/** All that is offered. `github` is absent where GitHub has no hosted server: on an Enterprise Server. */
export interface McpOffers {
  github?: McpServer;
  servers: McpServer[];
}

/** The server that `github_mcp` turns on. */
export const githubServer = "github";

/** GitHub's hosted server, with the tools that only read and that an installation's token can use. */
export const hostedGitHub: McpServer = {
  name: githubServer,
  url: "https://api.githubcopilot.com/mcp/",
  tools: [
    "issue_read",
    "pull_request_read",
    "get_file_contents",
    "actions_list",
    "actions_get",
    "get_job_logs",
  ],
};

/** What the token for GitHub's server may do, and nothing else: read what those tools read, in one repository. */
export const githubServerPermissions = {
  actions: "read",
  checks: "read",
  contents: "read",
  issues: "read",
  metadata: "read",
  pull_requests: "read",
} as const;

/** Under which name tokens for GitHub's server are kept; no repository can be called so. */
export const githubServerResource = `mcp:${githubServer}`;

/** The servers of a run. */
export interface McpChoice {
  servers: McpServer[];
  /** Why the settings cannot be followed, each as a clause that names the server. */
  problems: string[];
  /** Why a server that was asked for is left off without refusing the run. */
  off?: string;
}

/** What the settings of a run in a repository of `owner` come to. */
export function mcpChoice(
  settings: Pick<Settings, "github_mcp" | "mcp">,
  offers: McpOffers,
  owner: string,
): McpChoice {
  const servers: McpServer[] = [];
  const problems: string[] = [];
  for (const name of new Set(settings.mcp.map((one) => one.toLowerCase()))) {
    const found = offers.servers.find((one) => one.name === name);
    if (name === githubServer) problems.push("`github` is turned on by `github_mcp: read`, not by `mcp`");
    else if (!found) problems.push(`the operator of this service has not defined \`${name}\``);
    else if (found.owners && !found.owners.includes(owner.toLowerCase()))
      problems.push(`the operator of this service does not offer \`${name}\` to ${owner}`);
    else servers.push(found);
  }
  if (settings.github_mcp === "off") return { servers, problems };
  if (!offers.github) return { servers, problems, off: noHostedServer };
  const { owners } = offers.github;
  if (owners && !owners.includes(owner.toLowerCase())) return { servers, problems, off: notForOwner };
  return { servers: [offers.github, ...servers], problems };
}

const noHostedServer = "GitHub's hosted server does not serve Enterprise Servers";
const notForOwner = "the operator of this service does not offer it to this account";

/** One sentence for all that is wrong. */
export function mcpRefused(problems: string[]): string {
  return `The settings' \`mcp\` cannot be followed: ${problems.join("; ")}. Whoever maintains the settings can take it out of \`mcp\`; the operator can define it.`;
}

/** What the issue says of a server that the run does without. */
export function withoutServer(name: string, why: string): string {
  return `Works without the MCP server \`${name}\`: ${why}.`;
}

/** What the agent is told when its turn broke off because a server did not answer. */
export function goOnWithoutText(names: string[]): string {
  return `The MCP server ${names.join(", ")} is not available any more and was taken away. Go on without it.`;
}
