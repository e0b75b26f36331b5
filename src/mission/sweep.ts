/**
 * The caretaker: what nobody would come back to by itself. Deliveries past their retention are forgotten.
 */
import type { Clock } from "../clock.ts";
import type { Inbox } from "../store/deliveries.ts";

/** Payloads are kept this long: GitHub's own delivery log keeps three days. */
const deliveryKeptMs = 7 * 24 * 60 * 60_000;

/** One round of the caretaker. Returns when the next is due. */
export async function sweep({ box, clock }: { box: Inbox; clock: Clock }, everyMs: number): Promise<number> {
  await box.prune(clock.now() - deliveryKeptMs);
  return clock.now() + everyMs;
}
