/**
 * The stage of the engines' suite: what an implementation brings, and small parts its tests share.
 */
import type { Engine, Failure, Worker, Workers } from "../../src/engine/engine.ts";
import type { Store } from "../../src/store/database.ts";

/** What an implementation brings to be tested. */
export interface World {
  store: Store;
  /** A new engine on the same store, as another replica or as the next process after a crash. */
  engine(onFailure?: (failure: Failure) => void): Promise<Engine>;
  /** Ends the engine as a crash would: it answers for nothing it holds. */
  crash(engine: Engine): Promise<void>;
  now(): number;
  /** Lets time pass until `condition` holds; fails after `withinMs`. */
  until(condition: () => boolean, withinMs: number): Promise<void>;
  /** Lets time pass. */
  pass(ms: number): Promise<void>;
  close(): Promise<void>;
}

/** How late a wake may come, beyond its time: what the implementation's looking costs. */
export interface Latency {
  dueMsMax: number;
  /** How long after a crash another engine enters what was held. */
  takeOverMsMax: number;
}

const idle: Worker = async () => undefined;

/** Workers where only runs do something. */
export function runsBy(work: Worker, atOnce = 10): Workers {
  return {
    run: { work, atOnce },
    delivery: { work: idle, atOnce: 10 },
    sweep: { work: idle, atOnce: 1 },
  };
}

/** A worker that writes down whom it was entered for, and asks for nothing. */
export function noting(entered: string[]): Worker {
  return async (id) => {
    entered.push(id);
    return undefined;
  };
}

/** A promise to be settled from outside. */
export function gate() {
  let open = () => {};
  const passed = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { open: () => open(), passed };
}

/** Lets `count` turns of the event loop pass. */
export async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
