/**
 * The pace of calls to others, as one process keeps it: what it took from the shared counts and has not used yet,
 * and whom it told to come when. It takes small calls in batches while there is plenty, so that most calls cost no
 * write; near a limit it takes them one by one. A call there is no room for is told when there will be, each a
 * time of its own, so that many who wait do not all come back together. When the other side wants no calls for a
 * while, a new process and other replicas come to know it as well: before what was taken is used, the store is read.
 */
import { type Bucket, type Counts, roomAt, roomFor, usedShare } from "../domain/pace.ts";
import type { Store } from "./database.ts";
import { closeCalls, closedUntil, grant, type Taking, takeCalls } from "./paces.ts";

/** Something that is counted: a bucket, and how much of it is taken at once while there is plenty. */
export interface Paced {
  bucket: Bucket;
  /** 1: taken one by one, always. */
  batch: number;
}

/** What a call needs of the buckets it counts in, and which part of each limit it may use (0 to 1). */
export type Need = Record<string, { count: number; share: number }>;

/** May it leave now? `at`: when there will be room, milliseconds since the epoch. */
export type Leave = { kind: "now" } | { kind: "later"; at: number };

/** What was taken ahead is used within this time. */
const takenMs = 60_000;
/** What was given back is used within this time. */
const givenBackMs = 10_000;
/** What the store said of a closing is believed for so long. */
const heardMs = 1_000;
/** Above this part of a limit nothing is taken ahead: late use must not add up to more than the limit. */
const plentiful = 0.5;
/** Promises remembered; beyond, those who ask come together. */
const promisesMax = 20_000;

/** Pace of one counted party, as an installation. */
export class Pacer {
  readonly #store: Store | undefined;
  readonly #name: string;
  readonly #paced: Record<string, Paced>;
  #counts: Record<string, Counts> = {};
  #closedUntil = 0;
  /** What was taken and not used yet, by bucket. */
  readonly #taken = new Map<string, { count: number; until: number }>();
  /** Times that were given, by what was short. */
  readonly #promises = new Map<string, number[]>();
  #taking: Promise<void> = Promise.resolve();
  /** The reading under way: one at a time, and all wait for it. */
  #hearing: Promise<void> | undefined;
  /** From then on the store is read again. */
  #hearAt = 0;

  /** Without a store, the counts are this process's own. */
  constructor(store: Store | undefined, name: string, paced: Record<string, Paced>) {
    this.#store = store;
    this.#name = name;
    this.#paced = paced;
  }

  /** Asks for a call. One at a time takes from the store; those behind find what it brought. */
  async ask(need: Need, now: number): Promise<Leave> {
    if (this.#isTaken(need, now)) await this.#hear(now);
    if (this.#use(need, now)) return { kind: "now" };
    if (this.#closedUntil > now) return { kind: "later", at: this.#closedUntil };
    // What others did can only leave less room than we know of.
    if (!this.#isRoom(need, now)) return this.#later(need, now);
    const turn = this.#taking.then(() => (this.#use(need, now) ? true : this.#take(need, now)));
    this.#taking = turn.then(
      () => undefined,
      () => undefined,
    );
    if (await turn) return { kind: "now" };
    return this.#closedUntil > now ? { kind: "later", at: this.#closedUntil } : this.#later(need, now);
  }

  /** What was granted and not used serves whoever asks next, for a moment: without the store, if that was slow. */
  giveBack(need: Need, now: number): void {
    for (const [key, { count }] of Object.entries(need))
      this.#taken.set(key, { count: this.#left(key, now) + count, until: now + givenBackMs });
    this.#hearAt = now + givenBackMs;
  }

  /** The other side wants no calls until then. */
  async close(until: number): Promise<void> {
    if (!this.#shut(until)) return;
    if (this.#store) await closeCalls(this.#store, this.#name, until);
  }

  /** False when nothing is new about it. */
  #shut(until: number): boolean {
    if (until <= this.#closedUntil) return false;
    this.#closedUntil = until;
    this.#taken.clear();
    return true;
  }

  /** Comes to know of a closing that another process was told of; where the store says nothing, what is known stands. */
  async #hear(now: number): Promise<void> {
    if (!this.#store || (now < this.#hearAt && !this.#hearing)) return;
    this.#hearing ??= closedUntil(this.#store, this.#name)
      .then(
        (until) => void this.#shut(until),
        () => undefined,
      )
      .finally(() => {
        this.#hearing = undefined;
      });
    this.#hearAt = Math.max(this.#hearAt, now + heardMs);
    await this.#hearing;
  }

  /** What of a bucket was taken before and is left. */
  #left(key: string, now: number): number {
    const taken = this.#taken.get(key);
    return taken && now <= taken.until ? taken.count : 0;
  }

  #isTaken(need: Need, now: number): boolean {
    return Object.entries(need).every(([key, { count }]) => this.#left(key, now) >= count);
  }

  #use(need: Need, now: number): boolean {
    if (this.#closedUntil > now || !this.#isTaken(need, now)) return false;
    for (const [key, { count }] of Object.entries(need)) this.#spend(key, count);
    return true;
  }

  #spend(key: string, count: number): void {
    const taken = this.#taken.get(key);
    if (taken) taken.count -= count;
  }

  #isRoom(need: Need, now: number): boolean {
    return Object.entries(need).every(([key, { count, share }]) => {
      const bucket = this.#paced[key]?.bucket;
      return (
        !bucket ||
        this.#left(key, now) >= count ||
        roomFor(this.#counts[key] ?? [], bucket, { now, count, share }) >= count
      );
    });
  }

  /** Takes what the call needs and is not left from before, and ahead where there is plenty. False when there is no room. */
  async #take(need: Need, now: number): Promise<boolean> {
    const takings: Record<string, Taking> = {};
    for (const [key, { count, share }] of Object.entries(need)) {
      const paced = this.#paced[key];
      if (!paced || this.#left(key, now) >= count) continue;
      const { bucket, batch } = paced;
      const isPlenty = batch > 1 && usedShare(this.#counts[key] ?? [], bucket, now) < plentiful;
      takings[key] = { bucket, share, least: count, most: isPlenty ? Math.max(batch, count) : count };
    }
    const { counts, closedUntil, granted } = await this.#ask(takings, now);
    this.#counts = counts;
    this.#closedUntil = Math.max(this.#closedUntil, closedUntil);
    this.#hearAt = Math.max(this.#hearAt, now + heardMs);
    // Told to wait meanwhile, it does not leave on what was granted before.
    if (!granted || this.#closedUntil > now) return false;
    for (const [key, count] of Object.entries(granted)) this.#taken.set(key, { count, until: now + takenMs });
    for (const [key, { count }] of Object.entries(need)) this.#spend(key, count);
    return true;
  }

  async #ask(takings: Record<string, Taking>, now: number) {
    if (!this.#store) return { ...grant(this.#counts, takings, now), closedUntil: this.#closedUntil };
    const alone = () => ({ ...grant(this.#counts, takings, now), closedUntil: this.#closedUntil });
    // Without the store next to nothing is called, and what is, such as giving tokens back, should be.
    return takeCalls(this.#store, this.#name, { now, takings }).catch(alone);
  }

  /** A time of its own for whoever there is no room for, behind those who wait for the same. */
  #later(need: Need, now: number): Leave {
    const short = Object.entries(need).filter(([key, one]) => !this.#isRoom({ [key]: one }, now));
    const queue = short.map(([key, { share }]) => `${key} ${share}`).join();
    const promised = (this.#promises.get(queue) ?? []).filter((at) => at > now);
    const times = short.map(([key, { count, share }]) => {
      const bucket = this.#paced[key]?.bucket;
      const ahead = promised.length * count;
      return bucket ? roomAt(this.#counts[key] ?? [], bucket, { now, share, ahead }) : now;
    });
    const at = Math.max(now + 1, ...times);
    if (promised.length < promisesMax) promised.push(at);
    this.#promises.set(queue, promised);
    return { kind: "later", at };
  }
}
