/**
 * How long an ending may take: what others put off is waited for, but nothing keeps a round from ending for ever.
 */
import { isProblem } from "../domain/errors.ts";
import { heldMs } from "./approval.ts";
import { unheard } from "./report.ts";
import type { Tools } from "./tools.ts";

/** How long what does not succeed is tried again, milliseconds. */
export const patienceMs = 24 * 60 * 60_000;

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

/** Does without what is refused, and after a day without what is only put off: the round ends all the same. */
export function notInTime(tools: Tools, error: unknown): void {
  const isLate = isProblem(error, "later") && closedForMs(tools) >= patienceMs;
  if (isLate) tools.log.error({ run_id: tools.held.run.id, err: error }, "an ending goes on without this");
  else unheard(tools, error);
}
