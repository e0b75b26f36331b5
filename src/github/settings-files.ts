/**
 * Where the settings lie: `.github/patchwright.yml` on the default branch of a repository and of its owner's
 * `.github` repository, both read in one question with our own token. It takes what GitHub says of the files
 * and knows nothing of what is in them.
 */
import { Problem } from "../domain/errors.ts";
import type { Place } from "../domain/run.ts";
import { settingsPath } from "../domain/settings.ts";
import type { GitHub } from "./client.ts";
import { graphqlErrors, graphqlFailure, graphqlProblem, isOutOfReach } from "./failure.ts";

/** Where a repository is. */
export type Where = Pick<Place, "installation" | "repositoryId" | "owner" | "repo">;

/** A settings file as it lies there, with the commit of the default branch it was read at. */
export type FoundFile =
  | { kind: "none"; commit?: string }
  | { kind: "file"; commit: string; blob: string; text: string }
  /** It is there and cannot be settings; `why` follows its name. */
  | { kind: "unfit"; commit: string; blob: string; why: string };

/** What was found at a place. `organisation` is absent where the owner's `.github` repository cannot be read. */
export interface FoundFiles {
  repository: FoundFile;
  organisation?: { repositoryId: number; file: FoundFile };
}

/** A settings file has about a kilobyte; above this the text is not even looked at. */
const bytesMax = 64 * 1024;

const [folder = "", name = ""] = settingsPath.split("/");
const treeParts = "{ ... on Tree { entries { name mode type oid } } }";
const blobParts = "{ ... on Blob { byteSize isBinary isTruncated text } }";
const parts = `
  databaseId
  defaultBranchRef { target { oid } }
  folder: object(expression: "HEAD:${folder}") ${treeParts}
  file: object(expression: "HEAD:${settingsPath}") ${blobParts}`;
const query = `query ($owner: String!, $repo: String!) {
  repository(owner: $owner, name: $repo) {${parts}}
  organisation: repository(owner: $owner, name: ".github", followRenames: false) {${parts}}
}`;

const headQuery = `query ($owner: String!, $repo: String!, $folder: String!, $file: String!) {
  repository(owner: $owner, name: $repo) {
    databaseId
    usual: object(expression: "HEAD:${folder}") ${treeParts}
    folder: object(expression: $folder) ${treeParts}
    file: object(expression: $file) ${blobParts}
  }
}`;

interface Lying {
  folder: { entries?: TreeEntry[] } | null;
  file: { byteSize?: number; isBinary?: boolean; isTruncated?: boolean; text?: string | null } | null;
}

interface RepositoryAnswer extends Lying {
  databaseId: number;
  defaultBranchRef: { target: { oid: string } } | null;
}

interface HeadAnswer {
  repository: (Lying & { databaseId: number; usual: Lying["folder"] }) | null;
}

interface TreeEntry {
  name: string;
  /** Git's mode: 0o120000 is a link. */
  mode: number;
  /** `blob`, `tree`, or `commit` for a submodule. */
  type: string;
  oid: string;
}

interface Answer {
  repository: RepositoryAnswer | null;
  organisation: RepositoryAnswer | null;
}

/** Reads both files. Throws `gone` where the repository is, `later` and `refused` as GitHub says. */
export async function findSettingsFiles(github: GitHub, where: Where): Promise<FoundFiles> {
  const { owner, repo } = where;
  const answer = await asked(github, where, { owner, repo });
  const { repository, organisation } = answer;
  // A name may by now belong to another repository, whose settings are not this one's.
  if (!repository || (where.repositoryId !== 0 && repository.databaseId !== where.repositoryId))
    throw new Problem("gone", "github_gone", `GitHub has no repository ${owner}/${repo} (any more).`);
  return {
    repository: fileOf(repository, repository.defaultBranchRef?.target.oid),
    ...(organisation
      ? {
          organisation: {
            repositoryId: organisation.databaseId,
            file: fileOf(organisation, organisation.defaultBranchRef?.target.oid),
          },
        }
      : {}),
  };
}

/** Out of reach is an answer where it is the owner's `.github` repository. */
async function asked(
  github: GitHub,
  { installation }: Pick<Where, "installation">,
  names: { owner: string; repo: string },
): Promise<Answer> {
  try {
    return await github.of(installation).graphql<Answer>(query, names);
  } catch (error) {
    const errors = graphqlErrors(error);
    if (!errors) throw error;
    const data = error instanceof Error && "data" in error ? (error.data as Answer | undefined) : undefined;
    const others = errors.filter((one) => one.path?.[0] !== "organisation" || !isOutOfReach(one));
    if (others.length === 0) return { repository: data?.repository ?? null, organisation: null };
    throw graphqlProblem(others, error);
  }
}

const filesPagesMax = 30;

/**
 * The settings file at the head of a pull request, where the pull request changes it and it is still there.
 * Without a difference to the default branch that is one question.
 */
export async function settingsProposed(
  github: GitHub,
  where: Where,
  { pull, head }: { pull: number; head: string },
): Promise<FoundFile | undefined> {
  const { owner, repo } = where;
  const names = { owner, repo, folder: `${head}:${folder}`, file: `${head}:${settingsPath}` };
  const { repository } = await github
    .of(where.installation)
    .graphql<HeadAnswer>(headQuery, names)
    .catch((error: unknown) => {
      throw graphqlFailure(error);
    });
  if (repository?.databaseId !== where.repositoryId) return undefined;
  const proposed = entryOf(repository.folder);
  if (!proposed || proposed.oid === entryOf(repository.usual)?.oid) return undefined;
  // It may differ because the default branch went on.
  return (await changesSettings(github, where, pull)) ? fileOf(repository, head) : undefined;
}

async function changesSettings(github: GitHub, where: Where, pull: number): Promise<boolean> {
  const { owner, repo } = where;
  const { pulls } = github.of(where.installation).rest;
  for (let page = 1; page <= filesPagesMax; page += 1) {
    const { data } = await pulls.listFiles({ owner, repo, pull_number: pull, per_page: 100, page });
    if (data.some(({ filename }) => filename === settingsPath)) return true;
    if (data.length < 100) return false;
  }
  return false;
}

const linkMode = 0o120000;

function entryOf(tree: Lying["folder"]): TreeEntry | undefined {
  return tree?.entries?.find((one) => one.name === name);
}

function fileOf({ folder: tree, file }: Lying, commit: string | undefined): FoundFile {
  const entry = entryOf(tree);
  if (commit === undefined || !entry) return { kind: "none", ...(commit === undefined ? {} : { commit }) };
  const why = unfit(entry, file);
  if (why !== undefined) return { kind: "unfit", commit, blob: entry.oid, why };
  return { kind: "file", commit, blob: entry.oid, text: file?.text ?? "" };
}

/** Why what lies there cannot be a settings file; undefined when it can. */
function unfit(entry: TreeEntry, file: Lying["file"]): string | undefined {
  if (entry.type === "tree") return "is a directory; it has to be a file";
  if (entry.type === "commit") return "is a submodule; it has to be a file";
  if (entry.mode === linkMode) return "is a symbolic link, which is not followed; it has to be a file";
  if ((file?.byteSize ?? 0) > bytesMax || file?.isTruncated) return `is larger than ${bytesMax / 1024} KiB`;
  if (file?.isBinary || typeof file?.text !== "string") return "is not UTF-8 text";
  if (file.text.startsWith("version https://git-lfs.github.com/"))
    return "is kept in Git LFS; it has to be in the repository itself";
  return undefined;
}
