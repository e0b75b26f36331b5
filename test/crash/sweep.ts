/**
 * The sweep itself, in one process: clean runs give the points, plans are played one after another, and
 * what went wrong is told. A planted bug is looked for where it should hurt first.
 */
import { type Measure, type Plan, pairsOf, pointsOf, singlesOf } from "./plan.ts";
import type { Plant } from "./plants.ts";
import { play } from "./play.ts";
import { main, type Story, stories } from "./stories.ts";

/** What a sweep tells while it goes on. */
export type Tell = (
  line:
    | { kind: "bad"; plan: Plan; flaws: string[] }
    | { kind: "story"; name: string; points: number; fewer: boolean }
    | { kind: "played"; plays: number; unreached: number; singles: number; losses: number; pairs: number },
) => void;

/** A bug that has not shown by then is missed. */
const catchPlaysMax = 60;

const storyOf = (name: string): Story => stories.find((story) => story.name === name) ?? main;

/** Plays one share of all plans. */
export async function sweep(
  measure: Measure,
  { share, of, tell }: { share: number; of: number; tell: Tell },
): Promise<void> {
  for (const story of stories) {
    const clean = await play(story, []);
    const points = pointsOf(clean);
    const fewer = points.length < story.points;
    if (share === 0) tell({ kind: "story", name: story.name, points: points.length, fewer });
    if (clean.flaws.length > 0)
      tell({ kind: "bad", plan: { story: story.name, strikes: [] }, flaws: clean.flaws });
    const pairs = story === main ? pairsOf(story, points, measure) : [];
    const plans = [...singlesOf(story, points, measure), ...pairs];
    for (const plan of plans.filter((_, at) => at % of === share)) await playPlan(plan, tell);
  }
}

async function playPlan(plan: Plan, tell: Tell): Promise<void> {
  const { strikes } = plan;
  const { flaws, struck } = await play(storyOf(plan.story), strikes);
  if (flaws.length > 0) tell({ kind: "bad", plan, flaws });
  const isDeath = strikes.length === 1 && strikes[0]?.blow === "crash";
  tell({
    kind: "played",
    plays: 1,
    unreached: struck < strikes.length ? 1 : 0,
    singles: isDeath ? 1 : 0,
    losses: strikes.length === 1 && !isDeath ? 1 : 0,
    pairs: strikes.length > 1 ? 1 : 0,
  });
}

/** Plays until the bug shows. Resolves with what showed it; undefined when nothing did. */
export async function catchBug({ story: name, near }: Plant, measure: Measure): Promise<string | undefined> {
  const story = storyOf(name);
  const clean = await play(story, []);
  if (clean.flaws.length > 0) return `a clean run of ${name}: ${clean.flaws[0]}`;
  const plans = singlesOf(story, pointsOf(clean), { ...measure, all: true });
  const isNear = ({ strikes }: Plan) => near.test(strikes[0]?.point ?? "");
  const nearFirst = [...plans.filter(isNear), ...plans.filter((one) => !isNear(one))];
  for (const plan of nearFirst.slice(0, catchPlaysMax)) {
    const { flaws } = await play(story, plan.strikes);
    const [strike] = plan.strikes;
    if (flaws.length > 0)
      return `${name}, ${strike?.blow} ${strike?.point}, back ${strike?.back}: ${flaws[0]}`;
  }
  return undefined;
}

/** Plays one plan again. */
export async function replayed({ story, strikes }: Plan): Promise<string[]> {
  return (await play(storyOf(story), strikes)).flaws;
}
