/**
 * How many pages a list of GitHub's has. Lists come oldest first, and whoever wants the newest has to know
 * where the end is. It does not know what is on the pages.
 */

/** Pages of a list, by the `link` header of its first page; 1 when the header names no last one. */
export function pagesOf(link: string | undefined): number {
  return Number(/[?&]page=(\d+)[^>]*>;\s*rel="last"/.exec(link ?? "")?.[1] ?? 1);
}
