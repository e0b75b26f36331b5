/**
 * Keeps a page new while somebody looks: an open stream (server-sent events) that looks again and again and sends those
 * fragments that came out differently.
 */
import { type SSEStreamingApi, streamSSE } from "hono/streaming";
import { type Clock, pause } from "../../clock.ts";
import { isProblem } from "../../domain/errors.ts";
import type { Logger } from "../../log.ts";
import type { Asked } from "./answer.ts";
import type { Html } from "./frame.ts";
import { tickMs } from "./views.ts";

/** The changing parts of a page, as they are written. */
export interface Fragments {
  /** What holds the parts, for when some came or went; absent where the parts are always the same. */
  frame?: { id: string; html: string };
  /** By id, in order. */
  parts: ReadonlyMap<string, string>;
}

/** Answers with a stream; `look` gives the fragments as they are now, undefined for whoever may not look any more. */
export type Live = (context: Asked, look: () => Promise<Fragments | undefined>) => Response;

/** A stream ends after this, and the browser opens the next. */
const streamMs = 30 * 60_000;
/** Something is sent so often, lest a proxy takes the silence for an end. */
const beatMs = 15_000;
/** Streams of one process; further ones are told to come back. */
const streamsMax = 500;
/** Streams of one person, whatever browsers they have signed in with; the page says of a further one that it is not live. */
const ownStreamsMax = 8;
/** A browser opens no stream again after another status than 200: this one ends at once and names when to come. */
const comeBack = "retry: 60000\n\n";

/** The streams of one process. */
export function createStreams({ clock, log }: { clock: Clock; log: Logger }): Live {
  let open = 0;
  const own = new Map<number, number>();
  const count = (person: number | undefined, by: 1 | -1) => {
    open += by;
    if (person === undefined) return;
    const now = (own.get(person) ?? 0) + by;
    if (now > 0) own.set(person, now);
    else own.delete(person);
  };
  return (context, look) => {
    const headers = { "content-type": "text/event-stream", "cache-control": "no-store" };
    const person = context.get("audience").person?.id;
    // Nobody reads, nor ends, the body of an answer to HEAD.
    if (context.req.method === "HEAD") return context.body(null, 200, headers);
    if (person !== undefined && (own.get(person) ?? 0) >= ownStreamsMax)
      return context.body(comeBack, 429, { ...headers, "retry-after": "60" });
    if (open >= streamsMax) return context.body(comeBack, 200, headers);
    context.header("x-accel-buffering", "no");
    const answer = streamSSE(context, async (stream) => {
      count(person, 1);
      try {
        await keepSending(stream, clock, look);
      } catch (error) {
        // The browser opens the next stream by itself, and may by then be told more.
        if (!isProblem(error, "later")) log.error({ err: error }, "a live page broke off");
      } finally {
        count(person, -1);
      }
    });
    answer.headers.set("cache-control", headers["cache-control"]);
    return answer;
  };
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
  let sent: ReadonlyMap<string, string> = new Map();
  while (!gone.signal.aborted && clock.now() < endsAt) {
    const now = await look();
    if (!now) {
      await stream.writeSSE({ event: "over", data: "" });
      return;
    }
    for (const [id, html] of changed(now, sent))
      await stream.writeSSE({ event: "fragment", data: JSON.stringify({ id, html }) });
    sent = now.parts;
    if (clock.now() >= beatAt) {
      await stream.writeSSE({ event: "beat", data: "" });
      beatAt = clock.now() + beatMs;
    }
    await pause(clock, tickMs, gone.signal);
  }
}

/** Fragments as they are written. */
export async function texts(parts: ReadonlyMap<string, Html>): Promise<Map<string, string>> {
  const written = await Promise.all([...parts].map(async ([id, html]) => [id, String(await html)] as const));
  return new Map(written);
}

/** The frame where parts came or went, else the parts that are different. */
function changed({ frame, parts }: Fragments, sent: ReadonlyMap<string, string>): [string, string][] {
  const isSame = [...parts.keys()].join(" ") === [...sent.keys()].join(" ");
  if (frame && !isSame) return [[frame.id, frame.html]];
  return [...parts].filter(([id, html]) => sent.get(id) !== html);
}
