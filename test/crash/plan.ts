/**
 * Which plays a sweep consists of: every point alone, replies that are lost, pairs of points, and the points
 * at which real servers are killed. A seed chooses where not everything is played.
 */
import { meanwhilesAt } from "./absence.ts";
import { chanceFrom, sampled, shuffled } from "./chance.ts";
import { holds, type Lateness, type Words } from "./late.ts";
import type { Blow } from "./life.ts";
import { momentOf } from "./moments.ts";
import type { Played } from "./play.ts";
import type { rivals } from "./rivals.ts";
import type { Story } from "./story.ts";
import { type Return, returns, type Strike } from "./strokes.ts";

/** A play to be played; `kill` is where a real server dies in it. */
export interface Plan {
  story: string;
  strikes: Strike[];
  kill?: string;
  /** What of GitHub's word comes late in it. */
  late?: Lateness;
}

/** Something that can be played by itself: a plan, a story and its echo, or a check of what no story shows. */
export type Proof = Plan | { echo: string } | { rival: keyof typeof rivals };

/**
 * How much of everything. `sample`: as much as time allows, one of each kind first. `singles`: every death with every
 * return, some pairs. `all`: every pair of the main story too.
 */
export interface Measure {
  extent: "sample" | "singles" | "all";
  seed: number;
}

/** A story and the points of a clean run of it. */
export interface Recorded {
  story: Story;
  points: string[];
}

/** Later occurrences of a moment are the caretaker's rounds and add nothing new. */
const occurrencesMax = 3;
/** Pairs that are played where not all are. */
const pairsMax = 240;
const lost: Blow[] = ["reset", "timeout", "5xx"];
/** Calls that change something; minting is one, although what is lost with it was given to nobody. */
const changing = /^after (POST|PATCH|PUT|DELETE) (?!.*graphql)/;
/** Past one of these something is written, or on its way. */
const committing = /^before (write|POST|PATCH|PUT|DELETE) (?!.*graphql)/;

/** The points of a clean run on which blows fall. */
export function pointsOf({ points }: { points: string[] }): string[] {
  return points.filter((point) => Number(point.split("#").at(-1)) <= occurrencesMax);
}

/**
 * One point of each death. Between one point and the next the process may only have read or thought, and what it
 * had in mind dies with it: dying before a write that directly follows another is dying after that other.
 */
export function deathsOf(points: string[]): string[] {
  return points.filter((point, at) => {
    const before = points[at - 1];
    return before === undefined || committing.test(before) || changing.test(point);
  });
}

/** The single blows of a story: deaths at its points, replies lost at the calls that change something. */
export function singlesOf({ story, points }: Recorded, measure: Measure): Plan[] {
  // A sample has no time for two points of one death.
  const some = measure.extent === "sample" ? deathsOf(points) : points;
  const deaths = some.flatMap((point) =>
    backsFor(story).map((back) => planOf(story, { point, blow: "crash", back })),
  );
  const losses = some
    .filter((point) => changing.test(point))
    .flatMap((point) => lost.map((blow) => planOf(story, { point, blow, back: "at once" })));
  return [...deaths, ...losses];
}

/** A first death; where the second falls is chosen from what the life after it does. */
export interface Opening {
  story: string;
  first: Strike;
  /** Where in that life, from 0 to below 1; undefined: everywhere. */
  place?: number;
}

/** The first deaths of pairs: each with every return, or some of them by the seed. */
export function openingsOf({ story, points }: Recorded, { extent, seed }: Measure): Opening[] {
  const openings = deathsOf(points).flatMap((point) =>
    returns.map((back) => ({ story: story.name, first: { point, blow: "crash" as const, back } })),
  );
  if (extent === "all") return openings;
  const chance = chanceFrom(seed);
  return sampled(openings, pairsMax, seed).map((one) => ({ ...one, place: chance() }));
}

/** The pairs that begin so: `later` are the points that were passed after the first death. */
export function pairsOf({ story, first, place }: Opening, later: string[]): Plan[] {
  const points = deathsOf(pointsOf({ points: later }));
  const at = place === undefined ? undefined : Math.floor(place * points.length);
  const seconds = at === undefined ? points : points.slice(at, at + 1);
  return seconds.map((point) => ({ story, strikes: [first, { point, blow: "crash", back: "at once" }] }));
}

/** Deaths of the main story with hours until the return, in which people act. */
export function absencesOf({ story, points }: Recorded): Plan[] {
  return deathsOf(points).flatMap((point) =>
    meanwhilesAt(points, point).map((meanwhile) =>
      planOf(story, { point, blow: "crash", back: "two hours later", meanwhile }),
    ),
  );
}

/** What kind of play it is: the story, what happens, and the call or write at which it does. */
export function kindOf(plan: Plan | Opening): string {
  if ("late" in plan && plan.late)
    return `${plan.story}, ${plan.late.meanwhile ?? "late"}, ${momentOf(plan.late.delivery ?? "")}`;
  const strike = "first" in plan ? plan.first : plan.strikes[0];
  const call = momentOf(strike?.point ?? "").replace(/^(before|after) /, "");
  const what = strike?.meanwhile ?? (strike?.blow === "crash" ? "death" : "loss");
  return `${plan.story}, ${"first" in plan ? "pair" : what}, ${call}`;
}

/** Each delivery of a story in turn, late or after the next; with more words it is people's own. */
export function latesOf(
  { name }: Story,
  meanwhile: Words | undefined,
  deliveries: Played["deliveries"],
): Plan[] {
  const held = deliveries.filter(({ isPeoples }) => isPeoples || meanwhile === undefined);
  return held.flatMap((one) =>
    holds.map((by) => {
      const late = { delivery: one.name, by, ...(meanwhile === undefined ? {} : { meanwhile }) };
      return { story: name, strikes: [], late };
    }),
  );
}

/** Where real servers are killed: at every point of the main story, and where others do what none before them did. */
export function killsOf(recorded: Recorded[], { seed }: Measure): Plan[] {
  const known = new Set<string>();
  const plans = recorded.flatMap(({ story, points }) => {
    const isNew = (point: string) =>
      story.name === "main" || (point.endsWith("#1") && !known.has(momentOf(point)));
    const fresh = points.filter(isNew);
    for (const point of points) known.add(momentOf(point));
    return fresh.map((kill) => ({ ...planOf(story), kill }));
  });
  return shuffled(plans, seed);
}

function planOf({ name }: Story, ...strikes: Strike[]): Plan {
  return { story: name, strikes };
}

function backsFor({ isBrief }: Story): Return[] {
  return returns.filter((back) => !isBrief || back !== "two hours later");
}
