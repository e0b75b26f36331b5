/**
 * The check of a repository's own workflows: those that run when a session pushes its branch, on what the agent
 * wrote and before it is screened. They are named and the rest is the maintainers' to decide.
 */
import { sessionBranch } from "../domain/ids.ts";
import { runsOnPush } from "../domain/push-workflows.ts";
import { oneLine } from "../domain/sanitize.ts";
import type { GitHub } from "../github/client.ts";
import type { Where } from "../github/settings-files.ts";
import { workflowsOf } from "../github/workflows.ts";
import { type Finding, pass, warn } from "./findings.ts";

const namesMax = 10;
const nameMax = 80;
const branch = sessionBranch("sesn_0123456789abcdefABCDEF");

/** What of the repository's workflows runs for `claude/**`. Throws as GitHub answers. */
export async function pushWorkflows(
  github: GitHub,
  where: Omit<Where, "repositoryId">,
): Promise<Omit<Finding, "what">> {
  const all = await workflowsOf(github, where);
  const run = all
    .filter(({ text }) => text === undefined || runsOnPush(text, branch) !== "does not run")
    .map(({ name }) => oneLine(name, nameMax));
  if (run.length === 0)
    return pass(all.length === 0 ? "none" : `none of ${all.length} runs for pushes to claude/**`);
  const more = run.length > namesMax ? ` and ${run.length - namesMax} more` : "";
  return warn(
    `run for pushes to claude/**, before anything is screened: ${run.slice(0, namesMax).join(", ")}${more}`,
    "give those with secrets a branch filter; SECURITY.md, Workflows that run on push",
  );
}
