/**
 * The request as the agent reads it: our own words first, then everything strangers wrote, fenced with its
 * provenance. Built from what was frozen at the trigger; it names a branch and tools, never a token.
 */
import { sessionBranch } from "./ids.ts";
import { baseBranch, fullName, type Run } from "./run.ts";
import { oneLine, plainInput } from "./sanitize.ts";

/** A comment that goes in. */
export interface QuotedComment {
  author: string;
  at: string;
  text: string;
}

/** What the request is made of besides the run. */
export interface PromptFacts {
  session: string;
  quoted: QuotedComment[];
  leftOut: string[];
  /** Author of commits: the App's bot. */
  committer: { name: string; email: string };
}

const bodyCharactersMax = 65_536;
const commentCharactersMax = 10_000;

/** The whole request of a run's first round. */
export function requestText(run: Run, facts: PromptFacts): string {
  const { place, origin, settings } = run;
  const branch = sessionBranch(facts.session);
  return [
    `Resolve issue #${place.issue} of ${fullName(place)}.`,
    [
      `- Repository: /workspace/${place.repo}, checked out at \`${baseBranch(run)}\`.`,
      `- Create the branch \`${branch}\` from it, commit there and push exactly that branch: \`git push origin HEAD:${branch}\`.`,
      `- Commit as: git config user.name "${facts.committer.name}" && git config user.email "${facts.committer.email}".`,
      `- When everything is pushed call submit_pull_request, then end your turn. Ask with ask_maintainer only what blocks you.`,
    ].join("\n"),
    ...(settings.instructions === ""
      ? []
      : [`The repository's standing instructions:\n\n${settings.instructions}`]),
    ...(origin.trigger.kind === "command" && origin.trigger.instructions !== ""
      ? [
          fenced(
            run,
            `instructions by ${origin.sender.login}, who asked for this run`,
            origin.trigger.instructions,
          ),
        ]
      : []),
    fenced(run, `title of issue #${place.issue}`, oneLine(origin.title, 1_000)),
    fenced(
      run,
      `body of issue #${place.issue} by ${origin.author?.login ?? "a deleted account"}`,
      cut(origin.body, bodyCharactersMax),
    ),
    ...facts.quoted.map((one) =>
      fenced(run, `comment by ${one.author} at ${one.at}`, cut(one.text, commentCharactersMax)),
    ),
    ...(facts.leftOut.length === 0 ? [] : [`Left out: ${facts.leftOut.join("; ")}.`]),
  ].join("\n\n");
}

/** Something a person says to the running agent. */
export function noteText(run: Run, note: { author: string; text: string }): string {
  return fenced(run, `further instructions by ${note.author}, who may steer this run`, note.text);
}

/** What the agent is told when four fifths of its time are over. */
export const lastCallText =
  "Your time is almost over. Finish what you can, push it now and call submit_pull_request; say in the summary what is missing.";

/** What a person answered to the agent's question. */
export function answerText(run: Run, note: { author: string; text: string }): string {
  return fenced(run, `answer by ${note.author}`, note.text);
}

function cut(text: string, max: number): string {
  return text.length <= max ? text : `${text.slice(0, max)}\n[cut after ${max} characters]`;
}

/** The fence carries the run's id, which no author could know, so nothing inside can close it. */
function fenced(run: Run, provenance: string, text: string): string {
  const fence = `untrusted-data ${run.id}`;
  const { text: plain } = plainInput(text);
  return `<${fence}: ${oneLine(provenance, 200)}>\n${plain.replaceAll(run.id, "run")}\n</${fence}>`;
}
