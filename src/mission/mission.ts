/**
 * THE STORY: from a labelled issue to a pull request.
 * Entered again from the top after every wake, crash and deploy; a line whose fact is written calls no one.
 * Nothing here waits: it returns when to be woken, and waiting is the engine's work.
 * Invariants: at most one prompted session; nothing is spent before `calledOff` was asked; a message goes to
 * a session only with a fresh token in place; every act is found before it is done again.
 */
import { calledOff, deadline, endingOf, lastCall, type Met } from "../domain/ending.ts";
import { isProblem, type Problem } from "../domain/errors.ts";
import { messageMarker, runMarker } from "../domain/ids.ts";
import { lastCallText, noteText, requestText } from "../domain/prompt.ts";
import { fullName } from "../domain/run.ts";
import { sessionTitle, statusComment } from "../domain/words.ts";
import { comment, reaction } from "../github/issue.ts";
import { pausedFor, settleCalls } from "./answers.ts";
import { close, farewell } from "./closing.ts";
import { issueToken, keepFresh, releaseTokens } from "./credential.ts";
import type { RunSession } from "./facts.ts";
import { showState } from "./status.ts";
import { threadAtTrigger } from "./thread.ts";
import type { Tools } from "./tools.ts";

/** One entry. Returns when to be woken next (milliseconds since the epoch), undefined when only people can. */
export async function mission(tools: Tools): Promise<number | undefined> {
  const { run } = tools.held;
  if (run.phase !== "working") return farewell(tools);
  const met = tools.ledger.read("met") ?? (await work(tools).catch(asEnding));
  if (typeof met === "number") return met;
  return close(tools, await tools.ledger.once("met", { find: async () => met, make: async () => met }));
}

/** Works until there is an ending to meet, or nothing to do before a later wake. */
async function work(tools: Tools): Promise<Met | number> {
  const { ledger, agents, clock } = tools;
  const run = tools.held.run;
  const paused = pausedFor(tools);
  const off = calledOff(run, clock.now(), paused !== undefined && !paused.answered);
  if (off) return off;

  const [session] = await together([openSession(tools), greet(tools)]);
  if (paused && !paused.answered) return waitForAnswer(tools, session, paused.until);

  const due = await keepFresh(tools, session);
  tools.streams.follow(session.id);
  if (!ledger.read("request")) {
    await sendRequest(tools, session);
    return Math.min(due, nextLook(tools));
  }
  run.progress = await agents.look(session.id, run.progress);
  await ledger.change({ progress_json: JSON.stringify(run.progress) });
  const question = await settleCalls(tools, session);
  if (question) return waitForAnswer(tools, session, question.until);

  for (const { id, text } of toldNow(tools, paused?.noteId)) {
    await ledger.once(`note ${id}`, agents.message(session.id, { marker: messageMarker(run.id, id), text }));
  }

  const met = endingOf(run.progress, sentIds(tools));
  if (met) return met;
  await showState(tools, { kind: "working" });
  return Math.min(due, nextLook(tools));
}

/** The first things a person sees. */
async function greet({ ledger, github, clock, held: { run } }: Tools): Promise<void> {
  const { trigger } = run.origin;
  const target =
    trigger.kind === "label"
      ? { kind: "issue" as const }
      : { kind: "comment" as const, id: trigger.commentId };
  const body = statusComment(run, { kind: "starting" }, { now: clock.now() });
  await together([
    ledger.once("eyes", reaction(github, run.place, target, "eyes")),
    ledger.once(
      "comment",
      comment(github, run.place, { marker: runMarker(run.id), body, since: run.createdAt }),
    ),
  ]);
}

/** The run's session: opened with a freshly minted token, or the one an earlier attempt left. */
async function openSession(tools: Tools): Promise<RunSession> {
  const { run } = tools.held;
  let tokens: Record<string, string> | undefined;
  const act = tools.agents.session(run.id, async () => {
    const { tokenId, ...mount } = await issueToken(tools);
    tokens = { [mount.name]: tokenId };
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
      mounts: [mount],
      budgetCents: Math.round(run.settings.budget_usd * 100),
      model: run.settings.model,
    };
  });
  const make = async () => ({ ...(await act.make()), ...(tokens ? { tokens } : {}) });
  const session = await tools.ledger.once("session", { find: act.find, make }, ({ id }) => ({ session: id }));
  run.session = session.id;
  return session;
}

async function sendRequest(tools: Tools, session: RunSession): Promise<void> {
  const { ledger, agents, github } = tools;
  const { run } = tools.held;
  const thread = await threadAtTrigger(tools);
  const { login, botId } = await github.self(run.place.installation);
  const committer = { name: login, email: `${botId}+${login}@users.noreply.github.com` };
  const text = requestText(run, { session: session.id, ...thread, committer });
  await ledger.once(
    "request",
    agents.message(session.id, { marker: messageMarker(run.id, "request"), text }),
  );
}

/** What the agent is told besides the request: what people said, and that its time runs out. */
function toldNow(
  { clock, held: { run } }: Tools,
  answer: string | undefined,
): { id: string; text: string }[] {
  const said = run.notes
    .filter(({ id }) => id !== answer)
    .map((note) => ({ id: note.id, text: noteText(run, note) }));
  return clock.now() < lastCall(run) ? said : [...said, { id: "last-call", text: lastCallText }];
}

/** Parks without cost: no token alive, no looking. A comment of someone who may wakes the run. */
async function waitForAnswer(tools: Tools, session: RunSession, until: number): Promise<Met | number> {
  if (tools.clock.now() >= until) return { kind: "unanswered" };
  tools.streams.leave(session.id);
  await releaseTokens(tools);
  await showState(tools, { kind: "waiting for an answer" });
  return until;
}

/** Ids of all we have sent in this round; an idle older than one of them ends nothing. */
function sentIds({ ledger }: Tools): string[] {
  const sent = [ledger.read("request"), ...ledger.all<{ id: string }>("note ").map(({ value }) => value)];
  return sent.flatMap((one) => (one ? [one.id] : []));
}

function nextLook({ clock, config, held: { run } }: Tools): number {
  const now = clock.now();
  return Math.min(now + config.pollMs, deadline(run), now < lastCall(run) ? lastCall(run) : deadline(run));
}

/** Waits for all before it tells of the first that failed: nothing goes on behind the mission's back. */
async function together<const T extends readonly unknown[]>(
  acts: T,
): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> {
  const failed = (await Promise.allSettled(acts)).find((one) => one.status === "rejected");
  if (failed) throw failed.reason;
  return Promise.all(acts);
}

/** A no is an ending; *later* and what is not ours to judge go to the engine. */
function asEnding(error: unknown): Met {
  if (!isProblem(error) || error.kind === "later") throw error;
  return metOf(error);
}

function metOf(problem: Problem): Met {
  switch (problem.kind) {
    case "refused":
      return { kind: "refused", words: problem.message };
    case "gone":
    case "fault":
    case "later":
      return { kind: "failed", words: problem.message };
    default:
      return problem.kind satisfies never;
  }
}
