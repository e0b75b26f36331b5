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
  /** What people had done with it before it was found again. */
  fate?: "pull request closed" | "pull request merged";
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

/** GitHub's clock is not ours. */
const slackMs = 60_000;

/**
 * Opens the pull request, or adopts the one that is open for that head when it is ours; an earlier attempt's also
 * when somebody has closed it since: a second one would overrule them.
 */
export function pullRequest(github: GitHub, place: Place, wanted: PullRequest): Act<Pull> {
  const { owner, repo } = place;
  const create = async (draft: boolean): Promise<Pull> => {
    const { data } = await github.of(place.installation).rest.pulls.create({ owner, repo, ...wanted, draft });
    return { number: data.number, url: data.html_url, branch: wanted.head, headSha: data.head.sha };
  };
  return {
    find: (begunAt) => findOurs(github, place, wanted, begunAt - slackMs),
    make: async () => {
      try {
        return await create(wanted.draft).catch((error: unknown) => {
          if (wanted.draft && isProblem(error) && draftsRefused.test(error.message)) return create(false);
          throw error;
        });
      } catch (error) {
        if (isProblem(error) && alreadyOpen.test(error.message)) {
          const open = await findOurs(github, place, wanted, Number.POSITIVE_INFINITY);
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

/** The open one, else a closed one that was created since `since`. */
async function findOurs(
  github: GitHub,
  place: Place,
  wanted: PullRequest,
  since: number,
): Promise<Pull | undefined> {
  const { owner, repo } = place;
  const { data } = await github
    .of(place.installation)
    .rest.pulls.list({ owner, repo, head: `${owner}:${wanted.head}`, state: "all" });
  const { login } = await github.self(place.installation);
  const open = data.find(({ state }) => state === "open");
  if (!open) {
    const closed = data.find(
      ({ user, base, created_at }) =>
        user?.login === login && base.ref === wanted.base && Date.parse(created_at) >= since,
    );
    if (!closed) return undefined;
    const fate = closed.merged_at ? ("pull request merged" as const) : ("pull request closed" as const);
    return { ...adopted(closed, wanted), fate };
  }
  if (open.user?.login !== login || open.base.ref !== wanted.base) {
    throw new Problem(
      "fault",
      "pull_foreign",
      `#${open.number} of ${open.user?.login ?? "somebody else"} already proposes the branch \`${wanted.head}\` of ${fullName(place)}. Close it, then \`/agent retry\`.`,
    );
  }
  return adopted(open, wanted);
}

function adopted(
  { number, html_url: url, head }: { number: number; html_url: string; head: { sha: string } },
  { head: branch }: PullRequest,
): Pull {
  return { number, url, branch, headSha: head.sha };
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

/** Is the pull request closed or merged, as GitHub has it now? */
export async function isClosedPull(
  github: GitHub,
  { installation, owner, repo }: Place,
  pull: number,
): Promise<boolean> {
  const { data } = await github.of(installation).rest.pulls.get({ owner, repo, pull_number: pull });
  return data.state === "closed";
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
