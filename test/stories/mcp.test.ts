/**
 * MCP servers: GitHub's own by a vault of the run's with a least token that is replaced like the others, and the
 * operator's; a server that refuses is done without, and what is not offered is refused by name.
 */
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Agent } from "../sim/claude/agent.ts";
import { doNothing, fixAndSubmit } from "../sim/claude/scripts.ts";
import { type McpSim, startMcp } from "../sim/mcp/mcp.ts";
import { labelledWith } from "./settled.ts";
import { type Setting, type Stage, setStage, shop } from "./stage.ts";

const minute = 60_000;
let stage: Stage;
let server: McpSim;

beforeEach(async () => {
  server = await startMcp();
});

afterEach(async () => {
  await stage.close();
  await server.stop();
});

/** A stage whose Enterprise Server has an MCP server of its own, which takes the tokens GitHub takes. */
async function set(setting: Setting = {}) {
  stage = await setStage({ ...setting, env: { PATCHWRIGHT_MCP_GITHUB_URL: server.url, ...setting.env } });
  server.judge((sha256) => {
    const token = stage.github.tokens().find((one) => one.sha256 === sha256);
    return token !== undefined && token.revokedAt === undefined && stage.clock.now() < token.expiresAt;
  });
}

interface Order {
  agent: { tools: { type: string }[]; mcp_servers: unknown[] };
  vault_ids?: string[];
  environment_id: string;
}

function lastOrder(): Order {
  const made = stage.claude.log.findLast(
    ({ method, path, status }) => method === "POST" && path === "/v1/sessions" && status === 200,
  );
  return (made?.requestBody ?? {}) as Order;
}

const reads = [
  "issue_read",
  "pull_request_read",
  "get_file_contents",
  "actions_list",
  "actions_get",
  "get_job_logs",
];

test("GitHub's server is opened by a token of its own, which is replaced with the others and ends with them", async () => {
  await set();
  const answers: boolean[] = [];
  stage.plays(async (agent: Agent) => {
    for (let hour = 0; hour < 3; hour += 1) {
      answers.push((await agent.mcp("github", "issue_read", { issue_number: 1 })).isError);
      await agent.wait(50 * minute);
      await agent.fetch();
    }
    await fixAndSubmit()(agent);
  });
  const issue = await labelledWith(stage, { github_mcp: "read" });
  await stage.untilShown(issue, "opened #");
  expect(answers).toEqual([false, false, false]);
  const { agent, vault_ids, environment_id } = lastOrder();
  expect(agent.mcp_servers).toEqual([{ type: "url", name: "github", url: server.url }]);
  const permission_policy = { type: "always_allow" };
  expect(agent.tools.find(({ type }) => type === "mcp_toolset")).toEqual({
    type: "mcp_toolset",
    mcp_server_name: "github",
    default_config: { enabled: false, permission_policy },
    configs: reads.map((name) => ({ name, enabled: true, permission_policy })),
  });
  const environment = stage.claude.log.findLast(
    ({ method, path }) => method === "POST" && path === "/v1/environments",
  );
  expect(environment?.requestBody).toMatchObject({
    config: { networking: { type: "limited", allowed_hosts: ["github.com"], allow_mcp_servers: true } },
  });
  expect(stage.claude.sessions[0]?.environmentId).toBe(environment_id);

  const [vault, ...others] = stage.claude.vaults;
  expect(others).toEqual([]);
  expect(vault_ids).toEqual([vault?.vault.id]);
  expect(vault?.vault.metadata).toMatchObject({ app: "patchwright", run_id: expect.stringMatching(/^run_/) });
  const [credential] = vault?.credentials ?? [];
  expect(credential?.credential.auth).toEqual({ type: "static_bearer", mcp_server_url: server.url });
  expect(credential?.ledger.length).toBeGreaterThanOrEqual(4);
  const mounted = new Set(
    stage.claude
      .mounts(stage.claude.sessions[0]?.id ?? "")
      .flatMap(({ tokens }) => tokens.map((one) => one.sha256)),
  );
  for (const { sha256 } of credential?.ledger ?? []) {
    const token = stage.github.tokens().find((one) => one.sha256 === sha256);
    expect(token?.permissions).toEqual({
      ...{ actions: "read", checks: "read", contents: "read" },
      ...{ issues: "read", metadata: "read", pull_requests: "read" },
    });
    expect(token?.repositoryIds).toHaveLength(1);
    expect(token?.revokedAt).toBeDefined();
    expect(mounted).not.toContain(sha256);
  }
  expect(vault?.vault.archived_at).toBeNull();
  const [pull] = stage.github.pulls(shop);
  stage.github.closePull(shop, pull?.number ?? 0, { by: "mona" });
  await stage.until(
    "the vault is closed",
    () => stage.claude.vaults[0]?.vault.archived_at !== null,
    10 * minute,
  );
  expect(stage.status(issue)).not.toContain("MCP");
});

test("a server that refuses the token is done without: said on the issue, the token given back at once", async () => {
  await set();
  server.judge(() => false);
  const alive: number[] = [];
  stage.plays(async (agent) => {
    expect((await agent.mcp("github", "issue_read")).isError).toBe(true);
    await agent.wait(10 * minute);
    alive.push(serverTokens().filter(({ revokedAt }) => revokedAt === undefined).length);
    await agent.wait(80 * minute);
    await fixAndSubmit()(agent);
  });
  const issue = await labelledWith(stage, { github_mcp: "read" });
  await stage.untilShown(issue, "opened #");
  expect(stage.status(issue)).toContain(
    "Works without the MCP server `github`: it did not accept its token.",
  );
  expect(alive).toEqual([0]);
  expect(serverTokens()).toHaveLength(1);
});

const serverTokens = () =>
  stage.github.tokens().filter(({ permissions }) => permissions["pull_requests"] === "read");

test("a turn that breaks off because of it is taken up again without the server", async () => {
  await set();
  server.judge(() => false);
  stage.plays(async (agent) => {
    if (agent.round > 1) {
      expect(agent.text).toContain("The MCP server github is not available any more");
      expect(agent.session.agent.mcp_servers).toEqual([]);
      return fixAndSubmit()(agent);
    }
    await agent.mcp("github", "issue_read");
    await agent.exhaustRetries();
  });
  const issue = await labelledWith(stage, { github_mcp: "read" });
  await stage.untilShown(issue, "opened #");
  expect(stage.claude.sessions).toHaveLength(1);
});

test("an App that lacks the permissions, and an Enterprise Server without one, do without and say so", async () => {
  await set();
  stage.plays(doNothing);
  const { actions: _actions, ...fewer } = stage.github.app.permissions;
  stage.github.setPermissions(stage.installation, fewer, "rita");
  const issue = await labelledWith(stage, { github_mcp: "read" });
  await stage.untilShown(issue, "no changes");
  expect(stage.status(issue)).toContain(
    "Works without the MCP server `github`: the App may not read actions",
  );
  expect(lastOrder()).toMatchObject({ agent: { mcp_servers: [] } });
  await stage.close();

  stage = await setStage();
  stage.plays(doNothing);
  const other = await labelledWith(stage, { github_mcp: "read" });
  await stage.untilShown(other, "no changes");
  expect(stage.status(other)).toContain("GitHub's hosted server does not serve Enterprise Servers");
  expect(lastOrder().vault_ids).toBeUndefined();
  expect(stage.claude.vaults).toEqual([]);
});

const token = "the-operators-own-token";

test("the operator's servers: named by settings, opened by what the operator says", async () => {
  const open = await startMcp();
  await set({
    env: {
      PATCHWRIGHT_MCP_DOCS_URL: open.url,
      PATCHWRIGHT_MCP_DOCS_TOOLS: "search",
      PATCHWRIGHT_MCP_TICKETS_URL: `${server.url}tickets`,
      PATCHWRIGHT_MCP_TICKETS_TOOLS: "find, read",
      PATCHWRIGHT_MCP_TICKETS_TOKEN: token,
      PATCHWRIGHT_MCP_TICKETS_OWNERS: "Acme, other",
    },
  });
  server.judge(() => true);
  stage.plays(async (agent) => {
    await agent.mcp("docs", "search");
    await agent.mcp("tickets", "find");
    await agent.wait(90 * minute);
    await agent.mcp("tickets", "read");
  });
  const issue = await labelledWith(stage, { mcp: ["docs", "Tickets"] });
  await stage.untilShown(issue, "no changes");
  expect(open.log).toEqual([{ tool: "search", status: 200 }]);
  expect(server.log.map(({ tool, status }) => [tool, status])).toEqual([
    ["find", 200],
    ["read", 200],
  ]);
  expect(new Set(server.log.map(({ tokenSha256 }) => tokenSha256)).size).toBe(1);
  const [vault] = stage.claude.vaults;
  expect(vault?.credentials.map(({ ledger }) => ledger.length)).toEqual([1]);
  expect(vault?.vault.archived_at).not.toBeNull();
  expect(JSON.stringify([stage.lines, stage.claude.log, stage.github.log])).not.toContain(token);
  await open.stop();
});

test.each<[string, string[], RegExp]>([
  ["not defined", ["docs", "evil"], /the operator of this service has not defined `evil`/],
  ["not for this owner", ["tickets"], /does not offer `tickets` to acme/],
  ["GitHub's own", ["github"], /`github` is turned on by `github_mcp: read`/],
])("a server that is %s is refused by name, before anything is opened", async (_what, mcp, words) => {
  await set({
    env: {
      PATCHWRIGHT_MCP_DOCS_URL: "https://docs.example/mcp",
      PATCHWRIGHT_MCP_DOCS_TOOLS: "search",
      PATCHWRIGHT_MCP_TICKETS_URL: "https://tickets.example/mcp",
      PATCHWRIGHT_MCP_TICKETS_TOOLS: "find",
      PATCHWRIGHT_MCP_TICKETS_OWNERS: "other",
    },
  });
  const issue = await labelledWith(stage, { mcp });
  await stage.untilShown(issue, "refused");
  expect(stage.status(issue)).toMatch(words);
  expect(stage.claude.vaults).toEqual([]);
  expect(stage.claude.sessions).toEqual([]);
});

test.each(["POST /v1/vaults", "POST /v1/vaults/:id/credentials", "POST /v1/vaults/:id/archive"])(
  "a lost reply to %s leaves one vault with one credential, and it is closed",
  async (on) => {
    await set();
    stage.plays(async (agent) => {
      expect((await agent.mcp("github", "issue_read")).isError).toBe(false);
    });
    stage.claude.fault({ on, trouble: { kind: "reset_after" } });
    const issue = await labelledWith(stage, { github_mcp: "read" });
    await stage.untilShown(issue, "no changes");
    await stage.pass(5 * minute);
    expect(stage.claude.vaults).toHaveLength(1);
    expect(stage.claude.vaults[0]?.credentials).toHaveLength(1);
    expect(stage.claude.vaults[0]?.vault.archived_at).not.toBeNull();
  },
);

test("a vault whose credential the platform put off is completed, not made again", async () => {
  await set();
  stage.plays(doNothing);
  const trouble = { kind: "status", status: 429, retryAfterS: 5 } as const;
  stage.claude.fault({ on: "POST /v1/vaults/:id/credentials", trouble });
  const issue = await labelledWith(stage, { github_mcp: "read" });
  await stage.untilShown(issue, "no changes");
  expect(stage.claude.vaults).toHaveLength(1);
  expect(stage.claude.vaults[0]?.credentials).toHaveLength(1);
});

test("vaults that ended runs left behind are closed by the caretaker, those of others are not", async () => {
  await set({ env: { PATCHWRIGHT_SWEEP_MS: "60000" } });
  stage.plays(doNothing);
  const issue = await labelledWith(stage, { github_mcp: "read" });
  await stage.untilShown(issue, "no changes");
  const [own] = stage.claude.vaults;
  const metadata = { ...own?.vault.metadata };
  const made = [
    await stage.claude.addVault({ display_name: "left", metadata }),
    await stage.claude.addVault({
      display_name: "foreign",
      metadata: { ...metadata, run_id: "run_of_others" },
    }),
    await stage.claude.addVault({ display_name: "nobody's", metadata: {} }),
  ];
  await stage.pass(3 * minute);
  const closed = made.map(
    (id) => stage.claude.vaults.find(({ vault }) => vault.id === id)?.vault.archived_at !== null,
  );
  expect(closed).toEqual([true, false, false]);
});
