/** What stories about conversations share: saying things, and reading what was told to whom. */
import { expect } from "vitest";
import { textOf } from "../sim/claude/agent.ts";
import type { Session } from "../sim/claude/session.ts";
import { type Stage, shop } from "./stage.ts";

/** A comment, and a minute for what comes of it. Returns the comment's id. */
export async function says(stage: Stage, thread: number, body: string, by = "mona"): Promise<number> {
  const id = stage.github.comment(shop, thread, { body, by });
  await stage.pass(60_000);
  return id;
}

/** Texts of all messages a session was sent, oldest first, the request included. */
export function toldTo(session: Session | undefined): string[] {
  return (session?.log ?? []).flatMap((event) =>
    event.type === "user.message" ? [textOf(event.content)] : [],
  );
}

/** Reactions a comment has, sorted. */
export function reactionsTo(stage: Stage, thread: number, id: number): string[] {
  const comment = stage.github.comments(shop, thread).find((one) => one.id === id);
  return (comment?.reactions ?? []).map(({ content }) => content).sort();
}

/** Reactions the remarks of a pull request's newest review have, sorted. */
export function reactionsToRemarks(stage: Stage, pull: number): string[][] {
  return (stage.github.reviews(shop, pull).at(-1)?.remarks ?? []).map(({ reactions }) => reactions);
}

/** What our App said on a thread last, without its marker. */
export function lastWords(stage: Stage, thread: number): string {
  const own = stage.github
    .comments(shop, thread)
    .filter(({ author }) => author === stage.github.app.botLogin);
  return (own.at(-1)?.body ?? "").replace(/\s*<!-- patchwright:[^>]*-->/g, "");
}

/** The conversation as people see it, one line per comment: who, and the first line. */
export function transcript(stage: Stage, thread: number): string[] {
  return stage.github.comments(shop, thread).map(({ author, body }) => `${author}: ${body.split("\n")[0]}`);
}

/** Tokens for sessions that are alive. */
export function aliveTokens(stage: Stage) {
  return stage.github
    .tokens()
    .filter(({ repositoryIds, revokedAt }) => repositoryIds && revokedAt === undefined);
}

/** Our check runs, newest last: state, conclusion and commit. */
export function ownChecks(stage: Stage) {
  return stage.github
    .checkRuns(shop)
    .filter(({ name }) => name === "patchwright")
    .map(({ status, conclusion, headSha }) => ({ status, conclusion, headSha }));
}

/** Plays until the pull request is open and its run at rest; both numbers. */
export async function openedPull(stage: Stage): Promise<{ issue: number; pull: number }> {
  const issue = stage.labelled();
  await stage.untilShown(issue, "opened #");
  await stage.pass(60_000);
  const pull = stage.github.pulls(shop).at(-1)?.number ?? 0;
  expect(pull).toBeGreaterThan(0);
  return { issue, pull };
}
