/**
 * Copies SQLite's log of writes into its file on a thread of its own, while much is written: on the event loop
 * the copy's own sync would hold up everybody for a tenth of a second, every thousand deliveries. The thread is
 * there for the burst only, because it costs 20 MB. What it leaves undone SQLite copies by itself.
 */
import { Worker } from "node:worker_threads";
import type { Clock } from "../clock.ts";

/** Syncs within a second that are a burst; every so many of them the log is copied. */
const burstSyncs = 16;
const secondMs = 1_000;
/** How long the thread stays when nothing is to be copied. */
const restMs = 10_000;

/** The copies of one file. */
export class Checkpoints {
  readonly #path: string;
  readonly #clock: Clock;
  #thread: Worker | undefined;
  #isCopying: boolean = false;
  #syncs = 0;
  #since = 0;
  #stay = () => {};

  constructor(path: string, clock: Clock) {
    this.#path = path;
    this.#clock = clock;
  }

  /** Something was committed and synced. Never throws: without copies the log only grows until SQLite makes one. */
  synced(): void {
    const now = this.#clock.now();
    if (Math.abs(now - this.#since) > secondMs) {
      this.#since = now;
      this.#syncs = 0;
    }
    this.#syncs += 1;
    if (this.#syncs % burstSyncs === 0 && !this.#isCopying) this.#copy();
  }

  /** Ends the thread; call it before the file is closed, which leaves no log behind only when it is the last to. */
  async close(): Promise<void> {
    this.#stay();
    const thread = this.#thread;
    if (!thread) return;
    // Not `once` of Node's events, which rejects when the thread fails: it is gone then all the same.
    const exit = new Promise((resolve) => thread.once("exit", resolve));
    thread.postMessage("leave");
    await exit;
  }

  #copy(): void {
    this.#isCopying = true;
    this.#thread ??= this.#begun();
    this.#thread.postMessage("copy");
    this.#stay();
    this.#stay = this.#clock.after(restMs, () => void this.close());
  }

  #begun(): Worker {
    const thread = new Worker(new URL("./checkpoint-thread.ts", import.meta.url), { workerData: this.#path });
    const copied = () => {
      this.#isCopying = false;
    };
    thread.on("message", copied);
    // A disk that fails tells those who write; here it only ends the thread.
    thread.on("error", copied);
    thread.on("exit", () => {
      copied();
      this.#thread = undefined;
    });
    thread.unref();
    return thread;
  }
}
