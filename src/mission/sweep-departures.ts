/**
 * Installations that have left: when all their runs have ended, their sessions are deleted at the platform and
 * every text of theirs here. The note of the departure stays until that is done, so crashes and outages only
 * delay it; a day is promised, and it takes minutes.
 */
import type { SeenSession } from "../agent/agent.ts";
import { isProblem } from "../domain/errors.ts";
import { type Departure, departed, departures } from "../store/departures.ts";
import { emptyInstallation, forgetTexts, runsWithTexts } from "../store/texts.ts";
import { installationsOfRuns, runsIn } from "../store/upheavals.ts";
import type { SweepParts } from "./sweep-parts.ts";
import { wakeRuns } from "./sweep-wakes.ts";

/** Sessions deleted in one turn. */
const sessionsMax = 200;

/** One turn. True when nothing is left to do until the next departure. */
export async function sweepDepartures(parts: SweepParts): Promise<boolean> {
  let isDone = true;
  for (const departure of await departures(parts.store.db)) {
    const gone = await forget(parts, departure).catch((error: unknown) => {
      // One that cannot be deleted keeps no other installation's texts here.
      parts.log.warn({ installation_id: departure.installation, err: error }, "not forgotten yet");
      if (!isProblem(error)) throw error;
      return false;
    });
    isDone = gone && isDone;
  }
  return isDone;
}

async function forget(parts: SweepParts, { installation, at }: Departure): Promise<boolean> {
  const { store, clock, log } = parts;
  const live = await runsIn(store.db, { installation });
  if (live.length > 0) {
    await wakeRuns(parts, live);
    return false;
  }
  for (let ids = await runsWithTexts(store.db, { installation }); ids.length > 0; ) {
    await store.db.transaction().execute((tx) => forgetTexts(tx, ids, clock.now()));
    ids = await runsWithTexts(store.db, { installation });
  }
  await emptyInstallation(store.db, installation);
  if (!(await removeSessions(parts, installation))) return false;
  await removeVaults(parts, installation);
  await departed(store.db, installation);
  log.info({ installation_id: installation, after_ms: clock.now() - at }, "installation forgotten");
  return true;
}

/** What opened servers for its sessions: archived vaults hold nothing any more, but their names. */
async function removeVaults({ agents, store }: SweepParts, installation: number): Promise<void> {
  for await (const page of agents.vaults({ closed: true })) {
    const owners = await installationsOfRuns(
      store.db,
      page.map(({ run }) => run),
    );
    for (const { id, run } of page) if (owners.get(run) === installation) await agents.removeVault(id);
  }
}

/**
 * Whatever session was opened for it, closed or not, known to a run or not. A session's metadata never changes, so
 * of a repository that was transferred the run says whose it is.
 */
async function removeSessions({ agents, store }: SweepParts, installation: number): Promise<boolean> {
  let removed = 0;
  for await (const page of agents.sessions({ closed: true })) {
    const owners = await installationsOfRuns(
      store.db,
      page.flatMap(({ run }) => run ?? []),
    );
    const isTheirs = ({ run, installation: first }: SeenSession) =>
      (owners.get(run ?? "") ?? first) === installation;
    for (const { id } of page.filter(isTheirs)) {
      if (removed >= sessionsMax) return false;
      removed += 1;
      await agents.remove(id);
    }
  }
  return true;
}
