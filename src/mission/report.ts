/**
 * Telling how it ended: the reaction, the status comment, the alarm. Where GitHub does not let the App speak
 * (suspended, archived, without permission) the ending is kept and told as soon as it may; where there is
 * nobody left to tell, the round ends all the same.
 */
import { type Ending, endingOfStop } from "../domain/ending.ts";
import { isProblem } from "../domain/errors.ts";
import { runMarker } from "../domain/ids.ts";
import { isFinal, openingOf, type Place, type Run } from "../domain/run.ts";
import { type State, statusComment } from "../domain/words.ts";
import { comment, editComment, type Reaction, reaction } from "../github/issue.ts";
import { raiseAlarm } from "./alarm.ts";
import { lastSubmission } from "./answers.ts";
import { postState, showState } from "./status.ts";
import { type Tools, targetOf, targetOfNote } from "./tools.ts";

/** Where nobody can be told any more (issue locked or deleted, App removed) the round ends all the same. */
export function unheard({ log, held: { run } }: Tools, error: unknown): void {
  if (!isProblem(error) || error.kind === "later") throw error;
  log.warn({ run_id: run.id, err: error }, "not all of an ending could be done");
}

/** Tells the ending of a round. */
export async function report(tools: Tools, ending: Ending): Promise<void> {
  const summary = lastSubmission(tools)?.summary;
  await showEnd(tools, { kind: "ended", ending, ...(summary === undefined ? {} : { summary }) });
}

/** Tells what became of a run that was at rest: its stop closed the matter. */
export async function reportEnd(tools: Tools): Promise<void> {
  await showEnd(tools, lastState(tools.held.run));
}

/** Tells an ending that could not be told before, where the App may speak again. */
export async function tellLate(tools: Tools): Promise<void> {
  const { ledger, held } = tools;
  if (ledger.read("untold") !== "due") return;
  await showEnd(tools, lastState(held.run));
  // Only now: a crash or a *later* before it tells again, which finds what was told.
  if (ledger.read("untold") === "due") await ledger.write("untold", "told");
}

/** The last thing there is to say of a run that has ended, or rests. */
function lastState({ ending, stop, pull }: Run): Extract<State, { kind: "ended" }> {
  const final = stop && isFinal(stop) ? stop : undefined;
  const stopped = endingOfStop(stop ?? { why: "unknown" });
  const told = ending ?? stopped;
  if (!final || JSON.stringify(told) === JSON.stringify(stopped)) return { kind: "ended", ending: told };
  const ofPull = pull !== undefined && final.why.startsWith("pull request");
  return { kind: "ended", ending: told, fate: ofPull ? `#${pull}: ${final.why}` : final.why };
}

/** Each part for itself: one that is refused keeps no other from being told. */
async function showEnd(tools: Tools, state: Extract<State, { kind: "ended" }>): Promise<void> {
  const { ledger, held } = tools;
  const { stop } = held.run;
  const parts = stop?.moved
    ? [() => tellElsewhere(tools, { ...held.run.place, ...stop.moved }, state)]
    : [() => mark(tools, state.ending), () => showEnding(tools, state), () => raiseAlarm(tools)];
  let refused = false;
  for (const part of parts) {
    await part().catch((error: unknown) => {
      unheard(tools, error);
      refused ||= isProblem(error, "refused");
    });
  }
  if (refused) await ledger.write("untold", "waiting");
}

async function mark({ ledger, github, held: { run } }: Tools, ending: Ending): Promise<void> {
  const sign = markOf(ending);
  if (!sign) return;
  const opening = openingOf(run, run.round);
  const target = opening && targetOfNote(opening);
  if (opening && target)
    await ledger.once(`mark ${sign} ${opening.id}`, reaction(github, run.place, target, sign));
  else await ledger.once(`mark ${sign}`, reaction(github, run.place, targetOf(run), sign));
}

async function showEnding(tools: Tools, state: State): Promise<void> {
  await postState(tools, state);
  await showState(tools, state);
}

/** An issue that was transferred took the status comment along, under a number of its own. */
async function tellElsewhere(
  { github, clock, held: { run } }: Tools,
  place: Place,
  state: State,
): Promise<void> {
  const body = statusComment(run, state, { now: clock.now() });
  const act = comment(github, place, { marker: runMarker(run.id), body, since: run.createdAt });
  const there = await act.find(clock.now());
  if (there) await editComment(github, place, { id: there.id, body });
  else await act.make();
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
