/**
 * What GitHub says of the App itself: who it is, what it may do, where its deliveries go, how far apart the
 * clocks are, whether a token works. Facts only; what is wrong with them is not judged here.
 */
import { type Clock, pause } from "../clock.ts";
import type { Visibility } from "../domain/besides.ts";
import { isProblem, Problem } from "../domain/errors.ts";
import type { Secret } from "../domain/secret.ts";
import { visibilityOf } from "./beside.ts";
import type { GitHub } from "./client.ts";
import type { Where } from "./settings-files.ts";
import type { TokenScope } from "./token.ts";

/** The App at GitHub. */
export interface AppView {
  slug: string;
  /** Its public page. */
  url: string;
  /** Names it where people sign in; empty where the server does not tell. */
  clientId: string;
  permissions: Record<string, string>;
  events: string[];
}

/** Who we are, as GitHub has it. Throws `refused` when number and key do not belong together. */
export async function appView(github: GitHub): Promise<AppView> {
  const { data } = await github.app.rest.apps.getAuthenticated();
  return {
    slug: data?.slug ?? "",
    url: data?.html_url ?? "",
    clientId: data?.client_id ?? "",
    permissions: levelsOf(data?.permissions),
    events: data?.events ?? [],
  };
}

/** Can strangers see and install the App? A private App's page does not exist for them. */
export async function isOpenToAll(github: GitHub, slug: string): Promise<boolean> {
  try {
    await github.bare.rest.apps.getBySlug({ app_slug: slug });
    return true;
  } catch (error) {
    if (isProblem(error, "gone") || (isProblem(error) && error.code === "github_credentials")) return false;
    throw error;
  }
}

/** A repository that somebody names, as the App reaches it. */
export interface ReachedRepository extends Where {
  visibility: Visibility;
  isArchived: boolean;
  /** What its owner has granted the App. */
  permissions: Record<string, string>;
  /** Where an owner looks after the installation. */
  installationUrl: string;
}

/** The repository named `owner/name`. Throws `refused` where the App is not installed on it, or there is none. */
export async function repositoryReached(github: GitHub, name: string): Promise<ReachedRepository> {
  const [owner = "", repo = ""] = name.split("/");
  try {
    if (repo === "") throw new Problem("gone", "repository_unnamed", name);
    const { data: installed } = await github.app.rest.apps.getRepoInstallation({ owner, repo });
    const { data } = await github.of(installed.id).rest.repos.get({ owner, repo });
    return {
      installation: installed.id,
      repositoryId: data.id,
      owner: data.owner.login,
      repo: data.name,
      visibility: visibilityOf(data),
      isArchived: data.archived,
      permissions: levelsOf(installed.permissions),
      installationUrl: installed.html_url,
    };
  } catch (cause) {
    if (!isProblem(cause, "gone")) throw cause;
    const words = `There is no repository ${name}, or the App is not installed on it.`;
    throw new Problem("refused", "not_installed", words, { cause });
  }
}

function levelsOf(permissions: object | undefined): Record<string, string> {
  return Object.fromEntries(Object.entries(permissions ?? {}).map(([k, v]) => [k, String(v)]));
}

/** How far GitHub's clock is ahead of ours, milliseconds, to about a second. */
export async function clockSkewMs(github: GitHub, clock: Clock): Promise<number> {
  const { headers } = await github.bare.rest.meta.get();
  return Date.parse(headers.date ?? "") - clock.now();
}

/** Where deliveries go; undefined when nowhere. */
export async function hookUrl(github: GitHub): Promise<string | undefined> {
  const { data } = await github.app.rest.apps.getWebhookConfigForApp();
  return data.url;
}

/** What is left of an installation's requests until the limit is renewed; undefined where there is no limit. */
export async function limitLeft(
  github: GitHub,
  installation: number,
): Promise<{ left: number; limit: number } | undefined> {
  try {
    const { data } = await github.of(installation).rest.rateLimit.get();
    return { left: data.resources.core.remaining, limit: data.resources.core.limit };
  } catch (error) {
    // An Enterprise Server without limits has no such page.
    if (isProblem(error, "gone")) return undefined;
    throw error;
  }
}

/** GitHub's replicas learn of a token, and of its end, within seconds; asked so often, a second apart. */
const triesMax = 5;
const tryGapMs = 1_000;

/** Mints a token as a session would get it, uses it and gives it back. True when it worked and is dead now. */
export async function tryToken(
  github: GitHub,
  scope: Pick<TokenScope, "installation" | "repositoryId">,
  clock: Clock,
): Promise<{ works: boolean; dies: boolean }> {
  const permissions = { contents: "write", metadata: "read" } as const;
  const { token } = await github.mint({ ...scope, permissions });
  let works = false;
  try {
    works = await comes(() => isAlive(github, token), clock);
  } finally {
    await github.revoke(token, scope.installation);
  }
  return { works, dies: await comes(async () => !(await isAlive(github, token)), clock) };
}

async function isAlive({ bare }: GitHub, token: Secret): Promise<boolean> {
  try {
    await bare.request("GET /installation/repositories", {
      per_page: 1,
      headers: { authorization: `token ${token.reveal()}` },
    });
    return true;
  } catch (error) {
    if (isProblem(error, "refused")) return false;
    throw error;
  }
}

async function comes(so: () => Promise<boolean>, clock: Clock): Promise<boolean> {
  for (let tries = 1; ; tries += 1) {
    if (await so()) return true;
    if (tries === triesMax) return false;
    await pause(clock, tryGapMs);
  }
}
