/**
 * How an installation stands at GitHub now, whatever late or missing deliveries said of it.
 */
import { isProblem } from "../domain/errors.ts";
import type { Place } from "../domain/run.ts";
import type { GitHub } from "./client.ts";

/** Can the App work in this installation? */
export async function standingOf(
  { app }: Pick<GitHub, "app">,
  installation: number,
): Promise<"installed" | "suspended" | "gone"> {
  try {
    const { data } = await app.rest.apps.getInstallation({ installation_id: installation });
    return data.suspended_at ? "suspended" : "installed";
  } catch (error) {
    if (isProblem(error, "gone")) return "gone";
    throw error;
  }
}

/**
 * How a repository stands at GitHub now: `out` where the App is not installed in it (any more), `gone` where there is
 * none of this number by its name.
 */
export async function repositoryStanding(
  github: GitHub,
  { installation, repositoryId, owner, repo }: Omit<Place, "issue">,
): Promise<"out" | "gone" | { archived: boolean; private: boolean }> {
  try {
    const { data: installed } = await github.app.rest.apps.getRepoInstallation({ owner, repo });
    if (installed.id !== installation) return "out";
    const { data } = await github.of(installation).rest.repos.get({ owner, repo });
    return data.id === repositoryId ? { archived: data.archived, private: data.private } : "gone";
  } catch (error) {
    if (isProblem(error, "gone")) return "out";
    throw error;
  }
}

/** The repository's default branch now. */
export async function defaultBranchOf(
  github: GitHub,
  { installation, owner, repo }: Pick<Place, "installation" | "owner" | "repo">,
): Promise<string> {
  const { data } = await github.of(installation).rest.repos.get({ owner, repo });
  return data.default_branch;
}
