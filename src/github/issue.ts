/**
 * Issues and their conversation: reactions and comments, each found again by what it carries.
 * A marker counts only in what our own App wrote; anybody can paste one.
 */
import { type Act, idempotent } from "../domain/act.ts";
import { isProblem } from "../domain/errors.ts";
import type { Aside, Place } from "../domain/run.ts";
import type { GitHub } from "./client.ts";
import { pagesOf } from "./pages.ts";

/** A comment of ours. */
export interface OwnComment {
  id: number;
  url: string;
  /** When it was posted, by GitHub's clock, milliseconds since the epoch in whole seconds. */
  at?: number;
}

/** Reactions we give (GitHub's names). */
export type Reaction = "eyes" | "rocket" | "confused";

/** What a reaction goes on: the issue, a comment of the conversation, a remark on a line, or a review. */
export type ReactionTarget = { kind: "issue" } | { kind: "comment" | Aside; id: number };

/** Where what somebody said takes a reaction. */
export function targetOfSaid({ id, as }: { id: number; as?: Aside | undefined }): ReactionTarget {
  return { kind: as ?? "comment", id };
}

/** Largest comment GitHub takes, in characters (422 above). */
export const commentCharactersMax = 65_536;
/** Comments are searched from a little earlier than the attempt: clocks differ. */
const slackMs = 60_000;
/** Pages of a hundred that are searched for a comment of ours. */
const pagesMax = 20;

/**
 * Gives a reaction; GitHub answers the same when it is already there. A comment that is gone needs none, and a
 * review can have none: number 0.
 */
export function reaction(
  github: GitHub,
  place: Place,
  target: ReactionTarget,
  content: Reaction,
): Act<{ id: number }> {
  const { owner, repo, issue: issue_number } = place;
  const { reactions } = github.of(place.installation).rest;
  const give = () => {
    if (target.kind === "issue") return reactions.createForIssue({ owner, repo, issue_number, content });
    const comment = { owner, repo, comment_id: target.id, content };
    return target.kind === "remark"
      ? reactions.createForPullRequestReviewComment(comment)
      : reactions.createForIssueComment(comment);
  };
  return idempotent(async () => {
    if (target.kind === "review") return { id: 0 };
    try {
      return { id: (await give()).data.id };
    } catch (error) {
      if (target.kind === "issue" || !isProblem(error, "gone")) throw error;
      return { id: 0 };
    }
  });
}

/** Posts a comment that holds `marker`, or finds the one posted since `since` (milliseconds since the epoch). */
export function comment(
  github: GitHub,
  place: Place,
  { marker, body, since }: { marker: string; body: string; since: number },
): Act<OwnComment> {
  const { owner, repo, issue } = place;
  const octokit = github.of(place.installation);
  return {
    find: () => findComment(github, place, { marker, since }),
    make: async () => {
      const { data } = await octokit.rest.issues.createComment({ owner, repo, issue_number: issue, body });
      return ownComment(data);
    },
  };
}

function ownComment(data: { id: number; html_url: string; created_at: string }): OwnComment {
  return { id: data.id, url: data.html_url, at: Date.parse(data.created_at) };
}

async function findComment(
  github: GitHub,
  { installation, owner, repo, issue }: Place,
  { marker, since }: { marker: string; since: number },
): Promise<OwnComment | undefined> {
  const octokit = github.of(installation);
  const { appId } = await github.self(installation);
  for (let page = 1; page <= pagesMax; page++) {
    const { data } = await octokit.rest.issues.listComments({
      owner,
      repo,
      issue_number: issue,
      since: new Date(since - slackMs).toISOString(),
      per_page: 100,
      page,
    });
    const own = data.find((one) => one.performed_via_github_app?.id === appId && one.body?.includes(marker));
    if (own) return ownComment(own);
    if (data.length < 100) return undefined;
  }
  return undefined;
}

/** Replaces a comment's text. False when a person has deleted it. */
export async function editComment(
  github: GitHub,
  place: Place,
  { id, body }: { id: number; body: string },
): Promise<boolean> {
  const { owner, repo } = place;
  try {
    await github.of(place.installation).rest.issues.updateComment({ owner, repo, comment_id: id, body });
    return true;
  } catch (error) {
    if (isProblem(error, "gone")) return false;
    throw error;
  }
}

/** A comment of an issue's conversation. Times are milliseconds since the epoch. */
export interface ThreadComment {
  id: number;
  author: string;
  authorId: number;
  type: string;
  /** The App through which it was written, by number. */
  app?: number;
  createdAt: number;
  updatedAt: number;
  body: string;
}

/** The conversation, oldest first: its newest `pagesMax` pages. `unread` counts what is older. */
export async function issueComments(
  github: GitHub,
  { installation, owner, repo, issue }: Place,
): Promise<{ comments: ThreadComment[]; unread: number }> {
  const { issues } = github.of(installation).rest;
  const read = (page: number) =>
    issues.listComments({ owner, repo, issue_number: issue, per_page: 100, page });
  const first = await read(1);
  const pages = pagesOf(first.headers.link);
  const start = Math.max(pages - pagesMax + 1, 1);
  const comments: ThreadComment[] = [];
  for (let page = start; page <= pages; page++) {
    const { data } = page === 1 ? first : await read(page);
    comments.push(
      ...data.map((one) => ({
        id: one.id,
        author: one.user?.login ?? "ghost",
        authorId: one.user?.id ?? 0,
        type: one.user?.type ?? "User",
        ...(one.performed_via_github_app ? { app: one.performed_via_github_app.id } : {}),
        createdAt: Date.parse(one.created_at),
        updatedAt: Date.parse(one.updated_at),
        body: one.body ?? "",
      })),
    );
  }
  return { comments, unread: (start - 1) * 100 };
}
