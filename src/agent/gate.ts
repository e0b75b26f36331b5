/**
 * The platform's *slow down*, kept for everybody: once it names a time, nothing of that kind of call leaves
 * this process before it is over, whichever run asks. A call held back is answered here, in the platform's
 * own terms, so that whoever reads its answers needs to know nothing of the gate.
 */
import type { Clock } from "../clock.ts";

/** The platform counts what creates apart from what reads (its documentation of rate limits). */
type Bucket = "creates" | "reads";

/** Makes fetches that share one gate. */
export function createGate(clock: Clock): (fetch: typeof globalThis.fetch) => typeof globalThis.fetch {
  const closedUntil: Record<Bucket, number> = { creates: 0, reads: 0 };
  return (fetch) => async (input, init) => {
    const bucket = init?.method?.toUpperCase() === "POST" ? "creates" : "reads";
    const waitMs = closedUntil[bucket] - clock.now();
    if (waitMs > 0) return heldBack(waitMs);
    const answer = await fetch(input, init);
    const spanMs = answer.ok ? undefined : retryAfterMs(answer.headers, clock.now());
    if (spanMs === undefined) return answer;
    closedUntil[bucket] = Math.max(closedUntil[bucket], clock.now() + spanMs);
    return unrepeated(answer, spanMs);
  };
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
