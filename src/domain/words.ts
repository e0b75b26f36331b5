/**
 * Every sentence people read on GitHub, in one file. Whatever an agent or a stranger wrote passes through
 * `harmless` or `oneLine` before it stands beside our own words.
 */
import type { Ending } from "./ending.ts";
import { endingWords, reasonLines } from "./ending-words.ts";
import { commentMarker, runMarker, sessionBranch } from "./ids.ts";
import { filledTemplate } from "./pull-template.ts";
import { queuedText } from "./queue-words.ts";
import { budgetCents, fullName, type Run, spentCents } from "./run.ts";
import { harmless, harmlessTitle, oneLine } from "./sanitize.ts";
import type { Reason } from "./screening.ts";
import { settingsLines } from "./settings-words.ts";

/** What the agent handed in with `submit_pull_request`. */
export interface Submission {
  title: string;
  summary: string;
  checks?: string;
}

/** Where a run stands, as its status comment says it. */
export type State =
  | { kind: "starting" | "working" }
  /** `place`: how many rounds are let in before it, itself included. */
  | { kind: "queued"; place?: number | undefined; isPaused: boolean }
  | { kind: "waiting for an answer" }
  | { kind: "waiting for approval"; of: "head"; head: string; reasons: Reason[]; more: number }
  | { kind: "waiting for approval"; of: "plan"; plan: string }
  /** `fate`: what became of the pull request, once it is merged or closed. `summary`: the agent's, of the work. */
  | { kind: "ended"; ending: Ending; fate?: string; summary?: string };

/** What the status comment is made of besides the run. */
export interface StatusFacts {
  now: number;
  sessionUrl?: string;
  dashboardUrl?: string;
  /** Things left out of the request, in words. */
  leftOut?: string[];
  /** Sentences about servers the run works without. */
  without?: string[];
}

/** GitHub's limits: a comment or body, a title. */
const bodyMax = 65_536;
const titleMax = 120;
const wordsMax = 1_500;
const summaryMax = 20_000;
const planMax = 20_000;

/** The headline: who asked, what state, how long, what it cost so far. */
export function headline(run: Run, state: State, now: number): string {
  return [
    `**${run.origin.sender.login}** asked`,
    `**${stateName(state)}**`,
    span(now - run.createdAt),
    cost(run),
  ].join(" · ");
}

/** The status comment: headline first, marker last. */
export function statusComment(run: Run, state: State, facts: StatusFacts): string {
  const said = stateWords(run, state).filter((part) => part !== "");
  const parts = [headline(run, state, facts.now), ...said, ...links(run, state, facts)];
  const marker = runMarker(run.id);
  return `${parts.join("\n\n").slice(0, bodyMax - marker.length - 2)}\n\n${marker}`;
}

function stateName(state: State): string {
  if (state.kind !== "ended") return state.kind;
  return state.ending.kind === "opened" ? `opened #${state.ending.pull}` : state.ending.kind;
}

function stateWords(run: Run, state: State): string[] {
  switch (state.kind) {
    case "queued":
      return [queuedText(state, run.place.owner), "Reply `/agent stop` to stop me."];
    case "starting":
      return ["I am on it. Reply `/agent stop` to stop me."];
    case "working":
      return [latest(run), counts(run)];
    case "waiting for an answer":
      return [
        "I asked a question below and wait for the answer: reply in a comment. Nothing is spent meanwhile.",
      ];
    case "waiting for approval":
      return [state.of === "plan" ? planWords(state.plan) : heldText(state)];
    case "ended":
      return endingWords(run, state.ending, {
        summary: quoted(state.summary ?? ""),
        latest: latest(run),
        counts: counts(run),
        budget: dollars(budgetCents(run.settings)),
        ...(state.fate === undefined ? {} : { fate: state.fate }),
      });
    default:
      return state satisfies never;
  }
}

function planWords(plan: string): string {
  const asks =
    "`/agent approve` lets me go ahead with this plan, and only then may I push. Any other comment of someone who may start a run changes it.";
  return ["I propose:", harmless(plan, { max: planMax }), asks].join("\n\n");
}

/** May a maintainer let through what is held back for these reasons? */
export function isApprovable(reasons: Reason[]): boolean {
  return reasons.every((reason) => reason.approvable);
}

/** What is said where nobody may. */
export const notApprovable =
  "This cannot be approved: a commit holds something that must not be published. `/agent stop` ends the run.";

/** Why what was pushed is held back, and what lets it through. */
export function heldText({ head, reasons, more }: Extract<State, { of: "head" }>): string {
  const remedy = isApprovable(reasons)
    ? `Someone with the role *maintain* or *admin* can let it through with \`/agent approve ${head.slice(0, 12)}\`.`
    : notApprovable;
  return heldWords({ head, reasons, more }, remedy);
}

/** Why what a round left on the pull request may not stand there, once the round is over. */
export function leftText(held: { head: string; reasons: Reason[]; more: number }): string {
  return heldWords(held, "The round is over. `/agent fix …` has it taken back or changed.");
}

function heldWords({ head, ...held }: { head: string; reasons: Reason[]; more: number }, remedy: string) {
  return [`What was pushed (head \`${head}\`) is held back:`, reasonLines(held), remedy].join("\n\n");
}

function latest(run: Run): string {
  return quoted(run.progress.words);
}

function quoted(words: string): string {
  const lines = harmless(words, { max: wordsMax }).split("\n");
  return lines.join("") === "" ? "" : lines.map((line) => `> ${line}`).join("\n");
}

function counts(run: Run): string {
  const { read, edited, commands } = run.progress.counts;
  return `${many(read, "file")} read · ${many(edited, "edit")} · ${many(commands, "command")} run`;
}

function many(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}

function links(run: Run, state: State, facts: StatusFacts): string[] {
  const all = [
    facts.sessionUrl && `[session](${facts.sessionUrl})`,
    run.session && state.kind !== "starting" && `branch \`${sessionBranch(run.session)}\``,
    run.pull && !("ending" in state && "pull" in state.ending) && `pull request #${run.pull}`,
    facts.dashboardUrl && `[timeline](${facts.dashboardUrl})`,
  ].filter((link) => typeof link === "string");
  const notes =
    facts.leftOut && facts.leftOut.length > 0
      ? [`Left out of the request: ${facts.leftOut.join("; ")}.`]
      : [];
  return [
    ...notes,
    ...(facts.without ?? []),
    ...settingsLines(run.origin, fullName(run.place)),
    ...(all.length > 0 ? [all.join(" · ")] : []),
  ];
}

function cost(run: Run): string {
  return `${dollars(spentCents(run))} of ${dollars(budgetCents(run.settings))}`;
}

/** Cents as people write them. */
export function dollars(cents: number): string {
  return `$${(cents / 100).toFixed(2)}`;
}

/** A span of milliseconds in the coarsest words that are true enough. */
export function span(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 1) return `${Math.max(Math.floor(ms / 1000), 0)} s`;
  return minutes < 120 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** Title of the session at the platform: `owner/repo#N: title`. */
export function sessionTitle(run: Run): string {
  return oneLine(`${fullName(run.place)}#${run.place.issue}: ${run.origin.title}`, 200);
}

/** The pull request's title. */
export function pullTitle(run: Run, submission: Submission | undefined): string {
  const title = harmlessTitle(submission?.title ?? run.origin.title, titleMax);
  return title === "" ? `Resolve #${run.place.issue}` : title;
}

/** What a pull request's body is made of besides the run. */
export interface PullFacts {
  submission?: Submission;
  template?: string;
  sessionUrl?: string;
  unfinished?: boolean;
}

/** The pull request's body: template filled or plain, then what every one of ours says. */
export function pullBody(run: Run, facts: PullFacts): string {
  const closes = `Closes #${run.place.issue}`;
  const said = facts.submission?.summary ?? run.progress.words;
  const summary =
    harmless(said, { max: summaryMax, references: [`#${run.place.issue}`] }) ||
    harmlessTitle(run.origin.title, titleMax);
  const checks = harmless(facts.submission?.checks ?? "", { max: summaryMax });
  const head = facts.unfinished ? ["**Unfinished:** the run ended before the agent said it was done."] : [];
  const foot = [
    closes,
    [
      facts.sessionUrl && `[Claude session](${facts.sessionUrl})`,
      `cost ${dollars(spentCents(run))}`,
      `asked by ${run.origin.sender.login}${steered(run)}`,
    ]
      .filter((part) => part)
      .join(" · "),
    runMarker(run.id),
  ];
  const parts =
    facts.template === undefined
      ? [summary, ...(checks === "" ? [] : ["### How it was checked", checks])]
      : [filledTemplate(facts.template, { summary, checks })];
  return [...head, ...parts, ...foot].join("\n\n").slice(-bodyMax);
}

const steerersMax = 5;

/** Who said something to the run besides the one who asked for it. */
function steered({ notes, origin }: Run): string {
  const said = notes.filter(({ source }) => source.kind === "comment").map(({ author }) => author);
  const others = [...new Set(said)].filter((login) => login !== origin.sender.login);
  const more = others.length > steerersMax ? [`${others.length - steerersMax} more`] : [];
  return others.length === 0 ? "" : `, steered by ${[...others.slice(0, steerersMax), ...more].join(", ")}`;
}

/** The one comment by which the agent asks its question. */
export function questionComment(
  run: Run,
  question: { call: string; text: string; options: string[] },
): string {
  const options = question.options.map((option) => `- ${harmless(option, { max: 300 })}`);
  return [
    `@${run.origin.sender.login}, the agent asks:`,
    harmless(question.text, { max: 8_000 })
      .split("\n")
      .map((line) => `> ${line}`)
      .join("\n"),
    ...(options.length > 0 ? [options.join("\n")] : []),
    "Reply in a comment here; anyone who may start a run may answer.",
    commentMarker(run.id, question.call),
  ].join("\n\n");
}

/** The reminder after a day without an answer or approval. */
export function reminderComment(run: Run, state: State, marker: string): string {
  const plan = state.kind === "waiting for approval" && state.of === "plan";
  const held = state.kind === "waiting for approval" && state.of === "head" ? state : undefined;
  const what = [
    held && !isApprovable(held.reasons)
      ? "a word on the work held back above. It cannot be approved; `/agent stop` ends the run"
      : "",
    held ? `\`/agent approve ${held.head.slice(0, 12)}\` for the work held back above` : "",
    plan ? "`/agent approve` for the plan above, or a comment that changes it" : "",
  ].find((one) => one !== "");
  return [
    `@${run.origin.sender.login}, I still wait for ${what ?? "an answer to the question above"}. After seven days I stop waiting.`,
    marker,
  ].join("\n\n");
}
