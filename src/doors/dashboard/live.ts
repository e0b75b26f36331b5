/**
 * Keeps a page new while somebody looks: an open stream (server-sent events) that looks at the store again and
 * again and sends those fragments that came out differently.
 */
import type { Context } from "hono";
import { type SSEStreamingApi, streamSSE } from "hono/streaming";
import { type Clock, pause } from "../../clock.ts";
import { isProblem } from "../../domain/errors.ts";
import type { Logger } from "../../log.ts";
import type { Html } from "./frame.ts";

/** The changing parts of a page. */
export interface Fragments {
  /** What holds the parts, for when some came or went; absent where the parts are always the same. */
  frame?: { id: string; html: Html };
  /** By id, in order. */
  parts: ReadonlyMap<string, Html>;
}

/** How often it is looked. */
const tickMs = 1_000;
/** A stream ends after this, and the browser opens the next. */
const streamMs = 30 * 60_000;
/** Something is sent so often, lest a proxy takes the silence for an end. */
const beatMs = 15_000;
/** Streams of one process; further ones are told to come back. */
const streamsMax = 500;
/** A browser opens no stream again after another status than 200: this one ends at once and names when to come. */
const comeBack = "retry: 60000\n\n";

let open = 0;

/** Answers with a stream; `look` gives the fragments as they are now, undefined for whoever may not look any more. */
export function live(
  context: Context,
  { clock, log }: { clock: Clock; log: Logger },
  look: () => Promise<Fragments | undefined>,
): Response {
  const headers = { "content-type": "text/event-stream", "cache-control": "no-store" };
  if (open >= streamsMax) return context.body(comeBack, 200, headers);
  context.header("x-accel-buffering", "no");
  const answer = streamSSE(context, async (stream) => {
    open += 1;
    try {
      await keepSending(stream, clock, look);
    } catch (error) {
      // The browser opens the next stream by itself, and may by then be told more.
      if (!isProblem(error, "later")) log.error({ err: error }, "a live page broke off");
    } finally {
      open -= 1;
    }
  });
  answer.headers.set("cache-control", headers["cache-control"]);
  return answer;
}

async function keepSending(
  stream: SSEStreamingApi,
  clock: Clock,
  look: () => Promise<Fragments | undefined>,
): Promise<void> {
  const gone = new AbortController();
  stream.onAbort(() => gone.abort());
  const endsAt = clock.now() + streamMs;
  let beatAt = 0;
  let sent = new Map<string, string>();
  while (!gone.signal.aborted && clock.now() < endsAt) {
    const now = await look();
    if (!now) {
      await stream.writeSSE({ event: "over", data: "" });
      return;
    }
    const fresh = await texts(now.parts);
    for (const [id, html] of await changed(now, { fresh, sent }))
      await stream.writeSSE({ event: "fragment", data: JSON.stringify({ id, html }) });
    sent = fresh;
    if (clock.now() >= beatAt) {
      await stream.writeSSE({ event: "beat", data: "" });
      beatAt = clock.now() + beatMs;
    }
    await pause(clock, tickMs, gone.signal);
  }
}

async function texts(parts: ReadonlyMap<string, Html>): Promise<Map<string, string>> {
  const written = await Promise.all([...parts].map(async ([id, html]) => [id, String(await html)] as const));
  return new Map(written);
}

/** The frame where parts came or went, else the parts that are different. */
async function changed(
  { frame }: Fragments,
  { fresh, sent }: { fresh: Map<string, string>; sent: Map<string, string> },
): Promise<[string, string][]> {
  const isSame = [...fresh.keys()].join(" ") === [...sent.keys()].join(" ");
  if (frame && !isSame) return [[frame.id, String(await frame.html)]];
  return [...fresh].filter(([id, html]) => sent.get(id) !== html);
}
