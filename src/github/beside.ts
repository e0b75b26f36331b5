/**
 * What a repository that somebody names is, and whether the App is installed on it: a public one can be read
 * from outside as well, so reading it proves nothing.
 */
import type { Beside, Visibility } from "../domain/besides.ts";
import { isProblem } from "../domain/errors.ts";
import type { GitHub } from "./client.ts";

/** The repository of this installation that has, or had, the name `owner/name`; undefined when there is none. */
export async function repositoryNamed(
  github: GitHub,
  installation: number,
  name: string,
): Promise<(Beside & { visibility: Visibility }) | undefined> {
  const [owner = "", repo = ""] = name.split("/");
  try {
    const { data: installed } = await github.app.rest.apps.getRepoInstallation({ owner, repo });
    if (installed.id !== installation) return undefined;
    const { data } = await github.of(installation).rest.repos.get({ owner, repo });
    return { name: data.full_name, repositoryId: data.id, visibility: visibilityOf(data) };
  } catch (error) {
    if (isProblem(error, "gone")) return undefined;
    throw error;
  }
}

/** Who may see a repository. What GitHub does not say counts as private. */
export function visibilityOf({
  visibility,
  private: isPrivate,
}: {
  visibility?: string;
  private: boolean;
}): Visibility {
  if (visibility === "internal") return "internal";
  return isPrivate ? "private" : "public";
}
