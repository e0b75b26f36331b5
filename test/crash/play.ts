/**
 * One play: a story with blows at chosen points, played until it has come to rest and judged. Without blows
 * it records the points that blows can fall on.
 */

import { endsAfter, unheardFlaws } from "./absence.ts";
import { lateFlaws } from "./deadlines.ts";
import { flawsOf } from "./invariants.ts";
import { type Lateness, Post } from "./late.ts";
import type { Scene } from "./scene.ts";
import { type Ends, headlineOf, type Story } from "./story.ts";
import { type Strike, Strokes } from "./strokes.ts";
import { buildWorld, type World } from "./world.ts";

/** What came of a play. */
export interface Played {
  /** Points passed before the first blow, in order. */
  points: string[];
  /** Points passed since the last blow, in order: where a further one could fall. */
  later: string[];
  /** Why a blow that was planned did not fall; undefined when all did. */
  unplayed: string | undefined;
  flaws: string[];
  /** Deliveries that left, in order. */
  deliveries: Post["names"];
}

/** What else there is in a play besides blows. */
interface More {
  /** What of GitHub's word comes late. */
  late?: Lateness | undefined;
  /** Happens when all has come to rest, and has to change nothing of what is judged. */
  encore?: (world: World) => Promise<unknown>;
}

/** Whoever does so much goes round in circles: ten times what the longest story takes. */
const momentsMax = 5_000;
/** A play that has not ended by then is stuck. */
const playMsMax = 12 * 3_600_000;
/** After the ending: the caretaker comes by, what was retired is revoked, spare sessions are closed. */
const restMs = 12 * 60_000;

/** Plays it. */
export async function play(story: Story, strikes: Strike[], { late, encore }: More = {}): Promise<Played> {
  const world = await buildWorld(story);
  world.claude.script(() => story.script);
  const stroke = new Strokes(strikes, world);
  const post = new Post(late, world);
  const flaws: string[] = [];
  try {
    await stroke.live();
    const actedAt = await playOut(world, story, { stroke, post });
    await encore?.(world);
    if (encore) await rest(world, stroke);
    flaws.push(...judged(world, story, { stroke, post, actedAt }));
  } catch (error) {
    flaws.push(`never came to rest: ${String(error instanceof Error ? error.message : error)}`);
  } finally {
    await world.end();
  }
  const [points = []] = stroke.lives;
  const unplayed = stroke.unplayed() ?? post.unplayed();
  return { points, later: stroke.lives.at(-1) ?? [], unplayed, flaws, deliveries: post.names };
}

/** What is done to a story. */
interface Done {
  stroke: Strokes;
  post: Post;
}

/** How it may end after all that was done to it. */
function endsOf({ ends, endsAway, endsLate = [] }: Story, { stroke, post }: Done): Ends[] {
  const { absence } = stroke;
  if (absence) return endsAfter(absence.meanwhile, absence.stage);
  const usual = [ends, ...(endsAway && stroke.wasAway() ? [endsAway] : []), ...(post.late ? endsLate : [])];
  return post.ends() ?? usual;
}

/** All that is wrong, held to the ending that comes closest. */
function judged(world: World, story: Story, { stroke, post, actedAt }: Done & { actedAt: number }): string[] {
  const { absence, spans: lives } = stroke;
  const so = { world, lost: stroke.mints.lost, wasAway: stroke.wasAway() };
  const times = {
    ...{ world, lives, pausedMs: story.pausedMs ?? 0, isLate: post.late !== undefined },
    actedAt: Math.max(actedAt, absence?.at ?? 0, post.heardAt()),
  };
  const [best = ["it cannot end like this"]] = endsOf(story, { stroke, post })
    .map((ends) => [...flawsOf({ ...so, ends }), ...lateFlaws({ ...times, ends })])
    .toSorted((one, other) => one.length - other.length);
  const said = absence?.meanwhile ?? post.late?.meanwhile;
  return [...best, ...(said === "says more" ? unheardFlaws(world) : [])];
}

/** Resolves with when people acted last. */
async function playOut(world: World, story: Story, { stroke, post }: Done): Promise<number> {
  const { clock } = world;
  let actedAt = clock.now();
  const end = clock.now() + playMsMax;
  const acts = [...story.acts, ...post.acts];
  const isOver = () =>
    acts.length === 0 && post.isIn() && endsOf(story, { stroke, post }).some((ends) => isSo(world, ends));
  await move(world, stroke, async () => {
    const [next] = acts;
    if (next?.when(world)) {
      acts.shift();
      actedAt = clock.now();
      // Time stands still until it is done: what people do with git takes the machine's.
      await next.does(world);
      return true;
    }
    return !isOver() && clock.now() < end;
  });
  await rest(world, stroke);
  if (!isOver()) throw new Error(`the story has no ending: ${standing(world, acts.length)}`);
  return actedAt;
}

/** How things stand, for whoever has to find out why. */
function standing(world: World, actsLeft: number): string {
  const runs = world.rows("runs").map(({ phase, round }) => `${phase} in round ${round}`);
  const wakes = world.rows("wakes").map(({ key, tries }) => `${key} after ${tries} tries`);
  const refused = world.claude.gitOperations.filter(({ status }) => status >= 400);
  return [
    `runs ${runs.join(", ") || "none"}`,
    `"${headlineOf(world)}"`,
    `sessions ${world.claude.sessions.map(({ status }) => status).join(", ") || "none"}`,
    `wakes ${wakes.join(", ") || "none"}`,
    `${refused.length} git operations refused`,
    `${actsLeft} acts left`,
  ].join("; ");
}

/** Lets it come to rest; who dies meanwhile has as long for that once it is back. */
async function rest(world: World, stroke: Strokes): Promise<void> {
  const { clock } = world;
  const from = clock.now();
  const end = () => Math.max(from, stroke.spans.at(-1)?.from ?? from) + restMs;
  await move(world, stroke, () => (clock.next() ?? end()) < end());
}

/** Has the newest run come to this ending? */
export function isSo(world: Scene, ends: Ends): boolean {
  const run = world.rows("runs").at(-1);
  if (ends.runs === 0) return run === undefined;
  return run?.["phase"] === ends.phase && run["round"] === ends.rounds;
}

/** Moves time on from alarm to alarm while `goes`, and brings the service back when it has died. */
async function move(world: World, stroke: Strokes, goes: () => boolean | Promise<boolean>): Promise<void> {
  const { clock } = world;
  for (;;) {
    await world.settle();
    // People go on whether the service is there or not.
    if (stroke.moments > momentsMax) throw new Error(`it goes round in circles: ${stroke.usual()}`);
    const isOver = !(await goes());
    await world.settle();
    if (world.life.isDead) {
      await stroke.live();
      continue;
    }
    if (isOver) return;
    const next = clock.next();
    if (next === undefined) throw new Error("nothing will happen any more");
    await clock.advance(Math.max(next - clock.now(), 0));
  }
}
