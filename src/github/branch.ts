/**
 * Branches we make ourselves: created or fast-forwarded at a screened commit through the refs API, never
 * by force, so that somebody else's branch of that name is left alone.
 */
import { isProblem, Problem } from "../domain/errors.ts";
import type { Place } from "../domain/run.ts";
import type { GitHub } from "./client.ts";

const exists = /already exists/i;

/** Makes `branch` point at `sha`. `refused` when it exists and does not lead there. Doing it again changes nothing. */
export async function pointBranch(
  github: GitHub,
  place: Place,
  { branch, sha }: { branch: string; sha: string },
): Promise<void> {
  const { owner, repo } = place;
  const { git } = github.of(place.installation).rest;
  try {
    await git.createRef({ owner, repo, ref: `refs/heads/${branch}`, sha });
  } catch (error) {
    if (!isProblem(error) || !exists.test(error.message)) throw error;
    await git
      .updateRef({ owner, repo, ref: `heads/${branch}`, sha, force: false })
      .catch((cause: unknown) => {
        if (!isProblem(cause, "fault")) throw cause;
        const words = `The branch \`${branch}\` exists and holds other work. Remove it or change the \`branch\` setting.`;
        throw new Problem("refused", "branch_taken", words, { cause });
      });
  }
}

/** Is there such a branch? */
export async function branchExists(
  github: GitHub,
  { installation, owner, repo }: Place,
  branch: string,
): Promise<boolean> {
  try {
    await github.of(installation).rest.git.getRef({ owner, repo, ref: `heads/${branch}` });
    return true;
  } catch (error) {
    if (isProblem(error, "gone")) return false;
    throw error;
  }
}
