/**
 * What all commands share: how one is answered, and what its own time says. Knows no verb.
 */
import type { Intent } from "../domain/intent.ts";
import type { Owed } from "./owed.ts";
import { replyOnce } from "./replies.ts";
import { conclude, type IntakeParts } from "./verdict.ts";

/** A comment with a command. */
export type Commanded = Extract<Intent, { kind: "command" }>;

/** GitHub's times have whole seconds, and its clock is not ours. */
const clockSlackMs = 2_000;

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
  await replyOnce(parts, place, { key: `command:${said.id}`, text, since: origin.at });
  return conclude(parts, delivery, "answered");
}

/** What a command's sender is told about what it came to, or (`cut`) about how it was read. */
export function replyTo(
  { place, said, origin }: Commanded,
  { about = "command", text }: { about?: "command" | "cut"; text: string },
): Owed {
  return { place, key: `${about}:${said.id}`, text, since: origin.at };
}

/** The parts with a reply that is given when the command's change is written, and only then. */
export function owing(parts: IntakeParts, reply: Owed): IntakeParts {
  return { ...parts, owed: [...(parts.owed ?? []), reply] };
}
