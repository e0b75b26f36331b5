/**
 * The sweep itself, in one process: clean runs give the points, plans are played one after another, and
 * what went wrong is told. A planted bug is looked for where it should hurt first.
 */
import { shuffled } from "./chance.ts";
import { echo } from "./echo.ts";
import { kill } from "./kill/kill.ts";
import {
  absencesOf,
  killsOf,
  type Measure,
  type Opening,
  openingsOf,
  type Plan,
  pairsOf,
  pointsOf,
  type Recorded,
  singlesOf,
} from "./plan.ts";
import type { Plant } from "./plant.ts";
import { type Played, play } from "./play.ts";
import { rivals } from "./rivals.ts";
import { killPoints, main, stories } from "./stories.ts";
import type { Story } from "./story.ts";

/** What a sweep tells while it goes on. */
export type Told =
  | { kind: "bad"; plan: Plan; flaws: string[] }
  | { kind: "story"; name: string; points: number; least: number; most: number }
  | { kind: "planned"; plays: number }
  | { kind: "played"; what: Kind }
  | { kind: "unplayed"; what: Kind; plan: Plan; why: string };

/** Kinds of plays, as they are counted. */
export type Kind = "death" | "loss" | "pair" | "kill";

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
/** A bug that has not shown by then is missed. */
const catchPlaysMax = 60;
/** A play that does not come to its point is given more chances, a real server fewer, for each takes seconds. */
const triesMax = { played: 6, killed: 3 };
/** Real servers at work side by side: each play waits now and then. */
const killsAtOnce = 4;

const storyOf = (name: string): Story => {
  const story = stories.find((one) => one.name === name);
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
    plans.push(...singlesOf(recorded, measure));
    if (story === main) plans.push(...openingsOf(recorded, measure), ...absencesOf(recorded, measure));
  }
  const isOne = (one: Plan | Opening) => !("first" in one) || one.place !== undefined;
  if (share === 0) tell({ kind: "planned", plays: plans.filter(isOne).length });
  const mine = shuffled(plans, measure.seed).filter((_, at) => at % of === share);
  for (const [at, plan] of mine.entries()) {
    if (isOver() && at >= fewest.plays) return;
    await ("first" in plan ? playPairs(plan, tell) : playPlan(plan, tell));
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

/** Plays the first death alone, which shows what the next life does, and then with a second. */
async function playPairs(opening: Opening, tell: Share["tell"]): Promise<void> {
  const alone = { story: opening.story, strikes: [opening.first] };
  const { later, flaws, unplayed } = await played(alone);
  if (flaws.length > 0) tell({ kind: "bad", plan: alone, flaws });
  if (unplayed !== undefined) tell({ kind: "unplayed", what: "pair", plan: alone, why: unplayed });
  const plans = unplayed === undefined ? pairsOf(opening, later) : [];
  if (opening.place === undefined) tell({ kind: "planned", plays: plans.length });
  for (const plan of plans) await playPlan(plan, tell);
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

async function played({ story, strikes, kill: point }: Plan): Promise<Played> {
  const once = () => (point === undefined ? play(storyOf(story), strikes) : kill(storyOf(story), point));
  const most = point === undefined ? triesMax.played : triesMax.killed;
  let last = await once();
  // Which writes share a commit is different each time, also in a life after a death: the point may come next time.
  for (let tries = 1; tries < most && last.unplayed !== undefined && last.flaws.length === 0; tries += 1)
    last = await once();
  return last;
}

async function playPlan(plan: Plan, tell: Share["tell"]): Promise<void> {
  const { flaws, unplayed } = await played(plan);
  if (flaws.length > 0) tell({ kind: "bad", plan, flaws });
  const what = whatOf(plan);
  tell(unplayed === undefined ? { kind: "played", what } : { kind: "unplayed", what, plan, why: unplayed });
}

function whatOf({ strikes, kill: point }: Plan): Kind {
  if (point !== undefined) return "kill";
  if (strikes.length > 1) return "pair";
  return strikes[0]?.blow === "crash" ? "death" : "loss";
}

/** Plays until the bug shows. Resolves with what showed it; undefined when nothing did. */
export async function catchBug({ story: name, near }: Plant, measure: Measure): Promise<string | undefined> {
  if (typeof near === "string" && near !== "echo") {
    const [flaw] = await rivals[near]();
    return flaw === undefined ? undefined : `test/crash/rivals.ts, ${near}: ${flaw}`;
  }
  const story = storyOf(name);
  const clean = await play(story, []);
  if (clean.flaws.length > 0) return `a clean run of ${name}: ${clean.flaws[0]}`;
  if (near === "echo") {
    const [flaw] = await echo(story);
    return flaw === undefined ? undefined : `the echo of ${name}: ${flaw}`;
  }
  const [recorded, all] = [
    { story, points: pointsOf(clean) },
    { ...measure, extent: "singles" as const },
  ];
  const plans = [...singlesOf(recorded, all), ...(story === main ? absencesOf(recorded, all) : [])];
  const isNear = ({ strikes: [one] }: Plan) => near.test(`${one?.point}, ${one?.meanwhile}`);
  const nearFirst = [...plans.filter(isNear), ...plans.filter((one) => !isNear(one))];
  for (const plan of nearFirst.slice(0, catchPlaysMax)) {
    const { flaws } = await play(story, plan.strikes);
    const [{ blow, point, back, meanwhile } = {}] = plan.strikes;
    const acts = meanwhile === undefined ? "" : `, somebody ${meanwhile}`;
    if (flaws.length > 0) return `${name}, ${blow} ${point}, back ${back}${acts}: ${flaws[0]}`;
  }
  return undefined;
}

/** Plays one plan again. Resolves with all that is wrong. */
export async function replayed(plan: Plan): Promise<string[]> {
  const { flaws, unplayed } = await played(plan);
  return unplayed === undefined ? flaws : [...flaws, `not played: ${unplayed}`];
}
