/**
 * Vaults that a crash or a lost reply left behind: those of runs that have ended are closed, and with them what
 * they hold. A vault whose run is not ours is never touched.
 */
import { isProblem } from "../domain/errors.ts";
import { sessionsOfRuns } from "../store/sleepers.ts";
import type { SweepParts } from "./sweep-parts.ts";

/** Vaults closed in one pass. */
const closedMax = 100;

/** Closes vaults of ended runs. True when none is left. */
export async function closeLeftoverVaults({ agents, store, log }: SweepParts): Promise<boolean> {
  let closed = 0;
  for await (const page of agents.vaults({})) {
    const runs = await sessionsOfRuns(store.db, [...new Set(page.map(({ run }) => run))]);
    for (const { id, run } of page.filter((one) => runs.get(one.run)?.ended)) {
      if (closed >= closedMax) return false;
      closed += 1;
      try {
        await agents.closeVault(id);
        log.warn({ vault_id: id, run_id: run }, "leftover vault closed");
      } catch (error) {
        if (!isProblem(error) || error.kind === "later") throw error;
        log.error({ vault_id: id, run_id: run, err: error }, "leftover vault stays open");
      }
    }
  }
  return true;
}
