/**
 * Finds the agent and the environment by their metadata, makes them when there are none, and updates them
 * only when their definition changed: an update of an agent is a new version, and one of an environment
 * reaches only sandboxes started later.
 */
import type Anthropic from "@anthropic-ai/sdk";
import { agentDefinition, environmentDefinition, ownMark } from "./definition.ts";

/** What sessions are opened with. */
export interface Provisioned {
  agentId: string;
  agentVersion: number;
  environmentId: string;
}

/** Agents and environments that are looked through for ours. */
const lookedAtMax = 1_000;

/** Ids given by the operator win and are left as they are; only the agent's version is read then. */
export async function provision(
  client: Anthropic,
  given: { agentId?: string; environmentId?: string },
): Promise<Provisioned> {
  const [agent, environmentId] = await Promise.all([
    given.agentId ? client.beta.agents.retrieve(given.agentId) : ownAgent(client),
    given.environmentId ?? ownEnvironment(client),
  ]);
  return { agentId: agent.id, agentVersion: agent.version, environmentId };
}

async function ownAgent(client: Anthropic) {
  const found = await first(client.beta.agents.list({ limit: 100 }), isOurs);
  if (!found) return client.beta.agents.create(agentDefinition, { maxRetries: 0 });
  if (found.metadata["definition"] === agentDefinition.metadata["definition"]) return found;
  return client.beta.agents.update(
    found.id,
    { version: found.version, ...agentDefinition },
    { maxRetries: 0 },
  );
}

async function ownEnvironment(client: Anthropic): Promise<string> {
  const found = await first(client.beta.environments.list({ limit: 100 }), isOurs);
  if (!found) return (await client.beta.environments.create(environmentDefinition, { maxRetries: 0 })).id;
  if (found.metadata["definition"] !== environmentDefinition.metadata["definition"]) {
    await client.beta.environments.update(found.id, environmentDefinition, { maxRetries: 0 });
  }
  return found.id;
}

function isOurs(thing: { metadata: Record<string, string>; archived_at: string | null }): boolean {
  return thing.metadata["app"] === ownMark.app && thing.archived_at === null;
}

async function first<T>(all: AsyncIterable<T>, wanted: (one: T) => boolean): Promise<T | undefined> {
  let looked = 0;
  for await (const one of all) {
    if (wanted(one)) return one;
    looked += 1;
    if (looked >= lookedAtMax) return undefined;
  }
  return undefined;
}
