/** Choices by a seed: the same seed chooses the same again. */

/** Numbers from 0 to below 1 by a seed (mulberry32). */
export function chanceFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** `count` of them, in their order. */
export function sampled<T>(all: readonly T[], count: number, seed: number): T[] {
  const chance = chanceFrom(seed);
  let [wanted, left] = [Math.min(count, all.length), all.length];
  return all.filter(() => {
    const isChosen = chance() * left < wanted;
    left -= 1;
    if (isChosen) wanted -= 1;
    return isChosen;
  });
}

/** All of them, in an order of the seed's. */
export function shuffled<T>(all: readonly T[], seed: number): T[] {
  const chance = chanceFrom(seed);
  return all
    .map((one) => ({ one, place: chance() }))
    .toSorted((a, b) => a.place - b.place)
    .map(({ one }) => one);
}
