/**
 * The caretaker: what nobody would come back to by itself. Four rounds, each with its own alarm: the
 * delivery log, sessions at work, leftovers, installations that have left. Everything is paged and bounded; what does not fit into one
 * turn is continued in the next, and a *later* of GitHub or the platform is the engine's to wait out.
 */
import { isProblem } from "../domain/errors.ts";
import { createDeliverySweep } from "./sweep-deliveries.ts";
import { sweepDepartures } from "./sweep-departures.ts";
import { createGapSweep } from "./sweep-gap.ts";
import { closeLeftovers, closeYoungLeftovers, sweepRows } from "./sweep-leftovers.ts";
import type { SweepParts } from "./sweep-parts.ts";
import { sweepOldPlaces, sweepPlaces } from "./sweep-places.ts";
import { sweepSessions } from "./sweep-sessions.ts";
import { closeLeftoverVaults } from "./sweep-vaults.ts";
import { createVisitSweep } from "./sweep-visits.ts";

/** The rounds, by the id of their alarm. */
export const sweepIds = ["deliveries", "sessions", "leftovers", "departures"] as const;

/** How soon a session that was interrupted is tried again. */
const settleMs = 5_000;

/** One turn of a round: resolves with when it is due again, in milliseconds since the epoch. */
export type Sweep = (id: string, signal: AbortSignal) => Promise<number | undefined>;

/** The engine's worker for the kind `sweep`. */
export function createSweep(parts: SweepParts): Sweep {
  const { clock, config } = parts;
  const deliveries = createDeliverySweep(parts);
  const gap = createGapSweep(parts);
  const visits = createVisitSweep(parts);
  const closing = { ...parts, told: new Set<string>() };
  // A pass over the log goes on through its turns; between two passes the gap, if there is one, is searched.
  let isLogRead = false;
  const readLog = (signal: AbortSignal) =>
    deliveries(signal).catch(async (error: unknown) => {
      // Where GitHub does not let us read its log at all, the gap is no less of one.
      if (isProblem(error) && error.kind !== "later") await gap(signal);
      throw error;
    });
  const rounds: Record<string, (signal: AbortSignal) => Promise<number | undefined>> = {
    deliveries: async (signal) => {
      isLogRead = isLogRead || (await readLog(signal));
      if (!isLogRead) return clock.now();
      // The log forgets after three days: whatever keeps the gap from being searched does not keep it from being read.
      isLogRead = false;
      const isSearched = await gap(signal);
      isLogRead = !isSearched;
      return isSearched ? clock.now() + config.sweepMs : clock.now();
    },
    sessions: async () => {
      const dueAt = clock.now() + config.pollMs;
      await parts.strays.settle(parts);
      await sweepPlaces(parts);
      await sweepSessions(parts);
      return (await closeYoungLeftovers(closing)) ? dueAt : Math.min(clock.now() + settleMs, dueAt);
    },
    departures: async () => ((await sweepDepartures(parts)) ? undefined : clock.now() + settleMs),
    leftovers: async () => {
      await sweepRows(parts);
      await sweepOldPlaces(parts);
      const areVisitsDone = await visits();
      const isDone = (await closeLeftovers(closing)) && (await closeLeftoverVaults(parts)) && areVisitsDone;
      return clock.now() + (isDone ? config.sweepMs : config.pollMs);
    },
  };
  return async (id, signal) => rounds[id]?.(signal);
}
