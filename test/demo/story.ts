/**
 * What a story of the demonstration is: it plays in a scene, is watched by a chronicle, and waits for things
 * to come to pass. A wait that is in vain says for what.
 */
import { type Clock, pause } from "../../src/clock.ts";
import { lastWords } from "../process.ts";
import type { Scene } from "./scene.ts";
import type { Teller } from "./teller.ts";

/** What a story plays with. */
export interface Play {
  scene: Scene;
  teller: Teller;
  clock: Clock;
  /** Resolves once it is so. Throws `what` when the time of the demonstration is over or the server has ended. */
  until(what: string, so: () => boolean): Promise<void>;
}

/** A story of the demonstration. */
export interface Story {
  /** What it shows, in half a line for `--help`. */
  about: string;
  /** What a newcomer is told before it begins. */
  preface: string[];
  /** Life of this GitHub's installation tokens; GitHub's own is an hour. */
  tokenLifeMs: number;
  /** Plays it to its end. Throws, with what is wrong, when it does not end well. */
  play(play: Play): Promise<void>;
}

const tickMs = 50;

/** The wait of a play: `watch` is called all the while, `endsAt` is when patience ends (milliseconds since the epoch). */
export function waitIn(
  { scene, clock }: Pick<Play, "scene" | "clock">,
  { watch, endsAt }: { watch: () => void; endsAt: number },
): Play["until"] {
  return async (what, so) => {
    for (;;) {
      watch();
      if (so()) return;
      const exit = scene.server.exit();
      if (exit) throw new Error(`the server ${lastWords(exit, scene.server.words())}`);
      const [broken] = scene.claude.scriptErrors;
      if (broken !== undefined) throw new Error(`the agent's script failed: ${String(broken)}`);
      if (clock.now() > endsAt) throw new Error(`this never came to pass: ${what}`);
      await pause(clock, tickMs);
    }
  };
}
