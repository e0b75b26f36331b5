/**
 * The MCP servers that the operator offers: `PATCHWRIGHT_MCP_<NAME>_URL`, `_TOKEN`, `_TOOLS`, `_OWNERS`. Neither
 * an address nor a credential of one ever comes from a repository; settings only name them.
 */
import { githubServer, hostedGitHub, type McpOffers, type McpServer } from "./domain/mcp.ts";
import { Secret } from "./domain/secret.ts";

const prefix = "PATCHWRIGHT_MCP_";
const variable = /^PATCHWRIGHT_MCP_([A-Z][A-Z0-9_]{0,31})_(URL|TOKEN|TOOLS|OWNERS)$/;
const toolName = /^[\w./-]{1,128}$/;
/** A session takes twenty servers. */
const serversMax = 19;
const toolsMax = 50;

type Given = Record<string, string>;

/** What the environment offers. Mistakes go into `mistakes`, each with its variable; no value of a token is in one. */
export function mcpOffers(given: Given, github: { webUrl: string }, mistakes: string[]): McpOffers {
  const names = new Set<string>();
  for (const key of Object.keys(given).filter((one) => one.startsWith(prefix))) {
    const name = variable.exec(key)?.[1];
    if (name === undefined)
      mistakes.push(`${key} is no variable of an MCP server: ${prefix}<NAME>_URL, _TOKEN, _TOOLS or _OWNERS`);
    else names.add(name);
  }
  const servers = [...names].toSorted().flatMap((name) => serverOf(name, given, mistakes) ?? []);
  if (servers.length > serversMax) mistakes.push(`${prefix}… names more than ${serversMax} servers`);
  const urls = servers.map(({ url }) => normalised(url));
  for (const [at, { name }] of servers.entries()) {
    if (urls.indexOf(urls[at] ?? "") < at)
      mistakes.push(`${prefix}${name.toUpperCase()}_URL is the address of another server as well`);
  }
  const own = servers.find(({ name }) => name === githubServer);
  const others = servers.filter(({ name }) => name !== githubServer);
  if (github.webUrl !== "https://github.com")
    return own ? { github: own, servers: others } : { servers: others };
  if (own)
    mistakes.push(
      `${prefix}GITHUB_URL is for an Enterprise Server: set GHE_HOST, or remove it and have the hosted server used`,
    );
  return { github: hostedGitHub, servers: others };
}

function serverOf(name: string, given: Given, mistakes: string[]): McpServer | undefined {
  const part = (what: string) => given[`${prefix}${name}_${what}`]?.trim();
  const lower = name.toLowerCase();
  const isOwn = lower === githubServer;
  const url = part("URL");
  if (url === undefined) mistakes.push(`${prefix}${name}_URL is not set: the address of the MCP server`);
  else if (!isAddress(url))
    mistakes.push(`${prefix}${name}_URL must be an https address without credentials (http on loopback)`);
  const tools = listOf(part("TOOLS"));
  if (tools.length === 0 && !isOwn)
    mistakes.push(`${prefix}${name}_TOOLS is not set: the tools the agent may use, separated by commas`);
  if (tools.length > toolsMax || tools.some((tool) => !toolName.test(tool)))
    mistakes.push(`${prefix}${name}_TOOLS must be at most ${toolsMax} names of tools, separated by commas`);
  const token = part("TOKEN");
  if (isOwn && token !== undefined)
    mistakes.push(`${prefix}GITHUB_TOKEN is not used: each run gets a token of its own. Remove it`);
  const owners = listOf(part("OWNERS")).map((owner) => owner.toLowerCase());
  return {
    name: lower,
    url: url ?? "",
    tools: tools.length === 0 ? hostedGitHub.tools : tools,
    ...(token === undefined || isOwn ? {} : { token: new Secret(token) }),
    ...(owners.length === 0 || owners.includes("*") ? {} : { owners }),
  };
}

function listOf(text: string | undefined): string[] {
  return [...new Set((text ?? "").split(",").map((part) => part.trim()))].filter((part) => part !== "");
}

function isAddress(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, username, password } = new URL(text);
  const isHere = ["127.0.0.1", "localhost", "[::1]"].includes(hostname);
  return (protocol === "https:" || (protocol === "http:" && isHere)) && username === "" && password === "";
}

/** As the platform compares addresses: it keeps one credential for each. */
function normalised(url: string): string {
  return URL.canParse(url) ? new URL(url).href.replace(/\/$/, "") : url;
}
