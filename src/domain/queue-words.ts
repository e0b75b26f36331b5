/**
 * What people read about a run that waits for its turn.
 */

/** Where a run stands in the queue. */
export interface Queued {
  /** 1 is the next; undefined when it was let in meanwhile. */
  place?: number | undefined;
  isPaused: boolean;
}

/** Where a run stands, and why it waits. */
export function queuedText({ place, isPaused }: Queued, owner: string): string {
  if (isPaused)
    return `The operator of this service holds back new work for ${owner}. This starts by itself once that is over.`;
  if (place === undefined) return "My turn has come; I am about to start.";
  return `As many runs are at work here as may be. This one is number ${place} in the queue and starts by itself; \`/agent status\` says where it stands then.`;
}
