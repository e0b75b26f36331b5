/**
 * Acting as people: each function does what somebody does on the web or with git, with the deliveries that follow.
 * Roles are not asked: what a person may do is for the App under test to find out.
 */
import {
  addComment,
  addLabels,
  deleteComment,
  deleteIssue,
  editComment,
  editIssue,
  openIssue,
  react,
  removeLabel,
  setLocked,
  setState,
} from "./acts-issue.ts";
import { closePull, mergePull, openPull, type ReviewDraft, reopenPull, submitReview } from "./acts-pull.ts";
import { refMoved } from "./acts-ref.ts";
import { type Actor, announce } from "./announcement.ts";
import { log } from "./diff.ts";
import { commit, resolve, setRef } from "./git.ts";
import { noreplyOf } from "./payload-commit.ts";
import { checkSuiteJson } from "./payload-pull.ts";
import { someone, somewhere } from "./seeds.ts";
import { type CheckRun, type Comment, type Issue, nextId, type Repository, type World } from "./world.ts";

/** A finished suite of checks of another App. */
export interface SuiteSeed {
  /** Slug of the App; default `github-actions`. */
  app?: string;
  branch: string;
  /** Default: the branch's head. */
  sha?: string;
  runs: {
    name: string;
    conclusion: string;
    title?: string;
    summary?: string;
    text?: string;
    detailsUrl?: string;
  }[];
}

/** The issue or pull request of that number; throws when there is none. */
export function issueIn(repository: Repository, number: number): Issue {
  const issue = repository.issues.get(number);
  if (!issue) throw new Error(`the simulator knows no #${number} in ${repository.name}`);
  return issue;
}

function commentIn(repository: Repository, id: number): Comment {
  const comment = [...repository.issues.values()]
    .flatMap((issue) => issue.comments)
    .find((each) => each.id === id);
  if (!comment) throw new Error(`the simulator knows no comment ${id} in ${repository.name}`);
  return comment;
}

/** Acting functions over a world. `repository` is `owner/name`, `by` a login. */
export function peopleOf(world: World) {
  const as = (by: string): Actor => ({ account: someone(world, by) });
  const at = (repository: string, number: number): Issue => issueIn(somewhere(world, repository), number);
  const close = (issue: Issue, actor: Actor, reason?: string) => {
    if (issue.pull) closePull(world, issue, actor);
    else setState(world, issue, { state: "closed", ...(reason !== undefined && { reason }), actor });
  };

  return {
    /** Opens an issue and returns its number. */
    openIssue(
      repository: string,
      given: { title: string; body?: string; author: string; labels?: string[] },
    ): number {
      const { title, body = "", author, labels = [] } = given;
      return openIssue(world, somewhere(world, repository), { title, body, labels, actor: as(author) })
        .number;
    },

    /** Puts a label on. */
    label(repository: string, number: number, { label, by }: { label: string; by: string }): void {
      addLabels(world, at(repository, number), { names: [label], actor: as(by) });
    },

    /** Takes a label off. */
    unlabel(repository: string, number: number, { label, by }: { label: string; by: string }): void {
      removeLabel(world, at(repository, number), { name: label, actor: as(by) });
    },

    /** Comments and returns the comment's id. */
    comment(repository: string, number: number, { body, by }: { body: string; by: string }): number {
      return addComment(world, at(repository, number), { body, actor: as(by) }).id;
    },

    /** Changes a comment. */
    editComment(repository: string, id: number, { body, by }: { body: string; by: string }): void {
      editComment(world, commentIn(somewhere(world, repository), id), { body, actor: as(by) });
    },

    /** Removes a comment. */
    deleteComment(repository: string, id: number, { by }: { by: string }): void {
      deleteComment(world, commentIn(somewhere(world, repository), id), as(by));
    },

    /** Reacts to an issue. */
    react(repository: string, number: number, { content, by }: { content: string; by: string }): void {
      react(world, at(repository, number), { content, actor: as(by) });
    },

    /** Changes title or body. */
    editIssue(
      repository: string,
      number: number,
      { by, ...texts }: { title?: string; body?: string; by: string },
    ): void {
      editIssue(world, at(repository, number), { ...texts, actor: as(by) });
    },

    /** Closes an issue or pull request. */
    closeIssue: (repository: string, number: number, { by, reason }: { by: string; reason?: string }): void =>
      close(at(repository, number), as(by), reason),

    /** Opens an issue or pull request again. */
    reopenIssue(repository: string, number: number, { by }: { by: string }): void {
      const issue = at(repository, number);
      if (issue.pull) reopenPull(world, issue, as(by));
      else setState(world, issue, { state: "open", actor: as(by) });
    },

    /** Deletes an issue: it answers 410. */
    deleteIssue: (repository: string, number: number, { by }: { by: string }): void =>
      deleteIssue(world, at(repository, number), as(by)),

    /** Locks or unlocks a conversation. */
    lock: (repository: string, number: number, { locked, by }: { locked: boolean; by: string }): void =>
      setLocked(world, at(repository, number), { locked, actor: as(by) }),

    /** Opens a pull request between two branches and returns its number. */
    async openPull(
      repository: string,
      given: { title: string; body?: string; head: string; base?: string; author: string },
    ): Promise<number> {
      const place = somewhere(world, repository);
      const tip = async (ref: string) => ({
        ref,
        sha: (await resolve(place.directory, `refs/heads/${ref}`)) ?? "",
      });
      const { title, body = "", author } = given;
      const [head, base] = await Promise.all([tip(given.head), tip(given.base ?? place.defaultBranch)]);
      return (await openPull(world, place, { title, body, head, base, draft: false, actor: as(author) }))
        .number;
    },

    /** Closes a pull request without merging. */
    closePull: (repository: string, number: number, { by }: { by: string }): void =>
      close(at(repository, number), as(by)),

    /** Merges a pull request in git. */
    async mergePull(repository: string, number: number, { by }: { by: string }): Promise<void> {
      const issue = at(repository, number);
      const move = await mergePull(world, issue, as(by));
      const name = `refs/heads/${issue.pull?.baseRef}`;
      await refMoved(world, issue.repository, { move: { name, ...move }, actor: as(by) });
    },

    /** Reviews a pull request and returns the review's id. */
    review(
      repository: string,
      number: number,
      given: Omit<ReviewDraft, "actor" | "comments" | "body"> & {
        body?: string;
        comments?: ReviewDraft["comments"];
        by: string;
      },
    ): number {
      const { state, body = "", comments = [], by } = given;
      return submitReview(world, at(repository, number), { state, body, comments, actor: as(by) }).id;
    },

    /** Adds a commit to a branch (started at the default branch if new) and returns its hash. */
    async pushCommit(
      repository: string,
      branch: string,
      given: { files: Record<string, string | null>; by: string; message?: string },
    ): Promise<string> {
      const place = somewhere(world, repository);
      const actor = as(given.by);
      const name = `refs/heads/${branch}`;
      const before = await resolve(place.directory, name);
      const start = before ?? (await resolve(place.directory, `refs/heads/${place.defaultBranch}`));
      if (!before && start) await setRef(place.directory, name, start);
      const author = { name: actor.account.login, email: noreplyOf(actor.account) };
      const { files, message = "A change" } = given;
      const after = await commit(place.directory, { branch, files, message, author, at: world.clock.now() });
      await refMoved(world, place, { move: { name, before, after }, actor });
      return after;
    },

    /** Deletes a branch. */
    async deleteBranch(repository: string, branch: string, { by }: { by: string }): Promise<void> {
      const place = somewhere(world, repository);
      const name = `refs/heads/${branch}`;
      const before = await resolve(place.directory, name);
      await setRef(place.directory, name, undefined);
      await refMoved(world, place, { move: { name, before, after: undefined }, actor: as(by) });
    },

    /** Another App's checks finish on a commit: `check_suite.completed`. Returns the suite's id. */
    async completeSuite(repository: string, seed: SuiteSeed): Promise<number> {
      const place = somewhere(world, repository);
      const headSha = seed.sha ?? (await resolve(place.directory, `refs/heads/${seed.branch}`)) ?? "";
      const slug = seed.app ?? "github-actions";
      const bot = someone(world, `${slug}[bot]`);
      const app = { id: bot.id, slug, owner: bot };
      const id = nextId();
      const now = world.clock.now();
      const runs = seed.runs.map(
        (run): CheckRun => ({
          ...{
            id: nextId(),
            name: run.name,
            headSha,
            app,
            suiteId: id,
            status: "completed",
            conclusion: run.conclusion,
          },
          ...{
            detailsUrl: run.detailsUrl ?? null,
            externalId: "",
            startedAt: now,
            completedAt: now,
            actions: [],
          },
          output: {
            title: run.title ?? null,
            summary: run.summary ?? null,
            text: run.text ?? null,
            annotations: 0,
          },
        }),
      );
      place.checkRuns.push(...runs);
      const [head] = await log(place.directory, ["--max-count=1", headSha]);
      if (!head) throw new Error(`the simulator knows no commit ${headSha}`);
      const suite = { id, branch: seed.branch, head, app, runs };
      const fields = { check_suite: checkSuiteJson(world, place, suite) };
      announce(world, { repository: place, event: "check_suite", action: "completed", sender: bot, fields });
      return id;
    },
  };
}
