/**
 * How a script ends: thrown through it, from wherever it stands, to the crew that runs it.
 */
import type { BetaManagedAgentsSessionRefusalStopDetails } from "@anthropic-ai/sdk/resources/beta/sessions/events";

/** How a script's run ended. `closed`: the session was archived, deleted or the simulator stopped. */
export type Ending =
  | { how: "end_turn" | "interrupt" | "retries_exhausted" | "terminated" | "closed" | "failure" }
  | { how: "refusal"; details: BetaManagedAgentsSessionRefusalStopDetails };

/** Thrown through a script to end it. */
export class Curtain extends Error {
  readonly ending: Ending;

  constructor(ending: Ending) {
    super(`the script ended: ${ending.how}`);
    this.name = "Curtain";
    this.ending = ending;
  }
}
