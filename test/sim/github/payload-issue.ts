/**
 * Issues, comments, labels, reactions and issue events as GitHub writes them.
 * Reads the world, changes nothing.
 */
import { appJson, userJson } from "./payload-account.ts";
import { repositoryApi } from "./payload-repository.ts";
import {
  type Account,
  type Comment,
  fullName,
  type Issue,
  type IssueEvent,
  isoTime,
  type Json,
  type Label,
  nodeId,
  type Post,
  type Reaction,
  type Repository,
  roleOf,
  type World,
} from "./world.ts";

/** Contents a reaction may have. */
export const reactionContents = ["+1", "-1", "laugh", "confused", "heart", "hooray", "rocket", "eyes"];

/** A label of a repository. */
export function labelJson(world: World, repository: Repository, label: Label): Json {
  return {
    id: label.id,
    node_id: nodeId("Label", label.id),
    url: `${repositoryApi(world, repository)}/labels/${encodeURIComponent(label.name)}`,
    name: label.name,
    color: label.color,
    default: false,
    description: label.description,
  };
}

/** Computed without a viewer, as in webhooks: GitHub does not say more, so nothing may be authorised by it. */
export function associationOf(repository: Repository, account: Account): string {
  if (repository.owner.id === account.id) return "OWNER";
  if (account.type === "Bot" || account.isPrivate) return "NONE";
  return ["none", "read"].includes(roleOf(repository, account)) ? "NONE" : "COLLABORATOR";
}

/** Web page of an issue or pull request. */
export function issuePage(world: World, issue: Issue): string {
  return `${world.url}/${fullName(issue.repository)}/${issue.pull ? "pull" : "issues"}/${issue.number}`;
}

/** How many reactions of each kind something has; `url` is its own. */
export function rollupJson(post: Post, url: string): Json {
  const counts = Object.fromEntries(
    reactionContents.map((content) => [
      content,
      post.reactions.filter((each) => each.content === content).length,
    ]),
  );
  return { url: `${url}/reactions`, total_count: post.reactions.length, ...counts };
}

/** An issue; a pull request seen as an issue has `pull_request`. */
export function issueJson(world: World, issue: Issue): Json {
  const { repository, pull } = issue;
  const url = `${repositoryApi(world, repository)}/issues/${issue.number}`;
  const page = issuePage(world, issue);
  return {
    url,
    repository_url: repositoryApi(world, repository),
    labels_url: `${url}/labels{/name}`,
    comments_url: `${url}/comments`,
    events_url: `${url}/events`,
    html_url: page,
    id: issue.id,
    node_id: nodeId("Issue", issue.id),
    number: issue.number,
    title: issue.title,
    user: userJson(world, issue.author),
    labels: issue.labels.map((label) => labelJson(world, repository, label)),
    state: issue.state,
    locked: issue.locked,
    assignee: null,
    assignees: [],
    milestone: null,
    comments: issue.comments.length,
    created_at: isoTime(issue.createdAt),
    updated_at: isoTime(issue.updatedAt),
    closed_at: issue.closedAt === undefined ? null : isoTime(issue.closedAt),
    author_association: associationOf(repository, issue.author),
    active_lock_reason: null,
    body: issue.body === "" ? null : issue.body,
    closed_by: issue.closedBy ? userJson(world, issue.closedBy) : null,
    reactions: rollupJson(issue, url),
    timeline_url: `${url}/timeline`,
    performed_via_github_app: issue.via ? appJson(world, issue.via) : null,
    state_reason: issue.stateReason,
    ...(pull && {
      draft: pull.draft,
      pull_request: {
        url: `${repositoryApi(world, repository)}/pulls/${issue.number}`,
        html_url: page,
        diff_url: `${page}.diff`,
        patch_url: `${page}.patch`,
        merged_at: pull.mergedAt === undefined ? null : isoTime(pull.mergedAt),
      },
    }),
  };
}

/** A conversation comment. */
export function commentJson(world: World, comment: Comment): Json {
  const { issue } = comment;
  const issueUrl = `${repositoryApi(world, issue.repository)}/issues/${issue.number}`;
  const url = `${repositoryApi(world, issue.repository)}/issues/comments/${comment.id}`;
  return {
    url,
    html_url: `${issuePage(world, issue)}#issuecomment-${comment.id}`,
    issue_url: issueUrl,
    id: comment.id,
    node_id: nodeId("IssueComment", comment.id),
    user: userJson(world, comment.author),
    created_at: isoTime(comment.createdAt),
    updated_at: isoTime(comment.updatedAt),
    author_association: associationOf(issue.repository, comment.author),
    body: comment.body,
    reactions: rollupJson(comment, url),
    performed_via_github_app: comment.via ? appJson(world, comment.via) : null,
  };
}

/** A reaction. */
export function reactionJson(world: World, reaction: Reaction): Json {
  return {
    id: reaction.id,
    node_id: nodeId("Reaction", reaction.id),
    user: userJson(world, reaction.user),
    content: reaction.content,
    created_at: isoTime(reaction.createdAt),
  };
}

/** An entry of `GET …/issues/{n}/events`. */
export function issueEventJson(world: World, issue: Issue, event: IssueEvent): Json {
  return {
    id: event.id,
    node_id: nodeId("IssueEvent", event.id),
    url: `${repositoryApi(world, issue.repository)}/issues/events/${event.id}`,
    actor: userJson(world, event.actor),
    event: event.event,
    commit_id: null,
    commit_url: null,
    created_at: isoTime(event.at),
    ...(event.label && { label: { name: event.label.name, color: event.label.color } }),
    performed_via_github_app: event.via ? appJson(world, event.via) : null,
  };
}
