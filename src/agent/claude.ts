/**
 * Claude Managed Agents by the official SDK. Creates and sends are never retried below the mission: the
 * API has no idempotency keys, so what may have happened is looked for. It knows nothing of issues.
 */
import Anthropic from "@anthropic-ai/sdk";
import type { Clock } from "../clock.ts";
import type { Config } from "../config.ts";
import type { Act } from "../domain/act.ts";
import { isProblem, Problem } from "../domain/errors.ts";
import { advance, type Progress } from "../domain/progress.ts";
import type { Agents, OpenSession, SeenSession, SessionFilter, SessionOrder } from "./agent.ts";
import { attachAct } from "./attaching.ts";
import { serversAt, toolsWith } from "./definition.ts";
import { agentEvent, followedTypes } from "./events.ts";
import { asProblem, settled } from "./failure.ts";
import { withForms } from "./forms.ts";
import { once, read, slackMs } from "./patience.ts";
import { createProvisions, type Provisioned } from "./provisioning.ts";
import { answerAct, interrupt, messageAct } from "./sending.ts";
import { closeVault, removeVault, replaceCredential, vaultAct, vaultPages } from "./vaults.ts";

/** What the backend is built from. `fetch` must be the dispatcher's own (undici's). */
export interface ClaudeOptions {
  config: Config["claude"];
  clock: Clock;
  fetch: typeof fetch;
}

/** Clocks differ and events are ordered by the platform's: looks overlap by this much. */
const overlapMs = 5_000;

/** The SDK's client as the house uses it. */
export function claudeClient({ config, fetch }: Pick<ClaudeOptions, "config" | "fetch">): Anthropic {
  return new Anthropic({
    apiKey: config.apiKey.reveal(),
    // Never another account's key from the environment beside ours.
    authToken: null,
    baseURL: config.baseUrl ?? null,
    webhookKey: config.webhookKey?.reveal() ?? null,
    fetch: withForms(fetch),
    logLevel: "off",
    maxRetries: 0,
  });
}

/** The Claude platform as an agent backend. */
export function createClaude(client: Anthropic, { config }: Pick<ClaudeOptions, "config">): Agents {
  const provisions = createProvisions(client, config);
  return {
    prepare: async () => {
      await tried(provisions.usual());
    },
    session: (run, order) =>
      triedAct({
        find: async (begunAt) =>
          findSession(client, { id: run.id, known: run.known, begunAt, ...(await provisions.usual()) }),
        make: async () => {
          const provisioned = await provisions.of(run.network);
          // Last: an order is out of date soon after it was given.
          const opening = openSession(client, await order(), provisioned);
          return opening.catch(async (error: unknown) => {
            if (!isProblem(asProblem(error), "gone", "fault")) throw error;
            // People may have archived them meanwhile; a fault of our own stays one.
            if (!(await provisions.changed(run.network, provisioned))) throw error;
            throw new Problem("later", "claude_provisioned", "Agent and environment are made anew.", {
              ...{ undone: true, cause: error },
            });
          });
        },
      }),
    message: (session, message) => triedAct(messageAct(client, session, message)),
    answer: (session, answer) => triedAct(answerAct(client, session, answer)),
    attach: (session, attachment) => triedAct(attachAct(client, session, attachment)),
    look: (session, progress) => tried(look(client, session, progress)),
    vault: (run, order) => triedAct(vaultAct(client, run, order)),
    closeVault: (id) => tried(closeVault(client, id)),
    removeVault: (id) => tried(removeVault(client, id)),
    vaults: (filter) => vaultPages(client, filter),
    equip: async (session, servers) => {
      const agent = { tools: toolsWith(servers), mcp_servers: serversAt(servers) };
      await tried(client.beta.sessions.update(session, { agent }, once));
    },
    handOver: async (session, { id, token }) => {
      const [vault, credential] = id.split("/");
      if (vault && credential) return tried(replaceCredential(client, { vault, id: credential }, token));
      const params = { session_id: session, authorization_token: token.reveal() };
      await tried(client.beta.sessions.resources.update(id, params, once));
    },
    setBudget: (session, cents) => setBudget(client, session, cents),
    interrupt: (session) => settled(interrupt(client, session)),
    archive: (session) => archive(client, session),
    remove: (session) => close(client, session, client.beta.sessions.delete(session, {}, once)),
    sessions: async function* (filter) {
      const { agentId } = await tried(provisions.usual());
      yield* sessionPages(client, agentId, filter);
    },
    url: (session) => `https://platform.claude.com/workspaces/default/sessions/${session}`,
  };
}

async function setBudget(client: Anthropic, session: string, cents: number): Promise<void> {
  const max_list_cost = { amount: String(cents), currency: "USD" as const };
  try {
    await client.beta.sessions.update(session, { budget: { type: "limit", max_list_cost } }, once);
  } catch (error) {
    const problem = asProblem(error);
    const isSpent = problem.kind === "fault" && /exceed|consumed/i.test(problem.message);
    throw isSpent ? new Problem("fault", "claude_budget_spent", problem.message, { cause: error }) : problem;
  }
}

/** The call's result, or its error as a problem. */
async function tried<T>(call: PromiseLike<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    throw asProblem(error);
  }
}

function triedAct<T>(act: Act<T>): Act<T> {
  return { find: (begunAt) => tried(act.find(begunAt)), make: () => tried(act.make()) };
}

async function openSession(client: Anthropic, order: SessionOrder, ready: Provisioned): Promise<OpenSession> {
  const session = await client.beta.sessions.create(
    {
      agent: {
        type: "agent_with_overrides",
        id: ready.agentId,
        version: ready.agentVersion,
        model: order.model,
        tools: toolsWith(order.servers),
        mcp_servers: serversAt(order.servers),
      },
      ...(order.vault === undefined ? {} : { vault_ids: [order.vault] }),
      environment_id: ready.environmentId,
      title: order.title,
      metadata: order.metadata,
      budget: { type: "limit", max_list_cost: { amount: String(order.budgetCents), currency: "USD" } },
      resources: order.mounts.map((mount) => ({
        type: "github_repository",
        url: mount.url,
        authorization_token: mount.token.reveal(),
        mount_path: `/workspace/${mount.name.slice(mount.name.indexOf("/") + 1)}`,
        ...(mount.branch === undefined ? {} : { checkout: { type: "branch" as const, name: mount.branch } }),
      })),
    },
    once,
  );
  return opened(session);
}

function opened(session: Anthropic.Beta.BetaManagedAgentsSession): OpenSession {
  const repositories = session.resources.flatMap((resource) =>
    resource.type === "github_repository" ? [[new URL(resource.url).pathname.slice(1), resource.id]] : [],
  );
  const budgetCents = Number(session.budget?.max_list_cost.amount ?? 0);
  return { id: session.id, resources: Object.fromEntries(repositories), budgetCents };
}

interface Sought {
  /** The run's id. */
  id: string;
  known: string[];
  begunAt: number;
  agentId: string;
}

/** The oldest session that carries the run's id; others are closed, so that at most one is ever prompted. */
async function findSession(
  client: Anthropic,
  { id, known, begunAt, agentId }: Sought,
): Promise<OpenSession | undefined> {
  const since = new Date(begunAt - slackMs).toISOString();
  const found: Anthropic.Beta.BetaManagedAgentsSession[] = [];
  for await (const session of client.beta.sessions.list(
    { agent_id: agentId, "created_at[gte]": since, order: "asc", limit: 100 },
    read,
  )) {
    if (session.metadata["run_id"] === id && !known.includes(session.id)) found.push(session);
  }
  const [oldest, ...others] = found;
  for (const other of others) await archive(client, other.id);
  return oldest && opened(oldest);
}

async function* sessionPages(
  client: Anthropic,
  agentId: string,
  { working, since, closed }: SessionFilter,
): AsyncGenerator<SeenSession[]> {
  const list = client.beta.sessions.list(
    {
      ...{ agent_id: agentId, order: "asc", limit: 100 },
      ...(working ? { statuses: ["running", "rescheduling"] } : {}),
      ...(closed ? { include_archived: true } : {}),
      ...(since === undefined ? {} : { "created_at[gte]": new Date(since).toISOString() }),
    },
    read,
  );
  try {
    for await (const { data } of (await list).iterPages()) {
      yield data.map(({ id, metadata: { run_id: run, installation_id: installation } }) => ({
        id,
        ...(run === undefined ? {} : { run }),
        ...(installation === undefined ? {} : { installation: Number(installation) }),
      }));
    }
  } catch (error) {
    throw asProblem(error);
  }
}

async function look(client: Anthropic, session: string, progress: Progress): Promise<Progress> {
  const since = progress.since && new Date(Date.parse(progress.since) - overlapMs).toISOString();
  let latest = progress;
  const list = client.beta.sessions.events.list(
    session,
    { types: followedTypes, order: "asc", limit: 1_000, ...(since ? { "created_at[gte]": since } : {}) },
    read,
  );
  for await (const event of list) {
    const seen = agentEvent(event);
    if (seen) latest = advance(latest, [seen]);
  }
  return latest;
}

function archive(client: Anthropic, session: string): Promise<void> {
  return close(client, session, client.beta.sessions.archive(session, {}, once));
}

/** Ends a session by a call that the platform refuses while it runs. */
async function close(client: Anthropic, session: string, call: Promise<unknown>): Promise<void> {
  try {
    await settled(call);
  } catch (error) {
    const problem = asProblem(error);
    if (!/running/i.test(problem.message)) throw problem;
    // Idle is told a moment before the status says so; a turn in progress has to be interrupted first.
    await settled(interrupt(client, session));
    throw new Problem("later", "claude_session_running", "The session has not come to rest yet.", {
      retryAfterMs: 1_000,
      cause: error,
    });
  }
}
