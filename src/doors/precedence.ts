/**
 * Which of two words came first: what would end a run, or what it was asked by. GitHub's deliveries may be minutes
 * late and in any order, so when one was received says little; the times of writing decide, both by GitHub's clock
 * and in whole seconds. In doubt, and of the same second, the stop counts: work that is wanted can be asked for
 * again, and what was not wanted has been paid for.
 */
import { isProblem, Problem } from "../domain/errors.ts";
import type { Note, Origin, Place, Run } from "../domain/run.ts";
import { repositoryStanding } from "../github/installation.ts";
import { lastLabelling, lastLocked } from "../github/labels.ts";
import { labellingOf } from "../store/facts.ts";
import { askedAt as askedAgainAt, type IssueKey, repositoryStopAt, stopAt } from "../store/memos.ts";
import type { Db } from "../store/schema.ts";
import type { IntakeParts } from "./verdict.ts";

/** GitHub's clock is not ours, and its times are cut to seconds. */
const slackMs = 6_000;
/** As far apart as two clocks may be before the doctor says so. */
const skewMsMax = 30_000;
/** So long after it was received a stop counts although GitHub cannot be asked which came first. */
const patienceMs = 10_000;
/** How soon it is asked again until then. */
const againMs = 2_000;

/** The times of a stop, milliseconds since the epoch. */
export interface StopTimes {
  /** By GitHub's clock; absent where neither a delivery nor GitHub's record tells. */
  writtenAt?: number | undefined;
  /** By ours: when GitHub's word of it came. */
  receivedAt: number;
}

/**
 * Was the stop surely written before what the run was last asked, so that it was meant for what was before? `notes`:
 * what has been said to the run. `later` while GitHub cannot be asked, for some seconds.
 */
export async function isBeforeRequest(
  { github, store, clock }: Pick<IntakeParts, "github" | "store" | "clock">,
  { run: { place, origin }, notes }: { run: Run; notes: Note[] },
  { writtenAt, receivedAt }: StopTimes,
): Promise<boolean> {
  if (writtenAt === undefined) return receivedAt < origin.at;
  // Whoever says something to a run after a stop wants it to go on.
  if (notes.some(({ source }) => source.writtenAt !== undefined && writtenAt < source.writtenAt)) return true;
  if (writtenAt < ((await askedAgainAt(store.db, place)) ?? 0)) return true;
  const { trigger, askedAt, before } = origin;
  // Asked again on a page of ours: that time is by our clock.
  if (before && askedAt === undefined) return writtenAt + skewMsMax < origin.at;
  if (trigger.kind === "command") return writtenAt < (askedAt ?? origin.at - slackMs);
  // Punctual word of a run that was there: the label was on before both.
  if (Math.abs(clock.now() - writtenAt) <= slackMs && writtenAt >= origin.at + slackMs) return false;
  // The newest labelling and not the run's own: put on again while the run works, the label asks for it to go on.
  const last = await inTime({ clock }, receivedAt, lastLabelling(github, place, trigger.label));
  return last?.kind === "labeled" && writtenAt < last.at;
}

/**
 * The same for a run that rests beside the issue's newest one: a label put on since asked for the other, so only what
 * it was itself asked counts.
 */
export async function isBeforeOwnRequest(
  { store }: Pick<IntakeParts, "store">,
  { run: { id, origin }, notes }: { run: Run; notes: Note[] },
  times: StopTimes,
): Promise<boolean> {
  if (times.writtenAt === undefined) return times.receivedAt < origin.at;
  const labelledAt = (await labellingOf(store.db, id))?.at;
  const asked = [
    labelledAt ?? origin.askedAt ?? origin.at,
    ...notes.map(({ source }) => source.writtenAt ?? 0),
  ];
  return times.writtenAt < Math.max(...asked);
}

/**
 * What GitHub's record says of a stop; undefined where it cannot be read for some seconds, whatever the answer was:
 * nobody's agent works on because of that. `later` until then.
 */
export async function inTime<T>(
  { clock }: Pick<IntakeParts, "clock">,
  receivedAt: number,
  reading: Promise<T>,
): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    const leftMs = receivedAt + patienceMs - clock.now();
    if (!isProblem(error)) throw error;
    if (leftMs <= 0) return undefined;
    const retryAfterMs = Math.min(error.retryAfterMs ?? againMs, leftMs);
    const words = "GitHub's record of the issue cannot be read.";
    throw new Problem("later", "record_unread", words, { cause: error, undone: true, retryAfterMs });
  }
}

/** What may have closed an issue to a request, as it was looked up beside GitHub's record. */
export interface Closure {
  /** When a stop was heard of that does not tell its time, by our clock. */
  heardAt: number | undefined;
  /** When the conversation was last locked, by GitHub's; looked up only where such a stop was heard of. */
  lockedAt: number | undefined;
  /** When the repository was taken away, archived or made public, by ours. */
  takenAt: number | undefined;
  /** Is it so now? Looked up only where that was heard of. */
  isAway: boolean;
}

/** Looks that up: of a lock no delivery tells the time. `later` while GitHub cannot say. */
export async function closureOf(
  { github, store }: Pick<IntakeParts, "github" | "store">,
  { place, origin }: { place: Place; origin: Pick<Origin, "private"> },
): Promise<Closure> {
  const heardAt = await stopAt(store.db, place, "heard");
  const lockedAt = heardAt === undefined ? undefined : await lastLocked(github, place);
  const takenAt = await repositoryStopAt(store.db, place);
  const isAway = takenAt !== undefined && (await isTakenAway(github, place, origin));
  return { heardAt, lockedAt, takenAt, isAway };
}

/** Asked for while it was private, in a repository that is public by now, it would show what was not for everybody. */
async function isTakenAway(
  github: IntakeParts["github"],
  place: Place,
  origin: Pick<Origin, "private">,
): Promise<boolean> {
  const standing = await repositoryStanding(github, place);
  return typeof standing === "string" || standing.archived || (origin.private && !standing.private);
}

/** When a conversation with a run was locked, by GitHub's clock; undefined where its record does not tell in time. */
export async function lockedAt(
  { github, clock }: Pick<IntakeParts, "github" | "clock">,
  place: Place,
  receivedAt: number,
): Promise<number | undefined> {
  return inTime({ clock }, receivedAt, lastLocked(github, place));
}

/**
 * Was the issue's work stopped since something was asked for, or, of what was asked of one of its runs, that of the
 * run's pull request? `askedAt` by GitHub's clock. Asked in the transaction that would act on it.
 */
export async function isStoppedSince(
  db: Db,
  { repositoryId, issue, pull }: IssueKey & Pick<Run, "pull">,
  askedAt: number,
): Promise<boolean> {
  const threads = pull === undefined ? [issue] : [issue, pull];
  const stops = threads.map((thread) => stopAt(db, { repositoryId, issue: thread }, "written"));
  return (await Promise.all(stops)).some((at) => askedAt <= (at ?? 0));
}
