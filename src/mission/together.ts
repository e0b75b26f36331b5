/** Acts that are done at the same time. */

/** Waits for all before it tells of the first that failed: nothing goes on behind the mission's back. */
export async function together<const T extends readonly unknown[]>(
  acts: T,
): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> {
  const failed = (await Promise.allSettled(acts)).find((one) => one.status === "rejected");
  if (failed) throw failed.reason;
  return Promise.all(acts);
}
