/**
 * The known word somebody probably meant. Knows nothing of what the words are for.
 */

/** Words longer than this are not compared, so that a text of any length costs nothing. */
const charsMax = 40;

/**
 * The candidate nearest to `word`, without regard to case; undefined when none is near: more than a third of
 * its letters would have to change.
 */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  if (word.length > charsMax) return undefined;
  const ranked = candidates
    .map((candidate) => ({ candidate, edits: editsBetween(word.toLowerCase(), candidate.toLowerCase()) }))
    .filter(({ candidate, edits }) => edits <= Math.max(1, Math.floor(candidate.length / 3)))
    .sort((one, other) => one.edits - other.edits);
  return ranked[0]?.candidate;
}

/** Letters added, removed, changed or swapped with their neighbour to make one word of the other. */
function editsBetween(from: string, to: string): number {
  let before: number[] = [];
  let row = Array.from({ length: to.length + 1 }, (_, at) => at);
  for (let done = 0; done < from.length; done += 1) {
    let last = done + 1;
    const next = [last];
    for (let at = 0; at < to.length; at += 1) {
      const changed = (row[at] ?? 0) + (to[at] === from[done] ? 0 : 1);
      const swaps = at > 0 && to[at] === from[done - 1] && to[at - 1] === from[done];
      const swapped = swaps ? (before[at - 1] ?? 0) + 1 : changed;
      last = Math.min(changed, swapped, (row[at + 1] ?? 0) + 1, last + 1);
      next.push(last);
    }
    before = row;
    row = next;
  }
  return row.at(-1) ?? 0;
}
