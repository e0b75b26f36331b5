/** What many runs come to: counts, how often, how fast, for how much. Pure. */
import type { RunLine } from "../../store/listing.ts";

/** Runs taken together. */
export interface Figures {
  name: string;
  runs: number;
  /** Of those that are over, whole percent that opened a pull request; absent while none is over. */
  successPercent?: number;
  opened: number;
  merged: number;
  closed: number;
  /** Median from the request to the pull request, milliseconds. */
  toPullMs?: number;
  costCents: number;
  /** All cost by the pull requests that were merged; absent while none was. */
  mergedCents?: number;
}

/** All runs together. */
export function figuresOf(name: string, lines: readonly RunLine[]): Figures {
  const over = lines.filter(({ phase }) => phase !== "working");
  const opened = lines.filter(({ pull }) => pull !== undefined);
  const merged = lines.filter(({ fate }) => fate === "merged").length;
  const costCents = lines.reduce((sum, line) => sum + line.costCents, 0);
  const spans = lines.flatMap(({ pullAt, createdAt }) => (pullAt === undefined ? [] : [pullAt - createdAt]));
  const toPullMs = median(spans);
  const share = over.filter(({ pull }) => pull !== undefined).length / over.length;
  return {
    name,
    runs: lines.length,
    opened: opened.length,
    merged,
    closed: lines.filter(({ fate }) => fate === "closed").length,
    costCents,
    ...(over.length === 0 ? {} : { successPercent: Math.round(100 * share) }),
    ...(toPullMs === undefined ? {} : { toPullMs }),
    ...(merged === 0 ? {} : { mergedCents: Math.round(costCents / merged) }),
  };
}

/** Runs by something they have in common, the most runs first. */
export function figuresBy(lines: readonly RunLine[], nameOf: (line: RunLine) => string): Figures[] {
  const groups = Map.groupBy(lines, nameOf);
  const figures = [...groups].map(([name, some]) => figuresOf(name, some));
  return figures.toSorted((one, other) => other.runs - one.runs || one.name.localeCompare(other.name));
}

function median(values: number[]): number | undefined {
  const sorted = values.toSorted((one, other) => one - other);
  const low = sorted[Math.floor((sorted.length - 1) / 2)];
  const high = sorted[Math.floor(sorted.length / 2)];
  return low === undefined || high === undefined ? undefined : Math.round((low + high) / 2);
}
