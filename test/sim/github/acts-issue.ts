/**
 * What can be done to issues and conversations, by people and by the App alike: state changes and the
 * deliveries they cause. Who may do it is decided before. Labelling does not touch `updated_at`.
 */
import { type Actor, announce } from "./announcement.ts";
import { commentJson, issueJson, labelJson } from "./payload-issue.ts";
import { pullJson } from "./payload-pull.ts";
import {
  type Comment,
  type Issue,
  type Json,
  type Label,
  nextId,
  type Post,
  type Reaction,
  type Repository,
  type World,
} from "./world.ts";

/** A new issue or the issue half of a new pull request, in state `open`. */
export function newIssue(
  world: World,
  repository: Repository,
  text: { title: string; body: string; actor: Actor },
): Issue {
  const now = world.clock.now();
  const issue: Issue = {
    id: nextId(),
    repository,
    number: Math.max(0, ...repository.issues.keys()) + 1,
    title: text.title,
    body: text.body,
    author: text.actor.account,
    via: text.actor.via,
    labels: [],
    state: "open",
    stateReason: null,
    closedAt: undefined,
    closedBy: undefined,
    locked: false,
    deleted: false,
    comments: [],
    events: [],
    edits: [],
    reactions: [],
    createdAt: now,
    updatedAt: now,
  };
  repository.issues.set(issue.number, issue);
  return issue;
}

/** Opens an issue; labels given here are announced one by one after `opened`. */
export function openIssue(
  world: World,
  repository: Repository,
  given: { title: string; body: string; labels: string[]; actor: Actor },
): Issue {
  const issue = newIssue(world, repository, given);
  issue.labels = given.labels.map((name) => labelOf(repository, name));
  tell(world, { issue, action: "opened", actor: given.actor });
  for (const label of issue.labels) labelled(world, { issue, label, actor: given.actor });
  return issue;
}

/** A label of the repository, made when it is not there yet. */
export function labelOf(repository: Repository, name: string): Label {
  const key = name.toLowerCase();
  const label = repository.labels.get(key) ?? { id: nextId(), name, color: "ededed", description: null };
  repository.labels.set(key, label);
  return label;
}

function labelled(world: World, { issue, label, actor }: { issue: Issue; label: Label; actor: Actor }): void {
  record(world, issue, { event: "labeled", actor, label });
  tell(world, {
    issue,
    action: "labeled",
    actor,
    fields: { label: labelJson(world, issue.repository, label) },
  });
}

/** Adds labels that are not there yet. */
export function addLabels(
  world: World,
  issue: Issue,
  { names, actor }: { names: string[]; actor: Actor },
): void {
  for (const name of names) {
    const label = labelOf(issue.repository, name);
    if (issue.labels.includes(label)) continue;
    issue.labels.push(label);
    labelled(world, { issue, label, actor });
  }
}

/** Removes a label; `false` when the issue does not have it. */
export function removeLabel(
  world: World,
  issue: Issue,
  { name, actor }: { name: string; actor: Actor },
): boolean {
  const label = issue.labels.find((each) => each.name.toLowerCase() === name.toLowerCase());
  if (!label) return false;
  issue.labels = issue.labels.filter((each) => each !== label);
  record(world, issue, { event: "unlabeled", actor, label });
  tell(world, {
    issue,
    action: "unlabeled",
    actor,
    fields: { label: labelJson(world, issue.repository, label) },
  });
  return true;
}

/** Changes title or body; the old text goes into `changes`. */
export function editIssue(
  world: World,
  issue: Issue,
  change: { title?: string; body?: string; actor: Actor },
): void {
  const changes: Json = {};
  if (change.title !== undefined && change.title !== issue.title) {
    changes["title"] = { from: issue.title };
    issue.title = change.title;
    record(world, issue, { event: "renamed", actor: change.actor });
  }
  if (change.body !== undefined && change.body !== issue.body) {
    changes["body"] = { from: issue.body };
    rewrite(world, issue, { body: change.body, actor: change.actor });
  }
  if (Object.keys(changes).length === 0) return;
  issue.updatedAt = world.clock.now();
  tell(world, { issue, action: "edited", actor: change.actor, fields: { changes } });
}

/** Keeps the old words of a post and puts new ones in their place. */
function rewrite(world: World, post: Post, { body, actor }: { body: string; actor: Actor }): void {
  post.edits.push({ id: nextId(), at: world.clock.now(), editor: actor.account, before: post.body });
  post.body = body;
  post.updatedAt = world.clock.now();
}

/** Closes or reopens; nothing happens when it already is so. */
export function setState(
  world: World,
  issue: Issue,
  { state, reason, actor }: { state: "open" | "closed"; reason?: string | null; actor: Actor },
): void {
  if (issue.state === state) return;
  const now = world.clock.now();
  const closing = state === "closed";
  issue.state = state;
  issue.stateReason = closing ? (reason ?? "completed") : "reopened";
  issue.closedAt = closing ? now : undefined;
  issue.closedBy = closing ? actor.account : undefined;
  issue.updatedAt = now;
  record(world, issue, { event: closing ? "closed" : "reopened", actor });
  if (!issue.pull) tell(world, { issue, action: closing ? "closed" : "reopened", actor });
}

/** Deletes an issue: it answers 410 from now on. */
export function deleteIssue(world: World, issue: Issue, actor: Actor): void {
  tell(world, { issue, action: "deleted", actor });
  issue.deleted = true;
}

/** Locks or unlocks a conversation. */
export function setLocked(
  world: World,
  issue: Issue,
  { locked, actor }: { locked: boolean; actor: Actor },
): void {
  if (issue.locked === locked) return;
  issue.locked = locked;
  record(world, issue, { event: locked ? "locked" : "unlocked", actor });
  tell(world, { issue, action: locked ? "locked" : "unlocked", actor });
}

/** Adds a comment. */
export function addComment(
  world: World,
  issue: Issue,
  { body, actor }: { body: string; actor: Actor },
): Comment {
  const now = world.clock.now();
  const { account: author, via } = actor;
  const comment: Comment = {
    id: nextId(),
    issue,
    author,
    via,
    body,
    createdAt: now,
    updatedAt: now,
    edits: [],
    reactions: [],
  };
  issue.comments.push(comment);
  issue.updatedAt = now;
  tellComment(world, { comment, action: "created", actor });
  return comment;
}

/** Changes a comment. */
export function editComment(
  world: World,
  comment: Comment,
  { body, actor }: { body: string; actor: Actor },
): void {
  const from = comment.body;
  if (from === body) return;
  rewrite(world, comment, { body, actor });
  tellComment(world, { comment, action: "edited", actor, fields: { changes: { body: { from } } } });
}

/** Removes a comment. */
export function deleteComment(world: World, comment: Comment, actor: Actor): void {
  const { issue } = comment;
  issue.comments = issue.comments.filter((each) => each !== comment);
  tellComment(world, { comment, action: "deleted", actor });
}

/** Adds a reaction, or finds the one already there. GitHub sends no delivery for either. */
export function react(
  world: World,
  post: Post,
  { content, actor }: { content: string; actor: Actor },
): { reaction: Reaction; isNew: boolean } {
  const there = post.reactions.find((each) => each.content === content && each.user.id === actor.account.id);
  if (there) return { reaction: there, isNew: false };
  const reaction: Reaction = { id: nextId(), content, user: actor.account, createdAt: world.clock.now() };
  post.reactions.push(reaction);
  return { reaction, isNew: true };
}

/** Writes a line into the issue's history. */
export function record(
  world: World,
  issue: Issue,
  { event, actor, label }: { event: string; actor: Actor; label?: Label },
): void {
  const { account, via } = actor;
  issue.events.push({
    id: nextId(),
    event,
    actor: account,
    via,
    at: world.clock.now(),
    ...(label && { label }),
  });
}

function tell(
  world: World,
  { issue, action, actor, fields = {} }: { issue: Issue; action: string; actor: Actor; fields?: Json },
): void {
  const { repository, pull } = issue;
  const subject = pull
    ? { number: issue.number, pull_request: pullJson(world, issue, pull) }
    : { issue: issueJson(world, issue) };
  const event = pull ? "pull_request" : "issues";
  announce(world, { repository, event, action, sender: actor.account, fields: { ...subject, ...fields } });
}

function tellComment(
  world: World,
  { comment, action, actor, fields = {} }: { comment: Comment; action: string; actor: Actor; fields?: Json },
): void {
  const { issue } = comment;
  const subject = { issue: issueJson(world, issue), comment: commentJson(world, comment) };
  announce(world, {
    repository: issue.repository,
    event: "issue_comment",
    action,
    sender: actor.account,
    fields: { ...subject, ...fields },
  });
}
