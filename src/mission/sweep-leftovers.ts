/**
 * What a crash or a lost reply can leave behind: sessions without a living run, tokens of runs that have
 * ended, runs and deliveries that nobody would wake, rows past their time. Each is found by a bounded
 * question and given to whoever owns it; only sessions are closed here.
 * Invariant: a session whose run is not ours is never touched; another deployment may share the workspace.
 */
import type { SeenSession } from "../agent/agent.ts";
import { isProblem } from "../domain/errors.ts";
import { forgetStops } from "../store/memos.ts";
import {
  forgetExpiredTokens,
  runsMovedSince,
  runsWithTokensLeft,
  sessionsOfRuns,
  sleepers,
} from "../store/sleepers.ts";
import { forgetRuns, forgetTexts, runsWithTexts } from "../store/texts.ts";
import type { SweepParts } from "./sweep-parts.ts";
import { wakeAll, wakeRuns } from "./sweep-wakes.ts";

/** Payloads are kept this long: GitHub's own delivery log keeps three days. */
const deliveryKeptMs = 7 * 24 * 60 * 60_000;
/** Rows of runs without their texts. */
const rowsKeptMs = 400 * 24 * 60 * 60_000;
/** As far back as GitHub's log, from which what they are about may yet come, and a day more. */
const stopsKeptMs = 4 * 24 * 3_600_000;
const expiredKeptMs = 3_600_000;
/** An alarm this long overdue is not coming any more. */
const overdueMs = 10 * 60_000;
/** After a run has begun or ended, sessions opened this lately are looked at with every poll. */
const freshMs = 10 * 60_000;
/** Sessions closed in one pass, and besides them so many that could not be closed before. */
const closedMax = 100;
/** Sessions remembered as told of. */
const toldMax = 10_000;

/** What leftovers are closed with; `told` holds the sessions that could not be, each logged once, those not tried for longest first. */
export type Closing = SweepParts & { told: Set<string> };

/** Gives what is left over to whoever owns it, and forgets what is past its time. */
export async function sweepRows(parts: SweepParts): Promise<void> {
  const { store, box, clock } = parts;
  const now = clock.now();
  await wakeRuns(parts, await runsWithTokensLeft(store.db));
  await wakeAll(parts, await sleepers(store.db, now - overdueMs));
  await forgetExpiredTokens(store.db, now - expiredKeptMs);
  await forgetStops(store.db, now - stopsKeptMs);
  await box.prune(now - deliveryKeptMs);
  await forgetOld(parts);
}

/** Texts of ended runs leave after the days the operator names, the rows without them much later. */
async function forgetOld({ store, clock, config }: SweepParts): Promise<void> {
  const ids = await runsWithTexts(store.db, { before: clock.now() - config.textsKeptMs });
  await store.db.transaction().execute(async (tx) => {
    await forgetTexts(tx, ids, clock.now());
    await forgetRuns(tx, clock.now() - rowsKeptMs);
  });
}

/** Closes young sessions without a living run, while runs begin or end. True when none is left. */
export async function closeYoungLeftovers(parts: Closing): Promise<boolean> {
  const since = parts.clock.now() - freshMs;
  return !(await runsMovedSince(parts.store.db, since)) || closeLeftovers(parts, since);
}

/**
 * Closes sessions, opened since `since` if given, whose run has ended or has another. True when none is left. Those
 * that could not be closed are tried again where all are looked at, and do not count: they keep no other open.
 */
export async function closeLeftovers(parts: Closing, since?: number): Promise<boolean> {
  const { told } = parts;
  const again = new Set(since === undefined ? [...told].slice(0, closedMax) : []);
  for (const id of again) if (told.delete(id)) told.add(id);
  let [closed, isDone] = [0, true];
  for await (const page of parts.agents.sessions(since === undefined ? {} : { since })) {
    for (const session of await leftoversOf(parts, page)) {
      const isNew = !told.has(session.id);
      if (!isNew && !again.has(session.id)) continue;
      if (isNew && closed >= closedMax) return false;
      if (isNew) closed += 1;
      isDone = (await closeOne(parts, session)) && isDone;
    }
  }
  return isDone;
}

async function leftoversOf({ store }: SweepParts, page: SeenSession[]): Promise<SeenSession[]> {
  const ids = [...new Set(page.flatMap(({ run }) => run ?? []))];
  const runs = await sessionsOfRuns(store.db, ids);
  return page.filter(({ id, run }) => {
    const own = run === undefined ? undefined : runs.get(run);
    if (!own) return false;
    return own.ended || (!own.opening && own.session !== null && own.session !== id);
  });
}

/** Interrupts and archives; false when it has not come to rest yet. One that cannot be closed keeps no other open. */
async function closeOne({ agents, log, told }: Closing, { id, run }: SeenSession): Promise<boolean> {
  try {
    await agents.archive(id);
  } catch (error) {
    if (!isProblem(error)) throw error;
    if (error.kind === "later") return false;
    if (told.size >= toldMax) told.clear();
    if (!told.has(id)) log.error({ session_id: id, run_id: run, err: error }, "leftover session stays open");
    told.add(id);
    return true;
  }
  told.delete(id);
  log.warn({ session_id: id, run_id: run }, "leftover session closed");
  return true;
}
