/**
 * What a run shows of the conversation around it: that it heard somebody, that the agent has read it, that
 * it works on the pull request, and what the agent answered there.
 */

import type { Ending } from "../domain/ending.ts";
import { commentMarker } from "../domain/ids.ts";
import { repairHeading } from "../domain/repair-words.ts";
import { openingOf } from "../domain/run.ts";
import { harmless } from "../domain/sanitize.ts";
import { headline } from "../domain/words.ts";
import { finishCheck, type OwnCheck, ownCheck } from "../github/checks.ts";
import { comment, reaction } from "../github/issue.ts";
import { headOf } from "../github/pull.ts";
import { toldAs } from "./ledger.ts";
import { repairsOf } from "./repair.ts";
import { type Tools, targetOfNote } from "./tools.ts";

const replyCharactersMax = 20_000;

/** 👀 on what was taken in, 🚀 when the platform says that the agent has read it; what opened a round is told its ending. */
export async function acknowledge({ ledger, github, held: { run } }: Tools): Promise<void> {
  for (const note of run.notes) {
    const { id, round } = note;
    const target = targetOfNote(note);
    if (!target) continue;
    await ledger.once(`taken ${id}`, reaction(github, run.place, target, "eyes"));
    if (openingOf(run, round)?.id === id) continue;
    const told = toldAs(ledger, id);
    if (told === undefined || !run.progress.heard.includes(told)) continue;
    await ledger.once(`heard ${id}`, reaction(github, run.place, target, "rocket"));
  }
}

/** The check run that says that the agent works on an open pull request. */
export async function showWork({ ledger, github, held: { run } }: Tools): Promise<void> {
  const ours = run.head;
  if (run.pull === undefined || ours === undefined) return;
  if (ledger.read("check")) return;
  const check: OwnCheck = {
    kind: "working",
    title: "The agent is at work",
    summary: "It answers what was said on this pull request.",
  };
  // People may have pushed since: the check belongs on what the pull request shows now.
  const sha = await headOf(github, run.place, run.pull);
  const act = ownCheck(github, run.place, sha, check);
  await ledger.once("check", {
    find: async (begunAt) => {
      const found = await act.find(begunAt);
      return found && { ...found, sha, ours };
    },
    make: async () => ({ ...(await act.make()), sha, ours }),
  });
}

/** At the end of a round on an open pull request: the answer under it, and what became of the check. */
export async function showAnswer(tools: Tools, ending: Ending): Promise<void> {
  const { ledger, github, clock, held } = tools;
  const { run } = held;
  if (run.pull === undefined) return;
  const news = headline(run, { kind: "ended", ending }, clock.now());
  const done = doneCheck(ending, news);
  const check = ledger.read("check");
  if (check) await finishCheck(github, run.place, check.id, done);
  const heldBack = run.head === undefined ? undefined : ledger.read(`checked ${run.head}`);
  if (heldBack) await finishCheck(github, run.place, heldBack.id, done);
  else if (check && run.head !== undefined && run.head !== check.ours)
    await ledger.once(`checked ${run.head}`, ownCheck(github, run.place, run.head, done));
  const asked = run.notes.filter(
    ({ round, source, text }) => round === run.round && "pull" in source && text !== "",
  );
  if (asked.length === 0) return;
  const said = ending.kind === "opened" ? harmless(run.progress.words, { max: replyCharactersMax }) : "";
  const repairs = { attempt: repairsOf(run).length, attempts: run.settings.ci.attempts };
  const heading = asked.every(({ source }) => source.kind === "checks")
    ? `${repairHeading(repairs)}\n\n`
    : "";
  const words = `${heading}${said === "" ? news : said}`;
  const marker = commentMarker(run.id, `round-${run.round}`);
  const place = { ...run.place, issue: run.pull };
  await ledger.once(
    "reply",
    comment(github, place, { marker, body: `${words}\n\n${marker}`, since: run.roundAt }),
  );
}

function doneCheck(ending: Ending, summary: string): OwnCheck {
  const conclusion = ending.kind === "opened" ? "success" : "neutral";
  return {
    kind: "done",
    conclusion,
    title: ending.kind === "opened" ? "The agent is done" : ending.kind,
    summary,
  };
}

/** A push to the open pull request that is held back: check and conversation say so, with the reasons. */
export async function showHeld(
  { ledger, github, held: { run } }: Tools,
  sha: string,
  summary: string,
): Promise<void> {
  if (run.pull === undefined) return;
  const check: OwnCheck = { kind: "done", conclusion: "action_required", title: "Held back", summary };
  const begun = ledger.read("check");
  if (begun && !ledger.read(`checked ${sha}`)) await finishCheck(github, run.place, begun.id, check);
  await ledger.once(`checked ${sha}`, ownCheck(github, run.place, sha, check));
  const marker = commentMarker(run.id, `held-${sha}`);
  const place = { ...run.place, issue: run.pull };
  const body = `${summary}\n\n${marker}`;
  await ledger.once(`told ${sha}`, comment(github, place, { marker, body, since: run.roundAt }));
}
