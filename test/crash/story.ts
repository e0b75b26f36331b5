/**
 * What a story for the crash sweep is made of: what the agent does, what people do and when, and how it must end
 * whatever happened in between. The stories themselves are in `stories.ts` and `stories-people.ts`.
 */
import type { Agent, Script } from "../sim/claude/agent.ts";
import { fixAndSubmit } from "../sim/claude/scripts.ts";
import { issue, type Scene, shop } from "./scene.ts";

/** Something people do, once, as soon as it makes sense. */
export interface Act {
  when(world: Scene): boolean;
  does(world: Scene): unknown;
}

/** How a story ends. */
export interface Ends {
  /** The first line of the status comment. */
  headline: RegExp;
  phase: "resting" | "ended";
  rounds: number;
  pulls: number;
  /** Comments of ours besides the status comment. */
  comments: number;
  /** Messages to the agent; each is sent once. */
  messages: number;
  /** Runs, each with a status comment and a prompted session; one where it is not said. The ending is the last one's. */
  runs?: number;
  /** Prompted sessions where they are fewer than the runs: some were called off before. */
  sessions?: number;
  /** Words that the agent must not get to say: it is cut off long before, also when the service was away. */
  unsaid?: string;
  /** The agent is without a token while people think. */
  waitsForPeople?: true;
}

/** A story and its ending. */
export interface Story {
  name: string;
  script: Script;
  tokenLifeMs?: number;
  /** Variables of the service's environment besides the usual ones. */
  env?: Record<string, string>;
  /** What is so before the service starts: files of the repository, people, other repositories. */
  prepare?: (scene: Scene) => unknown;
  /** Somebody waits for minutes in it: in real time it is played at a faster pace. */
  waits?: true;
  /** GitHub asks to be left alone for so long in it; nothing is late before. */
  pausedMs?: number;
  acts: Act[];
  ends: Ends;
  /** People act while the agent works: the service is not away until that is over. */
  isBrief?: true;
  /** How it may end besides, when nobody was there to replace a token and the agent's push failed. */
  endsAway?: Ends;
  /** How it may end besides, when GitHub's word of something came late. */
  endsLate?: Ends[];
  /** Points of a clean run, exactly: change it with a word on what is looked at besides, or not any more. */
  points: number;
}

/** An hour, in milliseconds. */
export const hourMs = 3_600_000;

/** The first line of the status comment. */
export function headlineOf({ github }: Scene): string {
  const status = github
    .comments(shop, issue)
    .findLast(({ body }) => /patchwright:run:run_\w{20} -->/.test(body));
  return status?.body.split("\n")[0] ?? "";
}

/** Mona opens the issue and labels it. */
export const labelled: Act = {
  when: () => true,
  does: ({ github }) => {
    github.openIssue(shop, { title: "Add is wrong", body: "It adds one.", author: "mona" });
    github.label(shop, issue, { label: "agent", by: "mona" });
  },
};

/** Somebody comments on the issue. */
export const says = (
  when: (world: Scene) => boolean,
  body: string | ((world: Scene) => string),
  by: string,
): Act => ({
  when,
  does: (world) =>
    world.github.comment(shop, issue, { body: typeof body === "string" ? body : body(world), by }),
});

/** Is this the state in the headline? */
export const shows = (state: string) => (world: Scene) => headlineOf(world).includes(`**${state}`);

/** Has the agent's question been asked? */
export const hasAsked = ({ github }: Scene) =>
  github.comments(shop, issue).some(({ body }) => body.includes("the agent asks:"));

/** Writes a file, commits and pushes, and hands it in; its git is as little as a pull request needs. */
export const work = fixAndSubmit({ path: "add.js", content: "export const add = (a, b) => a + b;\n" });

/** Works after a while. */
export const workSlowly = (ms: number) => async (agent: Agent) => {
  await agent.say("This takes a while.");
  await agent.wait(ms);
  await work(agent);
};

/** The pull request is open, in one round, and nothing besides was said. */
export const opened = {
  headline: /\*\*opened #2\*\*/,
  phase: "resting",
  rounds: 1,
  pulls: 1,
  comments: 0,
  messages: 1,
} as const;

/** Nothing was proposed. */
export const nothing = { ...opened, headline: /\*\*no changes\*\*/, phase: "ended", pulls: 0 } as const;
