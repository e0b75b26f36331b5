/**
 * The blows of one play: hears of every moment of the service's, counts it, and strikes where a blow is due. It
 * says how the service comes back, and what kept a blow that was planned from falling.
 */
import { act, type Meanwhile, type Stage } from "./absence.ts";
import type { Span } from "./deadlines.ts";
import type { Blow, Hear } from "./life.ts";
import { Mints } from "./mints.ts";
import { Count, momentOf } from "./moments.ts";
import type { World } from "./world.ts";

/** How the service comes back. */
export type Return = "at once" | "another takes over" | "two hours later";

/** Every way to come back. */
export const returns: Return[] = ["at once", "another takes over", "two hours later"];

/** Where and how a blow falls. `point` is a moment's name and its number of occurrence since the blow before. */
export interface Strike {
  point: string;
  blow: Blow;
  back: Return;
  /** What people do halfway through the absence. */
  meanwhile?: Meanwhile;
}

/** What was done while the service was away. */
export interface Absence {
  meanwhile: Meanwhile;
  stage: Stage;
  at: number;
}

const awayMs: Record<Return, number> = {
  "at once": 0,
  "another takes over": 30_000,
  "two hours later": 7_200_000,
};

const isMint = /^after POST .*\/access_tokens$/;

/** Why a blow did not fall at `point`: how often its moment came among the points that were passed instead. */
export function whyUnplayed(point: string, passed: string[]): string {
  const often = passed.filter((one) => momentOf(one) === momentOf(point)).length;
  return `${momentOf(point)} came ${often} times in ${passed.length} points, and the blow was due at ${point}`;
}

/** The blows that are planned, and what they have come to. */
export class Strokes {
  /** Points passed, in order: before the first blow, and after each. */
  readonly lives: string[][] = [[]];
  struck = 0;
  /** When the service lived. */
  readonly spans: Span[] = [];
  /** The last that people did while it did not. */
  absence: Absence | undefined;
  /** What the blows took of tokens. */
  readonly mints: Mints;
  /** Moments that were passed, in all lives. */
  moments = 0;
  readonly #often = new Map<string, number>();
  readonly #strikes: Strike[];
  readonly #world: World;
  #count = new Count();
  #undone: string | undefined;

  constructor(strikes: Strike[], world: World) {
    this.#strikes = strikes;
    this.#world = world;
    this.mints = new Mints(world.github);
  }

  /** The moment that came most often. */
  usual(): string {
    const [most] = [...this.#often].toSorted(([, one], [, other]) => other - one);
    return most ? `${most[1]} times ${most[0]}` : "nothing happens";
  }

  /** Why the next blow has not fallen, or nobody could act; undefined when all was played. */
  unplayed(): string | undefined {
    const due = this.#strikes[this.struck];
    if (this.#undone !== undefined) return this.#undone;
    return due && whyUnplayed(due.point, this.lives.at(-1) ?? []);
  }

  /** Was the service away for longer than a token lives? */
  wasAway(): boolean {
    const fallen = this.#strikes.slice(0, this.struck);
    return fallen.some(({ blow, back }) => blow === "crash" && back === "two hours later");
  }

  /** A new life, after the time it takes to come back. */
  async live(): Promise<void> {
    const { clock } = this.#world;
    const last = this.#strikes[this.struck - 1];
    if (last?.blow === "crash") {
      this.mints.struck(this.#rows);
      await this.#away(last);
    }
    this.spans.push({ from: clock.now(), to: undefined });
    await this.#world.begin(this.#hear);
  }

  async #away({ back, meanwhile }: Strike): Promise<void> {
    const { clock } = this.#world;
    const ms = awayMs[back];
    if (meanwhile === undefined) return clock.advance(ms);
    await clock.advance(ms / 2);
    const stage = await act(this.#world, meanwhile);
    if (stage) this.absence = { meanwhile, stage, at: clock.now() };
    else this.#undone = `there was nothing yet on which somebody ${meanwhile}`;
    await clock.advance(ms / 2);
  }

  readonly #rows = (table: string) => this.#world.rows(table);

  readonly #hear: Hear = (moment) => {
    this.moments += 1;
    this.#often.set(moment, (this.#often.get(moment) ?? 0) + 1);
    const point = this.#count.point(moment);
    this.lives.at(-1)?.push(point);
    const strike = this.#strikes[this.struck];
    if (strike?.point !== point) return undefined;
    this.struck += 1;
    const span = this.spans.at(-1);
    if (span && strike.blow === "crash") span.to = this.#world.clock.now();
    this.lives.push([]);
    // A reply is lost while the service lives on; a death takes what it takes when all has arrived.
    if (strike.blow !== "crash" && isMint.test(moment)) this.mints.struck(this.#rows);
    this.#count = new Count();
    return strike.blow;
  };
}
