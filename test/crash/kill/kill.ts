/**
 * One play with a real process and a real SIGKILL: a story, a point of the server's first life at which it
 * dies, and the judgement when all has come to rest. Without a point it records those that there are.
 */
import { pause, systemClock } from "../../../src/clock.ts";
import { flawsOf } from "../invariants.ts";
import { isSo, type Played } from "../play.ts";
import type { Story } from "../story.ts";
import { whyUnplayed } from "../strokes.ts";
import { buildHouse, type House } from "./house.ts";

/** Most of a play is the server's own work, which knows no pace; what waits for minutes goes faster. */
const speeds = { brisk: 5, fast: 10 };
/** A play that has not come to rest by then never does; of the machine's time, which others want too. */
const playMsMax = 300_000;
const tickMs = 25;
/** All was well for so long: nothing more is on its way. */
const restMs = 500;

/** Plays it: `cut` is where the server dies. */
export async function kill(story: Story, cut?: string): Promise<Played> {
  const house = await buildHouse({
    ...{ speed: story.waits ? speeds.fast : speeds.brisk, tokenLifeMs: story.tokenLifeMs },
    ...{ env: story.env, cut },
  });
  house.claude.script(() => story.script);
  let flaws: string[] = [];
  try {
    await story.prepare?.(house);
    await house.live();
    flaws = await playOut(house, story);
  } catch (error) {
    flaws = [`never came to rest: ${error instanceof Error ? error.message : String(error)}`];
  } finally {
    await house.end();
  }
  const { points, deaths } = house;
  const unplayed = cut !== undefined && deaths === 0 ? whyUnplayed(cut, points) : undefined;
  return { points, later: [], unplayed, flaws, deliveries: [] };
}

/**
 * Lets people act and the server come back until all has been well for a while; resolves with what is not. Who has not
 * died until then is stopped, and may die of that.
 */
async function playOut(house: House, story: Story): Promise<string[]> {
  const acts = [...story.acts];
  const end = systemClock.now() + playMsMax;
  let wellSince: number | undefined;
  for (;;) {
    if (house.isDead()) await house.live();
    if (acts[0]?.when(house)) void acts.shift()?.does(house);
    const isOver =
      acts.length === 0 && isSo(house, story.ends) && house.github.busy() + house.claude.busy() === 0;
    const flaws = isOver
      ? flawsOf({ world: house, ends: story.ends, lost: house.mints.lost, wasAway: false })
      : ["the story has no ending"];
    const now = systemClock.now();
    wellSince = flaws.length === 0 ? (wellSince ?? now) : undefined;
    if (wellSince !== undefined && now - wellSince > restMs) {
      if (house.deaths > 0 || !(await house.stop())) return [];
      await house.live();
      wellSince = undefined;
    }
    if (now > end) return [...flaws, house.lastWords()];
    await pause(systemClock, tickMs);
  }
}
