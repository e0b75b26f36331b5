/**
 * Samples become figures: medians, percentiles, ranges. Knows numbers only.
 */

/** The value below which `share` (0 to 1) of the samples lie; NaN without samples. */
export function percentile(samples: readonly number[], share: number): number {
  const sorted = samples.toSorted((a, b) => a - b);
  return sorted[Math.min(Math.floor(share * sorted.length), sorted.length - 1)] ?? Number.NaN;
}

/** The middle sample. */
export const median = (samples: readonly number[]): number => percentile(samples, 0.5);

/** `median (least–most)` with so many digits after the point. */
export function spread(samples: readonly number[], digits = 0): string {
  const [middle, least, most] = [median(samples), Math.min(...samples), Math.max(...samples)].map((value) =>
    value.toFixed(digits),
  );
  return `${middle} (${least}–${most})`;
}
