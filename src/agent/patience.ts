/**
 * How long a call to the platform may take, and whether the SDK may repeat it.
 */

/** Never repeated by the SDK: a second POST would be a second session or message. */
export const once = { maxRetries: 0, timeout: 60_000 } as const;
/** Reads may be repeated; briefly, because the engine repeats them anyway. */
export const read = { maxRetries: 1, timeout: 30_000 } as const;
