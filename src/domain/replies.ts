/**
 * What we answer to commands: help, status, and every no with its remedy. Words only; who gets them and how
 * often is decided elsewhere.
 */
import { type CommandReading, commandTable, instructionsCharsMax, type Verb } from "./command.ts";
import { atLeast, type Level } from "./permission.ts";
import { queuedText } from "./queue-words.ts";
import type { Run } from "./run.ts";
import type { Settings } from "./settings.ts";
import { dollars, headline, notApprovable, type State } from "./words.ts";

/** The commands, each with whether this sender may give it here. */
export function helpText(login: string, has: Level, settings: Pick<Settings, "who">): string {
  const rows = commandTable.map(({ verb, form, help, beyond }) => {
    const needed = needs(verb, settings);
    const yes = beyond === undefined || atLeast(has, "maintain") ? "yes" : `yes; ${beyond}`;
    return `| \`${form}\` | ${help} | ${atLeast(has, needed) ? yes : `needs \`${needed}\``} |`;
  });
  return [
    `What ${login} may do here (role \`${has}\`):`,
    ["| command | effect | may you |", "|---|---|---|", ...rows].join("\n"),
    "Lines after the first belong to the instructions. `/fix` is short for `/agent fix`.",
  ].join("\n\n");
}

function needs(verb: Verb, settings: Pick<Settings, "who">): Level {
  return verb === "doctor" ? "admin" : settings.who;
}

/** An unknown verb: the nearest command and the list. */
export function unknownText(reading: Extract<CommandReading, { kind: "unknown" }>): string {
  const said =
    reading.verb === "" ? "`/agent` needs a word after it." : `There is no command \`${reading.verb}\`.`;
  const row = commandTable.find(({ verb }) => verb === reading.nearest);
  const hint = row ? ` Did you mean \`${row.form}\`?` : "";
  return `${said}${hint}\n\n${commandTable.map(({ form, help }) => `- \`${form}\`: ${help}`).join("\n")}`;
}

/** A known verb with an argument that does not parse. */
export function malformedText(reading: Extract<CommandReading, { kind: "malformed" }>): string {
  return `I did not understand that. Send ${reading.expected}.`;
}

/** Where a run stands now. */
export function statusText(run: Run, state: State, now: number): string {
  const first = headline(run, state, now);
  return state.kind === "queued" ? `${first}\n\n${queuedText(state, run.place.owner)}` : first;
}

/** Every other answer, by name. */
export const answers = {
  cut: `Your instructions are longer than ${instructionsCharsMax} characters; what comes after them was left out.`,
  oneCommand:
    "A comment has one command, the first. What follows it is taken as instructions where the command has any, and otherwise left out: send the other command in a comment of its own.",
  planNeedsNewRun:
    "A plan is for a new run, and one is at work here or has its pull request open. `/agent fix …` passes instructions on to it.",
  nothingToStop: "No run is at work here.",
  noRun: "There has been no run on this issue. `/agent fix` starts one.",
  runOver:
    "The last run on this issue is over. `/agent fix` starts another one; `/agent retry` starts the same again.",
  stillWorking: "A run is at work here. `/agent stop` stops it; `/agent fix …` passes instructions on to it.",
  retrySuccess: "The last run did not fail, so there is nothing to retry. `/agent fix …` goes on with it.",
  nothingToApprove: "Nothing waits for an approval here.",
  planChanged: "The plan has changed since you wrote this. Look at it again, then send `/agent approve`.",
  notYourOwn: "By this repository's settings somebody other than the requester has to approve.",
  foreignPull:
    "I did not open this pull request, so I cannot work on it. Open an issue that describes the change and label it, or comment `/agent fix` there.",
  closedPull:
    "This pull request is merged or closed, and the work on it is over. Open an issue, or comment `/agent fix` on the old one.",
  retryBudget: "The run's budget is used up. `/agent budget USD` raises it and the work goes on.",
  otherAtWork:
    "Another run is at work on this issue. I keep this for the agent until this pull request is worked on again.",
  keptForBudget: "The run's budget is used up. I keep this and go on with it after `/agent budget USD`.",
  notApprovable,
  approveWith: (sha: string) => `To let the held work through send exactly \`/agent approve ${sha}\`.`,
  wrongHead: (sha: string) =>
    `The head is \`${sha}\` now. Look at it, then send \`/agent approve ${sha.slice(0, 12)}\`.`,
  budgetTooSmall: (spent: number) =>
    `${dollars(spent)} is spent already; the budget has to be more than that.`,
  budgetTooLarge: (most: number) => `The operator of this service allows at most ${dollars(most)} a run.`,
  budgetStays: ({ asked, stays }: { asked: number; stays: number }) =>
    `The run has cost more than ${dollars(asked)} already: the budget stays ${dollars(stays)}.`,
  budgetNotTaken: ({ asked, stays }: { asked: number; stays: number }) =>
    `The Claude platform did not take a budget of ${dollars(asked)}: it stays ${dollars(stays)}.`,
  budgetRaised: (cents: number) => `The budget is ${dollars(cents)} now.`,
};
