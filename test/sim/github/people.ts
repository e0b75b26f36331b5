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
import { closePull, type ReviewDraft, reopenPull, submitReview } from "./acts-pull.ts";
import type { Actor } from "./announcement.ts";
import { someone, somewhere } from "./seeds.ts";
import type { Comment, Issue, Repository, World } from "./world.ts";

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
  const as = (by: string, through?: string): Actor => {
    const account = someone(world, by);
    return {
      account,
      ...(through === undefined ? {} : { via: { id: 7_001, slug: through, owner: account } }),
    };
  };
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

    /** Puts a label on, through an App (by slug) where one is named. */
    label(
      repository: string,
      number: number,
      { label, by, through }: { label: string; by: string; through?: string },
    ): void {
      addLabels(world, at(repository, number), { names: [label], actor: as(by, through) });
    },

    /** Takes a label off. */
    unlabel(repository: string, number: number, { label, by }: { label: string; by: string }): void {
      removeLabel(world, at(repository, number), { name: label, actor: as(by) });
    },

    /** Gives a label another name, on every issue that has it. */
    renameLabel(repository: string, from: string, to: string): void {
      const { labels } = somewhere(world, repository);
      const label = labels.get(from.toLowerCase());
      if (!label) throw new Error(`the simulator knows no label ${from}`);
      labels.delete(from.toLowerCase());
      labels.set(to.toLowerCase(), Object.assign(label, { name: to }));
    },

    /** Deletes a label: it goes from every issue, without a delivery for each. */
    deleteLabel(repository: string, name: string): void {
      const { labels, issues } = somewhere(world, repository);
      const label = labels.get(name.toLowerCase());
      labels.delete(name.toLowerCase());
      for (const issue of issues.values()) issue.labels = issue.labels.filter((each) => each !== label);
    },

    /** Comments, through an App (by slug) where one is named, and returns the comment's id. */
    comment(
      repository: string,
      number: number,
      { body, by, through }: { body: string; by: string; through?: string },
    ): number {
      return addComment(world, at(repository, number), { body, actor: as(by, through) }).id;
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

    /** Closes a pull request without merging. */
    closePull: (repository: string, number: number, { by }: { by: string }): void =>
      close(at(repository, number), as(by)),

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
  };
}
