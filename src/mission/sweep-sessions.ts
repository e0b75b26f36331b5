/**
 * Sessions in bulk: one paged list of those at work tells which runs have something to do, instead of one
 * call each. A run is woken when its session is not at work any more, for whatever reason; it looks for
 * itself. Runs of working sessions look rarely, a few at a time, so that their progress is shown.
 */
import { watchedRuns } from "../store/sleepers.ts";
import type { SweepParts } from "./sweep-parts.ts";
import { wakeRuns } from "./sweep-wakes.ts";

/** Working runs that are woken in one pass to show their progress, those first that looked longest ago. */
const looksMax = 50;
/** A run's own looks are a quarter of its round's age apart, at most so far. */
const lookGapMsMax = 5 * 60_000;

/** Wakes the runs whose sessions came to rest, ended or are gone. */
export async function sweepSessions(parts: SweepParts): Promise<void> {
  const { agents, store, clock, config } = parts;
  const watched = await watchedRuns(store.db);
  if (watched.length === 0) return;
  const working = new Set<string>();
  for await (const page of agents.sessions({ working: true })) for (const { id } of page) working.add(id);
  const resting = watched.filter(({ session }) => !working.has(session));
  const due = watched
    .filter(({ session, lookedAt, roundAt }) => {
      const gapMs = Math.min(Math.max((lookedAt - roundAt) / 4, config.pollMs), lookGapMsMax);
      return working.has(session) && clock.now() >= lookedAt + gapMs;
    })
    .toSorted((one, other) => one.lookedAt - other.lookedAt)
    .slice(0, looksMax);
  await wakeRuns(
    parts,
    [...resting, ...due].map(({ id }) => id),
  );
}
