/**
 * What becomes of the runs of an installation or a repository that people suspend, remove, rename or open to
 * the world: each ends or goes on as the manual's table says. Renames follow the ids.
 */
import { Problem } from "../domain/errors.ts";
import type { Stop } from "../domain/run.ts";
import type { Upheaval, Upset } from "../domain/upheaval.ts";
import { branchExists } from "../github/branch.ts";
import { repositoryStanding, standingOf } from "../github/installation.ts";
import { noteDeparture } from "../store/departures.ts";
import { rememberRepositoryStops } from "../store/memos.ts";
import { liveRun, stopRun } from "../store/runs.ts";
import { renameOwnersFile } from "../store/settings-files.ts";
import { endingsDue, rebase, renameOwner, renameRepository, runsIn } from "../store/upheavals.ts";
import { inTime } from "./precedence.ts";
import { conclude, type IntakeParts, written } from "./verdict.ts";

/** Stops, renames or tells; what is there to do is written together with the delivery's verdict. */
export async function hearUpheaval(
  parts: IntakeParts,
  delivery: string,
  upheaval: Upheaval,
): Promise<string> {
  switch (upheaval.kind) {
    case "suspended":
      return suspended(parts, delivery, upheaval);
    case "uninstalled":
      return uninstalled(parts, delivery, upheaval);
    case "removed":
      return removed(parts, delivery, upheaval);
    case "renamed":
      return renamed(parts, delivery, (tx) => renameRepository(tx, upheaval));
    case "account renamed":
      return renamed(parts, delivery, async (tx) => {
        await renameOwner(tx, upheaval.installation, upheaval.owner);
        await renameOwnersFile(tx, upheaval.installation, upheaval.owner);
      });
    case "transferred": {
      const { repositoryId, by } = upheaval;
      const before = await heardAt(parts, delivery);
      const runs = await runsIn(parts.store.db, { repositories: [repositoryId], before });
      const rename = (tx: Tx) => renameRepository(tx, upheaval);
      return stopAll(parts, delivery, { runs, why: "the repository was transferred", by, besides: rename });
    }
    case "default branch changed":
      return defaultBranchChanged(parts, delivery, upheaval);
    case "reachable":
      return written(parts, delivery, async (tx) => {
        const runs = await endingsDue(tx, upheaval);
        return { verdict: `told again: ${runs.length} endings`, wake: runs };
      });
    default:
      return upheaval satisfies never;
  }
}

type Tx = Parameters<Parameters<typeof written>[2]>[0];
type Of<K extends Upheaval["kind"]> = Extract<Upheaval, { kind: K }>;

/** GitHub's word against a delivery is believed this long after it came. */
const settledMs = 10_000;

/** When GitHub first sent the delivery, milliseconds since the epoch. */
async function heardAt({ box, clock }: IntakeParts, delivery: string): Promise<number> {
  return (await box.load(delivery))?.received_at ?? clock.now();
}

/** GitHub's API may lag behind its deliveries: throws *later* while it may. */
async function settled(parts: IntakeParts, delivery: string): Promise<void> {
  const retryAfterMs = (await heardAt(parts, delivery)) + settledMs - parts.clock.now();
  if (retryAfterMs <= 0) return;
  throw new Problem("later", "installation_unsettled", "GitHub's word on the installation may be old.", {
    retryAfterMs,
  });
}

/**
 * Asked of GitHub: people put a repository back, and word of it may have overtaken this one, or may be the second of
 * its kind, with the very same body.
 */
async function removed(
  parts: IntakeParts,
  delivery: string,
  { repositories, stop, by }: Of<"removed">,
): Promise<string> {
  const away: number[] = [];
  let isBack = false;
  // What the caretaker fetched days later met no run that was begun since.
  const before = await heardAt(parts, delivery);
  const concerned = (await runsIn(parts.store.db, { repositories, before })).length > 0;
  for (const repository of concerned ? repositories : []) {
    const found = await runsIn(parts.store.db, { repositories: [repository], before });
    if (found.length === 0) continue;
    if (await isSo(parts, found, { stop, heard: before })) away.push(repository);
    else isBack = true;
  }
  if (isBack) await settled(parts, delivery);
  if (isBack && away.length === 0) return conclude(parts, delivery, "ignored: it is not so any more");
  const at = parts.clock.now();
  return written(parts, delivery, async (tx) => {
    await rememberRepositoryStops(tx, repositories, before);
    // Looked for once more: one may have begun while GitHub was asked.
    const runs = (await runsIn(tx, { repositories: away, before })).toSorted();
    for (const id of runs) await stopRun(tx, id, { why: stop, by, at });
    return { verdict: `stop asked of ${runs.length}: ${stop}`, wake: runs };
  });
}

/** Is it so, by GitHub's word, what ends these runs of one repository? */
async function isSo(
  parts: IntakeParts,
  [id = ""]: string[],
  { stop, heard }: { stop: Upset; heard: number },
): Promise<boolean> {
  const run = await liveRun(parts.store.db, { kind: "id", id });
  // Where GitHub does not tell, or does not let the App in any more, what was delivered counts.
  const standing = run && (await inTime(parts, heard, repositoryStanding(parts.github, run.place)));
  if (standing === undefined || typeof standing === "string") return true;
  if (stop === "the repository was archived") return standing.archived;
  return stop === "the repository was made public" && !standing.private;
}

/** What is at work ends; what rests goes on resting. Asked of GitHub: deliveries come late and out of order. */
async function suspended(
  parts: IntakeParts,
  delivery: string,
  { installation, by }: Of<"suspended">,
): Promise<string> {
  if ((await standingOf(parts.github, installation)) === "installed") {
    await settled(parts, delivery);
    return conclude(parts, delivery, "ignored: it is not suspended any more");
  }
  const runs = await runsIn(parts.store.db, { installation, working: true });
  return stopAll(parts, delivery, { runs, why: "the App was suspended", by });
}

/** Everything ends, and what is remembered of it is on its way out. */
async function uninstalled(
  parts: IntakeParts,
  delivery: string,
  { installation, by }: Of<"uninstalled">,
): Promise<string> {
  if ((await standingOf(parts.github, installation)) !== "gone") {
    await settled(parts, delivery);
    return conclude(parts, delivery, "ignored: it is installed");
  }
  const runs = await runsIn(parts.store.db, { installation });
  const at = parts.clock.now();
  const besides = async (tx: Tx) => {
    await noteDeparture(tx, { installation, at });
    await parts.engine.wake(tx, { kind: "sweep", id: "departures", at });
  };
  return stopAll(parts, delivery, { runs, why: "the App was uninstalled", by, besides });
}

/** A branch that was renamed is followed; where only another one is the default now, runs keep to theirs. */
async function defaultBranchChanged(
  parts: IntakeParts,
  delivery: string,
  upheaval: Of<"default branch changed">,
): Promise<string> {
  const { repositoryId, from } = upheaval;
  const [id] = await runsIn(parts.store.db, { repositories: [repositoryId] });
  const row = id === undefined ? undefined : await liveRun(parts.store.db, { kind: "id", id });
  if (!row || (await branchExists(parts.github, row.place, from)))
    return conclude(parts, delivery, "ignored: no run is concerned");
  return renamed(parts, delivery, (tx) => rebase(tx, upheaval));
}

function renamed(
  parts: IntakeParts,
  delivery: string,
  rename: (tx: Tx) => Promise<unknown>,
): Promise<string> {
  return written(parts, delivery, async (tx) => {
    await rename(tx);
    return { verdict: "new name taken in" };
  });
}

function stopAll(
  parts: IntakeParts,
  delivery: string,
  {
    runs,
    why,
    by,
    besides,
  }: { runs: string[]; why: Stop["why"]; by: string; besides?: (tx: Tx) => Promise<void> },
): Promise<string> {
  const at = parts.clock.now();
  return written(parts, delivery, async (tx) => {
    await besides?.(tx);
    // In one order, whoever asks: two who lock the same rows do not meet.
    for (const id of runs.toSorted()) await stopRun(tx, id, { why, by, at });
    return { verdict: `stop asked of ${runs.length}: ${why}`, wake: runs };
  });
}
