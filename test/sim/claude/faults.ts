/**
 * Trouble on demand: a test says which requests go wrong and how; each fault is spent after a number of uses.
 * Knows routes by name only; the gate and the streams act on what they are given here.
 */
import type { RefusalStatus } from "./refusal.ts";

/**
 * What goes wrong with a request.
 * - `latency`: answered late, by the simulator's clock
 * - `reset_before`: the connection is reset before anything happened
 * - `reset_after`: the effect takes place, then the connection is reset and the reply is lost
 * - `stall_after`, `stall_body`: the effect takes place, and no answer comes, or only the head and half of the
 *   body, until the caller gives up
 * - `status`: refused before anything happened
 * - `status_after`: done, but answered with this status all the same
 */
export type Trouble =
  | { kind: "latency"; ms: number }
  | { kind: "reset_before" }
  | { kind: "reset_after" }
  | { kind: "stall_after" | "stall_body" }
  | { kind: "status" | "status_after"; status: RefusalStatus; retryAfterS?: number };

/**
 * What goes wrong with an open stream once it has carried `afterFrames` events (0: at once).
 * - `cut`: the connection breaks in the middle of the body
 * - `end`: the stream ends as if it were complete
 * - `silent`: nothing comes any more, not even a heartbeat, and the connection stays open
 * - `error`: an error frame, then the end
 * - `unnamed`: from then on frames lack their `event:` line, so that the SDK ignores them
 */
export interface StreamTrouble {
  kind: "cut" | "end" | "silent" | "error" | "unnamed";
  afterFrames: number;
}

/** Which requests a fault strikes, how often, and what it does. */
export interface Fault<T> {
  /** Method and route, such as `POST /v1/sessions/:id/events`, or `*`. */
  on: string;
  /** How many requests it strikes; 1 unless said otherwise. */
  times?: number;
  /** Strikes only requests whose path contains this text, such as a session id. */
  path?: string;
  trouble: T;
}

/** The faults waiting to strike, in the order they were set. */
export class Faults<T> {
  readonly #waiting: { fault: Fault<T>; left: number }[] = [];

  /** Sets a fault; the result calls off what is left of it. */
  set(fault: Fault<T>): () => void {
    const entry = { fault, left: fault.times ?? 1 };
    this.#waiting.push(entry);
    return () => {
      entry.left = 0;
    };
  }

  /** Spends and returns the first fault of a request to this route. */
  strike(route: string, path: string): T | undefined {
    const entry = this.#waiting.find(
      ({ fault, left }) =>
        left > 0 && (fault.on === "*" || fault.on === route) && path.includes(fault.path ?? ""),
    );
    if (entry) entry.left -= 1;
    return entry?.fault.trouble;
  }
}
