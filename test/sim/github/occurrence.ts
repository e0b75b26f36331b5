/**
 * What passes between those who cause deliveries and the one who sends them; neither knows the other.
 */

/** What happened, and to which installation and repository. */
export interface Occurrence {
  event: string;
  action: string | null;
  payload: Record<string, unknown>;
  installationId: number | null;
  repositoryId: number | null;
}

/** Sends a delivery without waiting for it. */
export type Emit = (occurrence: Occurrence) => void;
