/**
 * What a play is about, whoever the service is that is played with: the simulators, the time and what was
 * written down. Stories act on it and judges look at it.
 */
import type { Clock } from "../../src/clock.ts";
import type { ClaudeSim } from "../sim/claude/claude.ts";
import type { GitHubSim } from "../sim/github/github.ts";

/** The repository of all plays. */
export const shop = "acme/shop";
/** The issue of all plays. */
export const issue = 1;

/** A world as stories and judges see it. */
export interface Scene {
  readonly github: GitHubSim;
  readonly claude: ClaudeSim;
  readonly clock: Pick<Clock, "now">;
  /** All rows of a table of the service's. */
  rows(table: string): Record<string, unknown>[];
}

/** An organization, two people, a repository, an installation. */
export async function furnish(github: GitHubSim): Promise<void> {
  github.addOrganization("acme");
  for (const login of ["mona", "rita"]) github.addUser(login);
  await github.addRepository({ owner: "acme", name: "shop", files: { "add.js": "export const add = 0;\n" } });
  github.setRole(shop, "mona", "write");
  github.setRole(shop, "rita", "maintain");
  github.install("acme");
}
