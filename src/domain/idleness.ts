/**
 * Deliveries that ask nothing of us, told apart by reading them once: most of an organisation's are such.
 */
import { readDelivery } from "./delivery.ts";
import { intentOf } from "./intent.ts";
import type { Place } from "./run.ts";
import { readUpheaval } from "./upheaval.ts";

/**
 * Why a delivery asks nothing of us, as far as it alone can tell, and `isForeign` of a label; undefined where
 * somebody has to look closer.
 */
export function idleness(
  event: string,
  payload: unknown,
  isForeign: (labelled: { place: Place; label: string }) => boolean,
): string | undefined {
  if (readUpheaval(event, payload)) return undefined;
  const reading = readDelivery(event, payload);
  if (reading.kind === "ignored") return reading.why === "action not used" ? reading.why : undefined;
  const intent = intentOf(reading.delivery, 0);
  if (intent.kind === "start" && isForeign(intent)) return "not a label of ours";
  return intent.kind === "nothing" ? intent.why : undefined;
}
