/** One check of the doctor's, and what all of them are given to look at. */
import type Anthropic from "@anthropic-ai/sdk";
import type { Clock } from "../clock.ts";
import type { Config } from "../config.ts";
import type { GitHub } from "../github/client.ts";
import type { Finding } from "./findings.ts";
import type { Manifest } from "./manifest.ts";

/** What is examined. */
export interface Patient {
  config: Config;
  manifest: Manifest;
  github: GitHub;
  client: Anthropic;
  clock: Clock;
  /** For addresses that are neither GitHub's API nor Claude's. */
  fetch: typeof fetch;
  /** Says how the store stands, or throws what is wrong with it. */
  store: () => Promise<string>;
  /** Logins of accounts whose new runs the operator holds back. */
  paused: () => Promise<string[]>;
  /** Where a token is tried; the first installation that is not suspended when left out. */
  place?: { installation: number; repositoryId: number };
}

/** One check; what it throws is its finding. */
export interface Check {
  what: string;
  /** What to do when the check itself fails. */
  todo: string;
  look: (patient: Patient) => Promise<Omit<Finding, "what">>;
}
