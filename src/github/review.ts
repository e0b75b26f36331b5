/**
 * A review on a pull request: its words and every remark with file and line, as one thing.
 */

import type { Remark } from "../domain/prompt.ts";
import type { Place } from "../domain/run.ts";
import type { GitHub } from "./client.ts";

/** Pages of a hundred remarks that are read. */
const pagesMax = 5;

/** When a review was submitted, by GitHub's clock, milliseconds since the epoch; undefined of one that was not yet. */
export async function submittedAt(
  github: GitHub,
  { installation, owner, repo, issue }: Place,
  review: number,
): Promise<number | undefined> {
  const { pulls } = github.of(installation).rest;
  const where = { owner, repo, pull_number: issue, review_id: review };
  const { data } = await pulls.getReview(where);
  return Date.parse(data.submitted_at ?? "") || undefined;
}

/**
 * The review's own words and its remarks. `place.issue` is the pull request's number; `submittedAt`: by GitHub's
 * clock, milliseconds since the epoch.
 */
export async function readReview(
  github: GitHub,
  { installation, owner, repo, issue }: Place,
  review: number,
): Promise<{ body: string; remarks: Remark[]; submittedAt?: number }> {
  const { pulls } = github.of(installation).rest;
  const where = { owner, repo, pull_number: issue, review_id: review };
  const { data } = await pulls.getReview(where);
  const remarks: Remark[] = [];
  for (let page = 1; page <= pagesMax; page++) {
    const { data: listed } = await pulls.listCommentsForReview({ ...where, per_page: 100, page });
    remarks.push(
      ...listed.map((one) => {
        const line = one.line ?? one.original_line;
        return {
          path: one.path,
          hunk: one.diff_hunk,
          body: one.body,
          ...(line === undefined ? {} : { line }),
        };
      }),
    );
    if (listed.length < 100) break;
  }
  const submittedAt = Date.parse(data.submitted_at ?? "");
  return { body: data.body, remarks, ...(submittedAt ? { submittedAt } : {}) };
}
