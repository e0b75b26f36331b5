/**
 * Tokens that a blow took from the service before it could write them down: the reply to their mint never arrived, or
 * the process died with the token in hand. Nobody was given such a token, nobody can give it back, and it lives until
 * it expires; no other token may. Each is known by its hash.
 */
import type { GitHubSim } from "../sim/github/github.ts";
import type { Scene } from "./scene.ts";

/** The tokens of one play that were lost so. */
export class Mints {
  readonly lost = new Set<string>();
  readonly #github: GitHubSim;
  #minted = 0;
  #recorded = 0;

  constructor(github: GitHubSim) {
    this.#github = github;
  }

  /**
   * A blow has fallen, and whatever was on its way has arrived: a run mints one token after the other and writes each
   * down before the next, so what is minted since the blow before and not written down is the last of it.
   */
  struck(rows: Scene["rows"]): void {
    const minted = this.#github.tokens().filter(({ repositoryIds }) => repositoryIds);
    if (minted.length === this.#minted) return;
    const recorded = rows("journal").filter(({ name }) => /^token \S+ minted$/.test(String(name))).length;
    const missing = minted.length - this.#minted - (recorded - this.#recorded);
    // Whoever was overtaken has given its own back.
    const own = minted.slice(this.#minted).filter(({ revokedAt }) => revokedAt === undefined);
    for (const { sha256 } of missing > 0 ? own.slice(-missing) : []) this.lost.add(sha256);
    [this.#minted, this.#recorded] = [minted.length, recorded];
  }
}
