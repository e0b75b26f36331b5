/**
 * What a session is sent: messages, answers to its agent's tool calls, interrupts. A message is found again
 * by its marker, an answer by its call. It does not know what they say.
 */
import { type Anthropic, APIError } from "@anthropic-ai/sdk";
import type { Act } from "../domain/act.ts";
import { Problem } from "../domain/errors.ts";
import type { Answer, Message, Picture } from "./agent.ts";
import { textOf } from "./events.ts";
import { asProblem, isAwaitingAnswer } from "./failure.ts";
import { once, read } from "./patience.ts";

type Sendable = Anthropic.Beta.Sessions.EventSendParams["events"][number];

/** Tells the agent something. */
export function messageAct(client: Anthropic, session: string, message: Message): Act<{ id: string }> {
  const { text, marker, pictures = [] } = message;
  const words = { type: "text" as const, text: `${text}\n\n${marker}` };
  const plain = () => send(client, session, { type: "user.message", content: [words] });
  const find = async () => {
    const list = client.beta.sessions.events.list(session, { types: ["user.message"] }, read);
    for await (const event of list) {
      if (event.type === "user.message" && textOf(event.content).includes(marker)) return { id: event.id };
    }
    return undefined;
  };
  const say = async () => {
    if (pictures.length === 0) return plain();
    try {
      const content = [words, ...pictures.flatMap(shown)];
      return await send(client, session, { type: "user.message", content });
    } catch (error) {
      if (!isTooMuch(error)) throw error;
      // Nothing was taken in, so the same is said once more without them.
      const content = [words, { type: "text" as const, text: withoutPictures(pictures) }];
      return send(client, session, { type: "user.message", content });
    }
  };
  const make = async () => {
    try {
      return await say();
    } catch (error) {
      if (!isAwaitingAnswer(error)) throw error;
      // An earlier one may have been taken in although it was refused: then the agent is at work on it already.
      const found = await find();
      if (found) return found;
      throw error;
    }
  };
  return { find, make };
}

function shown({ caption, type, bytes }: Picture) {
  const source = { type: "base64" as const, media_type: type, data: bytes.toString("base64") };
  return [
    { type: "text" as const, text: caption },
    { type: "image" as const, source },
  ];
}

/** Does the platform refuse what it was sent, rather than the moment? */
function isTooMuch(error: unknown): boolean {
  if (!(error instanceof APIError)) return false;
  return error.status === 413 || (error.status === 400 && asProblem(error).kind === "fault");
}

function withoutPictures(pictures: Picture[]): string {
  const names = pictures.map(({ caption }) => caption).join("\n\n");
  return `The platform did not take the pictures of the issue; these are left out:\n\n${names}`;
}

/** Answers a tool call. */
export function answerAct(client: Anthropic, session: string, answer: Answer): Act<{ id: string }> {
  return {
    find: async () => {
      const list = client.beta.sessions.events.list(session, { types: ["user.custom_tool_result"] }, read);
      for await (const event of list) {
        if (event.type === "user.custom_tool_result" && event.custom_tool_use_id === answer.call)
          return { id: event.id };
      }
      return undefined;
    },
    make: () =>
      send(client, session, {
        type: "user.custom_tool_result",
        custom_tool_use_id: answer.call,
        content: [{ type: "text", text: answer.text }],
        is_error: answer.isError,
      }),
  };
}

/** Ends the agent's turn. */
export async function interrupt(client: Anthropic, session: string): Promise<void> {
  await client.beta.sessions.events.send(session, { events: [{ type: "user.interrupt" }] }, once);
}

/** Sends, and names what was sent: without its id nobody could tell whether the agent has come to it. */
async function send(client: Anthropic, session: string, event: Sendable): Promise<{ id: string }> {
  const { data } = await client.beta.sessions.events.send(session, { events: [event] }, once);
  const id = data?.[0]?.id;
  if (id) return { id };
  throw new Problem(
    "later",
    "claude_sent_unnamed",
    "The Claude platform did not say under which id it took a message.",
  );
}
