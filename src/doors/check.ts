/** One check of the doctor's, and what all of them are given to look at. */
import type Anthropic from "@anthropic-ai/sdk";
import type { Clock } from "../clock.ts";
import type { Config } from "../config.ts";
import type { GitHub } from "../github/client.ts";
import type { ReachedRepository } from "../github/examination.ts";
import type { Where } from "../github/settings-files.ts";
import type { Rules } from "../mission/rulebook.ts";
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
  /** Finds how the store stands, or throws what is wrong with it. */
  store: () => Promise<Omit<Finding, "what">>;
  /** Logins of accounts whose new runs the operator holds back. */
  paused: () => Promise<string[]>;
  /** The repository that is looked at besides, as `owner/name`, and how its rules are read. */
  named?: { name: string; rules: (where: Where) => Promise<Rules> };
}

/** A patient whose repository is looked for once, for all checks that want it. */
export interface Examined extends Patient {
  /** Absent where none was named. */
  reached?: Promise<ReachedRepository>;
}

/** One check; what it throws is its finding. */
export interface Check {
  what: string;
  /** What to do when the check itself fails. */
  todo: string;
  look: (patient: Examined) => Promise<Omit<Finding, "what">>;
}
