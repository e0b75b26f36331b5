/**
 * Pages of lists: an opaque cursor that holds the order and the last place seen.
 * A cursor used with another order is refused, as the platform does; knows nothing of what is listed.
 */
import { z } from "zod";
import { invalid } from "./refusal.ts";

/** Order of a list by creation (events: by processing). */
export type Order = "asc" | "desc";

/** What one page is cut from. `key` numbers the items upwards in ascending order, each number once. */
export interface PageRequest<T> {
  items: T[];
  key: (item: T) => number;
  order: Order;
  limit: number;
  page: string | undefined;
}

/** One page; the tokens are null at the ends of the list. */
export interface Page<T> {
  data: T[];
  next_page: string | null;
  prev_page: string | null;
}

const cursorShape = z.strictObject({
  order: z.enum(["asc", "desc"]),
  way: z.enum(["after", "before"]),
  key: z.number(),
});
type Cursor = z.infer<typeof cursorShape>;

const write = (cursor: Cursor): string => `page_${Buffer.from(JSON.stringify(cursor)).toString("base64url")}`;

function read(text: string): Cursor {
  try {
    return cursorShape.parse(JSON.parse(Buffer.from(text.slice("page_".length), "base64url").toString()));
  } catch {
    throw invalid("page: not a cursor of this list");
  }
}

/** Cuts one page. Refuses (400) a cursor that is not ours or was made for another order. */
export function cutPage<T>({ items, key, order, limit, page }: PageRequest<T>): Page<T> {
  const sign = order === "asc" ? 1 : -1;
  const sorted = items.toSorted((a, b) => sign * (key(a) - key(b)));
  const cursor = page === undefined ? undefined : read(page);
  if (cursor && cursor.order !== order)
    throw invalid(`page: this cursor was made with order=${cursor.order}`);

  const past = (item: T, from: number) => sign * (key(item) - from);
  const kept = !cursor
    ? sorted
    : sorted.filter((item) =>
        cursor.way === "after" ? past(item, cursor.key) > 0 : past(item, cursor.key) < 0,
      );
  const data = cursor?.way === "before" ? kept.slice(-limit) : kept.slice(0, limit);
  const [first, last] = [data[0], data.at(-1)];
  const more = last !== undefined && sorted.at(-1) !== last;
  const earlier = first !== undefined && sorted[0] !== first;
  return {
    data,
    next_page: more ? write({ order, way: "after", key: key(last) }) : null,
    prev_page: earlier ? write({ order, way: "before", key: key(first) }) : null,
  };
}
