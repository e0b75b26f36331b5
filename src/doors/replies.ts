/**
 * Replies on a thread, each given once whatever is delivered twice: a comment found again by its marker,
 * or a reaction, which GitHub itself gives only once.
 */
import type { Clock } from "../clock.ts";
import type { Act } from "../domain/act.ts";
import { isProblem, Problem } from "../domain/errors.ts";
import { replyMarker } from "../domain/ids.ts";
import type { Place } from "../domain/run.ts";
import type { GitHub } from "../github/client.ts";
import { comment, type Reaction, type ReactionTarget, reaction } from "../github/issue.ts";
import type { Store } from "../store/database.ts";
import {
  beginReply,
  beginReplyWithin,
  type Claim,
  finishReply,
  type ReplyKey,
  takeOverReply,
} from "../store/replies.ts";

/** An attempt this young may still be under way. */
const attemptMs = 30_000;

/** What replies are given with. */
export interface ReplyParts {
  github: GitHub;
  store: Store;
  clock: Clock;
}

/** So many of a kind (`prefix` of their keys) an hour in a repository. */
export interface Hourly {
  prefix: string;
  max: number;
}

const hourMs = 3_600_000;

/**
 * Posts a comment once per `key`. `since`: when what it replies to was received. False when there were too
 * many of its kind already.
 */
export async function replyOnce(
  { github, store, clock }: ReplyParts,
  place: Place,
  { key, text, since, hourly }: { key: string; text: string; since: number; hourly?: Hourly },
): Promise<boolean> {
  const reply = { key, repositoryId: place.repositoryId };
  const claim = await claimed({ store, clock }, reply, hourly);
  if (claim.kind === "too many") return false;
  if (claim.kind === "given") return true;
  const marker = replyMarker(key);
  const act = comment(github, place, { marker, body: `${text}\n\n${marker}`, since });
  await made({ store, clock }, { reply, claim, act, since });
  return true;
}

/**
 * The same; where nobody may be told, as in a locked conversation, a reaction on what was said (`target`) shows
 * that it was heard.
 */
export async function replyOrReact(
  parts: ReplyParts,
  place: Place,
  { target, ...reply }: Parameters<typeof replyOnce>[2] & { target: ReactionTarget },
): Promise<boolean> {
  try {
    return await replyOnce(parts, place, reply);
  } catch (error) {
    if (!isProblem(error, "refused")) throw error;
    await reactOnce(parts, place, { key: `mute:${reply.key}`, target, content: "confused" });
    return true;
  }
}

/** Does an act on a repository once per `key`. */
export async function once<T>(
  { store, clock }: Pick<ReplyParts, "store" | "clock">,
  { repositoryId }: Pick<Place, "repositoryId">,
  { key, act }: { key: string; act: Act<T> },
): Promise<void> {
  const reply = { key, repositoryId };
  const claim = await beginReply(store.db, reply, clock.now());
  if (claim.kind !== "given") await made({ store, clock }, { reply, claim, act, since: clock.now() });
}

async function made<T>(
  { store, clock }: Pick<ReplyParts, "store" | "clock">,
  {
    reply,
    claim,
    act,
    since,
  }: { reply: ReplyKey; claim: Exclude<Claim, { kind: "given" }>; act: Act<T>; since: number },
): Promise<void> {
  const waitMs = claim.kind === "begun" ? claim.since + attemptMs - clock.now() : 0;
  // Another worker may be at it this moment, with a delivery that says the same.
  if (waitMs > 0) throw underWay(waitMs);
  if (claim.kind === "begun" && !(await takeOverReply(store.db, reply, claim.since, clock.now())))
    throw underWay(attemptMs);
  if (claim.kind === "new" || !(await act.find(since))) await act.make();
  await finishReply(store, reply, clock.now());
}

function underWay(retryAfterMs: number): Problem {
  return new Problem("later", "reply_begun", "A reply is under way.", { retryAfterMs });
}

function claimed(
  { store, clock }: Pick<ReplyParts, "store" | "clock">,
  reply: ReplyKey,
  hourly: Hourly | undefined,
) {
  const now = clock.now();
  return hourly === undefined
    ? beginReply(store.db, reply, now)
    : beginReplyWithin(store, reply, { ...hourly, since: now - hourMs, now });
}

/** Gives a reaction once per `key`, where there were not too many of its kind already. */
export async function reactOnce(
  { github, store, clock }: ReplyParts,
  place: Place,
  {
    key,
    target,
    content,
    hourly,
  }: { key: string; target: ReactionTarget; content: Reaction; hourly?: Hourly },
): Promise<void> {
  const reply = { key, repositoryId: place.repositoryId };
  const { kind } = await claimed({ store, clock }, reply, hourly);
  if (kind === "given" || kind === "too many") return;
  await reaction(github, place, target, content).make();
  await finishReply(store, reply, clock.now());
}
