/** Cost over time as a small drawing: a rising line of steps, its budget, and the same in words. */
import { html } from "hono/html";
import { dollars, span } from "../../domain/words.ts";
import type { Html } from "./frame.ts";

/** What is drawn. Times in milliseconds since the epoch, money in whole US cents. */
export interface Chart {
  points: readonly { at: number; cents: number }[];
  /** Where the time axis ends. */
  until: number;
  budgetCents: number;
  /** The whole in one sentence. */
  words: string;
}

const width = 640;
const height = 120;
const pointsMax = 400;

/** The drawing, with its sentence. */
export function chart({ points, until, budgetCents, words }: Chart): Html {
  const from = points[0]?.at ?? until;
  const spanMs = Math.max(until - from, 1_000);
  const most = Math.max(...points.map(({ cents }) => cents), 1);
  // The budget is drawn once the run has come near enough for it to say something.
  const isNear = most * 3 >= budgetCents;
  const top = isNear ? Math.max(most, budgetCents) : most * 1.15;
  const x = (at: number) => Math.round(((Math.min(at, until) - from) / spanMs) * width * 10) / 10;
  const y = (cents: number) => Math.round((height - (cents / top) * (height - 8)) * 10) / 10;
  const line = steps(thinned(points), { x, y });
  const budget = isNear
    ? html`<line class="budget" x1="0" x2="${width}" y1="${y(budgetCents)}" y2="${y(budgetCents)}"/>`
    : "";
  return html`<figure id="chart" class="chart"><svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${words}" preserveAspectRatio="none">
<path class="area" d="${line}H${width}V${height}H0Z"/><path class="line" d="${line}H${width}"/>${budget}</svg>
<figcaption><span>start</span><span>cost: ${dollars(points.at(-1)?.cents ?? 0)} of ${dollars(budgetCents)}</span><span>${span(spanMs)}</span></figcaption></figure>`;
}

function steps(
  points: readonly { at: number; cents: number }[],
  { x, y }: { x: (at: number) => number; y: (cents: number) => number },
): string {
  return points.map(({ at, cents }, n) => (n === 0 ? `M0 ${y(cents)}` : `H${x(at)}V${y(cents)}`)).join("");
}

function thinned<T>(points: readonly T[]): readonly T[] {
  const every = Math.ceil(points.length / pointsMax);
  return points.filter((_point, n) => n % every === 0 || n === points.length - 1);
}
