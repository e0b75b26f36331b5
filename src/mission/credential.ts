/**
 * One token at a time per resource of a session: mint → record (sealed) → hand over → retire the old one →
 * revoke it a little later. A token is written down before anybody is given it, so whatever crashes, every
 * token that somebody may hold is known here and dies with the round.
 * Invariants: no token in use reaches a quarter of its life; none is revoked before its successor is in
 * place; none outlives its round by more than a minute.
 */
import type { Mount } from "../agent/agent.ts";
import { besideLost } from "../domain/besides.ts";
import { isProblem, Problem } from "../domain/errors.ts";
import { githubServer, githubServerPermissions, githubServerResource } from "../domain/mcp.ts";
import { lifeMs, replaceAt, revokeRetiredAt, usable } from "../domain/rotation.ts";
import { fullName } from "../domain/run.ts";
import type { Secret } from "../domain/secret.ts";
import { Fenced } from "../store/runs.ts";
import { dropToken, holdToken, recordToken, type TokenRecord, tokensOf } from "../store/tokens.ts";
import { askAgain, besidesOf } from "./besides.ts";
import type { RunSession } from "./facts.ts";
import { mayPush } from "./pause.ts";
import type { Tools } from "./tools.ts";

/** How the run's repositories are mounted, each with a token that is written down and in nobody's hands yet. */
export async function issueTokens(tools: Tools): Promise<(Mount & { tokenId: string })[]> {
  const { run } = tools.held;
  const mounts: (Mount & { tokenId: string })[] = [];
  for (const name of [fullName(run.place), ...besidesOf(tools).map((one) => one.name)]) {
    const { record, token } = await unusedToken(tools, name);
    mounts.push({ name, url: `${tools.github.webUrl}/${name}`, token, tokenId: record.id });
  }
  return mounts;
}

interface Scope {
  repositoryId: number;
  contents: "read" | "write";
  /** Besides contents and metadata. */
  permissions?: Record<string, "read">;
}

/** A token for a resource, written down and in nobody's hands yet. */
export async function issueToken(tools: Tools, resource: string): Promise<{ id: string; token: Secret }> {
  const { record, token } = await unusedToken(tools, resource);
  return { id: record.id, token };
}

/** What a resource's token may do: the run's own repository is changed, all others are only read. */
function scopeOf(tools: Tools, resource: string): Scope {
  const { run } = tools.held;
  if (resource === githubServerResource) {
    const { contents, ...permissions } = githubServerPermissions;
    return { repositoryId: run.place.repositoryId, contents, permissions };
  }
  const beside = besidesOf(tools).find(({ name }) => name === resource);
  // The run's own may be called otherwise by now: a session keeps the name it was opened with.
  if (!beside) return { repositoryId: run.place.repositoryId, contents: mayPush(tools) ? "write" : "read" };
  return { repositoryId: beside.repositoryId, contents: "read" };
}

/** A recorded token that an earlier attempt did not get to hand over, or a new one. */
async function unusedToken(tools: Tools, resource: string): Promise<{ record: TokenRecord; token: Secret }> {
  const beside = besidesOf(tools).find(({ name }) => name === resource);
  if (beside) await askAgain(tools, beside);
  const all = await tokensOf(tools.store.db, tools.seal, tools.held.run.id);
  // One minted before a plan was approved can only read.
  const { contents } = scopeOf(tools, resource);
  const unused = all.filter((one) => one.state === "recorded" && one.resource === resource);
  for (const record of unused.filter((one) => one.contents === contents).toReversed()) {
    const open = record.open();
    if (open && tools.clock.now() < replaceAt(life(record))) return { record, token: open };
  }
  return mintAndRecord(tools, resource);
}

/** A transaction whose answer was lost has been carried out by then, or never will be. */
const commitMsMax = 30_000;

async function mintAndRecord(
  tools: Tools,
  resource: string,
): Promise<{ record: TokenRecord; token: Secret }> {
  const { run } = tools.held;
  const scope = scopeOf(tools, resource);
  const beside = besidesOf(tools).find(({ name }) => name === resource);
  const minted = await tools.github
    .mint({
      installation: run.place.installation,
      repositoryId: scope.repositoryId,
      permissions: { contents: scope.contents, metadata: "read", ...scope.permissions },
    })
    .catch((error: unknown) => {
      const isLost = isProblem(error) && error.code === "github_not_granted";
      if (!isLost || !beside) throw error;
      throw new Problem("refused", "beside_lost", besideLost(resource), { cause: error });
    });
  const id = Buffer.from(tools.random(12)).toString("base64url");
  const { seal } = tools;
  const born = {
    id,
    resource,
    contents: scope.contents,
    minted_at: minted.mintedAt,
    expires_at: minted.expiresAt,
  };
  const record = await recordToken(tools.store, tools.held, { ...born, seal, token: minted.token }).catch(
    async (error: unknown) => {
      // Overtaken meanwhile it is surely not written down, and nobody else would ever give it back.
      const askAt = tools.clock.now() + (error instanceof Fenced ? 0 : commitMsMax);
      const { token, expiresAt } = minted;
      tools.strays.keep({ id, token, installation: run.place.installation, expiresAt, askAt });
      await tools.strays.settle(tools);
      throw error;
    },
  );
  tools.log.info({ token_id: id, resource, expires_at: minted.expiresAt }, "token recorded");
  tools.metrics.tokens.inc({ what: "minted" });
  return { record, token: minted.token };
}

/**
 * Sees to it that every resource of the session has a token with life left, and that retired ones are
 * revoked when their time has come. Returns when it wants to be called again.
 */
export async function keepFresh(tools: Tools, session: RunSession): Promise<number> {
  const { clock, store, seal, held, ledger } = tools;
  const all = await tokensOf(store.db, seal, held.run.id);
  const isUsed = (name: string) => name !== githubServerResource || !ledger.read(`without ${githubServer}`);
  const names = Object.keys(session.resources).filter(isUsed);
  const due: number[] = [];
  for (const resource of names) {
    const tokens = all.filter((token) => token.resource === resource);
    const kept = keepOne(tools, session, { resource, tokens });
    due.push(await kept.catch((error: unknown) => doWithout(tools, resource, error)));
  }
  for (const token of await tokensOf(store.db, seal, held.run.id)) {
    if (token.state !== "retired") continue;
    const at = revocableAt(token);
    if (at <= clock.now()) await revoke(tools, token);
    else due.push(at);
  }
  return Math.min(...due);
}

/** The run can do without GitHub's MCP server, and without nothing else that needs a token. */
async function doWithout(tools: Tools, resource: string, error: unknown): Promise<number> {
  if (resource !== githubServerResource || !isProblem(error, "gone", "refused", "fault")) throw error;
  await tools.ledger.write(`without ${githubServer}`, { why: "its token could not be replaced" });
  tools.log.warn({ err: error }, "the session works without an MCP server");
  await releaseTokens(tools, resource);
  return Number.POSITIVE_INFINITY;
}

function life(token: TokenRecord) {
  return { mintedAt: token.minted_at, expiresAt: token.expires_at };
}

function revocableAt(token: TokenRecord): number {
  return revokeRetiredAt({ retiredAt: token.retired_at ?? 0, lifeMs: lifeMs(life(token)) });
}

/** One resource. Returns when its token is due to be replaced. */
async function keepOne(
  tools: Tools,
  session: RunSession,
  { resource, tokens }: { resource: string; tokens: TokenRecord[] },
) {
  const now = tools.clock.now();
  // Where GitHub did not take it back while people were waited for, one that can only read is held yet.
  const { contents } = scopeOf(tools, resource);
  const current = tokens.find((token) => token.state === "held" && token.contents === contents);
  if (current?.open() && now < replaceAt(life(current))) return replaceAt(life(current));
  const soon = (error: unknown) => Promise.reject(withinLife(error, current));
  const { record, token } = await unusedToken(tools, resource).catch(soon);
  // The token a session was opened with is in place already; every other one has to be handed over first.
  if (session.tokens?.[resource] !== record.id) {
    // A token handed over late would take the place of a newer one.
    await tools.ledger.still();
    await handOver(tools, session, { resource, token }).catch(soon);
    tools.log.info({ session_id: session.id, token_id: record.id, resource }, "token replaced");
    if (current) tools.metrics.tokenReplaced(current.expires_at - tools.clock.now());
  }
  await holdToken(tools.store, tools.held, record, tools.clock.now());
  return replaceAt(life(record));
}

/** Least and longest time between two attempts to replace a token, and their share of its life. */
const retryMsMin = 1_000;
const retryMsMax = 30_000;
const retryShare = 1 / 60;

/** The engine's patience grows to minutes; a token in use has not that long. What a server asks for is kept. */
function withinLife(error: unknown, current: TokenRecord | undefined): unknown {
  if (!current || !isProblem(error, "later") || error.retryAfterMs !== undefined) return error;
  const share = lifeMs(life(current)) * retryShare;
  const retryAfterMs = Math.min(Math.max(share, retryMsMin), retryMsMax);
  return new Problem("later", error.code, error.message, {
    retryAfterMs,
    undone: error.undone,
    cause: error,
  });
}

async function handOver(
  tools: Tools,
  session: RunSession,
  { resource, token }: { resource: string; token: Secret },
) {
  const id = session.resources[resource];
  if (id === undefined)
    throw new Problem("fault", "resource_unknown", `The session has no resource for ${resource}.`);
  await tools.agents.handOver(session.id, { id, token });
}

/** Gives every token of the run (or of one resource) back: at the end of a round, and when waiting on people begins. */
export async function releaseTokens(tools: Tools, resource?: string): Promise<void> {
  const held = await tokensOf(tools.store.db, tools.seal, tools.held.run.id);
  const all = held.filter((token) => resource === undefined || token.resource === resource);
  // Read after another took over, they may be the next round's.
  if (all.length > 0) await tools.ledger.still();
  const given = await Promise.allSettled(all.map((token) => revoke(tools, token)));
  for (const one of given) if (one.status === "rejected") throw one.reason;
}

async function revoke(tools: Tools, token: TokenRecord): Promise<void> {
  const secret = usable(life(token), tools.clock.now()) ? token.open() : undefined;
  if (!secret && usable(life(token), tools.clock.now())) {
    // No key opens it: it cannot be revoked, only left to expire; its row stays until then.
    tools.log.warn({ token_id: token.id }, "token cannot be opened and is left to expire");
    tools.metrics.tokens.inc({ what: "unopened" });
    return;
  }
  if (secret) {
    const given = await tools.github.revoke(secret, tools.held.run.place.installation).then(
      () => true,
      (error: unknown) => {
        // An installation that is gone has killed the token with it.
        if (!isProblem(error, "gone", "refused")) throw error;
        return error.code !== "github_suspended";
      },
    );
    // It may come to life again with the installation, and is given back then.
    if (!given) return;
  }
  await dropToken(tools.store.db, token, {
    step: secret ? "revoked" : "expired",
    at: tools.clock.now(),
  });
  tools.log.info({ token_id: token.id }, "token revoked");
  if (secret) tools.metrics.tokens.inc({ what: "revoked" });
}
