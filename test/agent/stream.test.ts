/** Open streams: each is followed as long as there is room, and one that nobody asks for any more gives way. */
import type Anthropic from "@anthropic-ai/sdk";
import { expect, test } from "vitest";
import { createStreams, streamsMax } from "../../src/agent/stream.ts";
import { createLogger } from "../../src/log.ts";
import { VirtualClock } from "../sim/virtual-clock.ts";

const hourMs = 3_600_000;

/** Streams of a platform that never says anything, and the sessions whose stream is open. */
function scene() {
  const clock = new VirtualClock();
  const open = new Set<string>();
  const stream = async (session: string, _params: object, { signal }: { signal: AbortSignal }) => {
    open.add(session);
    signal.addEventListener("abort", () => open.delete(session));
    return { [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => undefined) }) };
  };
  // The cast: streams use no more of the client than this.
  const client = { beta: { sessions: { events: { stream } } } } as unknown as Anthropic;
  const knock = async () => undefined;
  const log = createLogger("silent");
  return { clock, open, streams: createStreams(client, { knock, log, on: true, clock, pollMs: 30_000 }) };
}

test("beyond so many streams one gives way only where nobody has asked for it in an hour", async () => {
  const { clock, open, streams } = scene();
  for (let place = 0; place < streamsMax; place += 1) streams.follow(`s${place}`);
  streams.follow("one more");
  expect([open.size, open.has("one more")]).toEqual([streamsMax, false]);
  await clock.advance(hourMs);
  streams.follow("s0");
  streams.follow("one more");
  expect([open.size, open.has("s0"), open.has("s1"), open.has("one more")]).toEqual([
    ...[streamsMax, true, false, true],
  ]);
  streams.close();
  expect(open.size).toBe(0);
});
