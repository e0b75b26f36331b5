/**
 * Pieces that several request bodies share, as strict shapes: what they do not name is refused.
 */
import { z } from "zod";
import { invalid } from "./refusal.ts";

const metadataPairsMax = 16;
const metadataKey = z.string().min(1).max(64);
const metadataValue = z.string().max(512);
const within = (pairs: object) => Object.keys(pairs).length <= metadataPairsMax;
const tooMany = `at most ${metadataPairsMax} pairs`;

/** Metadata at creation. */
export const metadata = z.record(metadataKey, metadataValue).refine(within, tooMany);

/** Metadata as an update: null deletes a key. */
export const metadataPatch = z.record(metadataKey, metadataValue.nullable());

/** Applies a patch. Throws 400 when too many pairs would be left. */
export function patched(
  current: Record<string, string>,
  patch: Record<string, string | null> | null | undefined,
): Record<string, string> {
  const entries = Object.entries({ ...current, ...patch });
  const read = metadata.safeParse(Object.fromEntries(entries.filter(([, value]) => value !== null)));
  if (!read.success) throw invalid(`metadata: ${tooMany}`, "invalid_metadata");
  return read.data;
}

/** A budget: whole cents as text, without leading zeros. */
export const budget = z.strictObject({
  type: z.literal("limit"),
  max_list_cost: z.strictObject({
    amount: z.string().regex(/^[1-9]\d{0,11}$/, "whole cents as text, without leading zeros"),
    currency: z.literal("USD"),
  }),
});
