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

/** All of them in an order of the seed's, one of each kind first, then a second of each, and so on. */
export function spread<T>(all: readonly T[], kindOf: (one: T) => string, seed: number): T[] {
  const counts = new Map<string, number>();
  return shuffled(all, seed)
    .map((one) => {
      const rank = counts.get(kindOf(one)) ?? 0;
      counts.set(kindOf(one), rank + 1);
      return { one, rank };
    })
    .toSorted((a, b) => a.rank - b.rank)
    .map(({ one }) => one);
}

/** Which of `of` shares a text belongs to, whoever asks (FNV-1a). */
export function shareOf(text: string, of: number): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  // The last bits of the hash know only the last bits of the text.
  return (hash >>> 16) % of;
}

/** All of them, in an order of the seed's. */
export function shuffled<T>(all: readonly T[], seed: number): T[] {
  const chance = chanceFrom(seed);
  return all
    .map((one) => ({ one, place: chance() }))
    .toSorted((a, b) => a.place - b.place)
    .map(({ one }) => one);
}
