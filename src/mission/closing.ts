/**
 * The one way out of a round: interrupt → give the tokens back → propose → report → archive or keep.
 * Invariants: an ending is written before it is shown; no token of the round is alive when anything is
 * proposed or reported; nothing is left saying *working*.
 */
import type { Ending, Met } from "../domain/ending.ts";
import { isProblem } from "../domain/errors.ts";
import { runMarker } from "../domain/ids.ts";
import { isFinal, type Run } from "../domain/run.ts";
import { heldText, statusComment } from "../domain/words.ts";
import { comment, type Reaction, reaction } from "../github/issue.ts";
import { showAnswer, showHeld } from "./conversation.ts";
import { releaseTokens } from "./credential.ts";
import { noted } from "./facts.ts";
import { type Proposed, propose } from "./proposal.ts";
import { archiveSessions, sessionEndsAt, sessionsOf } from "./session.ts";
import { showState } from "./status.ts";
import { noteReached, type Tools, targetOf } from "./tools.ts";

/** How long held work waits for an approval. */
const heldMs = 7 * 24 * 60 * 60_000;

/** Ends the round with what was met. Returns when to come back: undefined once it has ended. */
export async function close(tools: Tools, met: Met): Promise<number | undefined> {
  const { ledger, agents, streams, clock } = tools;
  const { run } = tools.held;
  const worked = run.head;
  await adoptSession(tools);
  const { session } = run;
  if (session !== undefined) {
    streams.leave(session);
    if (interrupts(met))
      await ledger.once(
        "interrupt",
        again(() => agents.interrupt(session)),
      );
  }
  await releaseTokens(tools);
  const settled = ledger.read("ending") ?? (await settle(tools, met).catch(refusedOrFailed));
  if (settled.kind === "held") {
    const until = run.roundAt + run.settings.limits.minutes * 60_000 + heldMs;
    if (clock.now() < until) return waitForApproval(tools, settled, until);
  }
  const ending: Ending = settled.kind === "held" ? { kind: "unanswered" } : settled;
  await ledger.once("ending", noted(ending));
  await report(tools, ending).catch((error: unknown) => unheard(tools, error));
  await showAnswer(tools, ending, worked).catch((error: unknown) => unheard(tools, error));
  if (ending.kind !== "opened" && ending.kind !== "budget reached") await archiveSessions(tools);
  const phase = phaseAfter(run, ending);
  await ledger.change({
    phase,
    held: null,
    ending_json: JSON.stringify(ending),
    ...(phase === "ended" ? { ended_at: clock.now() } : {}),
  });
  tools.log.info({ run_id: run.id, session_id: run.session, ending: ending.kind }, "round ended");
  tools.metrics.rounds.inc({ ending: ending.kind });
  if (ending.kind === "opened" && run.round === 1) noteReached(tools, "pull");
  return phase === "resting" ? sessionEndsAt(tools) : undefined;
}

/** While its pull request is open a run only rests, however the round ended: people may go on with it. */
function phaseAfter(run: Run, ending: Ending): "resting" | "ended" {
  if (run.stop && isFinal(run.stop)) return "ended";
  const rests = ending.kind === "opened" || ending.kind === "budget reached" || run.pull !== undefined;
  return rests ? "resting" : "ended";
}

async function waitForApproval(
  tools: Tools,
  held: Extract<Proposed, { kind: "held" }>,
  until: number,
): Promise<number> {
  const state = { ...held, kind: "waiting for approval", of: "head" } as const;
  if (tools.held.run.held !== held.head) tools.metrics.waits.inc({ kind: "head" });
  await tools.ledger.change({ held: held.head });
  await showState(tools, state);
  await showHeld(tools, held.head, heldText(state));
  return until;
}

/** A run at rest: its session is archived in time; with its issue or pull request closed it is done. */
export async function farewell(tools: Tools): Promise<number | undefined> {
  const { ledger, clock, held } = tools;
  const { run } = held;
  await releaseTokens(tools);
  if (run.phase === "ended") return undefined;
  if (!run.stop || !isFinal(run.stop)) {
    const at = sessionEndsAt(tools);
    if (at === undefined || clock.now() < at) return at;
    await archiveSessions(tools);
    return undefined;
  }
  await archiveSessions(tools);
  const ending = run.ending ?? { kind: "stopped", why: run.stop.why };
  const fate = run.pull === undefined ? run.stop.why : `#${run.pull}: ${run.stop.why}`;
  await showState(tools, { kind: "ended", ending, fate }).catch((error: unknown) => unheard(tools, error));
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
  const run = { id: held.run.id, known: known.map(({ id }) => id) };
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
      if (stop) return stopped(stop);
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

/** Where nobody can be told any more (issue locked or deleted, App removed) the round ends all the same. */
function unheard({ log, held: { run } }: Tools, error: unknown): void {
  if (!isProblem(error) || error.kind === "later") throw error;
  log.warn({ run_id: run.id, err: error }, "ending could not be shown");
}

function stopped({ why, by }: { why: string; by?: string }): Ending {
  return { kind: "stopped", why, ...(by === undefined ? {} : { by }) };
}

function endingFrom(met: "finished" | "budget reached" | "timed out", proposed: Proposed): Ending {
  if (proposed.kind === "called off")
    return { kind: "stopped", why: "asked while the work was being proposed" };
  const pull =
    proposed.kind === "opened" ? { pull: proposed.pull.number, url: proposed.pull.url } : undefined;
  if (met === "finished") return pull ? { kind: "opened", ...pull } : { kind: "no changes" };
  return { kind: met, ...pull };
}

async function report(tools: Tools, ending: Ending): Promise<void> {
  const { ledger, github, clock } = tools;
  const { run } = tools.held;
  const mark = markOf(ending);
  if (mark) await ledger.once("mark", reaction(github, run.place, targetOf(run), mark));
  const body = statusComment(run, { kind: "ended", ending }, { now: clock.now() });
  await ledger.once(
    "comment",
    comment(github, run.place, { marker: runMarker(run.id), body, since: run.createdAt }),
  );
  await showState(tools, { kind: "ended", ending });
}

function markOf(ending: Ending): Reaction | undefined {
  switch (ending.kind) {
    case "opened":
      return "rocket";
    case "failed":
    case "refused":
    case "timed out":
    case "budget reached":
    case "unanswered":
      return "confused";
    case "no changes":
    case "stopped":
      return undefined;
    default:
      return ending satisfies never;
  }
}

/** An act whose repetition changes nothing. */
function again(act: () => Promise<void>) {
  const make = async (): Promise<true> => {
    await act();
    return true;
  };
  return { find: make, make };
}
