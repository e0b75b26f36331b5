/**
 * What people do while the service is away for hours, and what must have come of it when it is back: GitHub could
 * deliver none of it. All of it happens in the main story, in which nobody acts after the label.
 */
import { issue, type Scene, shop } from "./scene.ts";
import { type Ends, nothing, opened } from "./story.ts";

/**
 * How far the story has come when somebody acts: no run yet; a run; its agent has come to its end; a pull request of
 * which the run does not know, because its reply was lost; one that it knows.
 */
export type Stage = "labelled" | "begun" | "finished" | "unknown" | "proposed";

/** Something people do meanwhile. */
interface Absence {
  does(scene: Scene): unknown;
  /** The first point from which it can be done. */
  from?: string;
  /** Can it be done? What happens side by side comes in another order now and then, and the point too early. */
  can?: (scene: Scene) => boolean;
  /** How it may end where there is no run, a run without a pull request, one with. */
  ends: { labelled: Ends[]; begun: Ends[]; proposed: Ends[] };
}

/** All that people do, by name. */
const meanwhiles = [
  "says more",
  "says stop",
  "takes the label off",
  "closes the issue",
  "pushes",
  "merges",
  "closes the pull request",
] as const;

/** A name of something that people do. */
export type Meanwhile = (typeof meanwhiles)[number];

const said = "Mind the tests.";
const branchOf = ({ claude }: Scene) => `claude/${claude.sessions[0]?.id}`;

/** No run at all, and at most a word that there is nothing to stop. */
const none: Ends = { ...nothing, headline: /^$/, rounds: 0, messages: 0, runs: 0 };
const stopped: Ends = { ...nothing, headline: /\*\*stopped\*\*/ };
/** The run was there when the stop was read, and had no session yet. */
const calledOff: Ends = { ...stopped, sessions: 0, messages: 0 };
const over: Ends = { ...opened, phase: "ended" };
const answered = (ends: Ends): Ends[] => [ends, { ...ends, comments: 1 }];
/** The agent was told in its request, in a message of its own, or in a round of its own. */
const told: Ends[] = [
  opened,
  { ...opened, messages: 2 },
  // Answered on the pull request where there was one already.
  ...answered({ ...opened, messages: 2, rounds: 2 }),
];
const hasPull = ({ github }: Scene) => github.pulls(shop).length > 0;
const atPull = "after POST /api/v3/repos/acme/shop/pulls #1";

const absences: Record<Meanwhile, Absence> = {
  "says more": {
    does: ({ github }) => github.comment(shop, issue, { body: `/agent fix ${said}`, by: "mona" }),
    ends: { labelled: told, begun: told, proposed: told },
  },
  "says stop": {
    does: ({ github }) => github.comment(shop, issue, { body: "/agent stop", by: "mona" }),
    ends: {
      labelled: [...answered(none), ...answered(stopped), ...answered(calledOff)],
      begun: [stopped],
      proposed: answered(opened),
    },
  },
  "takes the label off": {
    does: ({ github }) => github.unlabel(shop, issue, { label: "agent", by: "mona" }),
    ends: { labelled: [none, stopped], begun: [stopped], proposed: [opened] },
  },
  "closes the issue": {
    does: ({ github }) => github.closeIssue(shop, issue, { by: "mona" }),
    ends: { labelled: [none, stopped], begun: [stopped], proposed: [over] },
  },
  pushes: {
    does: (scene) =>
      scene.github.pushCommit(shop, branchOf(scene), { files: { "more.js": "export {};\n" }, by: "rita" }),
    from: "after POST /v1/sessions #1",
    can: ({ claude }) => claude.sessions.length > 0,
    // A push that is heard before the ending is told is what is told.
    ends: {
      labelled: [],
      begun: [stopped],
      proposed: [opened, { ...opened, headline: stopped.headline }],
    },
  },
  merges: {
    does: ({ github }) => github.mergePull(shop, 2, { by: "rita" }),
    from: atPull,
    can: hasPull,
    ends: { labelled: [], begun: [], proposed: [over] },
  },
  "closes the pull request": {
    does: ({ github }) => github.closePull(shop, 2, { by: "rita" }),
    from: atPull,
    can: hasPull,
    ends: { labelled: [], begun: [], proposed: [over] },
  },
};

/** What somebody can do who is at this point of the points of a clean run. */
export function meanwhilesAt(points: string[], point: string): Meanwhile[] {
  const isPast = (from: string | undefined) =>
    from === undefined || points.indexOf(point) >= points.indexOf(from);
  return meanwhiles.filter((name) => isPast(absences[name].from));
}

/** Does it, and tells how far the story had come; undefined where it cannot be done yet. */
export async function act(scene: Scene, meanwhile: Meanwhile): Promise<Stage | undefined> {
  const { can = () => true } = absences[meanwhile];
  if (!can(scene)) return undefined;
  const stage = stageOf(scene);
  await absences[meanwhile].does(scene);
  return stage;
}

function stageOf(scene: Scene): Stage {
  const { github, claude } = scene;
  const isMade = scene.rows("sqlite_master").some(({ name }) => name === "runs");
  const run = isMade ? scene.rows("runs")[0] : undefined;
  if (!run) return "labelled";
  if (github.pulls(shop).length > 0) return run["pull"] === null ? "unknown" : "proposed";
  const isOver = claude.sessions.some(({ stop }) => stop?.type === "end_turn");
  return isOver ? "finished" : "begun";
}

/** How it may end when this was done at that stage. */
export function endsAfter(meanwhile: Meanwhile, stage: Stage): Ends[] {
  const { ends } = absences[meanwhile];
  return { ...ends, finished: ends.begun, unknown: ends.proposed }[stage];
}

/** What was said is told to the agent, once. */
export function unheardFlaws({ claude }: Scene): string[] {
  const words = claude.sessions.flatMap(({ log, queue }) =>
    [...log, ...queue].filter(({ type }) => type === "user.message" || type === "user.custom_tool_result"),
  );
  const times = words.filter((event) => JSON.stringify(event).includes(said)).length;
  return times === 1 ? [] : [`what was said meanwhile was told ${times} times`];
}
