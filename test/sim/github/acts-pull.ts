/**
 * What can be done to pull requests: open, close, merge, ask for reviews, review. State changes and the
 * deliveries they cause. Who may do it is decided before.
 */
import { newIssue, record, setState } from "./acts-issue.ts";
import { type Actor, announce } from "./announcement.ts";
import { changes, type FileChange, log } from "./diff.ts";
import { merge, mergeBase, resolve } from "./git.ts";
import { userJson } from "./payload-account.ts";
import { noreplyOf } from "./payload-commit.ts";
import { pullJson, reviewCommentJson, reviewJson, simplePullJson } from "./payload-pull.ts";
import {
  type Account,
  type Issue,
  type Json,
  nextId,
  type PullSize,
  type Repository,
  type Review,
  type ReviewComment,
  type World,
} from "./world.ts";

/** A pull request to be opened between two branches of the repository. */
export interface PullRequest {
  title: string;
  body: string;
  head: { ref: string; sha: string };
  base: { ref: string; sha: string };
  size: PullSize;
  draft: boolean;
  actor: Actor;
}

/** Opens a pull request; without an await, so that a second one for the same branches sees the first. */
export function openPull(world: World, repository: Repository, given: PullRequest): Issue {
  const issue = newIssue(world, repository, given);
  issue.pull = {
    id: nextId(),
    headRef: given.head.ref,
    headSha: given.head.sha,
    baseRef: given.base.ref,
    baseSha: given.base.sha,
    size: given.size,
    draft: given.draft,
    reviewers: [],
    reviews: [],
  };
  tellPull(world, issue, { action: "opened", actor: given.actor });
  return issue;
}

/** How much a pull request changes. */
export async function measured(
  { directory }: Repository,
  baseSha: string,
  headSha: string,
): Promise<PullSize> {
  const from = await mergeBase(directory, baseSha, headSha);
  const files = await changes(directory, from, headSha);
  const commits = await log(directory, [`${baseSha}..${headSha}`]);
  const sum = (lines: (file: FileChange) => number) => files.reduce((total, file) => total + lines(file), 0);
  return {
    commits: commits.length,
    additions: sum((file) => file.additions),
    deletions: sum((file) => file.deletions),
    files: files.length,
  };
}

/** Closes a pull request without merging it. */
export function closePull(world: World, issue: Issue, actor: Actor): void {
  if (issue.state === "closed") return;
  setState(world, issue, { state: "closed", actor });
  tellPull(world, issue, { action: "closed", actor });
}

/** Opens a closed pull request again. */
export function reopenPull(world: World, issue: Issue, actor: Actor): void {
  if (issue.state === "open") return;
  setState(world, issue, { state: "open", actor });
  tellPull(world, issue, { action: "reopened", actor });
}

/** Merges a pull request in git and closes the issues its body says it closes. Returns the base branch's move. */
export async function mergePull(
  world: World,
  issue: Issue,
  actor: Actor,
): Promise<{ before: string; after: string }> {
  const { pull, repository } = issue;
  if (!pull || issue.state === "closed") throw new Error(`#${issue.number} is not an open pull request`);
  const at = world.clock.now();
  const before = (await resolve(repository.directory, `refs/heads/${pull.baseRef}`)) ?? pull.baseSha;
  const after = await merge(repository.directory, {
    branch: pull.baseRef,
    head: pull.headSha,
    message: `Merge pull request #${issue.number} from ${repository.owner.login}/${pull.headRef}\n\n${issue.title}`,
    author: { name: actor.account.login, email: noreplyOf(actor.account) },
    at,
  });
  Object.assign(pull, { mergedAt: at, mergedBy: actor.account, mergeSha: after });
  setState(world, issue, { state: "closed", actor });
  tellPull(world, issue, { action: "closed", actor });
  for (const [, number = ""] of issue.body.matchAll(
    /\b(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?):? #(\d+)/gi,
  )) {
    const closed = repository.issues.get(Number(number));
    if (closed && !closed.pull) setState(world, closed, { state: "closed", actor });
  }
  return { before, after };
}

/** Asks people to review; one delivery each. */
export function requestReviews(
  world: World,
  issue: Issue,
  { reviewers, actor }: { reviewers: Account[]; actor: Actor },
): void {
  const { pull } = issue;
  if (!pull) return;
  for (const reviewer of reviewers.filter((each) => !pull.reviewers.includes(each))) {
    pull.reviewers.push(reviewer);
    record(world, issue, { event: "review_requested", actor });
    const fields = {
      pull_request: simplePullJson(world, issue, pull),
      requested_reviewer: userJson(world, reviewer),
    };
    announce(world, {
      repository: issue.repository,
      event: "pull_request",
      action: "review_requested",
      sender: actor.account,
      fields: { number: issue.number, ...fields },
    });
  }
}

/** A review as somebody writes it. */
export interface ReviewDraft {
  state: Review["state"];
  body: string;
  comments: { path: string; line: number; body: string }[];
  actor: Actor;
}

/** Submits a review: one delivery for it and one for each of its comments. */
export function submitReview(world: World, issue: Issue, draft: ReviewDraft): Review {
  const { pull, repository } = issue;
  if (!pull) throw new Error(`#${issue.number} is not a pull request`);
  const at = world.clock.now();
  const { account: author, via } = draft.actor;
  const base = {
    author,
    via,
    createdAt: at,
    updatedAt: at,
    edits: [],
    reactions: [],
    commitId: pull.headSha,
  };
  const comments = draft.comments.map(
    (each): ReviewComment => ({ ...base, id: nextId(), ...each, edits: [], reactions: [] }),
  );
  const { state, body } = draft;
  const review: Review = {
    id: nextId(),
    user: author,
    state,
    body,
    commitId: pull.headSha,
    submittedAt: at,
    comments,
  };
  pull.reviews.push(review);
  pull.reviewers = pull.reviewers.filter((each) => each.id !== author.id);
  issue.updatedAt = at;
  const subject = { pull_request: simplePullJson(world, issue, pull) };
  announce(world, {
    repository,
    event: "pull_request_review",
    action: "submitted",
    sender: author,
    fields: {
      ...subject,
      review: { ...reviewJson(world, issue, review), state: state.toLowerCase(), body: body || null },
    },
  });
  for (const comment of comments) {
    const fields = { ...subject, comment: reviewCommentJson(world, issue, { review, comment }) };
    announce(world, {
      repository,
      event: "pull_request_review_comment",
      action: "created",
      sender: author,
      fields,
    });
  }
  return review;
}

/** Sends a `pull_request` delivery with the pull request in full. */
export function tellPull(
  world: World,
  issue: Issue,
  { action, actor, fields = {} }: { action: string; actor: Actor; fields?: Json },
): void {
  if (!issue.pull) return;
  const subject = { number: issue.number, pull_request: pullJson(world, issue, issue.pull) };
  announce(world, {
    repository: issue.repository,
    event: "pull_request",
    action,
    sender: actor.account,
    fields: { ...subject, ...fields },
  });
}
