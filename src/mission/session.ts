/**
 * The run's session: opened with a freshly recorded token, or the one an earlier attempt left. A session
 * that was archived is followed by a new one on the pull request's head, which is told what happened before.
 */
import { createHash } from "node:crypto";
import type { Mount, Picture, SessionOrder } from "../agent/agent.ts";
import { repeatable } from "../domain/act.ts";
import { isProblem } from "../domain/errors.ts";
import { commentMarker, messageMarker } from "../domain/ids.ts";
import { forNextSession } from "../domain/progress.ts";
import { continuationText, requestText } from "../domain/prompt.ts";
import { answers } from "../domain/replies.ts";
import { baseBranch, budgetCents, fullName, startBranch } from "../domain/run.ts";
import { sessionTitle } from "../domain/words.ts";
import { comment } from "../github/issue.ts";
import { keepSettings } from "../store/run-settings.ts";
import { besidesOf, findBesides } from "./besides.ts";
import { issueTokens } from "./credential.ts";
import type { RunSession, Thread } from "./facts.ts";
import { pausedFor } from "./pause.ts";
import { type FoundPicture, picturesOf, picturesQuoted } from "./pictures.ts";
import { closeVaults, offeredBy, serversOf, vaultFor, withVault } from "./servers.ts";
import { askLabelling, threadAtTrigger } from "./thread.ts";
import { together } from "./together.ts";
import { noteReached, type Tools } from "./tools.ts";

/** All sessions of the run, oldest first. */
export function sessionsOf({ ledger }: Tools): RunSession[] {
  return ledger.all<RunSession>("session").map(({ value }) => value);
}

const dayMs = 24 * 60 * 60_000;

/**
 * When the newest session is given up, whatever happens: its sandbox lives thirty days from its creation and
 * would come back empty. Undefined while none is open.
 */
export function sessionEndsAt({ ledger, held: { run } }: Tools): number | undefined {
  const last = ledger.all<RunSession>("session").at(-1);
  if (!last || ledger.read(`archive ${last.value.id}`)) return undefined;
  return last.at + run.settings.limits.session_days * dayMs;
}

/** Archives all sessions of the run, and closes the vaults they were opened with. */
export async function archiveSessions(tools: Tools): Promise<void> {
  const { ledger, agents } = tools;
  for (const { id } of sessionsOf(tools)) {
    await ledger.once(
      `archive ${id}`,
      repeatable(() => agents.archive(id)),
    );
  }
  await closeVaults(tools);
}

/** The session the round works in. */
export async function currentSession(tools: Tools): Promise<RunSession> {
  const { ledger, held } = tools;
  const known = sessionsOf(tools);
  const last = known.at(-1);
  // While people are waited for nothing is opened; the session is given up when they have answered.
  if (last && pausedFor(tools)?.waiting) return last;
  // Only one that is open: a vault made for the next session must not be closed with those before.
  if ((sessionEndsAt(tools) ?? Number.POSITIVE_INFINITY) <= tools.clock.now()) await archiveSessions(tools);
  if (last && !ledger.read(`archive ${last.id}`)) return last;
  const name = last ? (`session ${known.length + 1}` as const) : "session";
  const progress = last ? forNextSession(held.run.progress) : held.run.progress;
  await findBesides(tools, known.length + 1);
  const vault = await vaultFor(tools, known.length + 1);
  const servers = offeredBy(serversOf(tools));
  const { id, settings } = held.run;
  const network = { ...settings.network, ...(servers.length > 0 ? { mcp: true as const } : {}) };
  let tokens: Record<string, string> | undefined;
  const act = tools.agents.session({ id, known: known.map((session) => session.id), network }, async () => {
    // Before it is opened: GitHub's record may say that whoever asked may not.
    const [mounts] = await together([issueTokens(tools), askLabelling(tools)]);
    tokens = Object.fromEntries(mounts.map(({ name, tokenId }) => [name, tokenId]));
    await ledger.still();
    const basics = order(tools, mounts, budgetCents(settings) - progress.carriedCents);
    return { ...basics, servers, ...(vault ? { vault: vault.id } : {}) };
  });
  const make = async () => withVault({ ...(await act.make()), ...(tokens ? { tokens } : {}) }, vault);
  const find = async (begunAt: number) => {
    const found = await act.find(begunAt);
    return found && withVault(found, vault);
  };
  const session = await ledger.once(name, { find, make }, (opened) => ({
    session: opened.id,
    progress_json: JSON.stringify(progress),
  }));
  held.run.session = session.id;
  held.run.progress = progress;
  if (!last) noteReached(tools, "session");
  return session;
}

function order(tools: Tools, mounts: Mount[], cents: number): Omit<SessionOrder, "servers"> {
  const { run } = tools.held;
  const branch = tools.ledger.read("pull")?.branch ?? startBranch(run);
  return {
    runId: run.id,
    title: sessionTitle(run),
    metadata: {
      app: "patchwright",
      run_id: run.id,
      installation_id: String(run.place.installation),
      repository: fullName(run.place),
      issue: String(run.place.issue),
    },
    mounts: mounts.map((mount) => (mount.name === fullName(run.place) ? { ...mount, branch } : mount)),
    budgetCents: Math.max(cents, 1),
    model: run.settings.model,
  };
}

/** Tells a session what it is for, once. */
export async function sendRequest(tools: Tools, session: RunSession): Promise<void> {
  const { ledger, attachments } = tools;
  const thread = ledger.read("pull") ? undefined : await threadAtTrigger(tools);
  const found = thread ? picturesQuoted(tools, thread) : [];
  const go = async () => send(tools, session, await requestFor(tools, session, { thread, found }));
  await (found.length > 0 ? attachments.hold(go) : go());
}

interface Request {
  text: string;
  pictures?: Picture[];
}

async function send(tools: Tools, session: RunSession, request: Request): Promise<void> {
  const { ledger, agents, log, clock } = tools;
  const message = { marker: messageMarker(tools.held.run.id, `request ${session.id}`), ...request };
  const { find, make } = agents.message(session.id, message);
  const sha256 = createHash("sha256").update(request.text).digest("hex");
  const sent = { find, make: async () => ({ ...(await make()), sha256 }) };
  await ledger.once(`request ${session.id}`, sent, () => ({ looked_at: clock.now() }));
  log.info({ session_id: session.id, sha256, pictures: request.pictures?.length ?? 0 }, "request sent");
}

async function requestFor(
  tools: Tools,
  session: RunSession,
  { thread = { quoted: [], leftOut: [] }, found }: { thread: Thread | undefined; found: FoundPicture[] },
): Promise<Request> {
  const { run } = tools.held;
  const pull = tools.ledger.read("pull");
  const besides = besidesOf(tools).map(({ name }) => name);
  if (pull) {
    const facts = { session: session.id, branch: pull.branch, base: baseBranch(run), besides };
    return { text: continuationText(run, facts) };
  }
  const { pictures, leftOut: picturesLeftOut } = await picturesOf(tools, found);
  const { login, botId } = await tools.github.self(run.place.installation);
  const committer = { name: login, email: `${botId}+${login}@users.noreply.github.com` };
  const text = requestText(run, { session: session.id, ...thread, besides, picturesLeftOut, committer });
  return pictures.length === 0 ? { text } : { text, pictures };
}

/** A budget that people changed reaches the session before anything else is asked of it. */
export async function keepBudget(tools: Tools, session: RunSession): Promise<void> {
  const { run } = tools.held;
  const cents = budgetCents(run.settings) - run.progress.carriedCents;
  const known = tools.ledger.read(`budget ${session.id}`) ?? session.budgetCents;
  if (cents === known || cents < 1) return;
  try {
    await tools.agents.setBudget(session.id, cents);
  } catch (error) {
    if (!isProblem(error, "fault")) throw error;
    return keepOldBudget(tools, {
      asked: cents,
      stays: known,
      isSpent: error.code === "claude_budget_spent",
    });
  }
  await tools.ledger.write(`budget ${session.id}`, cents);
}

/** Mostly more was spent than we had seen when a smaller budget was asked for: the old one stays, and people hear of it. */
async function keepOldBudget(
  tools: Tools,
  { asked, stays, isSpent }: { asked: number; stays: number; isSpent: boolean },
): Promise<void> {
  const { ledger, github, store } = tools;
  const { run } = tools.held;
  const { carriedCents } = run.progress;
  const marker = commentMarker(run.id, `budget-${asked}`);
  const cents = { asked: asked + carriedCents, stays: stays + carriedCents };
  const words = isSpent ? answers.budgetStays(cents) : answers.budgetNotTaken(cents);
  const body = `${words}\n\n${marker}`;
  await ledger.once(`told budget ${asked}`, comment(github, run.place, { marker, body, since: run.roundAt }));
  run.settings = { ...run.settings, budget_usd: cents.stays / 100 };
  await keepSettings(store, tools.held);
}
