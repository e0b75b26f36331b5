/**
 * A push to a default branch may have changed settings: what was read there is read again. Heard at the door,
 * before a delivery is stored or forgotten, and again where the inbox hands out one that had been missed.
 */
import { readDelivery } from "../domain/delivery.ts";
import { intentOf } from "../domain/intent.ts";
import { branchOf } from "../domain/move.ts";
import type { Db } from "../store/schema.ts";
import { settingsPushed } from "../store/settings-files.ts";

/** Notes a push by its payload; any other delivery is none of its business. */
export async function hearSettingsPush(db: Db, payload: unknown): Promise<void> {
  const reading = readDelivery("push", payload);
  if (reading.kind === "ignored") return;
  const intent = intentOf(reading.delivery, 0);
  if (intent.kind === "pushed" && branchOf(intent.move.ref) === intent.defaultBranch)
    await settingsPushed(db, intent.place);
}
