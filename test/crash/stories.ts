/**
 * The stories that are played again and again with the service dying in them. A new one is a row here: its
 * points are found by playing it.
 */
import { fixAndSubmit } from "../sim/claude/scripts.ts";
import { shop } from "./scene.ts";
import { talks } from "./stories-people.ts";
import {
  hasAsked,
  hourMs,
  labelled,
  nothing,
  opened,
  type Story,
  says,
  shows,
  work,
  workSlowly,
} from "./story.ts";

const unstopped = "Nobody has stopped me.";

/** From the label to the pull request. */
export const main: Story = { name: "main", script: work, acts: [labelled], ends: opened, points: 196 };

/**
 * Points of the main story with a real server, counted likewise. It works while the simulators answer, so how many
 * writes share a commit is different each time: 158 to 166 were seen in sixteen runs.
 */
export const killPoints = { least: 154, most: 172 };

/** From the label to the pull request, with an agent that thinks for long: nobody dies in it, and people do much. */
export const longWork: Story = {
  name: "long work",
  script: workSlowly(40 * 60_000),
  acts: [labelled],
  ends: opened,
  points: 0,
};

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
    points: 212,
  },
  {
    name: "question",
    script: async (agent) => {
      await agent.custom("ask_maintainer", { question: "Up or down?" });
      await work(agent);
    },
    acts: [labelled, says(hasAsked, "Up, please.", "rita")],
    ends: { ...opened, comments: 1 },
    points: 234,
  },
  {
    name: "note",
    script: workSlowly(5 * 60_000),
    waits: true,
    isBrief: true,
    acts: [labelled, says(shows("working"), "/agent fix Mind the tests.", "mona")],
    ends: { ...opened, messages: 2 },
    // After the agent's work is done, it is a round of its own, answered on the pull request.
    endsLate: [{ ...opened, messages: 2, rounds: 2, comments: 1 }],
    points: 228,
  },
  {
    name: "stop",
    script: async (agent) => {
      await agent.wait(3.5 * hourMs);
      await agent.say(unstopped);
    },
    isBrief: true,
    acts: [labelled, says(({ claude }) => claude.sessions[0]?.status === "running", "/agent stop", "mona")],
    ends: { ...nothing, headline: /\*\*stopped\*\*/, unsaid: unstopped },
    points: 182,
  },
  {
    name: "no changes",
    script: (agent) => agent.say("There is nothing to do."),
    acts: [labelled],
    ends: nothing,
    points: 172,
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
    points: 210,
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
    points: 266,
  },
  {
    name: "merge",
    script: work,
    acts: [
      labelled,
      { when: shows("opened #2"), does: ({ github }) => github.mergePull(shop, 2, { by: "rita" }) },
    ],
    ends: { ...opened, phase: "ended" },
    points: 206,
  },
  ...talks,
];
