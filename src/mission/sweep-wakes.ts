/**
 * Wakes in bulk, in transactions that the engine takes.
 */
import type { Wake } from "../engine/engine.ts";
import type { SweepParts } from "./sweep-parts.ts";

/** Wakes of one transaction. */
const wakesMax = 500;

/** Wakes these runs now. */
export function wakeRuns(parts: SweepParts, ids: string[]): Promise<void> {
  return wakeAll(
    parts,
    ids.map((id) => ({ kind: "run", id })),
  );
}

/** Wakes these keys now. */
export async function wakeAll(
  { store, engine, clock }: SweepParts,
  keys: Pick<Wake, "kind" | "id">[],
): Promise<void> {
  for (let place = 0; place < keys.length; place += wakesMax) {
    const wakes = keys.slice(place, place + wakesMax).map((key) => ({ ...key, at: clock.now() }));
    await store.db.transaction().execute((tx) => engine.wake(tx, ...wakes));
  }
  if (keys.length > 0) engine.knock();
}
