/**
 * The continuous integration of the demonstration's repository: runs its lint for real on a commit and
 * reports the result to the simulated GitHub as its Actions would.
 */
import { spawnSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { git } from "../sim/github/git.ts";
import type { GitHubSim } from "../sim/github/github.ts";

/** Runs `node lint.js` on the branch's head; its output is the job's log. Returns whether it passed. */
export async function lintHead(github: GitHubSim, repository: string, branch: string): Promise<boolean> {
  const directory = await mkdtemp(join(tmpdir(), "patchwright-ci-"));
  try {
    await git(directory, ["clone", "--quiet", "--branch", branch, github.gitDirectory(repository), "."]);
    const { status, stdout, stderr } = spawnSync(process.execPath, ["lint.js"], {
      cwd: directory,
      encoding: "utf8",
    });
    const log = `Run node lint.js\n${stdout}${stderr}Process completed with exit code ${status}.\n`;
    const conclusion = status === 0 ? "success" : "failure";
    await github.completeSuite(repository, { branch, runs: [{ name: "lint", conclusion, log }] });
    return status === 0;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
