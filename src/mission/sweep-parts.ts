/**
 * What the caretaker's rounds are handed: the rooms they look into. It does not know the rounds.
 */
import type { Agents } from "../agent/agent.ts";
import type { Clock } from "../clock.ts";
import type { Config } from "../config.ts";
import type { Engine } from "../engine/engine.ts";
import type { GitHub } from "../github/client.ts";
import type { OAuth } from "../github/visitor-token.ts";
import type { Logger } from "../log.ts";
import type { Metrics } from "../metrics.ts";
import type { Store } from "../store/database.ts";
import type { Inbox } from "../store/deliveries.ts";
import type { Seal } from "../store/seal.ts";
import type { Rulebook } from "./rulebook.ts";
import type { Strays } from "./strays.ts";

/** What the caretaker works with. */
export interface SweepParts {
  config: Pick<Config, "owners" | "pollMs" | "sweepMs" | "textsKeptMs">;
  github: GitHub;
  agents: Agents;
  rulebook: Rulebook;
  strays: Strays;
  store: Store;
  engine: Engine;
  box: Inbox;
  seal: Seal;
  /** The App's sign-in; undefined where nobody signs in. */
  oauth: OAuth | undefined;
  clock: Clock;
  log: Logger;
  metrics: Pick<Metrics, "tokens">;
}
