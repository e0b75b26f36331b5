/**
 * The pace of calls to the Claude platform, which counts what creates apart from everything else, by the minute and
 * for everybody with one key (its documentation of rate limits): counted in the store, with all replicas together.
 * Once the platform says *slow down* all the same, nothing of that kind leaves before the time it named, neither
 * from here nor from other replicas or after a restart, and half as much leaves afterwards, growing again. A call
 * held back is answered here, in the platform's own terms, so that whoever reads its answers needs to know nothing
 * of the gate.
 */
import type { Clock } from "../clock.ts";
import type { Store } from "../store/database.ts";
import { type Paced, Pacer } from "../store/pacer.ts";

type Bucket = "creates" | "others";

/** The lower ones of the limits the platform has published. */
const createsMax = 300;
const othersMax = 600;
const spanMs = 60_000;
const creates: Paced = { bucket: { slotMs: 1_000, rules: [{ spanMs, max: createsMax }] }, batch: 15 };
const others: Paced = { bucket: { slotMs: 1_000, rules: [{ spanMs, max: othersMax }] }, batch: 30 };
/** A call that changes something leaves within this time of being asked for, or not at all. */
const departureMsMax = 1_000;
/** New sessions leave room for what keeps those at work alive: their tokens, answers, interrupts. */
const sessionShare = 0.8;
const shareMin = 0.1;
const regainedAMinute = 0.05;

/** A bucket: its pace, and the part of its limit that was believed in at `at`, when it was told to slow down. */
interface Line {
  pacer: Pacer;
  share: number;
  at: number;
}

/** Makes fetches that share one gate. Without a store this process counts alone. */
export function createGate(
  clock: Clock,
  store?: Store,
): (fetch: typeof globalThis.fetch) => typeof globalThis.fetch {
  // One each: what closes one of them leaves the other open.
  const line = (bucket: Bucket, calls: Paced): Line => ({
    pacer: new Pacer(store, `claude:${bucket}`, { calls }),
    ...{ share: 1, at: 0 },
  });
  const lines: Record<Bucket, Line> = { creates: line("creates", creates), others: line("others", others) };
  return (fetch) => async (input, init) => {
    const bucket = init?.method?.toUpperCase() === "POST" ? "creates" : "others";
    const now = clock.now();
    const { pacer } = lines[bucket];
    const share = believed(lines[bucket], now) * (isNewSession(bucket, input) ? sessionShare : 1);
    const need = { calls: { count: 1, share } };
    const leave = await pacer.ask(need, now);
    if (leave.kind === "later") return heldBack(leave.at - now);
    // Whoever stood still here may have been overtaken, and looks again before it changes anything.
    if (init?.method?.toUpperCase() !== "GET" && clock.now() - now > departureMsMax) {
      pacer.giveBack(need, clock.now());
      return heldBack(0);
    }
    const answer = await fetch(input, init);
    const waitMs = answer.ok ? undefined : retryAfterMs(answer.headers, clock.now());
    if (waitMs === undefined) return answer;
    // Calls that were on their way together are one excess.
    if (answer.status === 429 && lines[bucket].at < now) {
      const at = clock.now();
      lines[bucket] = { pacer, share: Math.max(believed(lines[bucket], at) / 2, shareMin), at };
    }
    await pacer.close(clock.now() + waitMs).catch(() => undefined);
    return unrepeated(answer, waitMs);
  };
}

/** The part of the limit that is believed in now: what was believed, and a little more with every minute since. */
function believed({ share, at }: Pick<Line, "share" | "at">, now: number): number {
  return Math.min(share + ((now - at) / 60_000) * regainedAMinute, 1);
}

function isNewSession(bucket: Bucket, input: string | URL | Request): boolean {
  const { pathname } = new URL(input instanceof Request ? input.url : input);
  return bucket === "creates" && pathname.endsWith("/v1/sessions");
}
/** How long an answer asks to be left alone, in milliseconds; undefined when it names no time. */
export function retryAfterMs(headers: Pick<Headers, "get">, now: number): number | undefined {
  const exact = headers.get("retry-after-ms");
  if (exact !== null && !Number.isNaN(Number(exact))) return Math.max(Number(exact), 0);
  const named = headers.get("retry-after");
  if (named === null) return undefined;
  const span = Number.isNaN(Number(named)) ? Date.parse(named) - now : Number(named) * 1000;
  return Number.isNaN(span) ? undefined : Math.max(span, 0);
}

/** What the platform would have answered. */
function heldBack(waitMs: number): Response {
  const error = { type: "rate_limit_error", message: "held back until the time the platform named" };
  return Response.json(
    { type: "error", error },
    { status: 429, headers: { "retry-after-ms": String(waitMs), "x-should-retry": "false" } },
  );
}

/** The same answer, not to be repeated by the SDK, which would wait in a worker's turn; the engine waits better. */
function unrepeated(answer: Response, waitMs: number): Response {
  const headers = new Headers([...answer.headers]);
  headers.set("retry-after-ms", String(waitMs));
  headers.set("x-should-retry", "false");
  return new Response(answer.body, { status: answer.status, headers });
}
