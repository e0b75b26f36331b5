/**
 * Repositories as GitHub writes them: one builder that satisfies the full, the minimal and the webhook shapes.
 * Reads the world, changes nothing.
 */
import { holds, permissionsNow } from "./access.ts";
import type { Caller } from "./auth.ts";
import { api, userJson } from "./payload-account.ts";
import { fullName, isoTime, type Json, nodeId, type Repository, type World } from "./world.ts";

/** Root of a repository's REST routes. */
export function repositoryApi(world: World, repository: Repository): string {
  return `${api(world)}/repos/${fullName(repository)}`;
}

const linked = {
  archive_url: "/{archive_format}{/ref}",
  assignees_url: "/assignees{/user}",
  blobs_url: "/git/blobs{/sha}",
  branches_url: "/branches{/branch}",
  collaborators_url: "/collaborators{/collaborator}",
  comments_url: "/comments{/number}",
  commits_url: "/commits{/sha}",
  compare_url: "/compare/{base}...{head}",
  contents_url: "/contents/{+path}",
  contributors_url: "/contributors",
  deployments_url: "/deployments",
  downloads_url: "/downloads",
  events_url: "/events",
  forks_url: "/forks",
  git_commits_url: "/git/commits{/sha}",
  git_refs_url: "/git/refs{/sha}",
  git_tags_url: "/git/tags{/sha}",
  hooks_url: "/hooks",
  issue_comment_url: "/issues/comments{/number}",
  issue_events_url: "/issues/events{/number}",
  issues_url: "/issues{/number}",
  keys_url: "/keys{/key_id}",
  labels_url: "/labels{/name}",
  languages_url: "/languages",
  merges_url: "/merges",
  milestones_url: "/milestones{/number}",
  notifications_url: "/notifications{?since,all,participating}",
  pulls_url: "/pulls{/number}",
  releases_url: "/releases{/id}",
  stargazers_url: "/stargazers",
  statuses_url: "/statuses/{sha}",
  subscribers_url: "/subscribers",
  subscription_url: "/subscription",
  tags_url: "/tags",
  teams_url: "/teams",
  trees_url: "/git/trees{/sha}",
};

/** A repository. */
export function repositoryJson(world: World, repository: Repository): Json {
  const url = repositoryApi(world, repository);
  const page = `${world.url}/${fullName(repository)}`;
  const open = [...repository.issues.values()].filter(
    (issue) => issue.state === "open" && !issue.deleted,
  ).length;
  return {
    id: repository.id,
    node_id: nodeId("Repository", repository.id),
    name: repository.name,
    full_name: fullName(repository),
    private: repository.private,
    visibility: repository.private ? "private" : "public",
    owner: userJson(world, repository.owner),
    html_url: page,
    description: null,
    fork: false,
    url,
    ...Object.fromEntries(Object.entries(linked).map(([name, path]) => [name, url + path])),
    created_at: isoTime(repository.createdAt),
    updated_at: isoTime(repository.pushedAt),
    pushed_at: isoTime(repository.pushedAt),
    git_url: `git://${new URL(world.url).host}/${fullName(repository)}.git`,
    ssh_url: `git@${new URL(world.url).hostname}:${fullName(repository)}.git`,
    clone_url: `${page}.git`,
    svn_url: page,
    ...settings,
    archived: repository.archived,
    open_issues_count: open,
    open_issues: open,
    default_branch: repository.defaultBranch,
  };
}

const settings = {
  homepage: null,
  size: 1,
  stargazers_count: 0,
  watchers_count: 0,
  language: null,
  has_issues: true,
  has_projects: false,
  has_downloads: true,
  has_wiki: false,
  has_pages: false,
  has_discussions: false,
  forks_count: 0,
  mirror_url: null,
  disabled: false,
  license: null,
  allow_forking: true,
  is_template: false,
  web_commit_signoff_required: false,
  topics: [],
  forks: 0,
  watchers: 0,
};

/** What `GET /repos/{owner}/{repo}` adds: counts, and what the caller may do. */
export function fullRepositoryJson(world: World, repository: Repository, caller: Caller): Json {
  const granted = caller.kind === "installation" ? permissionsNow(caller.token, caller.installation) : {};
  return {
    ...repositoryJson(world, repository),
    network_count: 0,
    subscribers_count: 0,
    permissions: {
      admin: false,
      maintain: false,
      push: holds(granted, "contents:write"),
      triage: false,
      pull: holds(granted, "contents:read"),
    },
  };
}

/** The short form that installation deliveries list. */
export function repositoryNameJson(repository: Repository): Json {
  return {
    id: repository.id,
    node_id: nodeId("Repository", repository.id),
    name: repository.name,
    full_name: fullName(repository),
    private: repository.private,
  };
}
