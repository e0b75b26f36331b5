/**
 * How often something may be done, counted in slots of time, so that a count is small enough to be kept in a row
 * and shared. Pure; who keeps the counts is decided elsewhere.
 *
 * A window is taken up to two slots longer than the other side counts, because a call that is counted here arrives
 * there a little later: up to a slot's length late, it still falls into the window it was counted for.
 */

/** So many within a span, milliseconds. */
export interface Rule {
  spanMs: number;
  max: number;
}

/** What is counted together, and the rules it stands under; spans are whole slots. */
export interface Bucket {
  slotMs: number;
  rules: readonly Rule[];
}

/** Slot and how much was done in it, oldest first, one after the other in one list. */
export type Counts = readonly number[];

/** What is asked for. `share`: the part of each limit that may be used for it, 0 to 1. */
export interface Wish {
  now: number;
  count: number;
  share: number;
}

/** How much of the wish the rules leave room for now. */
export function roomFor(counts: Counts, bucket: Bucket, { now, count, share }: Wish): number {
  const rooms = bucket.rules.map((rule) => Math.floor(rule.max * share) - usedIn(counts, bucket, rule, now));
  return Math.max(Math.min(count, ...rooms), 0);
}

/** The part of its tightest rule that is used, 0 to 1. */
export function usedShare(counts: Counts, bucket: Bucket, now: number): number {
  return Math.max(...bucket.rules.map((rule) => usedIn(counts, bucket, rule, now) / rule.max));
}

/** The counts with `count` more done now, without what no rule looks at any more. */
export function counted(
  counts: Counts,
  bucket: Bucket,
  { now, count }: Pick<Wish, "now" | "count">,
): number[] {
  const longest = Math.max(...bucket.rules.map(({ spanMs }) => spanMs));
  const kept = pairs(counts).filter(({ slot }) => isWithin(slot, bucket, longest, now));
  const own = Math.floor(now / bucket.slotMs);
  const before = kept.find(({ slot }) => slot === own)?.used ?? 0;
  const others = kept.filter(({ slot }) => slot !== own);
  const all = count > 0 || before > 0 ? [...others, { slot: own, used: before + count }] : others;
  return all.toSorted((a, b) => a.slot - b.slot).flatMap(({ slot, used }) => [slot, used]);
}

/**
 * When there is room for one more behind `ahead` others who were told to come before, milliseconds since the
 * epoch. `share` must leave room for something.
 */
export function roomAt(
  counts: Counts,
  bucket: Bucket,
  { now, share, ahead }: Omit<Wish, "count"> & { ahead: number },
): number {
  return Math.max(now, ...bucket.rules.map((rule) => freeAt(counts, bucket, rule, { now, share, ahead })));
}

function freeAt(
  counts: Counts,
  bucket: Bucket,
  { spanMs, max }: Rule,
  { now, share, ahead }: Omit<Wish, "count"> & { ahead: number },
): number {
  const allowed = Math.max(Math.floor(max * share), 1);
  // Whole spans go by for those ahead who do not fit into one.
  const spans = Math.floor(ahead / allowed);
  const within = pairs(counts).filter(({ slot }) => isWithin(slot, bucket, spanMs, now));
  let excess = within.reduce((sum, { used }) => sum + used, 0) + (ahead % allowed) + 1 - allowed;
  for (const { slot, used } of within) {
    if (excess <= 0) break;
    excess -= used;
    if (excess <= 0) return endOf(slot, bucket.slotMs) + spanMs + spans * spanMs;
  }
  return now + spans * spanMs;
}

function usedIn(counts: Counts, bucket: Bucket, { spanMs }: Rule, now: number): number {
  return pairs(counts)
    .filter(({ slot }) => isWithin(slot, bucket, spanMs, now))
    .reduce((sum, { used }) => sum + used, 0);
}

/** Does a slot reach into the span that ends now? Slots ahead of our clock are another replica's now. */
function isWithin(slot: number, { slotMs }: Bucket, spanMs: number, now: number): boolean {
  return endOf(slot, slotMs) + spanMs > now;
}

/** When the last call of a slot has arrived, if it took a slot's length. */
function endOf(slot: number, slotMs: number): number {
  return (slot + 2) * slotMs;
}

function pairs(counts: Counts): { slot: number; used: number }[] {
  return counts.flatMap((slot, at) => (at % 2 === 0 ? [{ slot, used: counts[at + 1] ?? 0 }] : []));
}
