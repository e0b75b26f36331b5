/**
 * The one way out of a round: interrupt → give the tokens back → propose → report → archive or keep.
 * Invariants: an ending is written before it is shown; no token of the round is alive when anything is
 * proposed or reported; nothing is left saying *working*.
 */
import { type Ending, endingOfStop, type Met } from "../domain/ending.ts";
import { isProblem } from "../domain/errors.ts";
import { commentMarker } from "../domain/ids.ts";
import { fullName, isFinal, type Run } from "../domain/run.ts";
import { heldText, reminderComment } from "../domain/words.ts";
import { comment } from "../github/issue.ts";
import { beginNextRound } from "../store/rounds.ts";
import { showAnswer, showHeld } from "./conversation.ts";
import { releaseTokens } from "./credential.ts";
import { noted, toldAs } from "./facts.ts";
import { type Proposed, propose } from "./proposal.ts";
import { hasUnseenChecks, repairChecks } from "./repair.ts";
import { report, reportEnd, tellLate, unheard } from "./report.ts";
import { archiveSessions, sessionEndsAt, sessionsOf } from "./session.ts";
import { showState } from "./status.ts";
import { noteReached, type Tools } from "./tools.ts";
import { giveUpPlace, stepAside } from "./turn.ts";

/** How long held work waits for an approval. */
const heldMs = 7 * 24 * 60 * 60_000;
const reminderMs = 24 * 60 * 60_000;

/** Ends the round with what was met. Returns when to come back: undefined once it has ended. */
export async function close(tools: Tools, met: Met): Promise<number | undefined> {
  const { ledger, streams, clock } = tools;
  const { run } = tools.held;
  const worked = run.head;
  await adoptSession(tools).catch((error: unknown) => unheard(tools, error));
  if (run.session !== undefined) streams.leave(run.session);
  // Whichever platform is down, the other is told: no token outlives its round for want of an interrupt.
  const [quiet, dead] = await Promise.allSettled([interrupt(tools, met), releaseTokens(tools)]);
  for (const one of [quiet, dead]) if (one.status === "rejected") throw one.reason;
  const settled = ledger.read("ending") ?? (await settle(tools, met).catch(refusedOrFailed));
  if (goesOn(settled) && (await beginWithUntold(tools))) return clock.now();
  if (settled.kind === "held") {
    const wakeAt = await waitForApproval(tools, settled);
    if (wakeAt !== undefined) return wakeAt;
  }
  const ending: Ending = settled.kind === "held" ? { kind: "unanswered" } : settled;
  await ledger.once("ending", noted(ending));
  await report(tools, ending);
  await showAnswer(tools, ending, worked).catch((error: unknown) => unheard(tools, error));
  if (ending.kind !== "opened" && ending.kind !== "budget reached")
    await archiveSessions(tools).catch((error: unknown) => unheard(tools, error));
  const phase = phaseAfter(run, ending);
  await giveUpPlace(tools, "ended", {
    phase,
    held: null,
    ending_json: JSON.stringify(ending),
    state: ending.kind,
    state_at: clock.now(),
    ...(phase === "ended" ? { ended_at: clock.now() } : {}),
  });
  tools.log.info({ run_id: run.id, session_id: run.session, ending: ending.kind }, "round ended");
  tools.metrics.rounds.inc({ ending: ending.kind, ...tools.metrics.at(fullName(run.place)) });
  if (ending.kind === "opened" && run.round === 1) noteReached(tools, "pull");
  if (phase !== "resting") return undefined;
  return hasUnseenChecks(tools) ? clock.now() : sessionEndsAt(tools);
}

/** A platform that refuses us, as at its spending limit, keeps no round from ending; the sweep archives later. */
async function interrupt(tools: Tools, met: Met): Promise<void> {
  const { session } = tools.held.run;
  if (session === undefined || !interrupts(met)) return;
  const act = again(() => tools.agents.interrupt(session));
  await tools.ledger.once("interrupt", act).catch((error: unknown) => unheard(tools, error));
}

/** Endings after which the agent can hear what was said while they came about. */
function goesOn({ kind }: { kind: Ending["kind"] | "held" }): boolean {
  return kind === "held" || kind === "opened" || kind === "no changes";
}

/** What was said too late for this round, to work or to what is held back, opens the next one. False without any. */
async function beginWithUntold({ ledger, store, clock, held }: Tools): Promise<boolean> {
  const { run } = held;
  if (run.stop) return false;
  const late = run.notes.filter((note) => note.kind === "said" && note.text !== "");
  const notes = late.filter(({ id, round }) => round === run.round && toldAs(ledger, id) === undefined);
  if (notes.length === 0) return false;
  await beginNextRound(store, held, { notes: notes.map(({ id }) => id), at: clock.now() });
  return true;
}

/** While its pull request is open a run only rests, however the round ended: people may go on with it. */
function phaseAfter(run: Run, ending: Ending): "resting" | "ended" {
  if (run.stop && isFinal(run.stop)) return "ended";
  const rests = ending.kind === "opened" || ending.kind === "budget reached" || run.pull !== undefined;
  return rests ? "resting" : "ended";
}

/** Shows what is held, reminds after a day. Returns when to come back; undefined when nobody has come in time. */
async function waitForApproval(
  tools: Tools,
  held: Extract<Proposed, { kind: "held" }>,
): Promise<number | undefined> {
  const { ledger, clock, github } = tools;
  const { run } = tools.held;
  const heldFact = `held ${held.head}` as const;
  await ledger.once(heldFact, noted({ reasons: held.reasons, more: held.more }));
  const since = ledger.writtenAt(heldFact) ?? clock.now();
  if (clock.now() >= since + heldMs) return undefined;
  const state = { ...held, kind: "waiting for approval", of: "head" } as const;
  if (tools.held.run.held !== held.head) tools.metrics.waits.inc({ kind: "head" });
  await tools.ledger.change({ held: held.head });
  await stepAside(tools);
  await showState(tools, state).catch((error: unknown) => unheard(tools, error));
  await showHeld(tools, held.head, heldText(state)).catch((error: unknown) => unheard(tools, error));
  if (clock.now() < since + reminderMs) return since + reminderMs;
  const marker = commentMarker(run.id, `reminder-${held.head}`);
  const body = reminderComment(run, state, marker);
  await ledger
    .once(`reminder ${held.head}`, comment(github, run.place, { marker, body, since }))
    .catch((error: unknown) => unheard(tools, error));
  return since + heldMs;
}

/** A run at rest: failed checks are looked at; its session is archived in time; with its issue or pull request closed it is done. */
export async function farewell(tools: Tools): Promise<number | undefined> {
  const { ledger, clock, held } = tools;
  const { run } = held;
  await releaseTokens(tools);
  await tellLate(tools);
  if (run.phase === "ended") return undefined;
  if (!run.stop || !isFinal(run.stop)) {
    if (await repairChecks(tools)) return clock.now();
    const at = sessionEndsAt(tools);
    if (at === undefined || clock.now() < at) return at;
    await archiveSessions(tools).catch((error: unknown) => unheard(tools, error));
    return undefined;
  }
  await archiveSessions(tools).catch((error: unknown) => unheard(tools, error));
  await reportEnd(tools);
  await ledger.change({ phase: "ended", ended_at: clock.now() });
  tools.log.info({ run_id: run.id, session_id: run.session, why: run.stop.why }, "run ended");
  return undefined;
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

/** The ending that was met, once it is known what was pushed. */
async function settle(tools: Tools, met: Met): Promise<Ending | Extract<Proposed, { kind: "held" }>> {
  const stop = tools.held.run.stop;
  switch (met.kind) {
    case "finished":
    case "budget reached":
    case "timed out": {
      if (stop) return endingOfStop(stop);
      const proposed = await propose(tools, { unfinished: met.kind !== "finished" });
      return proposed.kind === "held" && met.kind === "finished" ? proposed : endingFrom(met.kind, proposed);
    }
    case "stopped":
    case "failed":
    case "refused":
    case "unanswered":
      return met;
    default:
      return met satisfies never;
  }
}

/** A no to the proposal ends the round; *later* goes to the engine. */
function refusedOrFailed(error: unknown): Ending {
  if (!isProblem(error) || error.kind === "later") throw error;
  return { kind: error.kind === "refused" ? "refused" : "failed", words: error.message };
}

function endingFrom(met: "finished" | "budget reached" | "timed out", proposed: Proposed): Ending {
  if (proposed.kind === "called off")
    return { kind: "stopped", why: "asked while the work was being proposed" };
  const pull =
    proposed.kind === "opened" ? { pull: proposed.pull.number, url: proposed.pull.url } : undefined;
  if (met === "finished") return pull ? { kind: "opened", ...pull } : { kind: "no changes" };
  return { kind: met, ...pull };
}

/** An act whose repetition changes nothing. */
function again(act: () => Promise<void>) {
  const make = async (): Promise<true> => {
    await act();
    return true;
  };
  return { find: make, make };
}
