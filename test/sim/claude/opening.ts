/**
 * Opening a session: the body is checked as a whole, then the session is made, its sandbox begins
 * to be prepared, and initial events are taken in. A refused request leaves no session behind.
 */
import type {
  BetaManagedAgentsSessionAgent,
  SessionCreateParams,
} from "@anthropic-ai/sdk/resources/beta/sessions";
import { z } from "zod";
import { overrides, resolvedModel, resolvedSkill, resolvedTool } from "./agent-shapes.ts";
import { agentVersion, checkServers } from "./agents.ts";
import { liveEnvironment } from "./environments.ts";
import { userMessage } from "./event-shapes.ts";
import { receive } from "./inbound.ts";
import { prepare } from "./mount.ts";
import { invalid } from "./refusal.ts";
import { newFile, newMemory, newMount, resources } from "./resource-shapes.ts";
import { Session } from "./session.ts";
import { budget, metadata } from "./shapes.ts";
import { Turn } from "./turn.ts";
import { find, type World } from "./world.ts";

const version = z.number().int().positive().exactOptional();
const agent = z.union([
  z.string().min(1),
  z.discriminatedUnion("type", [
    z.strictObject({ type: z.literal("agent"), id: z.string(), version }),
    z.strictObject({ type: z.literal("agent_with_overrides"), id: z.string(), version, ...overrides }),
  ]),
]);

const initialEventsMax = 50;
const vaultsMax = 50;
const filesMax = 500;
const memoriesMax = 8;

/** The body that creates a session. Outcomes are not simulated. */
export const sessionCreate = z.strictObject({
  agent,
  environment_id: z.string(),
  title: z.string().max(500).nullable().exactOptional(),
  metadata: metadata.exactOptional(),
  resources: resources.exactOptional(),
  vault_ids: z.array(z.string()).max(vaultsMax).exactOptional(),
  budget: budget.exactOptional(),
  initial_events: z.array(userMessage).max(initialEventsMax).exactOptional(),
}) satisfies z.ZodType<SessionCreateParams>;

type Body = z.infer<typeof sessionCreate>;

/** Makes a session of a body, or throws 400 or 404 and leaves no session behind. */
export function openSession(world: World, body: Body): Session {
  const resolved = resolveAgent(world, body.agent);
  const environment = liveEnvironment(world, body.environment_id);
  for (const id of body.vault_ids ?? [])
    if (find(world.vaults, "vault", id).vault.archived_at !== null)
      throw invalid(`vault_ids: ${id} is archived`);
  const wanted = body.resources ?? [];
  checkResources(wanted);
  if (environment.config.type === "self_hosted" && wanted.some(({ type }) => type !== "memory_store"))
    throw invalid("resources: a self-hosted environment mounts memory stores only");

  const session = new Session(world, {
    agent: resolved,
    environmentId: environment.id,
    title: body.title ?? null,
    metadata: body.metadata ?? {},
    vaultIds: body.vault_ids ?? [],
    budget: body.budget ?? null,
  });
  for (const params of wanted)
    if (params.type === "github_repository") session.mounts.push(newMount(world, params));
    else if (params.type === "memory_store") session.memories.push(newMemory(world, params));
    else session.files.push(newFile(world, params, { sessionId: session.id, taken: takenPaths(session) }));
  const paths = session.mounts.map(({ resource }) => resource.mount_path);
  if (new Set(paths).size < paths.length) throw invalid("resources: two repositories at one mount_path");
  if (new Set(session.mounts.map(({ repository }) => repository)).size < paths.length)
    throw invalid("resources: one repository mounted twice");
  if (session.files.length > 0) checkReadTool(world, session);

  world.sessions.set(session.id, session);
  session.crew.ready = world.activity.during(() => prepare(world, session));
  receive(world, session, body.initial_events ?? []);
  return session;
}

/** Paths at which the session holds files. */
export const takenPaths = (session: Session): string[] => session.files.map((file) => file.mount_path);

/** Refuses (400) files for an agent that cannot read them. */
export function checkReadTool(world: World, session: Session): void {
  if (!new Turn(world, session).has("read")) throw invalid("resources: files need the read tool");
}

function checkResources(wanted: z.infer<typeof resources>): void {
  const count = (type: string) => wanted.filter((one) => one.type === type).length;
  if (count("file") > filesMax) throw invalid(`resources: at most ${filesMax} files`);
  if (count("memory_store") > memoriesMax) throw invalid(`resources: at most ${memoriesMax} memory stores`);
}

/** The agent as the session holds it: pinned, with overrides replacing whole fields. */
function resolveAgent(world: World, given: Body["agent"]): BetaManagedAgentsSessionAgent {
  const wanted = typeof given === "string" ? { type: "agent" as const, id: given } : given;
  const {
    metadata: _m,
    created_at: _c,
    updated_at: _u,
    archived_at,
    ...kept
  } = agentVersion(world, wanted.id, wanted.version);
  if (archived_at !== null || agentVersion(world, wanted.id).archived_at !== null)
    throw invalid(`agent ${wanted.id} is archived`);
  const base: BetaManagedAgentsSessionAgent = { ...kept, multiagent: null };
  if (wanted.type === "agent") return base;
  const { model, system, tools, mcp_servers, skills } = wanted;
  const overridden = {
    ...base,
    model: model === undefined ? base.model : resolvedModel(model),
    system: system === undefined ? base.system : system,
    tools: tools === undefined ? base.tools : tools.map(resolvedTool),
    mcp_servers: mcp_servers ?? base.mcp_servers,
    skills: skills === undefined ? base.skills : skills.map(resolvedSkill),
  };
  checkServers(overridden);
  return overridden;
}
