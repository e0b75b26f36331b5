/**
 * What all commands share: how one is answered, and what its own time says. Knows no verb.
 */
import { hasSecondCommand } from "../domain/command.ts";
import type { Intent } from "../domain/intent.ts";
import { answers } from "../domain/replies.ts";
import { targetOfSaid } from "../github/issue.ts";
import type { Owed } from "./owed.ts";
import { replyOrReact } from "./replies.ts";
import { conclude, type IntakeParts } from "./verdict.ts";

/** A comment with a command. */
export type Commanded = Extract<Intent, { kind: "command" }>;

/** GitHub's times have whole seconds, and its clock is not ours. */
export const clockSlackMs = 2_000;

/** Was a comment surely written before `at`, milliseconds since the epoch? */
export function isOlder(said: { at: number }, at: number): boolean {
  return said.at + clockSlackMs < at;
}

/** Answers a command that changes nothing. */
export async function reply(
  parts: IntakeParts,
  delivery: string,
  { place, said, origin }: Commanded,
  text: string,
): Promise<string> {
  const words = hasSecondCommand(said.body) ? `${text}\n\n${answers.oneCommand}` : text;
  const answer = { key: `command:${said.id}`, text: words, since: origin.at };
  await replyOrReact(parts, place, { ...answer, target: targetOfSaid(said) });
  return conclude(parts, delivery, "answered");
}

/** What a command's sender is told about what it came to, or (`cut`, `more`) about how it was read. */
export function replyTo(
  { place, said, origin }: Commanded,
  { about = "command", text }: { about?: "command" | "cut" | "more"; text: string },
): Owed {
  return { place, key: `${about}:${said.id}`, text, since: origin.at };
}

/** The parts with a reply that is given when the command's change is written, and only then. */
export function owing(parts: IntakeParts, reply: Owed): IntakeParts {
  return { ...parts, owed: [...(parts.owed ?? []), reply] };
}
