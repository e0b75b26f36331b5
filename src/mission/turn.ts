/**
 * Whose turn it is, as the mission sees it: a round works only while it holds a place, and gives it up when it
 * ends or waits on people. Who is let in next is written in the same transaction and woken with it.
 * Invariants: a round that waits for its turn mints nothing and opens nothing; waiting is not counted as work;
 * after a long wait the requester is asked of GitHub again, unless the round has begun already.
 */
import type { Met } from "../domain/ending.ts";
import { runMarker } from "../domain/ids.ts";
import { spentCents } from "../domain/run.ts";
import { statusComment } from "../domain/words.ts";
import { comment, reaction } from "../github/issue.ts";
import { isPaced, type Urgency } from "../github/pace.ts";
import { placeOf, whyTurnedAway } from "../store/days.ts";
import { comeBack, leavePlace, queueOf } from "../store/limits.ts";
import type { PlaceRow } from "../store/limits-tables.ts";
import { changeRun, type RunChange } from "../store/runs.ts";
import { noted } from "./facts.ts";
import { pausedFor } from "./pause.ts";
import { readmit } from "./readmission.ts";
import { listState } from "./status.ts";
import { type Tools, targetOf } from "./tools.ts";

/** A wait as long as GitHub's answer about a person is believed. */
const longMs = 60_000;

/**
 * Sees to it that the round has its turn. Resolves with `mine` when it may work, with its ending when it may not
 * any more, and with undefined while it waits: whoever gives up a place wakes it.
 */
export async function turnOf(tools: Tools): Promise<"mine" | Met | undefined> {
  const { held, store, clock } = tools;
  if (!held.place || held.place.state === "away") await askAgain(tools);
  const { place } = held;
  if (place?.state === "held") return (await enter(tools, place)) ?? "mine";
  if (place?.state === "refused")
    return { kind: "refused", words: await whyTurnedAway(store.db, place, clock.now()) };
  return undefined;
}

/** A round that goes on after it waited on people takes a place again. */
async function askAgain(tools: Tools): Promise<void> {
  const { held, store, clock, engine } = tools;
  const { run } = held;
  const now = clock.now();
  const asking = { run: run.id, round: run.round, place: run.place, settings: run.settings };
  const woken = await store.db.transaction().execute(async (tx) => {
    await changeRun(tx, held, {});
    const ids = await comeBack(tx, { ...asking, spentCents: spentCents(run), now });
    const others = ids.filter((id) => id !== run.id);
    await engine.wake(tx, ...others.map((id) => ({ kind: "run" as const, id, at: now })));
    return ids;
  });
  if (woken.length > 0) engine.knock();
  held.place = await placeOf(store.db, run.id);
}

/** What a round that had to wait does before it begins; its ending when the requester may not start it any more. */
async function enter(tools: Tools, place: PlaceRow): Promise<Met | undefined> {
  const { ledger, held } = tools;
  const { run } = held;
  const waitedMs = (place.since ?? place.asked_at) - place.asked_at;
  const fact = `turn ${place.ticket}` as const;
  if (waitedMs <= 0 || ledger.read(fact)) return undefined;
  // Whom it asked in this round has answered: it goes on with what it has begun, and was let in before.
  const hasBegun = pausedFor(tools) !== undefined;
  const refused = hasBegun ? undefined : await readmit(tools, { isLong: waitedMs > longMs });
  if (refused !== undefined) return refused;
  // The round's time begins with its turn.
  run.roundAt += waitedMs;
  await ledger.once(fact, noted({ waitedMs }), () => ({ round_at: run.roundAt }));
  return undefined;
}

/** How urgent a round's first words are: those of one that had to wait are part of a backlog. */
export function urgencyOf({ held: { place } }: Pick<Tools, "held">): Urgency {
  return place && place.since === place.asked_at ? "early" : "backlog";
}

/** Goes without what GitHub's limits leave no room for now. */
export async function unlessShort(act: Promise<unknown>): Promise<void> {
  await act.catch((error: unknown) => {
    if (!isPaced(error)) throw error;
  });
}

/**
 * What a round that waits for its turn shows, once: that it was heard, and where it stands in the queue, if GitHub's
 * limits leave plenty of room for that. Resolves with when to come back for it; undefined when nothing is left to
 * show.
 */
export async function showQueued(tools: Tools): Promise<number | undefined> {
  const { ledger, store, clock, held } = tools;
  const { run, place } = held;
  await listState(tools, "queued");
  const github = tools.github.at("backlog");
  try {
    await ledger.once("eyes", reaction(github, run.place, targetOf(run), "eyes"));
  } catch (error) {
    if (!isPaced(error)) throw error;
    return clock.now() + (error.retryAfterMs ?? longMs);
  }
  if (!place || ledger.read("comment")) return undefined;
  const state = { kind: "queued" as const, ...(await queueOf(store.db, place)) };
  const body = statusComment(run, state, { now: clock.now() });
  const words = { marker: runMarker(run.id), body, since: run.createdAt };
  await unlessShort(ledger.once("comment", comment(github, run.place, words)));
  return undefined;
}

/** Gives the round's place up, with a change of its row, and wakes who is let in. */
export async function giveUpPlace(tools: Tools, how: "ended" | "away", change: RunChange): Promise<void> {
  const { held, store, clock, engine } = tools;
  const { run } = held;
  const now = clock.now();
  const woken = await store.db.transaction().execute(async (tx) => {
    await changeRun(tx, held, change);
    const ids = await leavePlace(tx, { run: run.id, place: run.place, now }, how);
    await engine.wake(tx, ...ids.map((id) => ({ kind: "run" as const, id, at: now })));
    return ids;
  });
  if (held.place) held.place = how === "away" ? { ...held.place, state: "away", since: null } : undefined;
  if (woken.length > 0) engine.knock();
}

/** While a round waits on people, others work in its place. */
export async function stepAside(tools: Tools): Promise<void> {
  if (tools.held.place?.state === "held") await giveUpPlace(tools, "away", {});
}
