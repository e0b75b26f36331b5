/**
 * The caretaker of the queue: lets rounds in where a place is free and nobody has given one up, as after the
 * operator's pause; forgets places whose round has ended otherwise, and days that are over.
 */
import { forgetOldPlaces } from "../store/days.ts";
import { fillPlaces, queues } from "../store/limits.ts";
import type { SweepParts } from "./sweep-parts.ts";

/** Lets in whoever may be at work. */
export async function sweepPlaces({ store, engine, clock }: SweepParts): Promise<void> {
  const now = clock.now();
  for (const place of await queues(store.db)) {
    const woken = await store.db.transaction().execute(async (tx) => {
      const ids = await fillPlaces(tx, place, now);
      await engine.wake(tx, ...ids.map((id) => ({ kind: "run" as const, id, at: now })));
      return ids;
    });
    if (woken.length > 0) engine.knock();
  }
}

/** Forgets what nobody counts any more. */
export async function sweepOldPlaces({ store, clock }: SweepParts): Promise<void> {
  await forgetOldPlaces(store.db, clock.now());
}
