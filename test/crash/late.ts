/**
 * Deliveries that come late, or after what came later: each delivery of a story is held back in turn, alone or while
 * people go on with the issue. It says what they do and when, and how that may end.
 */
import type { Clock } from "../../src/clock.ts";
import { act, endsAfter, type Meanwhile, type Stage } from "./absence.ts";
import { Count } from "./moments.ts";
import { issue, type Scene, shop } from "./scene.ts";
import { type Act, type Ends, opened } from "./story.ts";

/** For how long a delivery is held back; or until another has left, but a minute at most. */
export const holds = ["12 seconds", "a minute", "twenty minutes", "the next one"] as const;

/** A name of such a time. */
export type Hold = (typeof holds)[number];

/** A delivery that comes late, and what people do while it may be on its way: also what it tells of itself. */
export interface Lateness {
  /** Its name and number of occurrence; nothing is held back where it is not said. */
  delivery?: string;
  by: Hold;
  meanwhile?: Words;
}

const holdMs: Record<Exclude<Hold, "the next one">, number> = {
  "12 seconds": 12_000,
  "a minute": 60_000,
  "twenty minutes": 1_200_000,
};
/** Between two words where it is not the time of the hold that says it. */
const usualGapMs = 6_000;

const labelsAgain = ({ github }: Scene) => {
  const label = { label: "agent", by: "mona" };
  if (github.issue(shop, issue).labels.includes("agent")) github.unlabel(shop, issue, label);
  github.label(shop, issue, label);
};
const opensAndLabels = (scene: Scene) => {
  scene.github.reopenIssue(shop, issue, { by: "mona" });
  labelsAgain(scene);
};

/** Something people say; a function asks for work after it was called off. */
type Word = Meanwhile | ((scene: Scene) => void);

/** What they say, one after the other. */
const sequences = {
  "says more": ["says more"],
  "says stop": ["says stop"],
  "takes the label off": ["takes the label off"],
  "closes the issue": ["closes the issue"],
  "says stop and labels": ["says stop", labelsAgain],
  "takes the label off and puts it on": ["takes the label off", labelsAgain],
  "closes, opens and labels": ["closes the issue", opensAndLabels],
} satisfies Record<string, Word[]>;

/** A name of such a sequence. */
export type Words = keyof typeof sequences;

/** Every such name. */
export const allWords = Object.keys(sequences) as Words[];

const answered = (ends: Ends): Ends[] => [ends, { ...ends, comments: 1 }];
/** Asked for again: the same run goes on, or it was stopped, with or without a session, and another was begun. */
const begunAgain: Ends[] = [
  opened,
  { ...opened, runs: 2, messages: 2 },
  { ...opened, runs: 2, messages: 1, sessions: 1 },
  { ...opened, runs: 2, messages: 2, pulls: 2, headline: /\*\*opened #3\*\*/ },
].flatMap(answered);

type Timely = Scene & { clock: Pick<Clock, "now" | "after"> };

/** The post of one play: what left, what was held back, what people did meanwhile. */
export class Post {
  /** What left, by name, in order; people's own is marked. */
  readonly names: { name: string; isPeoples: boolean }[] = [];
  /** What people do after the story's own acts. */
  readonly acts: Act[] = [];
  readonly late: Lateness | undefined;
  readonly #world: Timely;
  readonly #count = new Count();
  #stage: Stage | undefined;
  #held: string | undefined;

  constructor(late: Lateness | undefined, world: Timely) {
    this.late = late;
    this.#world = world;
    const ms = late && late.by !== "the next one" ? holdMs[late.by] : undefined;
    const fits = (delivery: Left) => this.#leaves(delivery);
    world.github.disturb(ms === undefined ? { kind: "reorder", fits } : { kind: "delay", ms, fits });
    const words = late?.meanwhile === undefined ? [] : sequences[late.meanwhile];
    const gapMs = ms === undefined ? usualGapMs : ms / (words.length + 1);
    for (const [at, word] of words.entries()) {
      const due = world.clock.now() + gapMs * (at + 1);
      // So that time stands still then.
      world.clock.after(due - world.clock.now(), () => undefined);
      this.acts.push({ when: ({ clock }) => clock.now() >= due, does: (scene) => this.#says(scene, word) });
    }
  }

  /** Is nothing on its way any more? */
  isIn(): boolean {
    return this.#world.github.deliveries.every(
      ({ guid, statusCode }) => guid !== this.#held || statusCode !== 0,
    );
  }

  /** When what was held back came in, milliseconds since the epoch; 0 where nothing was. */
  heardAt(): number {
    return this.#held === undefined ? 0 : receivedAt(this.#world, this.#held);
  }

  /** Why it was not played as planned; undefined when it was. */
  unplayed(): string | undefined {
    const { delivery } = this.late ?? {};
    if (delivery === undefined || this.#held !== undefined) return undefined;
    return `${delivery} was not among the ${this.names.length} deliveries`;
  }

  /** How it may end where people had more to say; undefined where they had not. */
  ends(): Ends[] | undefined {
    if (this.late?.meanwhile === undefined || !this.#stage) return undefined;
    const last: Word | undefined = sequences[this.late.meanwhile].at(-1);
    return typeof last === "string" ? endsAfter(last, this.#stage) : begunAgain;
  }

  async #says(scene: Scene, word: Word): Promise<void> {
    if (typeof word === "string") this.#stage = await act(scene, word);
    else word(scene);
  }

  #leaves({ event, action, guid, payload }: Left): boolean {
    const { type = "Bot", login = "" } =
      (payload as { sender?: { type?: string; login?: string } }).sender ?? {};
    const name = this.#count.point(`${event}${action === null ? "" : `.${action}`} by ${login}`);
    this.names.push({ name, isPeoples: type === "User" });
    if (name !== this.late?.delivery) return false;
    this.#held = guid;
    // Where nothing follows that it could come after.
    if (this.late.by === "the next one")
      this.#world.clock.after(holdMs["a minute"], () => this.#world.github.heal());
    return true;
  }
}

type Left = Scene["github"]["deliveries"][number];

/** When a delivery was written down, milliseconds since the epoch; 0 when it was not. */
export function receivedAt(scene: Pick<Scene, "rows">, guid: string): number {
  return Number(scene.rows("deliveries").find(({ id }) => id === guid)?.["received_at"] ?? 0);
}
