/**
 * What a person sees of the App's repositories, asked of GitHub as that person: private and internal ones they
 * can read, and public ones on which they have at least triage, because there everybody reads.
 */
import type { Octokit } from "@octokit/rest";
import { isProblem } from "../domain/errors.ts";
import { atLeast, type Level, roles } from "../domain/permission.ts";

/** Ids of repositories a person sees, each with their level there. */
export type Sight = ReadonlyMap<number, Level>;

/** Lists are read so far: 1,000 installations, 5,000 repositories in each. */
const installationPagesMax = 10;
const repositoryPagesMax = 50;
const pageSize = 100;

/** Who the person is. */
export async function whoIs(person: Octokit): Promise<{ id: number; login: string }> {
  const { data } = await person.rest.users.getAuthenticated();
  return { id: data.id, login: data.login };
}

/** Asks for everything within sight. Throws what GitHub's failures come to, and `github_credentials` for a dead token. */
export async function sightOf(person: Octokit): Promise<Sight> {
  const sight = new Map<number, Level>();
  for (const installation of await installationsOf(person)) {
    try {
      await look(person, installation, sight);
    } catch (error) {
      // Suspended or left since it was listed, or closed to this person: nothing of it is in sight.
      if (!isProblem(error, "refused", "gone") || error.code === "github_credentials") throw error;
    }
  }
  return sight;
}

async function look(person: Octokit, installation_id: number, sight: Map<number, Level>): Promise<void> {
  for (let page = 1; page <= repositoryPagesMax; page += 1) {
    const { data } = await person.rest.apps.listInstallationReposForAuthenticatedUser({
      installation_id,
      per_page: pageSize,
      page,
    });
    for (const repository of data.repositories)
      if (isSeen(repository)) sight.set(repository.id, levelIn(repository));
    if (data.repositories.length < pageSize) return;
  }
}

async function installationsOf(person: Octokit): Promise<number[]> {
  const ids: number[] = [];
  for (let page = 1; page <= installationPagesMax; page += 1) {
    const { data } = await person.rest.apps.listInstallationsForAuthenticatedUser({
      per_page: pageSize,
      page,
    });
    // GitHub answers 403 for the repositories of a suspended one.
    ids.push(...data.installations.filter((one) => one.suspended_at === null).map(({ id }) => id));
    if (data.installations.length < pageSize) break;
  }
  return ids;
}

/** A repository as the list shows it, as far as it is read here. */
interface Listed {
  private: boolean;
  visibility?: string;
  permissions?:
    | { pull?: boolean; triage?: boolean; push?: boolean; maintain?: boolean; admin?: boolean }
    | undefined;
}

function isSeen({ private: closed, visibility, permissions }: Listed): boolean {
  const isPublic = visibility === undefined ? !closed : visibility === "public";
  return atLeast(levelIn({ permissions }), isPublic ? "triage" : "read");
}

/** A custom role counts as what it allows of the usual ones. */
function levelIn({ permissions = {} }: Pick<Listed, "permissions">): Level {
  const { pull, triage, push, maintain, admin } = permissions;
  const has = { triage, write: push, maintain, admin };
  return roles.findLast((role) => has[role]) ?? (pull ? "read" : "none");
}
