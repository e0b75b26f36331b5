/**
 * Which plays a sweep consists of: every point alone, replies that are lost, pairs of points. A seed chooses
 * where not everything can be played; the same seed chooses the same again.
 */
import type { Blow } from "./life.ts";
import { type Played, type Return, returns, type Strike } from "./play.ts";
import type { Story } from "./stories.ts";

/** A play to be played. */
export interface Plan {
  story: string;
  strikes: Strike[];
}

/** How much of everything. */
export interface Measure {
  /** Every point with every return and every pair; otherwise one return each and a sample. */
  all: boolean;
  seed: number;
  /** Points played of each story but the main one, when not all are. */
  singlesMax: number;
  pairsMax: number;
}

/** Later occurrences of a moment are the caretaker's rounds and add nothing new. */
const occurrencesMax = 3;
const lost: Blow[] = ["reset", "timeout", "5xx"];
/** Calls that change something; minting is one, although what is lost with it was given to nobody. */
const changing = /^after (POST|PATCH|PUT|DELETE) (?!.*graphql)/;

/** The points of a clean run on which blows fall. */
export function pointsOf({ points }: Pick<Played, "points">): string[] {
  return points.filter((point) => Number(point.split("#").at(-1)) <= occurrencesMax);
}

/** The single blows of a story: deaths at every point, replies lost at every call that changes something. */
export function singlesOf(story: Story, points: string[], measure: Measure): Plan[] {
  const some =
    story.name === "main" || measure.all ? points : sampled(points, measure.singlesMax, measure.seed);
  const deaths = some.flatMap((point, at) =>
    backsFor(story, measure, at).map((back) => planOf(story, { point, blow: "crash", back })),
  );
  const losses = some
    .filter((point) => changing.test(point))
    .flatMap((point) => lost.map((blow) => planOf(story, { point, blow, back: "at once" })));
  return [...deaths, ...losses];
}

/** Two deaths: the second at any point of the life after the first. */
export function pairsOf(story: Story, points: string[], measure: Measure): Plan[] {
  const pairs = points.flatMap((one) => points.map((other) => [one, other] as const));
  const some = measure.all ? pairs : sampled(pairs, measure.pairsMax, measure.seed);
  return some.flatMap(([one, other], at) =>
    backsFor(story, measure, at).map((back) =>
      planOf(story, { point: one, blow: "crash", back }, { point: other, blow: "crash", back: "at once" }),
    ),
  );
}

function planOf({ name }: Story, ...strikes: Strike[]): Plan {
  return { story: name, strikes };
}

function backsFor({ isBrief }: Story, { all, seed }: Measure, at: number): Return[] {
  const possible = returns.filter((back) => !isBrief || back !== "two hours later");
  return all ? possible : possible.slice((at + seed) % possible.length).slice(0, 1);
}

/** `count` of them, chosen by the seed, in their order. */
function sampled<T>(all: readonly T[], count: number, seed: number): T[] {
  const chance = chanceFrom(seed);
  let [wanted, left] = [Math.min(count, all.length), all.length];
  return all.filter(() => {
    const isChosen = chance() * left < wanted;
    left -= 1;
    if (isChosen) wanted -= 1;
    return isChosen;
  });
}

/** Numbers from 0 to 1 by a seed (mulberry32). */
function chanceFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
