/** Labels of repositories: which ones an installation has, which labels they have, and a new one. */
import { isProblem } from "../domain/errors.ts";
import type { GitHub } from "./client.ts";
import type { Where } from "./settings-files.ts";

/** A label to be. `color` is six hexadecimal digits, `description` at most a hundred characters. */
export interface NewLabel {
  name: string;
  color: string;
  description: string;
}

/** The repositories an installation reaches, a page of a hundred at a time; archived ones are left out. */
export async function* repositoriesOf(github: GitHub, installation: number): AsyncGenerator<Where> {
  const { apps } = github.of(installation).rest;
  for (let page = 1; ; page += 1) {
    const { data } = await apps.listReposAccessibleToInstallation({ per_page: 100, page });
    for (const { id, name, owner, archived } of data.repositories) {
      if (!archived) yield { installation, repositoryId: id, owner: owner.login, repo: name };
    }
    if (data.repositories.length < 100) return;
  }
}

/** GitHub sets no bound to the labels of a repository; more than these are taken to be there. */
const pagesMax = 10;

/** Names of a repository's labels. */
export async function labelNames(github: GitHub, { installation, owner, repo }: Where): Promise<string[]> {
  const { issues } = github.of(installation).rest;
  const names: string[] = [];
  for (let page = 1; page <= pagesMax; page += 1) {
    const { data } = await issues.listLabelsForRepo({ owner, repo, per_page: 100, page });
    names.push(...data.map(({ name }) => name));
    if (data.length < 100) break;
  }
  return names;
}

/** Makes a label. False when it is there already. */
export async function createLabel(
  github: GitHub,
  { installation, owner, repo }: Where,
  label: NewLabel,
): Promise<boolean> {
  try {
    await github.of(installation).rest.issues.createLabel({ owner, repo, ...label });
    return true;
  } catch (error) {
    if (isProblem(error) && /already_exists/.test(error.message)) return false;
    throw error;
  }
}
