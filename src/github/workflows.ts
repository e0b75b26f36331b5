/** The workflows on a repository's default branch, read in one question. Their text is not understood here. */
import type { GitHub } from "./client.ts";
import type { Where } from "./settings-files.ts";

/** A workflow file; `text` is undefined where it is not text. */
export interface Workflow {
  name: string;
  text: string | undefined;
}

const filesMax = 100;

const query = `query ($owner: String!, $repo: String!) {
  repository(owner: $owner, name: $repo) {
    folder: object(expression: "HEAD:.github/workflows") {
      ... on Tree { entries { name type object { ... on Blob { text } } } }
    }
  }
}`;

interface Answer {
  repository: {
    folder: { entries?: { name: string; type: string; object: { text?: string | null } | null }[] } | null;
  } | null;
}

/** At most a hundred of them, by name. Throws as GitHub answers. */
export async function workflowsOf(github: GitHub, where: Omit<Where, "repositoryId">): Promise<Workflow[]> {
  const { installation, owner, repo } = where;
  const { repository } = await github.of(installation).graphql<Answer>(query, { owner, repo });
  return (repository?.folder?.entries ?? [])
    .filter(({ name, type }) => type === "blob" && /\.ya?ml$/.test(name))
    .slice(0, filesMax)
    .map(({ name, object }) => ({ name, text: object?.text ?? undefined }));
}
