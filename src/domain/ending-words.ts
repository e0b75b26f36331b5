/**
 * What people read of a round that has ended: what it came to, and what they can do. Whatever an agent wrote
 * comes in harmless already.
 */
import type { CutOff, Ending } from "./ending.ts";
import { sessionBranch } from "./ids.ts";
import type { Run } from "./run.ts";
import { oneLine } from "./sanitize.ts";
import type { Reason } from "./screening.ts";

/** What an ending is told with besides the run, as texts that are fit to stand there; "" where there is none. */
export interface EndingFacts {
  /** What the agent says was done, quoted. */
  summary: string;
  /** The agent's last words, quoted. */
  latest: string;
  counts: string;
  budget: string;
  /** What became of the pull request since. */
  fate?: string;
}

const wordsMax = 1_500;

/** The paragraphs under the headline. */
export function endingWords(run: Run, ending: Ending, facts: EndingFacts): string[] {
  return [...paragraphs(run, ending, facts), facts.fate === undefined ? "" : `${facts.fate}.`];
}

function paragraphs(
  run: Run,
  ending: Ending,
  { summary, latest, counts, budget, fate }: EndingFacts,
): string[] {
  switch (ending.kind) {
    case "opened": {
      const open = fate === undefined ? `The pull request is open: #${ending.pull}.` : "";
      // What was said in a later round stands on the pull request, under what it answers.
      return [open, summary || (run.round === 1 ? latest : ""), counts];
    }
    case "no changes":
      return latest === ""
        ? ["The agent finished without pushing anything, and without a word."]
        : ["The agent finished without pushing anything. Its last words:", latest];
    case "stopped":
      return [stopWords(ending), keptBranch(run)];
    case "failed":
      return [oneLine(ending.words, wordsMax), `Run \`${run.id}\`.`, keptBranch(run)];
    case "refused":
      return [oneLine(ending.words, wordsMax)];
    case "budget reached":
      return [
        `The budget of ${budget} is used up. \`/agent budget USD\` raises it and the work goes on.`,
        cutOff(ending),
      ];
    case "timed out":
      return [
        `The time limit of ${run.settings.limits.minutes} minutes is reached.`,
        cutOff(ending) || keptBranch(run),
      ];
    case "unanswered":
      return ["No answer came within seven days. `/agent retry` starts again."];
    default:
      return ending satisfies never;
  }
}

function stopWords({ why, by }: Extract<Ending, { kind: "stopped" }>): string {
  const who = by === undefined ? "" : ` by ${by}`;
  switch (why) {
    case "command":
      return `Stopped${who} with \`/agent stop\`.`;
    case "dashboard":
      return `Stopped${who} from the dashboard.`;
    case "a person pushed to the branch":
      return `Stopped${who}: ${why}. \`/agent fix …\` goes on, on top of that.`;
    default:
      return `Stopped${who}: ${why}.`;
  }
}

/** An ending in one line, for a run that comes after it. */
export function endingText(ending: Ending): string {
  return "words" in ending ? `${ending.kind} (${ending.words})` : ending.kind;
}

function cutOff({ pull, unfinished, held }: CutOff): string {
  if (held) return ["What was pushed is not proposed:", reasonLines(held)].join("\n\n");
  if (pull === undefined) return "";
  return `What was pushed so far is in #${pull}${unfinished ? ", marked *unfinished*" : ""}.`;
}

/** Why something is held back, a line each. */
export function reasonLines({ reasons, more }: { reasons: Reason[]; more: number }): string {
  const lines = reasons.map(({ path, words }) => `- ${path === undefined ? "" : `\`${path}\`: `}${words}`);
  return [...lines, ...(more > 0 ? [`- and ${more} more`] : [])].join("\n");
}

function keptBranch(run: Run): string {
  return run.session === undefined
    ? ""
    : `What was pushed, if anything, stays on the branch \`${sessionBranch(run.session)}\`.`;
}
