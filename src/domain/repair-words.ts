/**
 * What people read about failed checks and their repair.
 */
import { oneLine } from "./sanitize.ts";

const namesMax = 5;

/** The checks fail still after all attempts that are allowed. */
export function exhaustedText({
  head,
  attempts,
  names,
}: {
  head: string;
  attempts: number;
  names: string[];
}): string {
  const listed = names.slice(0, namesMax).map((name) => `\`${oneLine(name, 100).replaceAll("`", "'")}\``);
  const more = names.length > namesMax ? ` and ${names.length - namesMax} more` : "";
  const fail = names.length === 1 ? "fails" : "fail";
  const times = attempts === 1 ? "one repair" : `${attempts} repairs`;
  return `${listed.join(", ")}${more} still ${fail} on \`${head.slice(0, 12)}\` after ${times}, which is as often as I try by myself. \`/agent fix …\` lets me go on.`;
}

/** What comes before the agent's answer where nobody but failed checks had asked for the round. */
export function repairHeading({ attempt, attempts }: { attempt: number; attempts: number }): string {
  return `Checks failed on what I had pushed; this was repair ${attempt} of ${attempts}.`;
}
