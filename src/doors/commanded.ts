/**
 * What all commands share: how one is answered, and what its own time says. Knows no verb.
 */
import { isProblem } from "../domain/errors.ts";
import type { Intent } from "../domain/intent.ts";
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

/** Says what became of a command that is carried out already; where nobody can be told, it stands all the same. */
export async function replyAfter(
  parts: IntakeParts,
  { place, said, origin }: Commanded,
  { about = "command", text }: { about?: "command" | "cut"; text: string },
): Promise<void> {
  const given = replyOnce(parts, place, { key: `${about}:${said.id}`, text, since: origin.at });
  await given.catch((error: unknown) => {
    if (!isProblem(error)) throw error;
    parts.log.warn({ err: error }, "a command was carried out without a reply");
  });
}
