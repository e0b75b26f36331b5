/**
 * What requests may say about agents, and how the platform fills in what they leave out.
 * The shapes are held to the SDK's parameter types by the compiler.
 */
import type {
  AgentCreateParams,
  AgentUpdateParams,
  BetaManagedAgentsAgent,
  BetaManagedAgentsAgentToolConfig,
  BetaManagedAgentsModelConfig,
} from "@anthropic-ai/sdk/resources/beta/agents";
import { z } from "zod";
import { metadata, metadataPatch } from "./shapes.ts";

type Tool = BetaManagedAgentsAgent["tools"][number];
type Skill = BetaManagedAgentsAgent["skills"][number];

const toolsMax = 256;
const policy = z.strictObject({ type: z.enum(["always_allow", "always_ask", "auto"]) });
const choice = {
  enabled: z.boolean().nullable().exactOptional(),
  permission_policy: policy.nullable().exactOptional(),
};
const defaultConfig = z.strictObject(choice).nullable().exactOptional();

const toolConfig = <Name extends string>(name: Name) =>
  z
    .strictObject({ name: z.literal(name), type: z.literal(name).exactOptional(), ...choice })
    .transform((given) => ({ ...given, name, type: name }));
const toolConfigs = z.discriminatedUnion("name", [
  toolConfig("bash"),
  toolConfig("edit"),
  toolConfig("read"),
  toolConfig("write"),
  toolConfig("glob"),
  toolConfig("grep"),
  toolConfig("web_fetch"),
  toolConfig("web_search"),
]);

const toolset = z.strictObject({
  type: z.literal("agent_toolset_20260401"),
  configs: z.array(toolConfigs).exactOptional(),
  default_config: defaultConfig,
});
const mcpToolset = z.strictObject({
  type: z.literal("mcp_toolset"),
  mcp_server_name: z.string().min(1),
  configs: z.array(z.strictObject({ name: z.string().min(1), ...choice })).exactOptional(),
  default_config: defaultConfig,
});
const customTool = z.strictObject({
  type: z.literal("custom"),
  name: z.string().regex(/^[A-Za-z0-9_-]{1,128}$/),
  description: z.string().min(1),
  input_schema: z.looseObject({
    type: z.literal("object"),
    properties: z.record(z.string(), z.unknown()).nullable().exactOptional(),
    required: z.array(z.string()).nullable().exactOptional(),
  }),
});

const effort = z.enum(["low", "medium", "high", "xhigh", "max"]);
const model = z.union([
  z.string().min(1),
  z.strictObject({
    id: z.string().min(1),
    effort: z.union([effort, z.strictObject({ type: effort })]).exactOptional(),
    inference_geo: z.string().nullable().exactOptional(),
    speed: z.enum(["standard", "fast"]).nullable().exactOptional(),
  }),
]);

const tools = z.array(z.discriminatedUnion("type", [toolset, mcpToolset, customTool])).max(toolsMax);
const mcpServers = z
  .array(z.strictObject({ type: z.literal("url"), name: z.string().min(1), url: z.url() }))
  .max(20);
const skills = z
  .array(
    z.strictObject({
      type: z.enum(["anthropic", "custom"]),
      skill_id: z.string().min(1),
      version: z.string().nullable().exactOptional(),
    }),
  )
  .max(20);
const system = z.string().max(100_000).nullable();
const identity = z.strictObject({ type: z.literal("service_account") }).nullable();

/** The fields a session may override. */
export const overrides = {
  model: model.exactOptional(),
  system: system.exactOptional(),
  tools: tools.exactOptional(),
  mcp_servers: mcpServers.exactOptional(),
  skills: skills.exactOptional(),
};

/** The body that creates an agent. Multi-agent settings are not simulated. */
export const agentCreate = z.strictObject({
  ...overrides,
  name: z.string().min(1).max(256),
  model,
  description: z.string().nullable().exactOptional(),
  metadata: metadata.exactOptional(),
  multiagent: z.null().exactOptional(),
  execution_identity: identity.exactOptional(),
}) satisfies z.ZodType<AgentCreateParams>;

/** The body that updates an agent: what is left out stays, lists are replaced whole. */
export const agentUpdate = z.strictObject({
  ...overrides,
  tools: tools.nullable().exactOptional(),
  mcp_servers: mcpServers.nullable().exactOptional(),
  skills: skills.nullable().exactOptional(),
  name: z.string().min(1).max(256).exactOptional(),
  description: z.string().nullable().exactOptional(),
  metadata: metadataPatch.nullable().exactOptional(),
  multiagent: z.null().exactOptional(),
  execution_identity: identity.exactOptional(),
  version: z.number().int().positive().exactOptional(),
}) satisfies z.ZodType<AgentUpdateParams>;

/** Tools and servers of a session, replaced by a session's update. */
export const agentOfSessionUpdate = z.strictObject({
  tools: tools.exactOptional(),
  mcp_servers: mcpServers.exactOptional(),
});

type ToolParams = z.infer<typeof tools>[number];
type Policy = z.infer<typeof policy>;

/** Fills in a choice that was left open. */
function chosen(
  given: { enabled?: boolean | null; permission_policy?: Policy | null } | null | undefined,
  fallback: { enabled: boolean; permission_policy: Policy },
) {
  return {
    enabled: given?.enabled ?? fallback.enabled,
    permission_policy: given?.permission_policy ?? fallback.permission_policy,
  };
}

function resolvedConfig(
  config: z.infer<typeof toolConfigs>,
  fallback: { enabled: boolean; permission_policy: Policy },
): BetaManagedAgentsAgentToolConfig {
  const choices = chosen(config, fallback);
  if (config.name === "web_fetch") return { ...config, ...choices, url_sources: null };
  return { ...config, ...choices };
}

/** The tool as the platform shows it: every choice spelled out. MCP tools ask by default, our own never. */
export function resolvedTool(tool: ToolParams): Tool {
  if (tool.type === "custom") return tool;
  const usual: Policy = { type: tool.type === "mcp_toolset" ? "always_ask" : "always_allow" };
  const fallback = chosen(tool.default_config, { enabled: true, permission_policy: usual });
  if (tool.type === "mcp_toolset") {
    const configs = (tool.configs ?? []).map(({ name, ...rest }) => ({ name, ...chosen(rest, fallback) }));
    return { type: tool.type, mcp_server_name: tool.mcp_server_name, configs, default_config: fallback };
  }
  const configs = (tool.configs ?? []).map((config) => resolvedConfig(config, fallback));
  return { type: tool.type, configs, default_config: fallback };
}

/** The model as the platform shows it. */
export function resolvedModel(given: z.infer<typeof model>): BetaManagedAgentsModelConfig {
  if (typeof given === "string") return { id: given, speed: "standard" };
  const { id, effort: wish, inference_geo, speed } = given;
  return {
    id,
    ...(wish === undefined ? {} : { effort: typeof wish === "string" ? { type: wish } : wish }),
    ...(inference_geo ? { inference_geo } : {}),
    speed: speed ?? "standard",
  };
}

/** The skill as the platform shows it. */
export const resolvedSkill = ({ type, skill_id, version }: z.infer<typeof skills>[number]): Skill => ({
  type,
  skill_id,
  version: version ?? "latest",
});
