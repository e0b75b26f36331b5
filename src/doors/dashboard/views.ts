/**
 * What many look at is read once for all of them. It does not know what is seen nor who may see it: who sees something
 * else asks for it by another name.
 */
import type { Clock } from "../../clock.ts";

/** What is seen, by name. */
export interface Views<Seen> {
  /** What is seen now, at most a tick old. `read` is given what was seen before, and runs once at a time. */
  look(name: string, read: (before: Seen | undefined) => Promise<Seen>): Promise<Seen>;
}

/** How often what is shown is read again, in milliseconds. */
export const tickMs = 1_000;
/** What nobody has looked at for so long is forgotten. */
const keptMs = 10_000;
/** Names remembered. */
const viewsMax = 500;

interface View<Seen> {
  seen: Promise<Seen>;
  last: Seen | undefined;
  /** Infinite while it is read. */
  readAt: number;
}

/** Views, none of them read yet. */
export function createViews<Seen>(clock: Clock): Views<Seen> {
  const views = new Map<string, View<Seen>>();
  const forget = () => {
    for (const [name, { readAt }] of views)
      if (views.size >= viewsMax || readAt + keptMs < clock.now()) views.delete(name);
  };
  return {
    look: (name, read) => {
      const known = views.get(name);
      if (known && clock.now() < known.readAt + tickMs) return known.seen;
      views.delete(name);
      forget();
      const view: View<Seen> = {
        seen: read(known?.last),
        last: known?.last,
        readAt: Number.POSITIVE_INFINITY,
      };
      views.set(name, view);
      view.seen.then(
        (seen) => {
          view.last = seen;
          view.readAt = clock.now();
        },
        () => views.get(name) === view && views.delete(name),
      );
      return view.seen;
    },
  };
}
