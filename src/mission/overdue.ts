/**
 * How long an ending may take: what others put off is waited for, but nothing keeps a round from ending for ever.
 */
import { isProblem, type Problem } from "../domain/errors.ts";
import { heldMs } from "./approval.ts";
import { unheard } from "./report.ts";
import type { Tools } from "./tools.ts";

/** How long what does not succeed is tried again; and how long of that, after an absence, by a process that is there. */
const patienceMs = 24 * 60 * 60_000;
const presenceMs = 60 * 60_000;

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

/** Has what is only put off been put off for long enough that the round does without it? */
export function isOverdue(tools: Tools, { code }: Problem): boolean {
  const { clock, startedAt } = tools;
  if (ourOwn.has(code) || clock.now() - startedAt < presenceMs) return false;
  return closedForMs(tools) >= patienceMs;
}

/** Does without what is refused, and after a day without what is only put off: the round ends all the same. */
export function notInTime(tools: Tools, error: unknown): void {
  const isLate = isProblem(error, "later") && isOverdue(tools, error);
  if (isLate) tools.log.error({ run_id: tools.held.run.id, err: error }, "an ending goes on without this");
  else unheard(tools, error);
}
