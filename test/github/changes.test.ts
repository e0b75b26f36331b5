/** What was pushed, where GitHub shows only a part of it. */
import { expect, test } from "vitest";
import { pushedChanges } from "../../src/github/changes.ts";
import type { GitHub } from "../../src/github/client.ts";

const place = { installation: 1, repositoryId: 2, owner: "acme", repo: "shop", issue: 3 };
const shownMax = 300;

const file = (filename: string) => ({
  ...{ sha: "blob", filename, status: "added", additions: 2, deletions: 0, changes: 2 },
  patch: "@@ -0,0 +1,2 @@\n+one\n+two",
});

/** A branch of commits that add these many files each, as GitHub shows it. */
async function changesOf(...counts: number[]) {
  const commits = counts.map((count, place) => ({
    ...{ sha: `c${place}`, commit: { message: "Add" }, parents: [{ sha: `c${place - 1}` }] },
    files: Array.from({ length: count }, (_, number) => file(`${place}-${number}.txt`)),
  }));
  const compared = {
    ...{ ahead_by: counts.length, total_commits: counts.length, commits },
    ...{ base_commit: { sha: "base" }, merge_base_commit: { sha: "c-1" } },
    files: commits.flatMap(({ files }) => files).slice(0, shownMax),
  };
  const repos = {
    compareCommitsWithBasehead: async () => ({ data: compared }),
    getCommit: async ({ ref }: { ref: string }) => ({ data: commits.find(({ sha }) => sha === ref) }),
  };
  // The cast: what was pushed is read by no more than these.
  const github = { of: () => ({ rest: { repos } }) } as unknown as GitHub;
  return pushedChanges(github, place, { base: "main", head: "claude/one" });
}

test("a comparison in full counts as it is", async () => {
  expect((await changesOf(100, 100))?.total).toEqual({ commits: 2, files: 200, lines: 400 });
});

test("of a comparison that was cut the commits are counted", async () => {
  expect((await changesOf(290, 290, 290))?.total).toEqual({ commits: 3, files: 870, lines: 1_740 });
});
