/** MCP servers of the operator's environment: what is offered, and every mistake with its variable and no secret. */
import { expect, test } from "vitest";
import { mcpOffers } from "../../src/config-mcp.ts";
import { hostedGitHub, mcpChoice } from "../../src/domain/mcp.ts";

const github = { webUrl: "https://github.com" };
const enterprise = { webUrl: "https://ghe.example" };
const docs = {
  PATCHWRIGHT_MCP_DOCS_URL: "https://docs.example/mcp",
  PATCHWRIGHT_MCP_DOCS_TOOLS: "search,read",
};

function offers(given: Record<string, string>, host = github) {
  const mistakes: string[] = [];
  return { offers: mcpOffers(given, host, mistakes), mistakes };
}

test("nothing is offered by default but GitHub's hosted server, and that on github.com only", () => {
  expect(offers({})).toEqual({ offers: { github: hostedGitHub, servers: [] }, mistakes: [] });
  expect(offers({}, enterprise)).toEqual({ offers: { servers: [] }, mistakes: [] });
  expect(hostedGitHub.url).toBe("https://api.githubcopilot.com/mcp/");
});

test("a server with its token, tools and owners", () => {
  const given = {
    ...docs,
    PATCHWRIGHT_MCP_DOCS_TOKEN: "a secret",
    PATCHWRIGHT_MCP_DOCS_OWNERS: "Acme, other",
  };
  const { offers: read, mistakes } = offers(given);
  expect(mistakes).toEqual([]);
  const [server] = read.servers;
  expect(server).toMatchObject({ name: "docs", url: "https://docs.example/mcp", owners: ["acme", "other"] });
  expect(server?.tools).toEqual(["search", "read"]);
  expect(server?.token?.reveal()).toBe("a secret");
  expect(JSON.stringify(read)).not.toContain("a secret");
});

test("an Enterprise Server may have a server of its own, with the usual tools", () => {
  const given = { PATCHWRIGHT_MCP_GITHUB_URL: "https://mcp.ghe.example/" };
  expect(offers(given, enterprise).offers.github).toMatchObject({
    name: "github",
    tools: hostedGitHub.tools,
  });
});

test.each<[string, Record<string, string>, RegExp]>([
  ["no address", { PATCHWRIGHT_MCP_DOCS_TOOLS: "a" }, /^PATCHWRIGHT_MCP_DOCS_URL is not set/],
  ["no tools", { PATCHWRIGHT_MCP_DOCS_URL: "https://x.example" }, /^PATCHWRIGHT_MCP_DOCS_TOOLS is not set/],
  [
    "an address that is none",
    { ...docs, PATCHWRIGHT_MCP_DOCS_URL: "docs" },
    /_DOCS_URL must be an https address/,
  ],
  [
    "no https",
    { ...docs, PATCHWRIGHT_MCP_DOCS_URL: "http://x.example" },
    /_DOCS_URL must be an https address/,
  ],
  [
    "credentials in it",
    { ...docs, PATCHWRIGHT_MCP_DOCS_URL: "https://a:b@x.example" },
    /without credentials/,
  ],
  [
    "tools of another form",
    { ...docs, PATCHWRIGHT_MCP_DOCS_TOOLS: "a b" },
    /_DOCS_TOOLS must be at most 50 names/,
  ],
  [
    "another variable",
    { PATCHWRIGHT_MCP_DOCS: "x" },
    /^PATCHWRIGHT_MCP_DOCS is no variable of an MCP server/,
  ],
  ["a name in lower case", { PATCHWRIGHT_MCP_docs_URL: "x" }, /^PATCHWRIGHT_MCP_docs_URL is no variable/],
  [
    "one address twice",
    { ...docs, PATCHWRIGHT_MCP_OTHER_URL: "https://docs.example/mcp/", PATCHWRIGHT_MCP_OTHER_TOOLS: "a" },
    /^PATCHWRIGHT_MCP_OTHER_URL is the address of another server/,
  ],
  [
    "GitHub's on github.com",
    { PATCHWRIGHT_MCP_GITHUB_URL: "https://x.example" },
    /is for an Enterprise Server/,
  ],
])("a mistake is named: %s", (_what, given, words) => {
  const { mistakes } = offers(given);
  expect(mistakes).toEqual([expect.stringMatching(words)]);
});

test("GitHub's own server takes no token of the operator's, and the mistake does not show it", () => {
  const given = { PATCHWRIGHT_MCP_GITHUB_URL: "https://x.example", PATCHWRIGHT_MCP_GITHUB_TOKEN: "a secret" };
  const { mistakes } = offers(given, enterprise);
  expect(mistakes).toEqual([expect.stringMatching(/^PATCHWRIGHT_MCP_GITHUB_TOKEN is not used/)]);
  expect(mistakes.join()).not.toContain("a secret");
});

test("settings choose by name, whatever its case, each once", () => {
  const { offers: read } = offers(docs);
  const choice = mcpChoice({ github_mcp: "read", mcp: ["Docs", "docs"] }, read, "acme");
  expect(choice.servers.map(({ name }) => name)).toEqual(["github", "docs"]);
  expect(choice.problems).toEqual([]);
  expect(mcpChoice({ github_mcp: "off", mcp: [] }, read, "acme").servers).toEqual([]);
});
