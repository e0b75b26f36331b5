/**
 * How long a call to the platform may take, whether the SDK may repeat it, and from when on its lists are read.
 */

/** Never repeated by the SDK: a second POST would be a second session or message. */
export const once = { maxRetries: 0, timeout: 60_000 } as const;
/** Reads may be repeated; briefly, because the engine repeats them anyway. */
export const read = { maxRetries: 1, timeout: 30_000 } as const;

/** Clocks differ, and what an attempt made may be older than its end: lists are read from so much earlier. */
export const slackMs = 3 * 60_000;
