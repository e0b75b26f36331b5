/**
 * How long an ending may take: what others put off is waited for, but nothing keeps a round from ending for ever.
 */
import { isProblem, type Problem } from "../domain/errors.ts";
import { heldMs } from "./approval.ts";
import { unheard } from "./report.ts";
import type { Tools } from "./tools.ts";

/** How long what does not succeed is tried again, and how long after that once GitHub answers, as after an outage. */
const patienceMs = 24 * 60 * 60_000;
const lastTriesMs = 60 * 60_000;

/** What waits for ourselves, after an outage say, is no word of GitHub's, however long ago the round began to close. */
const ourOwn: ReadonlySet<string> = new Set(["backlog_unread", "act_unsettled", "run_in_doubt"]);

/** How long ago the round met its ending; waiting for an approval is not counted. */
export function closedForMs(tools: Tools): number {
  const now = tools.clock.now();
  return now - (tools.ledger.writtenAt("met") ?? now) - waitedMs(tools);
}

/** From the first head that was held to the approval of the last, or until now. */
function waitedMs({ ledger, clock }: Tools): number {
  const heldAt = ledger.all("held ").map(({ at }) => at);
  const approvedAt = ledger.writtenAt("approval") ?? 0;
  const until = approvedAt >= Math.max(...heldAt) ? approvedAt : clock.now();
  return heldAt.length === 0 ? 0 : Math.min(until - Math.min(...heldAt), heldMs * heldAt.length);
}

/**
 * Has what is only put off been put off for long enough that the round does without it? Time in which nobody was
 * here to try, or GitHub was away altogether, does not count: the last hour of tries begins when both are back, and is
 * written down, so that it ends however often the process starts anew.
 */
export async function isOverdue(tools: Tools, { code }: Problem): Promise<boolean> {
  const { ledger, clock } = tools;
  if (ourOwn.has(code) || closedForMs(tools) < patienceMs) return false;
  if (code.startsWith("github_") && !(await answers(tools))) return false;
  const since = ledger.writtenAt("late");
  if (since === undefined) await ledger.write("late", true);
  return since !== undefined && clock.now() - since >= lastTriesMs;
}

/** Does GitHub answer the App at all? */
async function answers({ github }: Tools): Promise<boolean> {
  try {
    await github.app.rest.apps.getAuthenticated();
    return true;
  } catch (error) {
    if (!isProblem(error)) throw error;
    return error.kind !== "later";
  }
}

/** Does without what is refused, and in the end without what is only put off: the round ends all the same. */
export async function notInTime(tools: Tools, error: unknown): Promise<void> {
  if (isProblem(error, "later") && (await isOverdue(tools, error)))
    tools.log.error({ run_id: tools.held.run.id, err: error }, "an ending goes on without this");
  else unheard(tools, error);
}
