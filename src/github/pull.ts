/**
 * Pull requests of ours: opened or adopted, once, found again by their head branch.
 */
import { type Act, idempotent } from "../domain/act.ts";
import { isProblem, Problem } from "../domain/errors.ts";
import { fullName, type Place } from "../domain/run.ts";
import type { GitHub } from "./client.ts";

/** A pull request of ours. */
export interface Pull {
  number: number;
  url: string;
  /** Its head branch. */
  branch: string;
  /** Head commit as GitHub had it when it was opened or adopted. */
  headSha: string;
}

/** What a pull request is opened with. */
export interface PullRequest {
  base: string;
  head: string;
  title: string;
  body: string;
  draft: boolean;
}

/** What GitHub's `422` says about an open pull request, an empty comparison, an account without drafts. */
const alreadyOpen = /already exists/i;
const nothingBetween = /no commits between/i;
const draftsRefused = /draft pull requests are not supported/i;

/** Opens the pull request, or adopts the one that is open for that head when it is ours. */
export function pullRequest(github: GitHub, place: Place, wanted: PullRequest): Act<Pull> {
  const { owner, repo } = place;
  const create = async (draft: boolean): Promise<Pull> => {
    const { data } = await github.of(place.installation).rest.pulls.create({ owner, repo, ...wanted, draft });
    return { number: data.number, url: data.html_url, branch: wanted.head, headSha: data.head.sha };
  };
  return {
    find: () => findOpen(github, place, wanted),
    make: async () => {
      try {
        return await create(wanted.draft).catch((error: unknown) => {
          if (wanted.draft && isProblem(error) && draftsRefused.test(error.message)) return create(false);
          throw error;
        });
      } catch (error) {
        if (isProblem(error) && alreadyOpen.test(error.message)) {
          const open = await findOpen(github, place, wanted);
          if (open) return open;
        }
        if (isProblem(error) && nothingBetween.test(error.message)) {
          throw new Problem("gone", "pull_empty", "There is nothing to propose.", { cause: error });
        }
        throw error;
      }
    },
  };
}

async function findOpen(github: GitHub, place: Place, wanted: PullRequest): Promise<Pull | undefined> {
  const { owner, repo } = place;
  const { data } = await github
    .of(place.installation)
    .rest.pulls.list({ owner, repo, head: `${owner}:${wanted.head}`, state: "open" });
  const open = data[0];
  if (!open) return undefined;
  const { login } = await github.self(place.installation);
  if (open.user?.login !== login || open.base.ref !== wanted.base) {
    throw new Problem(
      "fault",
      "pull_foreign",
      `#${open.number} of ${open.user?.login ?? "somebody else"} already proposes the branch \`${wanted.head}\` of ${fullName(place)}. Close it, then \`/agent retry\`.`,
    );
  }
  return { number: open.number, url: open.html_url, branch: wanted.head, headSha: open.head.sha };
}

/** Head commit of a pull request as GitHub has it now. */
export async function headOf(
  github: GitHub,
  { installation, owner, repo }: Place,
  pull: number,
): Promise<string> {
  const { data } = await github.of(installation).rest.pulls.get({ owner, repo, pull_number: pull });
  return data.head.sha;
}

/** Asks people to review. False when GitHub will not: the author, no collaborator, a permission that is gone. */
export function reviewRequest(
  github: GitHub,
  place: Place,
  { pull, logins }: { pull: number; logins: string[] },
): Act<boolean> {
  const { owner, repo } = place;
  return idempotent(async () => {
    try {
      await github
        .of(place.installation)
        .rest.pulls.requestReviewers({ owner, repo, pull_number: pull, reviewers: logins });
      return true;
    } catch (error) {
      if (isProblem(error) && error.kind !== "later") return false;
      throw error;
    }
  });
}
