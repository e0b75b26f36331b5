/**
 * The one way out of a round: interrupt → give the tokens back → propose → report → archive or keep.
 * Invariants: an ending is written before it is shown; no token of the round is alive when anything is
 * proposed or reported; nothing is left saying *working*.
 */
import { type Ending, endingOfStop, type Met } from "../domain/ending.ts";
import { isProblem } from "../domain/errors.ts";
import { fullName, isClosed, isFinal, type Run } from "../domain/run.ts";
import { leftText } from "../domain/words.ts";
import { beginNextRound } from "../store/rounds.ts";
import { stopRun } from "../store/runs.ts";
import { raiseAlarm } from "./alarm.ts";
import { waitForApproval } from "./approval.ts";
import { showAnswer, showHeld } from "./conversation.ts";
import { releaseTokens } from "./credential.ts";
import { type Facts, noted } from "./facts.ts";
import { halt } from "./halt.ts";
import { toldAs } from "./ledger.ts";
import { closedForMs, isOverdue, notInTime } from "./overdue.ts";
import { askForReview, type Held, heldOnPull, openedBefore, type Proposed, propose } from "./proposal.ts";
import { hasUnseenChecks, repairChecks } from "./repair.ts";
import { report, reportEnd, tellLate, unheard } from "./report.ts";
import { archiveSessions, sessionEndsAt } from "./session.ts";
import { noteReached, type Tools } from "./tools.ts";
import { giveUpPlace, stepAside } from "./turn.ts";

/** After so long in closing a round keeps nobody else from working. */
const briefMs = 10 * 60_000;
/** When a session of a run at rest is archived again that the platform did not let go. */
const archiveAgainMs = 60 * 60_000;

/** Ends the round with what was met. Returns when to come back: undefined once it has ended. */
export async function close(tools: Tools, met: Met): Promise<number | undefined> {
  const { ledger, clock } = tools;
  if (closedForMs(tools) >= briefMs) await stepAside(tools);
  await halt(tools, met);
  const settled =
    ledger.read("ending") ??
    (await settle(tools, met).catch((error: unknown) => refusedOrFailed(tools, error)));
  if (goesOn(settled) && (await beginWithUntold(tools))) return clock.now();
  if (settled.kind === "held") {
    const wakeAt = await waitForApproval(tools, settled);
    if (wakeAt !== undefined) return wakeAt;
  }
  const ending: Ending = settled.kind === "held" ? { kind: "unanswered" } : settled;
  return putAway(tools, await ledger.once("ending", noted(ending)));
}

/** Tells the written ending and puts the round away. Returns when the run at rest has something to do. */
async function putAway(tools: Tools, ending: Ending): Promise<number | undefined> {
  const { clock } = tools;
  const { run } = tools.held;
  await report(tools, ending);
  await holdBack(tools, ending).catch((error: unknown) => notInTime(tools, error));
  await showAnswer(tools, ending).catch((error: unknown) => notInTime(tools, error));
  if (!keepsSession(ending)) await archiveSessions(tools).catch((error: unknown) => notInTime(tools, error));
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
  return isClosed(run) || hasUnseenChecks(tools) ? clock.now() : restsUntil(tools, ending);
}

/** A push of this round that may not stand on the pull request is told there, however the round ended. */
async function holdBack(tools: Tools, ending: Ending): Promise<void> {
  const { run } = tools.held;
  if (ending.kind === "opened" || ending.kind === "no changes" || run.stop?.why.startsWith("pull request"))
    return;
  const held = await heldOnPull(tools);
  if (held) await showHeld(tools, held.head, leftText(held));
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

/** Endings after which people go on in the same session. */
function keepsSession(ending: Ending | undefined): boolean {
  return ending?.kind === "opened" || ending?.kind === "budget reached";
}

/** When to come back to a run at rest: when its session has to be archived, which is asked for until it is done. */
function restsUntil(tools: Tools, ending: Ending | undefined): number | undefined {
  const at = sessionEndsAt(tools);
  const now = tools.clock.now();
  return at === undefined || (keepsSession(ending) && now < at) ? at : now + archiveAgainMs;
}

/** While its pull request is open a run only rests, however the round ended: people may go on with it. */
function phaseAfter(run: Run, ending: Ending): "resting" | "ended" {
  // What was opened is told first, and then what became of it.
  if (isClosed(run) && ending.kind !== "opened") return "ended";
  return keepsSession(ending) || run.pull !== undefined ? "resting" : "ended";
}

/** A run at rest: failed checks are looked at; its session is archived in time; with its issue or pull request closed it is done. */
export async function farewell(tools: Tools): Promise<number | undefined> {
  const { ledger, clock, held } = tools;
  const { run } = held;
  await releaseTokens(tools);
  await tellLate(tools);
  // A stop that came when its run had told its ending already.
  if (run.phase === "ended") {
    await raiseAlarm(tools).catch((error: unknown) => unheard(tools, error));
    return undefined;
  }
  if (!run.stop || !isFinal(run.stop)) {
    if (await repairChecks(tools)) return clock.now();
    const at = sessionEndsAt(tools);
    if (at !== undefined && !(keepsSession(run.ending) && clock.now() < at))
      await archiveSessions(tools).catch((error: unknown) => unheard(tools, error));
    return restsUntil(tools, run.ending);
  }
  await archiveSessions(tools).catch((error: unknown) => unheard(tools, error));
  await reportEnd(tools);
  await ledger.change({ phase: "ended", ended_at: clock.now() });
  tools.log.info({ run_id: run.id, session_id: run.session, why: run.stop.why }, "run ended");
  return undefined;
}

/** The ending that was met, once it is known what was pushed. */
async function settle(tools: Tools, met: Met): Promise<Ending | Held> {
  const unfinished = met.kind === "budget reached" || met.kind === "timed out";
  const before = await openedBefore(tools, { unfinished });
  const { run } = tools.held;
  if (before && (before.fate || isOutrun(run))) return ownUp(tools, before);
  const stop = tools.held.run.stop;
  switch (met.kind) {
    case "finished":
    case "budget reached":
    case "timed out": {
      if (stop) return endingOfStop(stop);
      const proposed = await propose(tools, { unfinished });
      if (proposed.kind === "opened" && proposed.pull.fate) return ownUp(tools, proposed.pull);
      if (met.kind !== "finished") return cutOff(met.kind, proposed);
      return proposed.kind === "held" ? proposed : endingFrom(proposed);
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

/** Does a stop come too late to say more than what was opened? A person's push is told, and held work is not proposed. */
function isOutrun({ stop, held }: Run): boolean {
  return stop !== undefined && stop.why !== "a person pushed to the branch" && held === undefined;
}

/** What was opened stays opened, whatever was asked for or became of it before anybody knew of it. */
async function ownUp(tools: Tools, pull: Facts["pull"]): Promise<Ending> {
  const { store, clock, held } = tools;
  const { number, url, fate } = pull;
  if (fate) {
    const stop = { why: fate, at: clock.now() };
    await store.db.transaction().execute((tx) => stopRun(tx, held.run.id, stop));
    held.run.stop = stop;
  } else await askForReview(tools, pull);
  // Which head was screened is not known any more: none counts as ours, and the next round screens what is there.
  return { kind: "opened", pull: number, url };
}

/** A no to the proposal ends the round; *later* goes to the engine, for a day. */
async function refusedOrFailed(tools: Tools, error: unknown): Promise<Ending> {
  if (!isProblem(error)) throw error;
  if (error.kind === "later" && !(await isOverdue(tools, error))) throw error;
  return { kind: error.kind === "refused" ? "refused" : "failed", words: error.message };
}

function endingFrom(proposed: Exclude<Proposed, Held>): Ending {
  switch (proposed.kind) {
    case "called off":
      return endingOfStop(proposed.stop);
    case "opened":
      return { kind: "opened", pull: proposed.pull.number, url: proposed.pull.url };
    case "nothing":
      return { kind: "no changes" };
    default:
      return proposed satisfies never;
  }
}

/** Work that was cut off waits for no approval. */
function cutOff(kind: "budget reached" | "timed out", proposed: Proposed): Ending {
  switch (proposed.kind) {
    case "called off":
      return endingOfStop(proposed.stop);
    case "opened": {
      const { number: pull, url, unfinished } = proposed.pull;
      return { kind, pull, url, ...(unfinished ? { unfinished } : {}) };
    }
    case "nothing":
      return { kind };
    case "held":
      return { kind, held: { reasons: proposed.reasons, more: proposed.more } };
    default:
      return proposed satisfies never;
  }
}
