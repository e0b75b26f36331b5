/**
 * That missed deliveries are being put into the inbox, oldest first: what was called off since it was asked for may come
 * only after it. It knows neither deliveries nor who waits.
 */
import { readMemo, writeMemo } from "../store/memos.ts";
import type { Db } from "../store/schema.ts";

/** The last pass that found any missing. Times in milliseconds since the epoch. */
export interface CatchUp {
  since: number;
  /** When all that could be read was there; absent until then. */
  doneAt?: number;
}

const memoName = "deliveries since";

/** That pass; undefined where nothing was ever missed. */
export async function lastCatchUp(db: Db): Promise<CatchUp | undefined> {
  const memo = await readMemo(db, memoName);
  return memo === undefined ? undefined : (JSON.parse(memo) as CatchUp);
}

/** Writes that a pass begins to put them in. */
export function beginCatchUp(db: Db, since: number): Promise<void> {
  return writeMemo(db, memoName, JSON.stringify({ since } satisfies CatchUp));
}

/** Writes that all that could be read is there, also what a process that was killed had begun to put in. */
export async function endCatchUp(db: Db, doneAt: number): Promise<void> {
  const last = await lastCatchUp(db);
  if (last && last.doneAt === undefined) await writeMemo(db, memoName, JSON.stringify({ ...last, doneAt }));
}
