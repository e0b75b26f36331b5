/**
 * The stories that are played again and again with the service dying in them: what the agent does, what
 * people do and when, and how each must end whatever happened in between.
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
}

/** A story and its ending. */
export interface Story {
  name: string;
  script: Script;
  tokenLifeMs?: number;
  /** Somebody waits for minutes in it: in real time it is played at a faster pace. */
  waits?: true;
  acts: Act[];
  ends: Ends;
  /** People act while the agent works: the service is not away until that is over. */
  isBrief?: true;
  /** How it may end besides, when nobody was there to replace a token and the agent's push failed. */
  endsAway?: Ends;
  /** Points of a clean run when this was last looked at: fewer means that the sweep sees less than it did. */
  points: number;
}

const hourMs = 3_600_000;

/** The first line of the status comment. */
export function headlineOf({ github }: Scene): string {
  const status = github
    .comments(shop, issue)
    .findLast(({ body }) => /patchwright:run:run_\w{20} -->/.test(body));
  return status?.body.split("\n")[0] ?? "";
}

const labelled: Act = {
  when: () => true,
  does: ({ github }) => {
    github.openIssue(shop, { title: "Add is wrong", body: "It adds one.", author: "mona" });
    github.label(shop, issue, { label: "agent", by: "mona" });
  },
};

const says = (
  when: (world: Scene) => boolean,
  body: string | ((world: Scene) => string),
  by: string,
): Act => ({
  when,
  does: (world) =>
    world.github.comment(shop, issue, { body: typeof body === "string" ? body : body(world), by }),
});

const shows = (state: string) => (world: Scene) => headlineOf(world).includes(`**${state}`);

const hasAsked = ({ github }: Scene) =>
  github.comments(shop, issue).some(({ body }) => body.includes("the agent asks:"));

/** Writes a file, commits and pushes, and hands it in; its git is as little as a pull request needs. */
const work = fixAndSubmit({ path: "add.js", content: "export const add = (a, b) => a + b;\n" });

const workSlowly = (ms: number) => async (agent: Agent) => {
  await agent.say("This takes a while.");
  await agent.wait(ms);
  await work(agent);
};

const opened = {
  headline: /\*\*opened #2\*\*/,
  phase: "resting",
  rounds: 1,
  pulls: 1,
  comments: 0,
  messages: 1,
} as const;

const nothing = { ...opened, headline: /\*\*no changes\*\*/, phase: "ended", pulls: 0 } as const;

/** From the label to the pull request. */
export const main: Story = { name: "main", script: work, acts: [labelled], ends: opened, points: 156 };

/** Points of the main story with a real server, counted likewise; how writes share commits is different each time. */
export const killsMin = 130;

/** Every story; the main one first. */
export const stories: Story[] = [
  main,
  {
    name: "rotation",
    script: workSlowly(12 * 60_000),
    tokenLifeMs: 12 * 60_000,
    waits: true,
    acts: [labelled],
    ends: opened,
    endsAway: nothing,
    points: 172,
  },
  {
    name: "question",
    script: async (agent) => {
      await agent.custom("ask_maintainer", { question: "Up or down?" });
      await work(agent);
    },
    acts: [labelled, says(hasAsked, "Up, please.", "rita")],
    ends: { ...opened, comments: 1 },
    points: 192,
  },
  {
    name: "note",
    script: workSlowly(5 * 60_000),
    waits: true,
    isBrief: true,
    acts: [labelled, says(shows("working"), "/agent fix Mind the tests.", "mona")],
    ends: { ...opened, messages: 2 },
    points: 186,
  },
  {
    name: "stop",
    script: (agent) => agent.wait(hourMs),
    isBrief: true,
    acts: [labelled, says(({ claude }) => claude.sessions[0]?.status === "running", "/agent stop", "mona")],
    ends: { ...nothing, headline: /\*\*stopped\*\*/ },
    points: 142,
  },
  {
    name: "no changes",
    script: (agent) => agent.say("There is nothing to do."),
    acts: [labelled],
    ends: nothing,
    points: 132,
  },
  {
    name: "approval",
    script: fixAndSubmit({ path: "CODEOWNERS", content: "* @rita\n" }),
    acts: [
      labelled,
      says(
        (world) => shows("waiting for approval")(world),
        (world) => `/agent approve ${String(world.rows("runs")[0]?.["held"])}`,
        "rita",
      ),
    ],
    ends: opened,
    points: 162,
  },
  {
    name: "review",
    script: fixAndSubmit(),
    acts: [
      labelled,
      {
        when: (world) => shows("opened #2")(world) && world.rows("runs")[0]?.["phase"] === "resting",
        does: ({ github }) =>
          github.review(shop, 2, { state: "CHANGES_REQUESTED", body: "Once more, please.", by: "rita" }),
      },
    ],
    ends: { ...opened, rounds: 2, messages: 2, comments: 1 },
    points: 222,
  },
  {
    name: "merge",
    script: work,
    acts: [
      labelled,
      { when: shows("opened #2"), does: ({ github }) => github.mergePull(shop, 2, { by: "rita" }) },
    ],
    ends: { ...opened, phase: "ended" },
    points: 162,
  },
];
