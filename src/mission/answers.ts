/**
 * The agent's tool calls, each answered once: a pull request handed in, a question, a plan. A submission is
 * written down before it is answered, because the platform forgets an answered call. What people have to
 * decide parks the run without cost.
 */
import { toolNames } from "../agent/definition.ts";
import type { Met } from "../domain/ending.ts";
import { commentMarker } from "../domain/ids.ts";
import type { ToolCall } from "../domain/progress.ts";
import { answerText, approvalText, wishText } from "../domain/prompt.ts";
import type { Note } from "../domain/run.ts";
import { questionComment, reminderComment, type Submission } from "../domain/words.ts";
import { comment } from "../github/issue.ts";
import { releaseTokens } from "./credential.ts";
import { noted, type RunSession } from "./facts.ts";
import type { Ledger } from "./ledger.ts";
import { mayPush, noteSince, type Pause, pausedFor } from "./pause.ts";
import { showState } from "./status.ts";
import type { Tools } from "./tools.ts";
import { stepAside } from "./turn.ts";

const dayMs = 24 * 60 * 60_000;
/** A question or plan stays open so long; a reminder comes after a day. */
const openMs = 7 * dayMs;
const titleMax = 1_000;
const textMax = 60_000;
const optionsMax = 10;

/** Was the note given as the result of a tool call, or is it about to be? Then it is not said besides. */
export function isAnswer(ledger: Ledger, note: Note): boolean {
  return (
    note.kind === "approval" ||
    ledger.all<{ note?: string }>("answer ").some(({ value }) => value.note === note.id)
  );
}

/** Parks without cost: no token alive, no looking. A comment of someone who may wakes the run. */
export async function waitForPeople(tools: Tools, session: RunSession, paused: Pause): Promise<Met | number> {
  const { clock, ledger, github, streams, held } = tools;
  const { run } = held;
  const until = paused.since + openMs;
  if (clock.now() >= until) return { kind: "unanswered" };
  streams.leave(session.id);
  await ledger.change({ looked_at: null });
  await releaseTokens(tools);
  await stepAside(tools);
  await showState(tools, paused.state);
  const remindAt = paused.since + dayMs;
  if (clock.now() < remindAt) return remindAt;
  const marker = commentMarker(run.id, `reminder-${paused.call}`);
  const body = reminderComment(run, paused.state, marker);
  await ledger.once(
    `reminder ${paused.call}`,
    comment(github, run.place, { marker, body, since: paused.since }),
  );
  return until;
}

/** Answers what can be answered; returns what the run now waits on. */
export async function settleCalls(tools: Tools, session: RunSession): Promise<Pause | undefined> {
  await recallAnswers(tools, session);
  for (const call of tools.held.run.progress.calls) {
    switch (call.name) {
      case toolNames.submit:
        await acceptSubmission(tools, session, call);
        break;
      case toolNames.ask:
        await ask(tools, session, call);
        break;
      case toolNames.plan:
        await propose(tools, session, call);
        break;
      default:
        await answer(tools, session, {
          call: call.id,
          text: `There is no tool ${call.name}.`,
          isError: true,
        });
    }
  }
  const open = pausedFor(tools);
  if (!open?.waiting) return undefined;
  tools.metrics.waits.inc({ kind: open.state.kind === "waiting for an answer" ? "answer" : "plan" });
  return open;
}

/** An answer that was given but not written down is written now: its call is open no more, and the words are told. */
async function recallAnswers({ ledger, agents, held: { run } }: Tools, session: RunSession): Promise<void> {
  const asked = [...ledger.all("question "), ...ledger.all("plan ")];
  for (const { name, begunAt } of asked) {
    const call = name.slice(name.indexOf(" ") + 1);
    if (run.progress.calls.some(({ id }) => id === call)) continue;
    const note = noteSince({ ledger, run }, begunAt);
    if (!note) continue;
    const { find } = agents.answer(session.id, { call, text: "", isError: false });
    await ledger.settle(`answer ${call}`, { find: (begunAt) => withNote(find(begunAt), note) });
  }
}

async function withNote(found: Promise<{ id: string } | undefined>, { id }: Note) {
  const answered = await found;
  return answered && { ...answered, note: id };
}

function answer(tools: Tools, session: RunSession, given: { call: string; text: string; isError: boolean }) {
  return tools.ledger.once(`answer ${given.call}`, tools.agents.answer(session.id, given));
}

async function acceptSubmission(tools: Tools, session: RunSession, call: ToolCall): Promise<void> {
  const submission = submissionOf(call.input);
  if (!submission) {
    const text = "submit_pull_request needs a title and a summary, both texts. Call it again with them.";
    await answer(tools, session, { call: call.id, text, isError: true });
    return;
  }
  await tools.ledger.once(`submission ${call.id}`, noted(submission));
  const text = "Received. Patchwright checks what you pushed and opens the pull request. End your turn now.";
  await answer(tools, session, { call: call.id, text, isError: false });
}

function submissionOf({ title, summary, checks }: Record<string, unknown>): Submission | undefined {
  if (typeof title !== "string" || typeof summary !== "string") return undefined;
  if (title.trim() === "" || summary.trim() === "") return undefined;
  return {
    title: title.slice(0, titleMax),
    summary: summary.slice(0, textMax),
    ...(typeof checks === "string" ? { checks: checks.slice(0, textMax) } : {}),
  };
}

async function ask(tools: Tools, session: RunSession, call: ToolCall): Promise<void> {
  const { ledger, github } = tools;
  const { run } = tools.held;
  const options = Array.isArray(call.input["options"]) ? call.input["options"] : [];
  const question = {
    call: call.id,
    text: String(call.input["question"] ?? ""),
    options: options.filter((option) => typeof option === "string").slice(0, optionsMax),
  };
  const marker = commentMarker(run.id, call.id);
  const body = questionComment(run, question);
  await ledger.once(
    `question ${call.id}`,
    comment(github, run.place, { marker, body, since: run.createdAt }),
  );
  const note = answerTo(tools, call);
  if (note) await give(tools, session, { call, note, text: answerText(run, note) });
}

/** What people said to this call; also while its question was being written down. */
function answerTo(tools: Tools, call: ToolCall): Note | undefined {
  const paused = pausedFor(tools);
  return paused?.call === call.id ? paused.note : undefined;
}

async function propose(tools: Tools, session: RunSession, call: ToolCall): Promise<void> {
  const { run } = tools.held;
  if (mayPush(tools) && !tools.ledger.read(`plan ${call.id}`)) {
    await answer(tools, session, { call: call.id, text: "No plan is asked for. Go ahead.", isError: false });
    return;
  }
  await tools.ledger.once(
    `plan ${call.id}`,
    noted({ text: String(call.input["plan"] ?? "").slice(0, textMax) }),
  );
  const note = answerTo(tools, call);
  if (!note) return;
  const text = note.kind === "approval" ? approvalText(note) : wishText(run, note);
  await give(tools, session, { call, note, text });
}

/** Gives a person's words as the result of a call: said once, not as a message besides. */
async function give(
  tools: Tools,
  session: RunSession,
  { call, note, text }: { call: ToolCall; note: Note; text: string },
): Promise<void> {
  const act = tools.agents.answer(session.id, { call: call.id, text, isError: false });
  await tools.ledger.once(`answer ${call.id}`, {
    find: (begunAt) => withNote(act.find(begunAt), note),
    make: async () => ({ ...(await act.make()), note: note.id }),
  });
}

/** The last thing the agent handed in, in this round. */
export function lastSubmission({ ledger }: Tools): Submission | undefined {
  return ledger.all<Submission>("submission ").at(-1)?.value;
}
