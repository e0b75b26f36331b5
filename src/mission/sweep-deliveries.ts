/**
 * Missed deliveries: what GitHub could not deliver while nobody answered is read from its log and put into
 * the inbox under its own id, where everything that came twice is one. The mark, up to which the log has
 * been worked through, moves only after a whole pass. It does not know what a delivery asks for.
 */
import { isUsed, ownerOf } from "../domain/delivery.ts";
import { isProblem } from "../domain/errors.ts";
import { type Attempt, type AttemptPage, attemptsOf, logKeptMs, payloadOf } from "../github/deliveries.ts";
import { readMemo, writeMemo } from "../store/memos.ts";
import type { Db } from "../store/schema.ts";
import { beginCatchUp, endCatchUp } from "./catch-up.ts";
import { noteGap } from "./sweep-gap.ts";
import type { SweepParts } from "./sweep-parts.ts";

/** Passes overlap by this much: attempts under way, GitHub's machines beside each other. */
export const overlapMs = 15 * 60_000;
/** Pages of the log and payloads that are read in one turn. */
const pagesPerTurn = 200;
const payloadsPerTurn = 500;
const payloadsAtOnce = 4;
/** A payload that cannot be had so often is given up: by then the engine has waited for more than an hour. */
const triesMax = 20;
/** Failed deliveries that are remembered: as many as a pass may give up, and the next would ask for again. */
const triesKept = 10_000;

/** What is remembered between turns. */
interface Mark {
  /** When the last whole pass began, milliseconds since the epoch by our clock; absent before the first. */
  at?: number;
  /** The same by GitHub's clock: what it logged before has been worked through. Absent where an older version wrote. */
  loggedTo?: number;
  /** Failed attempts to read a payload, by delivery id. */
  tries: Record<string, number>;
}

/** One pass over the log, under way. Another process may hold another; the inbox keeps them apart. */
interface Pass {
  /** When it began, milliseconds since the epoch by our clock. */
  startedAt: number;
  /** The same by GitHub's clock, as its log has it. */
  loggedTo: number;
  /** The log is read down to here. */
  floor: number;
  /** The first page, which told the time, until it is read. */
  first: AttemptPage | undefined;
  cursor: string | undefined;
  read: boolean;
  seen: Set<string>;
  taken: Set<string>;
  /** By delivery id: the attempt to read it from, with the time of the first one. */
  missing: Map<string, Attempt>;
  /** Has it been written down that deliveries are being put into the inbox? */
  isTold: boolean;
}

const memoName = "deliveries";

/** When the last whole pass over the log began, milliseconds since the epoch; undefined before the first. */
export async function logReadAt(db: Db): Promise<number | undefined> {
  return (await readMark(db)).at;
}

/** A sweep of the delivery log; each call is one turn of bounded work. True when the pass is complete. */
export function createDeliverySweep(parts: SweepParts): (signal: AbortSignal) => Promise<boolean> {
  let pass: Pass | undefined;
  return async (signal) => {
    pass ??= await beginPass(parts);
    try {
      if (!(await readLog(parts, pass, signal))) return false;
    } catch (error) {
      // A place in the log that GitHub does not take would be asked for until a restart; the mark has not moved.
      if (isProblem(error) && error.kind !== "later") pass = undefined;
      throw error;
    }
    if (!(await fetchMissing(parts, pass, signal))) return false;
    const mark = await readMark(parts.store.db);
    await writeMark(parts, markAfter(pass, mark, parts.clock.now()));
    pass = undefined;
    return true;
  };
}

/** Another process may have come further meanwhile; a time that has not come yet was written by a wrong clock. */
function markAfter({ startedAt, loggedTo, seen }: Pass, mark: Mark, now: number): Mark {
  const latest = (before = 0, own: number, nowThere: number) =>
    before > nowThere ? own : Math.max(before, own);
  return {
    at: latest(mark.at, startedAt, now),
    loggedTo: latest(mark.loggedTo, loggedTo, loggedTo + now - startedAt + overlapMs),
    tries: Object.fromEntries(Object.entries(mark.tries).filter(([guid]) => seen.has(guid))),
  };
}

/** Begins with the first page of the log: what is in it has GitHub's times, and ours may be others. */
async function beginPass(parts: SweepParts): Promise<Pass> {
  const startedAt = parts.clock.now();
  const mark = await readMark(parts.store.db);
  let first: AttemptPage | undefined;
  try {
    first = await attemptsOf(parts.github, undefined);
  } catch (error) {
    // Where the log may not be read at all, our own time has to do.
    if (isProblem(error) && error.kind !== "later") await noteForgotten(parts, mark, startedAt);
    throw error;
  }
  const loggedTo = first.answeredAt ?? startedAt;
  await noteForgotten(parts, mark, loggedTo);
  const floor = Math.max((workedTo(mark, loggedTo) ?? 0) - overlapMs, loggedTo - logKeptMs);
  return {
    ...{ startedAt, loggedTo, floor, first, cursor: undefined, read: false },
    ...{ seen: new Set<string>(), taken: new Set<string>(), missing: new Map<string, Attempt>() },
    isTold: false,
  };
}

/** How far the log has been worked through; nothing is known where a clock that was ahead has told the time. */
function workedTo({ at, loggedTo = at }: Mark, now: number): number | undefined {
  return loggedTo !== undefined && loggedTo <= now + overlapMs ? Math.min(loggedTo, now) : undefined;
}

/** Has the log forgotten, by `now`, what had not been read? Then that is a gap. */
async function noteForgotten(parts: SweepParts, mark: Mark, now: number): Promise<void> {
  const from = workedTo(mark, now);
  const kept = now - logKeptMs;
  // While the pass is under way the log goes on forgetting at its far end.
  if (from === undefined || from >= kept + overlapMs) return;
  // What a pass grants is granted here too: shortly before the mark a delivery may have been under way.
  await noteGap(parts, { from: from - overlapMs, to: kept + 2 * overlapMs });
}

/** Reads pages, newest first, down to the floor. False when the turn was too short for it. */
async function readLog({ github }: SweepParts, pass: Pass, signal: AbortSignal): Promise<boolean> {
  for (let page = 0; !pass.read; page += 1) {
    if (page >= pagesPerTurn) return false;
    signal.throwIfAborted();
    const { attempts, next } = pass.first ?? (await attemptsOf(github, pass.cursor));
    pass.first = undefined;
    const within = attempts.filter(({ at }) => at >= pass.floor);
    for (const attempt of within) note(pass, attempt);
    pass.cursor = next;
    pass.read = next === undefined || within.length === 0;
  }
  return true;
}

function note({ seen, taken, missing }: Pass, attempt: Attempt): void {
  const { guid } = attempt;
  seen.add(guid);
  if (attempt.taken) taken.add(guid);
  if (taken.has(guid)) missing.delete(guid);
  // Older attempts come later and overwrite: the first one's time is when it happened.
  else if (isUsed(attempt.event, attempt.action)) missing.set(guid, attempt);
}

/** Puts missing deliveries into the inbox, oldest first. False when the turn was too short for all. */
async function fetchMissing(parts: SweepParts, pass: Pass, signal: AbortSignal): Promise<boolean> {
  const { tries } = await readMark(parts.store.db);
  for (const guid of pass.missing.keys()) if ((tries[guid] ?? 0) >= triesMax) pass.missing.delete(guid);
  const wanted = [...pass.missing.values()]
    // Its times have whole seconds, and its numbers grow.
    .toSorted((one, other) => one.at - other.at || one.id - other.id);
  const turn = wanted.slice(0, payloadsPerTurn);
  const failed: Failed[] = [];
  let isAnyRead = false;
  let tried = 0;
  for (let place = 0; place < turn.length; place += payloadsAtOnce) {
    signal.throwIfAborted();
    const some = turn.slice(place, place + payloadsAtOnce);
    const { missed, asked } = await fetchSome(parts, pass, some);
    const stillMissing = new Set(missed.map(({ attempt }) => attempt.guid));
    for (const { guid } of some) if (!stillMissing.has(guid)) pass.missing.delete(guid);
    failed.push(...missed);
    tried += some.length;
    isAnyRead ||= missed.length < asked;
    // All of them at once: it is GitHub that is unwell, not a delivery.
    if (missed.some(({ error }) => !isHopeless(error)) && missed.length === asked) break;
  }
  if (tried === wanted.length && (isAnyRead || failed.length === 0))
    await endCatchUp(parts.store.db, parts.clock.now());
  if (failed.length > 0) await countTries(parts, pass, { failed, isAnyRead });
  return pass.missing.size === 0;
}

interface Failed {
  attempt: Attempt;
  error: unknown;
}

/** It is this delivery that cannot be read, and never will be. */
function isHopeless(error: unknown): boolean {
  return isProblem(error, "gone", "fault");
}

/** Those of a few attempts that the inbox lacks. `later` when GitHub asks to slow down. */
async function fetchSome(
  parts: SweepParts,
  pass: Pass,
  some: Attempt[],
): Promise<{ missed: Failed[]; asked: number }> {
  const known = await parts.box.known(some.map(({ guid }) => guid));
  const unknown = some.filter(({ guid }) => !known.has(guid));
  if (unknown.length > 0 && !pass.isTold) {
    await beginCatchUp(parts.store.db, pass.startedAt);
    pass.isTold = true;
  }
  const missed: Failed[] = [];
  const fetched = unknown.map((attempt) =>
    fetchOne(parts, attempt).catch((error: unknown) => void missed.push({ attempt, error })),
  );
  await Promise.all(fetched);
  const limited = missed.find(({ error }) => isProblem(error) && error.code === "github_limited");
  if (limited) throw limited.error;
  return { missed, asked: unknown.length };
}

async function fetchOne({ github, box, config, log }: SweepParts, attempt: Attempt): Promise<void> {
  const { guid: id, event, at } = attempt;
  const payload = await payloadOf(github, attempt.id);
  const owner = ownerOf(payload);
  if (config.owners && (owner === undefined || !config.owners.includes(owner))) return;
  const appended = await box.append({ id, event, body: JSON.stringify(payload), receivedAt: at });
  if (appended === "new") log.info({ delivery_id: id, event_name: event }, "missed delivery found");
}

/**
 * Counts failures, and passes a *later* on: the engine waits longer each time until a delivery is given up. While
 * GitHub shows no other delivery either, none of them is counted: it may be away for hours, and its log holds them.
 */
async function countTries(
  parts: SweepParts,
  { missing }: Pass,
  { failed, isAnyRead }: { failed: Failed[]; isAnyRead: boolean },
): Promise<void> {
  const again = failed.find(({ error }) => !isHopeless(error));
  const isCounted = again === undefined || isAnyRead || (await isAnotherShown(parts, failed));
  const mark = await readMark(parts.store.db);
  const counted: [guid: string, tries: number][] = [];
  for (const { attempt, error } of failed) {
    const { guid } = attempt;
    if (!isHopeless(error) && !isCounted) continue;
    const tries = isHopeless(error) ? triesMax : (mark.tries[guid] ?? 0) + 1;
    counted.push([guid, tries]);
    if (tries < triesMax) continue;
    await giveUp(parts, attempt, error);
    // Not left to what is remembered, which is bounded: a turn gets on with the pass, or throws.
    missing.delete(guid);
  }
  const tries = [...Object.entries(mark.tries), ...counted].slice(-triesKept);
  await writeMark(parts, { ...mark, tries: Object.fromEntries(tries) });
  if (again) throw again.error;
}

/** Does GitHub show the newest delivery besides these? Where its log holds no other, nothing speaks against it. */
async function isAnotherShown({ github }: SweepParts, failed: Failed[]): Promise<boolean> {
  const guids = new Set(failed.map(({ attempt }) => attempt.guid));
  try {
    const { attempts } = await attemptsOf(github, undefined);
    const other = attempts.find(({ guid }) => !guids.has(guid));
    if (other) await payloadOf(github, other.id);
    return true;
  } catch (error) {
    if (!isProblem(error)) throw error;
    return isHopeless(error);
  }
}

/** A label that was put on can still be found by the issue that carries it. */
async function giveUp(
  parts: SweepParts,
  { guid, event, action, at }: Attempt,
  error: unknown,
): Promise<void> {
  parts.log.error({ delivery_id: guid, event_name: event, err: error }, "missed delivery given up");
  if (event === "issues" && action === "labeled")
    await noteGap(parts, { from: at - overlapMs, to: at + overlapMs });
}

async function readMark(db: Db): Promise<Mark> {
  const memo = await readMemo(db, memoName);
  return memo === undefined ? { tries: {} } : (JSON.parse(memo) as Mark);
}

function writeMark({ store }: SweepParts, mark: Mark): Promise<void> {
  return writeMemo(store.db, memoName, JSON.stringify(mark));
}
