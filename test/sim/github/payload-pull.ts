/**
 * Pull requests, reviews and check runs as GitHub writes them.
 * Reads the world, changes nothing.
 */
import type { CommitRecord } from "./diff.ts";
import { appJson, userJson } from "./payload-account.ts";
import { simpleCommitJson } from "./payload-commit.ts";
import { associationOf, issuePage, labelJson, rollupJson } from "./payload-issue.ts";
import { repositoryApi, repositoryJson } from "./payload-repository.ts";
import {
  type AppIdentity,
  type CheckRun,
  fullName,
  type Issue,
  isoTime,
  type Json,
  nodeId,
  type Pull,
  type Repository,
  type Review,
  type ReviewComment,
  type World,
} from "./world.ts";

/** A pull request as lists show it. */
export function simplePullJson(world: World, issue: Issue, pull: Pull): Json {
  const { repository } = issue;
  const root = repositoryApi(world, repository);
  const url = `${root}/pulls/${issue.number}`;
  const issueUrl = `${root}/issues/${issue.number}`;
  const page = issuePage(world, issue);
  const links = {
    self: url,
    html: page,
    issue: issueUrl,
    comments: `${issueUrl}/comments`,
    review_comments: `${url}/comments`,
    review_comment: `${root}/pulls/comments{/number}`,
    commits: `${url}/commits`,
    statuses: `${root}/statuses/${pull.headSha}`,
  };
  const side = (ref: string, sha: string) => ({
    label: `${repository.owner.login}:${ref}`,
    ref,
    sha,
    user: userJson(world, repository.owner),
    repo: repositoryJson(world, repository),
  });
  return {
    url,
    id: pull.id,
    node_id: nodeId("PullRequest", pull.id),
    html_url: page,
    diff_url: `${page}.diff`,
    patch_url: `${page}.patch`,
    issue_url: issueUrl,
    number: issue.number,
    state: issue.state,
    locked: issue.locked,
    title: issue.title,
    user: userJson(world, issue.author),
    body: issue.body === "" ? null : issue.body,
    created_at: isoTime(issue.createdAt),
    updated_at: isoTime(issue.updatedAt),
    closed_at: issue.closedAt === undefined ? null : isoTime(issue.closedAt),
    merged_at: pull.mergedAt === undefined ? null : isoTime(pull.mergedAt),
    merge_commit_sha: pull.mergeSha ?? null,
    assignee: null,
    assignees: [],
    requested_reviewers: pull.reviewers.map((each) => userJson(world, each)),
    requested_teams: [],
    labels: issue.labels.map((label) => labelJson(world, repository, label)),
    milestone: null,
    draft: pull.draft,
    commits_url: links.commits,
    review_comments_url: links.review_comments,
    review_comment_url: links.review_comment,
    comments_url: links.comments,
    statuses_url: links.statuses,
    head: side(pull.headRef, pull.headSha),
    base: side(pull.baseRef, pull.baseSha),
    _links: Object.fromEntries(Object.entries(links).map(([name, href]) => [name, { href }])),
    author_association: associationOf(repository, issue.author),
    auto_merge: null,
    active_lock_reason: null,
  };
}

/** A pull request in full. */
export function pullJson(world: World, issue: Issue, pull: Pull): Json {
  return {
    ...simplePullJson(world, issue, pull),
    merged: pull.mergedAt !== undefined,
    mergeable: issue.state === "open" ? true : null,
    rebaseable: issue.state === "open" ? true : null,
    mergeable_state: pull.draft ? "draft" : "clean",
    merged_by: pull.mergedBy ? userJson(world, pull.mergedBy) : null,
    comments: issue.comments.length,
    review_comments: pull.reviews.flatMap((review) => review.comments).length,
    maintainer_can_modify: false,
    commits: pull.size.commits,
    additions: pull.size.additions,
    deletions: pull.size.deletions,
    changed_files: pull.size.files,
  };
}

/** A review; in webhooks its state is lower case and its body may be `null`. */
export function reviewJson(world: World, issue: Issue, review: Review): Json {
  const page = `${issuePage(world, issue)}#pullrequestreview-${review.id}`;
  const pullUrl = `${repositoryApi(world, issue.repository)}/pulls/${issue.number}`;
  return {
    id: review.id,
    node_id: nodeId("PullRequestReview", review.id),
    user: userJson(world, review.user),
    body: review.body,
    state: review.state,
    html_url: page,
    pull_request_url: pullUrl,
    author_association: associationOf(issue.repository, review.user),
    _links: { html: { href: page }, pull_request: { href: pullUrl } },
    submitted_at: isoTime(review.submittedAt),
    commit_id: review.commitId,
  };
}

/** A comment on a line of a pull request. */
export function reviewCommentJson(
  world: World,
  issue: Issue,
  { review, comment }: { review: Review; comment: ReviewComment },
): Json {
  const root = repositoryApi(world, issue.repository);
  const url = `${root}/pulls/comments/${comment.id}`;
  const page = `${issuePage(world, issue)}#discussion_r${comment.id}`;
  const pullUrl = `${root}/pulls/${issue.number}`;
  return {
    url,
    pull_request_review_id: review.id,
    id: comment.id,
    node_id: nodeId("PullRequestReviewComment", comment.id),
    diff_hunk: `@@ -1 +${comment.line} @@`,
    path: comment.path,
    position: 1,
    original_position: 1,
    commit_id: comment.commitId,
    original_commit_id: comment.commitId,
    user: userJson(world, comment.author),
    body: comment.body,
    created_at: isoTime(comment.createdAt),
    updated_at: isoTime(comment.updatedAt),
    html_url: page,
    pull_request_url: pullUrl,
    author_association: associationOf(issue.repository, comment.author),
    _links: { self: { href: url }, html: { href: page }, pull_request: { href: pullUrl } },
    reactions: rollupJson(comment, url),
    start_line: null,
    original_start_line: null,
    start_side: null,
    line: comment.line,
    original_line: comment.line,
    side: "RIGHT",
    subject_type: "line",
  };
}

/** A check run. */
export function checkRunJson(world: World, repository: Repository, run: CheckRun): Json {
  const url = `${repositoryApi(world, repository)}/check-runs/${run.id}`;
  const page = `${world.url}/${fullName(repository)}/runs/${run.id}`;
  return {
    id: run.id,
    name: run.name,
    node_id: nodeId("CheckRun", run.id),
    head_sha: run.headSha,
    external_id: run.externalId,
    url,
    html_url: page,
    details_url: run.detailsUrl ?? page,
    status: run.status,
    conclusion: run.conclusion,
    started_at: isoTime(run.startedAt),
    completed_at: run.completedAt === undefined ? null : isoTime(run.completedAt),
    output: {
      title: run.output.title,
      summary: run.output.summary,
      text: run.output.text,
      annotations_count: run.output.annotations,
      annotations_url: `${url}/annotations`,
    },
    check_suite: { id: run.suiteId },
    app: appJson(world, run.app),
    pull_requests: pullsOf(repository, run.headSha).map((issue) => minimalPullJson(world, issue)),
  };
}

function pullsOf(repository: Repository, sha: string): Issue[] {
  return [...repository.issues.values()].filter(
    (issue) => issue.state === "open" && issue.pull?.headSha === sha,
  );
}

function minimalPullJson(world: World, issue: Issue): Json {
  const { repository, pull } = issue;
  const repo = { id: repository.id, url: repositoryApi(world, repository), name: repository.name };
  return {
    url: `${repositoryApi(world, repository)}/pulls/${issue.number}`,
    id: pull?.id,
    number: issue.number,
    head: { ref: pull?.headRef, sha: pull?.headSha, repo },
    base: { ref: pull?.baseRef, sha: pull?.baseSha, repo },
  };
}

/** What a check suite is about. */
export interface Suite {
  id: number;
  branch: string;
  head: CommitRecord;
  app: AppIdentity;
  /** None yet while it is only requested. */
  runs: CheckRun[];
}

/** A check suite, as `check_suite` deliveries carry it. */
export function checkSuiteJson(
  world: World,
  repository: Repository,
  { id, branch, head, app, runs }: Suite,
): Json {
  const url = `${repositoryApi(world, repository)}/check-suites/${id}`;
  const bad = runs.find((run) => run.conclusion !== "success");
  const at = isoTime(world.clock.now());
  return {
    id,
    node_id: nodeId("CheckSuite", id),
    head_branch: branch,
    head_sha: head.sha,
    head_commit: simpleCommitJson(head),
    status: runs.length > 0 ? "completed" : "queued",
    conclusion: runs.length > 0 ? (bad?.conclusion ?? "success") : null,
    url,
    before: null,
    after: head.sha,
    pull_requests: pullsOf(repository, head.sha).map((issue) => minimalPullJson(world, issue)),
    app: appJson(world, app),
    created_at: at,
    updated_at: at,
    rerequestable: true,
    runs_rerequestable: true,
    latest_check_runs_count: runs.length,
    check_runs_url: `${url}/check-runs`,
  };
}
