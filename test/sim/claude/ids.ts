/**
 * Identifiers with the platform's prefixes, counted so that one world always names things alike
 * and later means greater: ids of one prefix sort by creation.
 */

/** Prefixes the platform documents. */
export type IdPrefix =
  | "agent"
  | "env"
  | "sesn"
  | "sesrsc"
  | "sevt"
  | "sthr"
  | "vlt"
  | "vcrd"
  | "file"
  | "memstore"
  | "whe"
  | "req";

/** Makes the next identifier of a prefix: `sesn_01SIM00000000000000000001`. */
export type Ids = (prefix: IdPrefix) => string;

const digits = 20;

/** A fresh counter for one simulator. */
export function countedIds(): Ids {
  const counts = new Map<IdPrefix, number>();
  return (prefix) => {
    const count = (counts.get(prefix) ?? 0) + 1;
    counts.set(prefix, count);
    return `${prefix}_01SIM${String(count).padStart(digits, "0")}`;
  };
}

/** The number in an identifier: later ones are greater. */
export const numberOf = (id: string): number => Number(id.slice(-digits));
