/**
 * THE STORY: from a labelled issue to a pull request.
 * Entered again from the top after every wake, crash and deploy; a line whose fact is written calls no one.
 * Nothing here waits: it returns when to be woken, and waiting is the engine's work.
 * Invariants: at most one prompted session; nothing is spent before `calledOff` was asked; a message goes to
 * a session only with a fresh token in place; every act is found before it is done again.
 */
import { calledOff, deadline, endingOf, lastCall, type Met, outOfTime } from "../domain/ending.ts";
import { isProblem } from "../domain/errors.ts";
import { messageMarker, runMarker } from "../domain/ids.ts";
import { lastCallText, noteText } from "../domain/prompt.ts";
import { statusComment } from "../domain/words.ts";
import { comment, reaction } from "../github/issue.ts";
import { isAnswer, settleCalls, waitForPeople } from "./answers.ts";
import { close, farewell } from "./closing.ts";
import { acknowledge, showWork } from "./conversation.ts";
import { keepFresh } from "./credential.ts";
import { noted, type RunSession } from "./facts.ts";
import { look } from "./look.ts";
import { pausedFor } from "./pause.ts";
import { refusalId, refusalTold, unlessRefused } from "./refused-push.ts";
import { goOnWithout, noteLost } from "./servers.ts";
import { currentSession, keepBudget, sendRequest } from "./session.ts";
import { listState, showState } from "./status.ts";
import { together } from "./together.ts";
import { noteReached, type Tools, targetOf } from "./tools.ts";
import { showQueued, turnOf, unlessShort, urgencyOf } from "./turn.ts";

/** One entry. Returns when to be woken next (milliseconds since the epoch), undefined when only people can. */
export async function mission(tools: Tools): Promise<number | undefined> {
  const { run } = tools.held;
  if (run.phase !== "working") return farewell(tools);
  const met = tools.ledger.read("met") ?? (await work(tools).catch(asEnding));
  if (met === undefined || typeof met === "number") return met;
  return close(tools, await tools.ledger.once("met", noted(met), () => ({ looked_at: null })));
}

/** Works until there is an ending to meet, or nothing to do before a later wake, or a turn. */
async function work(tools: Tools): Promise<Met | number | undefined> {
  const { clock, held } = tools;
  const { run } = held;
  const off = calledOff(run);
  if (off) return off;
  const paused = pausedFor(tools);
  if (!paused?.waiting) {
    const turn = await turnOf(tools);
    if (turn === undefined) return showQueued(tools);
    if (turn !== "mine") return turn;
    // Only now: the round's time begins with its turn.
    const late = outOfTime(run, clock.now());
    if (late) return late;
  }

  const [session] = await together([currentSession(tools), greet(tools)]);
  if (paused?.waiting) return waitForPeople(tools, session, paused);

  const due = await keepFresh(tools, session);
  const next = () => Math.min(due, nextLook(tools));
  const met = await attend(tools, session).catch((error: unknown) => notAfter(tools, next(), error));
  return met ?? next();
}

/** Looks after the session: asks and tells it what there is. Undefined when nothing is to do before its next look. */
async function attend(tools: Tools, session: RunSession): Promise<Met | number | undefined> {
  const { ledger, agents, clock, held } = tools;
  const { run } = held;
  tools.streams.follow(session.id);
  await keepBudget(tools, session);
  if (!ledger.read(`request ${session.id}`)) {
    await sendRequest(tools, session);
    // A session that goes on with a pull request is told at once what it is wanted for.
    if (toldNow(tools).length === 0) return undefined;
  }
  await showWork(tools);

  await look(tools, session.id, { looked_at: clock.now() });
  // A session that has come to its end takes neither answers nor messages.
  const over = endingOf(run.progress, sentIds(tools, session.id));
  await noteLost(tools);
  if (over && over.kind !== "finished") {
    return (await goOnWithout(tools, session)) ? undefined : over;
  }
  const question = await settleCalls(tools, session);
  if (question) return waitForPeople(tools, session, question);
  for (const { id, text } of toldNow(tools)) {
    const marker = messageMarker(run.id, id);
    await ledger.once(`note ${id}`, agents.message(session.id, { marker, text }));
  }
  await acknowledge(tools);

  const met = endingOf(run.progress, sentIds(tools, session.id));
  if (met) return unlessRefused(met, run);
  await showState(tools, { kind: "working" });
  return undefined;
}

/** The first things a person sees. */
async function greet(tools: Tools): Promise<void> {
  const { ledger, github, clock } = tools;
  const { run } = tools.held;
  const isFirst = !ledger.read("eyes");
  if (tools.held.state === "queued") await listState(tools, "starting");
  const body = statusComment(run, { kind: "starting" }, { now: clock.now() });
  const words = { marker: runMarker(run.id), body, since: run.createdAt };
  await together([
    ledger.once("eyes", reaction(github, run.place, targetOf(run), "eyes")),
    unlessShort(ledger.once("comment", comment(github.at(urgencyOf(tools)), run.place, words))),
  ]);
  if (isFirst) noteReached(tools, "reply");
}

/** What the agent is told besides the request: what people said, and that its time runs out. */
function toldNow({ clock, ledger, held: { run } }: Tools): { id: string; text: string }[] {
  const said = run.notes.filter((note) => note.text !== "" && !isAnswer(ledger, note));
  const notes = [...said.map((note) => ({ id: note.id, text: noteText(run, note) })), ...refusalTold(run)];
  return clock.now() < lastCall(run)
    ? notes
    : [...notes, { id: `last-call-${run.round}`, text: lastCallText }];
}

/** Ids of what this round has sent; an idle older than one of them ends nothing. */
function sentIds({ ledger, held: { run } }: Tools, session: string): string[] {
  const notes = run.notes.filter(({ round }) => round === run.round).map(({ id }) => id);
  const own = [`last-call-${run.round}`, `without-${session}`, refusalId(run)];
  const names = [...notes, ...own].map((id) => `note ${id}` as const);
  const sent = [...names.map((name) => ledger.read(name)), ledger.read(`request ${session}`)];
  return sent.flatMap((one) => (one ? [one.id] : []));
}

/** The session is watched in bulk by the sweep; the run itself comes back for its clock alone. */
function nextLook({ clock, held: { run } }: Tools): number {
  return clock.now() < lastCall(run) ? lastCall(run) : deadline(run);
}

/** However long somebody asks to be left alone, `at` comes first: there is a token to replace, or a time is over. */
function notAfter({ clock }: Tools, at: number, error: unknown): number {
  if (isProblem(error, "later") && clock.now() + (error.retryAfterMs ?? 0) > at) return at;
  throw error;
}

/** A no is an ending; *later* and what is not ours to judge go to the engine. */
function asEnding(error: unknown): Met {
  if (!isProblem(error) || error.kind === "later") throw error;
  return { kind: error.kind === "refused" ? "refused" : "failed", words: error.message };
}
