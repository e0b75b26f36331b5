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
export function closedForMs({ ledger, clock }: Tools): number {
  const approvalMs = ledger.all("held ").length > 0 ? heldMs : 0;
  return clock.now() - (ledger.writtenAt("met") ?? clock.now()) - approvalMs;
}

/** Does without what is refused, and after a day without what is only put off: the round ends all the same. */
export function notInTime(tools: Tools, error: unknown): void {
  const isLate = isProblem(error, "later") && closedForMs(tools) >= patienceMs;
  if (isLate) tools.log.error({ run_id: tools.held.run.id, err: error }, "an ending goes on without this");
  else unheard(tools, error);
}
