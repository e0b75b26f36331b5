/**
 * Counts what is going on, so that a test with a clock of its own knows when to move it.
 * Knows nothing of what the activities are.
 */

/** A count of things under way. */
export class Activity {
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** Something began; call the result once when it is over (further calls do nothing). */
  enter(): () => void {
    this.#count += 1;
    let inside = true;
    return () => {
      if (inside) this.#count -= 1;
      inside = false;
    };
  }

  /** Counts `work` from now until it settles. */
  async during<T>(work: () => Promise<T>): Promise<T> {
    const leave = this.enter();
    try {
      return await work();
    } finally {
      leave();
    }
  }
}
