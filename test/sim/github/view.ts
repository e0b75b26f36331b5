/**
 * What a test may look at: state as plain objects, without going through HTTP and without counting as a request.
 */
import { log } from "./diff.ts";
import { refs, resolve } from "./git.ts";
import { issueIn } from "./people.ts";
import { somewhere } from "./seeds.ts";
import { fileAt } from "./tree.ts";
import {
  type CheckRun,
  type Comment,
  fullName,
  type Issue,
  type Review,
  type Token,
  type World,
} from "./world.ts";

/** An issue's outside. */
export interface IssueView {
  number: number;
  title: string;
  body: string;
  author: string;
  state: "open" | "closed";
  labels: string[];
  reactions: { content: string; by: string }[];
}

/** A comment's outside. */
export interface CommentView {
  id: number;
  author: string;
  body: string;
  createdAt: number;
  editedAt: number | undefined;
  reactions: { content: string; by: string }[];
  minimized: string | undefined;
}

/** A review's outside. */
export interface ReviewView {
  author: string;
  state: Review["state"];
  body: string;
  at: number;
  remarks: { path: string; line: number; body: string; reactions: string[] }[];
}

/** A pull request's outside. */
export interface PullView extends IssueView {
  head: string;
  headSha: string;
  base: string;
  draft: boolean;
  merged: boolean;
  reviewers: string[];
}

function issueView(issue: Issue): IssueView {
  return {
    number: issue.number,
    title: issue.title,
    body: issue.body,
    author: issue.author.login,
    state: issue.state,
    labels: issue.labels.map((label) => label.name),
    reactions: issue.reactions.map(({ content, user }) => ({ content, by: user.login })),
  };
}

function commentView(comment: Comment): CommentView {
  return {
    id: comment.id,
    author: comment.author.login,
    body: comment.body,
    createdAt: comment.createdAt,
    editedAt: comment.edits.at(-1)?.at,
    reactions: comment.reactions.map(({ content, user }) => ({ content, by: user.login })),
    minimized: comment.minimized,
  };
}

function reviewView({ user, state, body, submittedAt, comments }: Review): ReviewView {
  const remarks = comments.map(({ path, line, body, reactions }) => {
    return { path, line, body, reactions: reactions.map(({ content }) => content).sort() };
  });
  return { author: user.login, state, body, at: submittedAt, remarks };
}

function pullView(issue: Issue): PullView {
  const { pull } = issue;
  if (!pull) throw new Error(`#${issue.number} is not a pull request`);
  return {
    ...issueView(issue),
    head: pull.headRef,
    headSha: pull.headSha,
    base: pull.baseRef,
    draft: pull.draft,
    merged: pull.mergedAt !== undefined,
    reviewers: pull.reviewers.map((each) => each.login),
  };
}

/** Looking functions over a world. `repository` is `owner/name`. */
export function viewOf(world: World) {
  const place = (repository: string) => somewhere(world, repository);
  return {
    /** An issue or pull request. */
    issue: (repository: string, number: number): IssueView => issueView(issueIn(place(repository), number)),

    /** The comments of an issue or pull request, oldest first. */
    comments: (repository: string, number: number): CommentView[] =>
      issueIn(place(repository), number).comments.map(commentView),

    /** Contents of the reactions on an issue. */
    reactions: (repository: string, number: number): string[] =>
      issueIn(place(repository), number).reactions.map((each) => each.content),

    /** The reviews of a pull request, oldest first. */
    reviews: (repository: string, number: number): ReviewView[] =>
      (issueIn(place(repository), number).pull?.reviews ?? []).map(reviewView),

    /** All pull requests, by number. */
    pulls: (repository: string): PullView[] =>
      [...place(repository).issues.values()].filter((issue) => issue.pull).map(pullView),

    /** One pull request. */
    pull: (repository: string, number: number): PullView => pullView(issueIn(place(repository), number)),

    /** `owner/name` of the repository with this number, now. */
    repositoryName: (id: number): string => {
      const repository = world.repositories.get(id);
      return repository ? fullName(repository) : "";
    },

    /** The commit a branch points at, `undefined` when there is no such branch. */
    branchHead: (repository: string, branch: string): Promise<string | undefined> =>
      resolve(place(repository).directory, `refs/heads/${branch}`),

    /** Every ref in full → its commit. */
    refs: (repository: string): Promise<Map<string, string>> => refs(place(repository).directory),

    /** Messages of the commits below a branch, newest first. */
    messages: async (repository: string, branch: string): Promise<string[]> =>
      (await log(place(repository).directory, [`refs/heads/${branch}`])).map((each) => each.message),

    /** A file's text at a branch or commit, `undefined` when it is not there. */
    file: async (repository: string, ref: string, path: string): Promise<string | undefined> =>
      (await fileAt(place(repository).directory, ref, path))?.toString(),

    /** All check runs of a repository. */
    checkRuns: (repository: string): readonly CheckRun[] => place(repository).checkRuns,

    /** Every token minted so far, by hash. */
    tokens: (): Token[] => [...world.tokens.values()],

    /** The directory of the bare repository. */
    gitDirectory: (repository: string): string => place(repository).directory,
  };
}
