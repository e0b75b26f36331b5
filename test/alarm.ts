/**
 * Whether a rule of deploy/alerts.yaml sounds, as Prometheus would have it after scrapes of the metrics' page: for
 * rules that compare one aggregate, of the last scrape or of an increase, with a number. How long a rule waits (`for`)
 * is left out, and an increase is not extrapolated.
 */

/** A scrape of the page: when, in milliseconds, and what it said. */
export interface Scrape {
  at: number;
  page: string;
}

const shape =
  /^(sum|min|max)(?: by \(([\w, ]+)\) )?\((?:(increase)\()?(\w+)(?:\{([^}]*)\})?(?:\[(\d+)([mh])\]\))?\) ([<>]) (\d+)$/;
const unitMs: Record<string, number> = { m: 60_000, h: 3_600_000 };
const folds: Record<string, (values: number[]) => number> = {
  sum: (values) => values.reduce((sum, value) => sum + value, 0),
  min: (values) => Math.min(...values),
  max: (values) => Math.max(...values),
};

/** The groups of labels for which the rule sounds after the last of the scrapes, oldest first; none where it is silent. */
export function sounding(expression: string, scrapes: Scrape[]): string[] {
  const [, fold = "", by = "", increase, name = "", labels = "", count, unit = "", sign, bound] =
    shape.exec(expression.trim()) ?? [];
  if (fold === "") throw new Error(`not a rule of this shape: ${expression}`);
  const wanted = labels.split(",").filter((one) => one !== "");
  const isAsked = (series: string) => wanted.every((one) => series.includes(one));
  const last = scrapes.at(-1)?.at ?? 0;
  const spanMs = increase ? Number(count) * (unitMs[unit] ?? 0) : 0;
  const within = scrapes.filter(({ at }) => at >= last - spanMs).map(({ page }) => seriesOf(page, name));
  const groups = new Map<string, number[]>();
  for (const series of new Set(within.flatMap((one) => [...one.keys()]).filter(isAsked))) {
    const values = within.flatMap((one) => one.get(series) ?? []);
    // What the last scrape does not have any more is stale at once.
    if (!increase && !within.at(-1)?.has(series)) continue;
    const value = increase ? (values.at(-1) ?? 0) - (values[0] ?? 0) : (values.at(-1) ?? 0);
    const key = by.split(/, ?/).flatMap((label) => new RegExp(`${label}="[^"]*"`).exec(series) ?? []);
    groups.set(key.join(), [...(groups.get(key.join()) ?? []), value]);
  }
  const isBeyond = (value: number) => (sign === "<" ? value < Number(bound) : value > Number(bound));
  return [...groups].filter(([, values]) => isBeyond(folds[fold]?.(values) ?? 0)).map(([key]) => key);
}

/** The values of a metric on a page, by name with labels. */
function seriesOf(page: string, name: string): Map<string, number> {
  const lines = page.split("\n").filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
  return new Map(lines.map((line) => [line.replace(/ \S+$/, ""), Number(line.split(" ").at(-1))]));
}
