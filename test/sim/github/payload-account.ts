/**
 * Accounts, organisations, Apps and installations as GitHub writes them in JSON.
 * Reads the world, changes nothing.
 */
import {
  type Account,
  type AppIdentity,
  type Installation,
  isoTime,
  type Json,
  nodeId,
  type World,
} from "./world.ts";

/** Root of the REST API, without a slash at the end. */
export function api(world: World): string {
  return `${world.url}/api/v3`;
}

/** A `simple-user`. */
export function userJson(world: World, account: Account): Json {
  const url = `${api(world)}/users/${encodeURIComponent(account.login)}`;
  const page = account.type === "Bot" ? `apps/${account.login.replace("[bot]", "")}` : account.login;
  return {
    login: account.login,
    id: account.id,
    node_id: nodeId(account.type, account.id),
    avatar_url: `${world.url}/avatars/u/${account.id}`,
    gravatar_id: "",
    url,
    html_url: `${world.url}/${page}`,
    followers_url: `${url}/followers`,
    following_url: `${url}/following{/other_user}`,
    gists_url: `${url}/gists{/gist_id}`,
    starred_url: `${url}/starred{/owner}{/repo}`,
    subscriptions_url: `${url}/subscriptions`,
    organizations_url: `${url}/orgs`,
    repos_url: `${url}/repos`,
    events_url: `${url}/events{/privacy}`,
    received_events_url: `${url}/received_events`,
    type: account.type,
    user_view_type: "public",
    site_admin: false,
  };
}

/** A `public-user`: what `GET /users/{username}` answers. */
export function publicUserJson(world: World, account: Account): Json {
  return {
    ...userJson(world, account),
    name: account.type === "Bot" ? null : account.login,
    company: null,
    blog: "",
    location: null,
    email: null,
    hireable: null,
    bio: null,
    twitter_username: null,
    public_repos: 0,
    public_gists: 0,
    followers: 0,
    following: 0,
    created_at: isoTime(account.createdAt),
    updated_at: isoTime(account.createdAt),
  };
}

/** The `organization` of a webhook payload. */
export function organizationJson(world: World, account: Account): Json {
  const url = `${api(world)}/orgs/${account.login}`;
  return {
    login: account.login,
    id: account.id,
    node_id: nodeId("Organization", account.id),
    url,
    repos_url: `${url}/repos`,
    events_url: `${url}/events`,
    hooks_url: `${url}/hooks`,
    issues_url: `${url}/issues`,
    members_url: `${url}/members{/member}`,
    public_members_url: `${url}/public_members{/member}`,
    avatar_url: `${world.url}/avatars/u/${account.id}`,
    description: null,
  };
}

/** Names the App where people sign in. */
export function clientId(app: AppIdentity): string {
  return `Iv23li${app.id}`;
}

/** The secret that goes with it. */
export function clientSecret(app: AppIdentity): string {
  return `secret-of-${app.id}`;
}

/** An App as `performed_via_github_app` and check runs show it. */
export function appJson(world: World, app: AppIdentity): Json {
  const own = app.id === world.app.id;
  return {
    id: app.id,
    slug: app.slug,
    node_id: nodeId("App", app.id),
    client_id: clientId(app),
    owner: userJson(world, app.owner),
    name: app.slug,
    description: null,
    external_url: world.url,
    html_url: `${world.url}/apps/${app.slug}`,
    created_at: isoTime(app.owner.createdAt),
    updated_at: isoTime(app.owner.createdAt),
    permissions: own ? world.app.permissions : { metadata: "read", checks: "write" },
    events: own ? world.app.events : [],
  };
}

/** An installation, as the App's own endpoints and the installation deliveries show it. */
export function installationJson(world: World, installation: Installation): Json {
  const { account, selection, suspendedAt, suspendedBy } = installation;
  return {
    id: installation.id,
    client_id: clientId(world.app),
    account: userJson(world, account),
    repository_selection: selection,
    access_tokens_url: `${api(world)}/app/installations/${installation.id}/access_tokens`,
    repositories_url: `${api(world)}/installation/repositories`,
    html_url: `${world.url}/organizations/${account.login}/settings/installations/${installation.id}`,
    app_id: world.app.id,
    app_slug: world.app.slug,
    target_id: account.id,
    target_type: account.type,
    permissions: installation.permissions,
    events: world.app.events,
    created_at: isoTime(installation.createdAt),
    updated_at: isoTime(suspendedAt ?? installation.createdAt),
    single_file_name: null,
    has_multiple_single_files: false,
    single_file_paths: [],
    suspended_by: suspendedBy ? userJson(world, suspendedBy) : null,
    suspended_at: suspendedAt === undefined ? null : isoTime(suspendedAt),
  };
}
