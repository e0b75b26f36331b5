/** The runs that stand on one page of the list, for those who look at it. */
import type { Store } from "../../store/database.ts";
import { countRuns, listRuns, type RunLine, type Wanted } from "../../store/listing.ts";
import type { Audience } from "./audience.ts";
import { type Filters, linesMax, pagesMax } from "./list-page.ts";

/** What a page of the list has. */
export interface Lines {
  lines: RunLine[];
  /** Do others follow? */
  more: boolean;
  /** The last page there is, where this one is empty; 0 where there is none. */
  last: number;
}

/** Reads them. */
export async function linesOf(
  { store }: { store: Store },
  audience: Pick<Audience, "repositories">,
  filters: Filters,
): Promise<Lines> {
  const wanted = wantedBy(audience, filters);
  const offset = (filters.page - 1) * linesMax;
  const found = await listRuns(store.db, wanted, { offset, limit: linesMax + 1 });
  const isPast = found.length === 0 && filters.page > 1;
  const count = isPast ? await countRuns(store.db, wanted, { limit: pagesMax * linesMax }) : 0;
  const more = found.length > linesMax;
  return { lines: found.slice(0, linesMax), more, last: Math.ceil(count / linesMax) };
}

function wantedBy(
  { repositories }: Pick<Audience, "repositories">,
  { page: _page, ...filters }: Filters,
): Wanted {
  return { ...filters, ...(repositories ? { repositories } : {}) };
}
