/**
 * Questions about a repository: what somebody may do there, and what its pull requests should look like.
 * Answers are kept briefly; a permission never longer than a minute.
 */
import type { Clock } from "../clock.ts";
import { isProblem } from "../domain/errors.ts";
import type { PermissionAnswer } from "../domain/permission.ts";
import type { Person, Place } from "../domain/run.ts";
import type { GitHub } from "./client.ts";
import { graphqlErrors, graphqlFailure, isOutOfReach } from "./failure.ts";
import type { Where } from "./settings-files.ts";

/** Asks GitHub about repositories. */
export interface Repositories {
  /**
   * What GitHub says a person may do (legacy permission and true role); `none` for strangers, and where the login is
   * another account's by now: GitHub is asked by name, and gives names that were given up away again.
   */
  permission(place: Where, person: Pick<Person, "id" | "login">): Promise<PermissionAnswer>;
  /** Number of the account of an App's bot, by the App's slug; undefined where there is none. */
  botId(place: Where, slug: string): Promise<number | undefined>;
  /** The repository's pull request template; undefined where there is none. */
  pullTemplate(place: Place): Promise<string | undefined>;
}

const permissionKeptMs = 60_000;
const templateKeptMs = 10 * 60_000;
const botKeptMs = 60 * 60_000;
/** Answers kept at once; the oldest is dropped. */
const keptMax = 10_000;

/** Repositories by Octokit, with a short memory. */
export function createRepositories(github: GitHub, clock: Clock): Repositories {
  const permissions = memory<PermissionAnswer>(clock, permissionKeptMs);
  const templates = memory<string | undefined>(clock, templateKeptMs);
  const bots = memory<number | undefined>(clock, botKeptMs);
  return {
    permission: (place, person) =>
      permissions(`${place.repositoryId} ${person.id} ${person.login}`, () =>
        askPermission(github, place, person),
      ),
    botId: (place, slug) => bots(slug.toLowerCase(), () => askBot(github, place, slug)),
    pullTemplate: (place) => templates(String(place.repositoryId), () => askTemplate(github, place)),
  };
}

function memory<T>(clock: Clock, keptMs: number) {
  const kept = new Map<string, { value: T; until: number }>();
  return async (key: string, ask: () => Promise<T>): Promise<T> => {
    const known = kept.get(key);
    if (known && known.until > clock.now()) return known.value;
    const value = await ask();
    kept.delete(key);
    kept.set(key, { value, until: clock.now() + keptMs });
    const oldest = kept.keys().next();
    if (kept.size > keptMax && !oldest.done) kept.delete(oldest.value);
    return value;
  };
}

async function askBot(github: GitHub, { installation }: Where, slug: string): Promise<number | undefined> {
  try {
    const { data } = await github.of(installation).rest.users.getByUsername({ username: `${slug}[bot]` });
    return data.type === "Bot" ? data.id : undefined;
  } catch (error) {
    if (isProblem(error, "gone")) return undefined;
    throw error;
  }
}

const stranger: PermissionAnswer = { permission: "none", role_name: "none" };

async function askPermission(
  github: GitHub,
  place: Where,
  { id, login: username }: Pick<Person, "id" | "login">,
): Promise<PermissionAnswer> {
  const { owner, repo } = place;
  try {
    const { data } = await github
      .of(place.installation)
      .rest.repos.getCollaboratorPermissionLevel({ owner, repo, username });
    if (data.user && data.user.id !== id) return stranger;
    return { permission: data.permission, role_name: data.role_name };
  } catch (error) {
    if (isProblem(error, "gone")) return stranger;
    throw error;
  }
}

interface TemplatesAnswer {
  repository: { pullRequestTemplates: { body: string | null }[] | null } | null;
}

async function askTemplate(github: GitHub, place: Place): Promise<string | undefined> {
  // REST has no list of templates; GitHub's GraphQL knows every place where one may lie.
  const answer = await github
    .of(place.installation)
    .graphql<TemplatesAnswer>(
      "query ($owner: String!, $repo: String!) { repository(owner: $owner, name: $repo) { pullRequestTemplates { body } } }",
      { owner: place.owner, repo: place.repo },
    )
    .catch((error: unknown) => {
      // A pull request can do without: no reason to keep it back.
      if (graphqlErrors(error)?.every(isOutOfReach)) return { repository: null };
      throw graphqlFailure(error);
    });
  return answer.repository?.pullRequestTemplates?.[0]?.body ?? undefined;
}
