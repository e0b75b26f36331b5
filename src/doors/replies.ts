/**
 * Replies on a thread, each given once whatever is delivered twice: a comment found again by its marker,
 * or a reaction, which GitHub itself gives only once.
 */
import type { Clock } from "../clock.ts";
import { Problem } from "../domain/errors.ts";
import { replyMarker } from "../domain/ids.ts";
import type { Place } from "../domain/run.ts";
import type { GitHub } from "../github/client.ts";
import { comment, type Reaction, type ReactionTarget, reaction } from "../github/issue.ts";
import type { Store } from "../store/database.ts";
import { beginReply, finishReply } from "../store/replies.ts";

/** An attempt this young may still be under way. */
const attemptMs = 30_000;

/** What replies are given with. */
export interface ReplyParts {
  github: GitHub;
  store: Store;
  clock: Clock;
}

/** Posts a comment once per `key`. `since`: when what it replies to was received. */
export async function replyOnce(
  { github, store, clock }: ReplyParts,
  place: Place,
  { key, text, since }: { key: string; text: string; since: number },
): Promise<void> {
  const reply = { key, repositoryId: place.repositoryId };
  const claim = await beginReply(store, reply, clock.now());
  if (claim.kind === "given") return;
  const waitMs = claim.kind === "begun" ? claim.since + attemptMs - clock.now() : 0;
  // Another worker may be at it this moment, with a delivery that says the same.
  if (waitMs > 0)
    throw new Problem("later", "reply_begun", "A reply is under way.", { retryAfterMs: waitMs });
  const marker = replyMarker(key);
  const act = comment(github, place, { marker, body: `${text}\n\n${marker}`, since });
  if (claim.kind === "new" || !(await act.find(since))) await act.make();
  await finishReply(store, reply, clock.now());
}

/** Gives a reaction once per `key`. */
export async function reactOnce(
  { github, store, clock }: ReplyParts,
  place: Place,
  { key, target, content }: { key: string; target: ReactionTarget; content: Reaction },
): Promise<void> {
  const reply = { key, repositoryId: place.repositoryId };
  if ((await beginReply(store, reply, clock.now())).kind === "given") return;
  await reaction(github, place, target, content).make();
  await finishReply(store, reply, clock.now());
}
