/**
 * Approvals: of the plan that is shown, and of a head that is held back. An approval is for what was looked
 * at, and never lets anything later through.
 */
import { answers } from "../domain/replies.ts";
import { askerIn, isNoteOf, type Person, type Run } from "../domain/run.ts";
import { isApprovable } from "../domain/words.ts";
import type { Tx } from "../engine/engine.ts";
import { reasonsHeld, writeApproval } from "../store/facts.ts";
import { rememberAsked } from "../store/memos.ts";
import { notesOf, toldNotes, type Waiting, waitingOn } from "../store/notes.ts";
import { liveRun, seizeRun } from "../store/runs.ts";
import { type Commanded, isOlder, reply, replyTo } from "./commanded.ts";
import { deadPull } from "./standing.ts";
import { tellRun } from "./starting.ts";
import { conclude, type IntakeParts, keyOf, written } from "./verdict.ts";

/** The plan as it is shown: an approval written before it was shown, or beside a wish, was meant for another. */
export async function approvePlan(parts: IntakeParts, delivery: string, intent: Commanded): Promise<string> {
  const { place, origin, said, onPull } = intent;
  const run = await liveRun(parts.store.db, keyOf(onPull ? "pull" : "issue", place));
  if (!run && onPull) return reply(parts, delivery, intent, await deadPull(parts, place));
  const waits = run?.phase === "working" ? await waitingOn(parts.store.db, run.id) : undefined;
  if (!run || waits?.what !== "plan") {
    return reply(parts, delivery, intent, await whatToSend(parts, run));
  }
  if (isOlder(said, waits.since)) return reply(parts, delivery, intent, answers.planChanged);
  const source = { kind: "comment" as const, id: said.id, as: said.as, writtenAt: said.at };
  const note = {
    id: `comment:${said.id}`,
    kind: "approval" as const,
    author: origin.sender.login,
    asker: askerIn(origin),
    text: "",
    source,
  };
  return written(parts, delivery, async (tx) => {
    await seizeRun(tx, run.id);
    if (await isStillOpen(tx, run.id, waits)) return tellRun(tx, parts, run, note);
    const replies = [replyTo(intent, { text: answers.planChanged })];
    return { verdict: "answered", wake: run.id, replies };
  });
}

/** What lets through the work that is held, where something can. */
async function whatToSend({ store }: IntakeParts, run: Run | undefined): Promise<string> {
  if (!run?.held) return answers.nothingToApprove;
  if (!isApprovable(await reasonsHeld(store.db, run))) return answers.notApprovable;
  return answers.approveWith(run.held.slice(0, 12));
}

/** Is it the plan that was looked at, with no wish that will change it? */
async function isStillOpen(tx: Tx, run: string, seen: Waiting): Promise<boolean> {
  const waits = await waitingOn(tx, run);
  if (waits?.what !== "plan" || waits.since !== seen.since) return false;
  const told = await toldNotes(tx, run);
  const notes = (await notesOf(tx, run)).filter(({ at, id }) => at >= waits.since && !told.has(id));
  return notes.every(({ kind }) => kind === "approval");
}

/** The held head that is named, by a maintainer. */
export async function approveHead(
  parts: IntakeParts,
  delivery: string,
  intent: Commanded,
  sha: string,
): Promise<string> {
  const { place, origin, said, onPull } = intent;
  const refused = await parts.admission.refusal({ place, origin, said, who: "maintain" });
  if (refused) return conclude(parts, delivery, refused);
  const run = await liveRun(parts.store.db, keyOf(onPull ? "pull" : "issue", place));
  if (!run && onPull) return reply(parts, delivery, intent, await deadPull(parts, place));
  if (!run?.held) return reply(parts, delivery, intent, answers.nothingToApprove);
  if (!run.held.startsWith(sha)) return reply(parts, delivery, intent, answers.wrongHead(run.held));
  if (run.settings.approval === "other" && (await hasAsked(parts, run, origin.sender)))
    return reply(parts, delivery, intent, answers.notYourOwn);
  if (!isApprovable(await reasonsHeld(parts.store.db, run)))
    return reply(parts, delivery, intent, answers.notApprovable);
  return written(parts, delivery, async (tx) => {
    // Word of a stop before it may be on its way.
    await rememberAsked(tx, run.place, said.at);
    await writeApproval(tx, run, { sha: run.held ?? sha, by: origin.sender, at: parts.clock.now() });
    return { verdict: `approval told to ${run.id}`, wake: run.id };
  });
}

/** Did they ask for the run, or tell the agent what to do in this round? */
async function hasAsked(
  { store }: IntakeParts,
  { id, round, origin }: Run,
  person: Person,
): Promise<boolean> {
  if (origin.sender.id === person.id) return true;
  const said = (await notesOf(store.db, id)).filter((note) => note.round === round && note.kind === "said");
  return said.some((note) => isNoteOf(note, person));
}
