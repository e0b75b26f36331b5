/**
 * The end of the work in a round: interrupt → give the tokens back → see what it came to cost.
 * Invariants: whatever platform is down, no token outlives its round; an ending opens no session.
 */
import { repeatable } from "../domain/act.ts";
import type { Met } from "../domain/ending.ts";
import { Problem } from "../domain/errors.ts";
import { releaseTokens } from "./credential.ts";
import { look } from "./look.ts";
import { notInTime } from "./overdue.ts";
import { unheard } from "./report.ts";
import { sessionsOf } from "./session.ts";
import type { Tools } from "./tools.ts";

/** How long an interrupted session is given to come to rest before its ending is told. */
const restMs = 20_000;

/** Nothing of the round works or holds a token any more; what it cost is known. */
export async function halt(tools: Tools, met: Met): Promise<void> {
  // Whichever platform is down, the other is told: no token outlives its round for want of an answer of Claude's.
  const [quiet, dead] = await Promise.allSettled([silence(tools, met), releaseTokens(tools)]);
  for (const one of [quiet, dead]) if (one.status === "rejected") await notInTime(tools, one.reason);
  if (interrupts(met)) await seeCost(tools).catch((error: unknown) => notInTime(tools, error));
}

/**
 * What was cut off is on the bill once the session has come to rest, which is waited for a little. A message that
 * waited in the session's queue is taken up when a turn is interrupted, so one that still runs is interrupted again.
 */
async function seeCost(tools: Tools): Promise<void> {
  const { ledger, clock, held } = tools;
  const { run } = held;
  if (run.session === undefined) return;
  await look(tools, run.session, {});
  const interruptedAt = ledger.writtenAt("interrupt") ?? 0;
  if (run.progress.status !== "running" || clock.now() >= interruptedAt + restMs) return;
  await tools.agents.interrupt(run.session);
  throw new Problem("later", "claude_session_running", "The session has not come to rest yet.", {
    retryAfterMs: 1_000,
  });
}

/** Whatever session there is works no longer. */
async function silence(tools: Tools, met: Met): Promise<void> {
  const { run } = tools.held;
  await adoptSession(tools).catch((error: unknown) => notInTime(tools, error));
  if (run.session !== undefined) tools.streams.leave(run.session);
  await interrupt(tools, met);
}

/** A platform that refuses us, as at its spending limit, keeps no round from ending; the sweep archives later. */
async function interrupt(tools: Tools, met: Met): Promise<void> {
  const { session } = tools.held.run;
  if (session === undefined || !interrupts(met)) return;
  const act = repeatable(() => tools.agents.interrupt(session));
  await tools.ledger.once("interrupt", act).catch((error: unknown) => unheard(tools, error));
}

/** A session that was opened but never written down is found, so that it is archived and not prompted. */
async function adoptSession(tools: Tools): Promise<void> {
  const { ledger, agents, held } = tools;
  const known = sessionsOf(tools);
  const name = known.length === 0 ? "session" : (`session ${known.length + 1}` as const);
  const none = () => Promise.reject(new Error("an ending opens no session"));
  const { id, settings } = held.run;
  const run = { id, known: known.map((session) => session.id), network: settings.network };
  const session = await ledger.settle(name, agents.session(run, none));
  if (!session) return;
  held.run.session = session.id;
  await ledger.change({ session: session.id });
}

function interrupts(met: Met): boolean {
  switch (met.kind) {
    case "stopped":
    case "timed out":
    case "failed":
    case "refused":
    case "unanswered":
      return true;
    case "finished":
    case "budget reached":
      return false;
    default:
      return met satisfies never;
  }
}
