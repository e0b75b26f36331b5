/**
 * Finds the agent and the environment by their metadata, makes them when there are none, and updates them
 * only when their definition changed: an update of an agent is a new version, and one of an environment
 * reaches only sandboxes started later.
 */
import { type Anthropic, BadRequestError, ConflictError, NotFoundError } from "@anthropic-ai/sdk";
import { Problem } from "../domain/errors.ts";
import {
  agentDefinition,
  type EnvironmentDefinition,
  environmentDefinition,
  environmentFor,
  type Network,
  ownMark,
} from "./definition.ts";

/** What sessions are opened with. */
export interface Provisioned {
  agentId: string;
  agentVersion: number;
  environmentId: string;
}

/** What the operator gives instead of our own. */
export interface Given {
  agentId?: string;
  environmentId?: string;
}

/** Agents and environments that are looked through for ours. */
const lookedAtMax = 1_000;

/** The agent and the environments, found or made when they are wanted first, and remembered. */
export interface Provisions {
  /** With the environment of the usual network. */
  usual(): Promise<Provisioned>;
  /** One given by the operator serves whatever network the settings ask for. */
  of(network: Network): Promise<Provisioned>;
  /** Forgets all and looks again: is it something else by now than what could not be used? */
  changed(network: Network, unusable: Provisioned): Promise<boolean>;
}

/**
 * Ids given by the operator win and are left as they are; only the agent's version is read then. What another
 * replica makes or changes at the same moment is a conflict, and found at the second look.
 */
export function createProvisions(client: Anthropic, given: Given): Provisions {
  const known = new Map<string, Promise<Provisioned | string>>();
  const remembered = <T extends Provisioned | string>(name: string, look: () => Promise<T>): Promise<T> => {
    // The cast: a name is always looked for in the same way.
    const looked = (known.get(name) as Promise<T> | undefined) ?? twice(look);
    known.set(name, looked);
    return looked.catch((error: unknown) => {
      known.delete(name);
      throw error;
    });
  };
  const usual = () => remembered("", () => look(client, given));
  const of = async (network: Network) => {
    const provisioned = await usual();
    const wanted = environmentFor(network);
    if (given.environmentId !== undefined || wanted === environmentDefinition) return provisioned;
    const environmentId = await remembered(wanted.name, () => ownEnvironment(client, wanted));
    return { ...provisioned, environmentId };
  };
  const changed = async (network: Network, unusable: Provisioned) => {
    known.clear();
    const { agentId, agentVersion, environmentId } = await of(network);
    const isSame = agentId === unusable.agentId && agentVersion === unusable.agentVersion;
    return !isSame || environmentId !== unusable.environmentId;
  };
  return { usual, of, changed };
}

async function twice<T>(look: () => Promise<T>): Promise<T> {
  try {
    return await look();
  } catch (error) {
    if (!(error instanceof ConflictError)) throw error;
    return look();
  }
}

async function look(client: Anthropic, given: Given): Promise<Provisioned> {
  const [agent, environmentId] = await Promise.all([
    given.agentId ? givenAgent(client, given.agentId) : ownAgent(client),
    given.environmentId ?? ownEnvironment(client, environmentDefinition),
  ]);
  return { agentId: agent.id, agentVersion: agent.version, environmentId };
}

/** One that is archived is taken too: sessions it has go on, and the platform says so of a new one. */
async function givenAgent(client: Anthropic, agentId: string) {
  const agent = await orMissing(client.beta.agents.retrieve(agentId));
  if (agent) return agent;
  const words = givenTrouble({ agentId }, { agent: "missing", environment: "current" }) ?? "";
  throw new Problem("refused", "claude_given", words);
}

/** How what we would provision stands at the platform. */
export type Standing = "missing" | "outdated" | "current";

/** The agent and the environment. */
export interface Standings {
  agent: Standing;
  environment: Standing;
}

/**
 * Looks, and makes nothing. What the operator gave is only read: `current` when it is there, and `missing` when the
 * platform does not know it, or has it archived. Throws the SDK's errors: of a key that is not taken, say.
 */
export async function standing(client: Anthropic, given: Given): Promise<Standings> {
  const [agent, environment] = await Promise.all([
    given.agentId
      ? orMissing(client.beta.agents.retrieve(given.agentId)).then(asGiven)
      : first(client.beta.agents.list({ limit: 100 }), isOurs).then((one) => compare(one, agentDefinition)),
    given.environmentId
      ? orMissing(client.beta.environments.retrieve(given.environmentId)).then(asGiven)
      : ownEnvironments(client, environmentDefinition).then((one) => compare(one, environmentDefinition)),
  ]);
  return { agent, environment };
}

/** Why no session can be opened with what the operator gave; undefined where nothing is known against it. */
export function givenTrouble(
  { agentId, environmentId }: Given,
  { agent, environment }: Standings,
): string | undefined {
  const missing = [
    ...(agentId !== undefined && agent === "missing" ? [`PATCHWRIGHT_AGENT_ID names ${agentId}`] : []),
    ...(environmentId !== undefined && environment === "missing"
      ? [`PATCHWRIGHT_ENVIRONMENT_ID names ${environmentId}`]
      : []),
  ];
  if (missing.length === 0) return undefined;
  return `${missing.join(" and ")}, which the Claude platform does not have for this key, or only archived: set another one, or none, and Patchwright makes its own.`;
}

async function orMissing<T>(call: PromiseLike<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    // An id that is none of the platform's is refused as one.
    if (error instanceof NotFoundError || error instanceof BadRequestError) return undefined;
    throw error;
  }
}

type Stamped = { metadata: Record<string, string> };

function asGiven(found: { archived_at: string | null } | undefined): Standing {
  return found?.archived_at === null ? "current" : "missing";
}

function compare(found: Stamped | undefined, wanted: Stamped): Standing {
  if (!found) return "missing";
  return found.metadata["definition"] === wanted.metadata["definition"] ? "current" : "outdated";
}

async function ownAgent(client: Anthropic) {
  const found = await first(client.beta.agents.list({ limit: 100 }), isOurs);
  if (!found) return newAgent(client);
  if (compare(found, agentDefinition) === "current") return found;
  return client.beta.agents.update(
    found.id,
    { version: found.version, ...agentDefinition },
    { maxRetries: 0 },
  );
}

/** Two replicas that start together make one each, for names may be given twice: the younger one is put away. */
async function newAgent(client: Anthropic) {
  const made = await client.beta.agents.create(agentDefinition, { maxRetries: 0 });
  const oldest = await first(client.beta.agents.list({ limit: 100 }), isOurs);
  if (!oldest || oldest.id === made.id) return made;
  await client.beta.agents.archive(made.id, {}, { maxRetries: 0 });
  return oldest;
}

async function ownEnvironment(client: Anthropic, wanted: EnvironmentDefinition): Promise<string> {
  const found = await ownEnvironments(client, wanted);
  if (!found) return (await client.beta.environments.create(wanted, { maxRetries: 0 })).id;
  if (compare(found, wanted) === "outdated") {
    await client.beta.environments.update(found.id, wanted, { maxRetries: 0 });
  }
  return found.id;
}

/** The oldest of ours for the same network. */
function ownEnvironments(client: Anthropic, { metadata: wanted }: Stamped) {
  const isSame = ({ metadata }: Stamped) => metadata["network"] === wanted["network"];
  return first(client.beta.environments.list({ limit: 100 }), (one) => isOurs(one) && isSame(one));
}

function isOurs(thing: { metadata: Record<string, string>; archived_at: string | null }): boolean {
  return thing.metadata["app"] === ownMark.app && thing.archived_at === null;
}

/** The oldest that is wanted, so that replicas that made one each agree on the same. */
async function first<T extends { created_at: string }>(
  all: AsyncIterable<T>,
  wanted: (one: T) => boolean,
): Promise<T | undefined> {
  let looked = 0;
  let oldest: T | undefined;
  for await (const one of all) {
    if (wanted(one) && (!oldest || Date.parse(one.created_at) <= Date.parse(oldest.created_at))) oldest = one;
    looked += 1;
    if (looked >= lookedAtMax) break;
  }
  return oldest;
}
