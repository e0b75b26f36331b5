/**
 * The sweep itself, in one process: clean runs give the points, plans are played one after another, and
 * what went wrong is told. A planted bug is looked for where it should hurt first.
 */
import { shareOf, shuffled, spread } from "./chance.ts";
import { echo } from "./echo.ts";
import { kill } from "./kill/kill.ts";
import { allWords } from "./late.ts";
import {
  absencesOf,
  killsOf,
  kindOf,
  latesOf,
  type Measure,
  type Opening,
  openingsOf,
  type Plan,
  type Proof,
  pairsOf,
  pointsOf,
  type Recorded,
  singlesOf,
} from "./plan.ts";
import { type Played, play } from "./play.ts";
import { rivals } from "./rivals.ts";
import { killPoints, longWork, main, stories } from "./stories.ts";
import type { Story } from "./story.ts";

/** What a sweep tells while it goes on. */
export type Told =
  | { kind: "bad"; plan: Plan; flaws: string[] }
  | { kind: "story"; name: string; points: number; least: number; most: number }
  | { kind: "planned"; plays: number; of?: string[] }
  | { kind: "played"; what: Kind; of?: string }
  | { kind: "unplayed"; what: Kind; plan: Plan; why: string };

/** Kinds of plays, as they are counted. */
export type Kind = "death" | "loss" | "late" | "pair" | "kill";

/** One process's part of the work. */
export interface Share {
  share: number;
  of: number;
  tell: (told: Told) => void;
  /** Time is up: nothing more is begun, once the fewest have been. */
  isOver: () => boolean;
}

/** A sample plays so many in each process, however slow the machine is. */
const fewest = { plays: 20, kills: 6 };
/** A play that does not come to its point is given more chances, a real server fewer, for each takes seconds. */
const triesMax = { played: 6, killed: 3 };
/** Real servers at work side by side: each play waits now and then. */
const killsAtOnce = 4;

const storyOf = (name: string): Story => {
  const story = [...stories, longWork].find((one) => one.name === name);
  if (!story) throw new Error(`there is no story called ${name}`);
  return story;
};

/** Plays one share of all plans, in this process. */
export async function sweep(measure: Measure, { share, of, tell, isOver }: Share): Promise<void> {
  const plans: (Plan | Opening)[] = [];
  for (const story of stories) {
    const clean = await cleanPlay(story);
    const recorded = { story, points: pointsOf(clean) };
    if (share === 0) {
      const { length } = recorded.points;
      tell({ kind: "story", name: story.name, points: length, least: story.points, most: story.points });
      if (clean.flaws.length > 0)
        tell({ kind: "bad", plan: { story: story.name, strikes: [] }, flaws: clean.flaws });
    }
    plans.push(...singlesOf(recorded, measure), ...latesOf(story, undefined, clean.deliveries));
    if (story === main) plans.push(...openingsOf(recorded, measure), ...absencesOf(recorded));
  }
  plans.push(...(await lates()));
  // By name and not by place: which writes share a commit is different in each process now and then.
  const mine = plans.filter((plan) => shareOf(JSON.stringify(plan), of) === share);
  const isOne = (one: Plan | Opening) => !("first" in one) || one.place !== undefined;
  tell({ kind: "planned", plays: mine.filter(isOne).length, of: [...new Set(mine.map(kindOf))] });
  const inOrder =
    measure.extent === "sample" ? spread(mine, kindOf, measure.seed) : shuffled(mine, measure.seed);
  for (const [at, plan] of inOrder.entries()) {
    if (isOver() && at >= fewest.plays) return;
    await ("first" in plan ? playPairs(plan, tell) : playPlan(plan, tell, kindOf(plan)));
  }
}

/**
 * A play without a blow. One that is off its number of points is played once more: on a machine that stands still for
 * a moment a call is repeated now and then, and not twice.
 */
async function cleanPlay(story: Story): ReturnType<typeof play> {
  const clean = await play(story, []);
  return pointsOf(clean).length === story.points ? clean : play(story, []);
}

/**
 * Plays with deliveries that come late. Of people's further words, said in the two plainest stories, it is seen in a
 * play where nothing is late what is delivered.
 */
async function lates(): Promise<Plan[]> {
  const plans = latesOf(longWork, undefined, (await play(longWork, [])).deliveries);
  for (const story of [main, longWork]) {
    for (const meanwhile of allWords) {
      const { deliveries } = await play(story, [], { late: { by: "the next one", meanwhile } });
      plans.push(...latesOf(story, meanwhile, deliveries));
    }
  }
  return plans;
}

/** Plays the first death alone, which shows what the next life does, and then with a second. */
async function playPairs(opening: Opening, tell: Share["tell"]): Promise<void> {
  const alone = { story: opening.story, strikes: [opening.first] };
  const { later, flaws, unplayed } = await played(alone);
  if (flaws.length > 0) tell({ kind: "bad", plan: alone, flaws });
  if (unplayed !== undefined) tell({ kind: "unplayed", what: "pair", plan: alone, why: unplayed });
  const plans = unplayed === undefined ? pairsOf(opening, later) : [];
  if (opening.place === undefined) tell({ kind: "planned", plays: plans.length });
  for (const plan of plans) await playPlan(plan, tell, kindOf(opening));
}

/** Kills real servers, at all places: what is planned is seen on one of them, so one process plans it. */
export async function killSweep(measure: Measure, { tell, isOver }: Pick<Share, "tell" | "isOver">) {
  const recorded: Recorded[] = [];
  for (const story of stories) {
    const first = pointsOf(await play(story, [])).filter((point) => point.endsWith(" #1"));
    recorded.push({ story, points: first });
  }
  // How often a real server does each thing in the main story is seen on a real server.
  const clean = await kill(main);
  if (clean.flaws.length > 0)
    tell({ kind: "bad", plan: { story: main.name, strikes: [], kill: "nowhere" }, flaws: clean.flaws });
  recorded[0] = { story: main, points: union(recorded[0]?.points ?? [], pointsOf(clean)) };
  const plans = killsOf(recorded, measure);
  const { length } = recorded[0]?.points ?? [];
  tell({ kind: "story", name: "main, killed", points: length, ...killPoints });
  tell({ kind: "planned", plays: plans.length });
  let begun = 0;
  const worker = async () => {
    for (let plan = plans.shift(); plan; plan = plans.shift()) {
      if (isOver() && begun >= fewest.kills) return;
      begun += 1;
      await playPlan(plan, tell);
    }
  };
  await Promise.all(Array.from({ length: killsAtOnce }, worker));
}

const union = (one: string[], other: string[]) => [...new Set([...one, ...other])];

async function played({ story, strikes, kill: point, late }: Plan): Promise<Played> {
  const once = () =>
    point === undefined ? play(storyOf(story), strikes, { late }) : kill(storyOf(story), point);
  const most = point === undefined ? triesMax.played : triesMax.killed;
  let last = await once();
  // Which writes share a commit is different each time, also in a life after a death: the point may come next time.
  for (let tries = 1; tries < most && last.unplayed !== undefined && last.flaws.length === 0; tries += 1)
    last = await once();
  return last;
}

async function playPlan(plan: Plan, tell: Share["tell"], of?: string): Promise<void> {
  const { flaws, unplayed } = await played(plan);
  if (flaws.length > 0) tell({ kind: "bad", plan, flaws });
  const what = whatOf(plan);
  if (unplayed !== undefined) tell({ kind: "unplayed", what, plan, why: unplayed });
  else tell({ kind: "played", what, ...(of === undefined ? {} : { of }) });
}

function whatOf({ strikes, kill: point, late }: Plan): Kind {
  if (late) return "late";
  if (point !== undefined) return "kill";
  if (strikes.length > 1) return "pair";
  return strikes[0]?.blow === "crash" ? "death" : "loss";
}

/** Plays one thing. Resolves with all that is wrong, and with why it was not played. */
export async function proved(proof: Proof): Promise<Pick<Played, "flaws" | "unplayed">> {
  if ("rival" in proof) return { flaws: await rivals[proof.rival](), unplayed: undefined };
  if ("echo" in proof) return { flaws: await echo(storyOf(proof.echo)), unplayed: undefined };
  return played(proof);
}

/** Plays one thing again. Resolves with all that is wrong; not having been played is. */
export async function replayed(proof: Proof): Promise<string[]> {
  const { flaws, unplayed } = await proved(proof);
  return unplayed === undefined ? flaws : [...flaws, `not played: ${unplayed}`];
}
