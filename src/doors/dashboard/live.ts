/**
 * Keeps a page new while somebody looks: an open stream (server-sent events) that looks at the store again and
 * again and sends those fragments that came out differently.
 */
import type { Context } from "hono";
import { type SSEStreamingApi, streamSSE } from "hono/streaming";
import { type Clock, pause } from "../../clock.ts";
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

let open = 0;

/** Answers with a stream; `look` gives the fragments as they are now, undefined for whoever may not look any more. */
export function live(
  context: Context,
  clock: Clock,
  look: () => Promise<Fragments | undefined>,
): Response | Promise<Response> {
  if (open >= streamsMax) return context.text("too many people are looking", 503, { "retry-after": "60" });
  context.header("cache-control", "no-store");
  context.header("x-accel-buffering", "no");
  return streamSSE(context, async (stream) => {
    open += 1;
    try {
      await keepSending(stream, clock, look);
    } finally {
      open -= 1;
    }
  });
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
