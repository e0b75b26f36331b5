/**
 * Trouble on request: which requests meet it and what it is. Knows matching and counting; the server carries it out.
 */
import type { Json } from "./world.ts";

/** What goes wrong. `resetAfter`: the effect has happened, the answer is lost. `late`: the connection is lost, and the effect happens so much later. `stall`: no answer at all for that long, then a reset. `stallAfter`, `stallBody`: the effect has happened, and no answer comes, or only the head and half of the body, until the caller gives up. */
export type Trouble =
  | { kind: "latency"; ms: number }
  | { kind: "status"; status: number; headers?: Record<string, string>; body?: Json | string }
  | { kind: "resetBefore" | "resetAfter" | "stallAfter" | "stallBody" }
  | { kind: "stall" | "late"; ms: number };

/** Trouble and the requests that meet it. */
export type Fault = Trouble & {
  method?: string;
  /** Template: `/repos/{owner}/{repo}/pulls`, `git-receive-pack`, `graphql`. */
  route?: string;
  /** Only the nth matching request, counted from 1. */
  nth?: number;
  /** At most this many matching requests; every one when absent. */
  times?: number;
};

/** The faults that wait for their requests. */
export class Faults {
  #waiting: { fault: Fault; seen: number; met: number }[] = [];

  /** Adds one; the returned function takes it away. */
  add(fault: Fault): () => void {
    const entry = { fault, seen: 0, met: 0 };
    this.#waiting.push(entry);
    return () => {
      this.#waiting = this.#waiting.filter((each) => each !== entry);
    };
  }

  /** Takes all away: the world is well again. */
  clear(): void {
    this.#waiting = [];
  }

  /** The trouble this request meets, if any; the first that matches. */
  meet(method: string, route: string): Trouble | undefined {
    for (const entry of this.#waiting) {
      const { fault } = entry;
      if ((fault.method ?? method) !== method || (fault.route ?? route) !== route) continue;
      entry.seen += 1;
      if (fault.nth !== undefined && fault.nth !== entry.seen) continue;
      if (entry.met >= (fault.nth === undefined ? (fault.times ?? Number.POSITIVE_INFINITY) : 1)) continue;
      entry.met += 1;
      return fault;
    }
    return undefined;
  }
}
