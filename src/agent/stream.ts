/**
 * Open streams that only knock: an event on a session's stream wakes its run, which then looks for itself.
 * A stream has no replay, so nothing is read from it; losing one only delays until the next look.
 */
import type Anthropic from "@anthropic-ai/sdk";
import type { Clock } from "../clock.ts";
import type { Logger } from "../log.ts";

/** Follows sessions until told otherwise. */
export interface Streams {
  /**
   * Follows a session; one already followed stays so. Beyond `streamsMax` one gives way that nobody has asked for
   * in an hour: another process may have ended its round. Without such a one, and for a poll after a stream has
   * ended, looking alone has to do.
   */
  follow(session: string): void;
  leave(session: string): void;
  close(): void;
}

/** Streams held at once; each costs about a hundred kilobytes and a request of the platform's read limit. */
export const streamsMax = 200;
const unaskedMs = 3_600_000;

/** Events after which a run has something to do. */
const knocking = new Set([
  "session.status_idle",
  "session.status_terminated",
  "session.error",
  "session.deleted",
  "agent.custom_tool_use",
]);

/** How streams are followed. */
export interface StreamOptions {
  /** Called for every event that matters, and once when a stream has opened. */
  knock: (session: string) => Promise<void>;
  log: Logger;
  /** False where webhooks knock instead: they cost no connection. */
  on: boolean;
  clock: Clock;
  /** A session whose stream has ended is not followed again for so long: each opening knocks, and may end at once. */
  pollMs: number;
}

/** Streams by the SDK. */
export function createStreams(client: Anthropic, { knock, log, on, clock, pollMs }: StreamOptions): Streams {
  /** By session, the one that was asked for longest ago first. */
  const open = new Map<string, { abort: AbortController; askedAt: number }>();
  /** When the streams of the last `pollMs` ended, by session, oldest first. */
  const endedAt = new Map<string, number>();
  const forget = () => {
    for (const [session, at] of endedAt) if (clock.now() - at >= pollMs) endedAt.delete(session);
  };
  const follow = async (session: string, abort: AbortController) => {
    try {
      const stream = await client.beta.sessions.events.stream(
        session,
        {},
        { signal: abort.signal, maxRetries: 0 },
      );
      await knock(session);
      for await (const event of stream) {
        if (knocking.has(event.type)) await knock(session);
      }
    } catch (error) {
      if (!abort.signal.aborted) log.info({ session_id: session, err: error }, "stream ended");
    } finally {
      if (open.get(session)?.abort === abort) {
        open.delete(session);
        endedAt.delete(session);
        endedAt.set(session, clock.now());
      }
    }
  };
  const leave = (session: string) => {
    open.get(session)?.abort.abort();
    open.delete(session);
  };
  const makeRoom = () => {
    const [oldest] = open;
    if (oldest && open.size >= streamsMax && clock.now() - oldest[1].askedAt >= unaskedMs) leave(oldest[0]);
  };
  return {
    follow: (session) => {
      forget();
      const known = open.get(session);
      if (known) {
        open.delete(session);
        open.set(session, { ...known, askedAt: clock.now() });
      }
      if (!on || known || endedAt.has(session)) return;
      makeRoom();
      if (open.size >= streamsMax) return;
      const abort = new AbortController();
      open.set(session, { abort, askedAt: clock.now() });
      void follow(session, abort);
    },
    leave,
    close: () => {
      for (const { abort } of open.values()) abort.abort();
      open.clear();
    },
  };
}
