/**
 * The agent's tool calls, each answered once: a pull request handed in, a question to the maintainers.
 * A submission is written down before it is answered, because the platform forgets an answered call.
 */

import { toolNames } from "../agent/definition.ts";
import { commentMarker } from "../domain/ids.ts";
import type { ToolCall } from "../domain/progress.ts";
import { answerText } from "../domain/prompt.ts";
import type { Note } from "../domain/run.ts";
import { questionComment, type Submission } from "../domain/words.ts";
import { comment } from "../github/issue.ts";
import { noted, type RunSession } from "./facts.ts";
import type { Tools } from "./tools.ts";

/** A run that waits for people: until when, and the note that answers, once there is one. */
export interface Pause {
  call: string;
  since: number;
  until: number;
  answered: boolean;
  noteId?: string;
}

/** How long a question stays open. */
const openMs = 7 * 24 * 60 * 60_000;
const titleMax = 1_000;
const textMax = 60_000;
const optionsMax = 10;

/** The question that is open, as far as the facts and notes tell; undefined when none is. */
export function pausedFor({ ledger, held: { run, facts } }: Tools): Pause | undefined {
  const call = run.progress.calls.find(({ id }) => ledger.read(`question ${id}`));
  const asked = call && facts.find(({ name }) => name === `question ${call.id}`);
  if (!call || !asked?.done_at) return undefined;
  const since = asked.done_at;
  const note = answerTo(run.notes, since);
  return {
    call: call.id,
    since,
    until: since + openMs,
    answered: note !== undefined,
    ...(note ? { noteId: note.id } : {}),
  };
}

function answerTo(notes: Note[], since: number): Note | undefined {
  return notes.find(({ at }) => at >= since);
}

/** Answers what can be answered; returns the question the run now waits on. */
export async function settleCalls(tools: Tools, session: RunSession): Promise<{ until: number } | undefined> {
  let waiting: { until: number } | undefined;
  for (const call of tools.held.run.progress.calls) {
    switch (call.name) {
      case toolNames.submit:
        await acceptSubmission(tools, session, call);
        break;
      case toolNames.ask:
        waiting = await askOrAnswer(tools, session, call);
        break;
      case toolNames.plan:
        await answer(tools, session, {
          call: call.id,
          text: "No plan is asked for. Go ahead.",
          isError: false,
        });
        break;
      default:
        await answer(tools, session, {
          call: call.id,
          text: `There is no tool ${call.name}.`,
          isError: true,
        });
    }
  }
  return waiting;
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
  if (typeof title !== "string" || typeof summary !== "string" || title.trim() === "") return undefined;
  return {
    title: title.slice(0, titleMax),
    summary: summary.slice(0, textMax),
    ...(typeof checks === "string" ? { checks: checks.slice(0, textMax) } : {}),
  };
}

async function askOrAnswer(
  tools: Tools,
  session: RunSession,
  call: ToolCall,
): Promise<{ until: number } | undefined> {
  const { ledger, github, clock } = tools;
  const { run } = tools.held;
  const options = Array.isArray(call.input["options"]) ? call.input["options"] : [];
  const question = {
    call: call.id,
    text: String(call.input["question"] ?? ""),
    options: options.filter((option) => typeof option === "string").slice(0, optionsMax),
  };
  const paused = pausedFor(tools);
  const note = paused && run.notes.find(({ id }) => id === paused.noteId);
  if (note) {
    const sent = await answer(tools, session, { call: call.id, text: answerText(run, note), isError: false });
    // Said once: as the answer, not as a message besides.
    await ledger.once(`note ${note.id}`, noted(sent));
    return undefined;
  }
  const marker = commentMarker(run.id, call.id);
  const body = questionComment(run, question);
  await ledger.once(
    `question ${call.id}`,
    comment(github, run.place, { marker, body, since: run.createdAt }),
  );
  return { until: (paused?.since ?? clock.now()) + openMs };
}

/** The last thing the agent handed in, in this round. */
export function lastSubmission({ ledger }: Tools): Submission | undefined {
  return ledger.all<Submission>("submission ").at(-1)?.value;
}
