/**
 * Who may, as a matrix: every kind of actor with every kind of trigger, in a private and in a public
 * repository, each in an issue of its own. Nothing is opened at the platform: whether a run was started is all
 * that is asked.
 */

import { type Stage, setStage, shop } from "./stage.ts";

/** What becomes of a trigger. */
export type Outcome = "started" | "answered" | "refused" | "reaction" | "nothing";

/** One cell. `reads`: what we asked of GitHub for it; `wanted`: what the interface promises. */
export interface Cell {
  actor: string;
  trigger: string;
  isPrivate: boolean;
  wanted: Outcome;
  found: Outcome;
  reads: number;
}

/** The whole, with the figures of the scoreboard. */
export interface Matrix {
  cells: Cell[];
  /** Cells in which a run was started that should not be. */
  wrongStarts: number;
  /** What a refused trigger asks of GitHub: on the average, and the most. */
  callsPerRefusal: number;
  callsPerRefusalMost: number;
}

const hourMs = 3_600_000;
const path = ".github/patchwright.yml";

const triggers = ["label", "/agent fix", "/agent plan", "/agent status", "/agent stop"] as const;
type Trigger = (typeof triggers)[number];

/** What somebody may, besides their place in the world: who they are, and through which App they act. */
interface Actor {
  login: string;
  through?: string;
  /** As what the sender counts; a label carries nothing of the App it was put on through. */
  counts: { comment: Standing; label: Standing };
}
type Standing = "outsider" | "member" | "writer" | "self";

const both = (standing: Standing) => ({ comment: standing, label: standing });
const actors: Record<string, Actor> = {
  "nobody known": { login: "otto", counts: both("outsider") },
  "a reader": { login: "ron", counts: both("outsider") },
  "somebody with triage": { login: "tina", counts: both("member") },
  "a writer": { login: "wim", counts: both("writer") },
  "a maintainer": { login: "max", counts: both("writer") },
  "an admin": { login: "ada", counts: both("writer") },
  "an App's bot": { login: "helper[bot]", counts: both("outsider") },
  "a listed App's bot": { login: "release-bot[bot]", counts: both("writer") },
  "a person named like the listed App": { login: "release-bot", counts: both("outsider") },
  "an organisation": { login: "umbrella", counts: both("outsider") },
  "a writer through an App": {
    ...{ login: "wim", through: "helper" },
    counts: { comment: "outsider", label: "writer" },
  },
  "a reader through the listed App": {
    ...{ login: "ron", through: "Release-Bot" },
    counts: { comment: "writer", label: "outsider" },
  },
  "our own bot": { login: "patchwright[bot]", counts: both("self") },
};

/** What the interface promises. */
function wantedFor(standing: Standing, trigger: Trigger, isPrivate: boolean): Outcome {
  if (standing === "self") return "nothing";
  if (standing === "outsider") return isPrivate ? "refused" : "reaction";
  if (standing === "member") return "refused";
  if (trigger === "/agent status" || trigger === "/agent stop") return "answered";
  return "started";
}

/** Plays every cell. */
export async function matrix(): Promise<Matrix> {
  const cells = [...(await played(true)), ...(await played(false))];
  const refusals = cells.filter(({ wanted }) => wanted !== "started" && wanted !== "answered");
  const reads = refusals.map((cell) => cell.reads);
  return {
    cells,
    wrongStarts: cells.filter(({ wanted, found }) => found === "started" && wanted !== "started").length,
    callsPerRefusal: reads.reduce((sum, each) => sum + each, 0) / reads.length,
    callsPerRefusalMost: Math.max(...reads),
  };
}

async function played(isPrivate: boolean): Promise<Cell[]> {
  const stage = await setStage({
    private: isPrivate,
    files: { "README.md": "# shop\n", [path]: "bots: [release-bot]\n" },
    beforehand: ({ github }) => {
      for (const login of ["ron", "tina", "wim", "max", "ada", "release-bot"]) github.addUser(login);
      for (const login of ["helper[bot]", "release-bot[bot]"]) github.addUser(login, { type: "Bot" });
      github.addOrganization("umbrella");
      for (const [login, role] of [
        ["ron", "read"],
        ["tina", "triage"],
        ["wim", "write"],
        ["max", "maintain"],
        ["ada", "admin"],
      ] as const)
        github.setRole(shop, login, role);
    },
  });
  // The platform takes nothing: a run that is started ends at once, without a sandbox.
  stage.claude.fault({ on: "POST /v1/sessions", times: 1_000, trouble: { kind: "status", status: 429 } });
  const cells: Cell[] = [];
  try {
    // Who we are is asked once in a process.
    stage.labelled();
    await stage.pass(20_000);
    for (const [name, actor] of Object.entries(actors)) {
      for (const trigger of triggers) {
        const wanted = wantedFor(actor.counts[trigger === "label" ? "label" : "comment"], trigger, isPrivate);
        cells.push({ actor: name, trigger, isPrivate, wanted, ...(await playedCell(stage, actor, trigger)) });
      }
      // No more than twenty outsiders an hour get their reaction.
      await stage.pass(hourMs / 2);
    }
  } finally {
    await stage.close();
  }
  return cells;
}

async function playedCell(
  stage: Stage,
  { login: by, through }: Actor,
  trigger: Trigger,
): Promise<{ found: Outcome; reads: number }> {
  const { github } = stage;
  const issue = github.openIssue(shop, { title: "Add is wrong", author: "mona" });
  await stage.pass(1_000);
  const before = github.log.length;
  const heard = stage.lines.length;
  if (trigger === "label") github.label(shop, issue, { label: "agent", by });
  else github.comment(shop, issue, { body: trigger, by, ...(through === undefined ? {} : { through }) });
  await stage.pass(5_000);
  const reads = github.log
    .slice(before)
    .filter(({ method, route }) => method === "GET" || route === "graphql");
  const verdicts = stage.lines.slice(heard).map(({ verdict }) => String(verdict));
  const isStarted = verdicts.some((verdict) => /^run \S+ started/.test(verdict));
  return { found: isStarted ? "started" : outcomeOf(stage, issue), reads: reads.length };
}

/** What a trigger that started nothing left on its issue. */
function outcomeOf(stage: Stage, issue: number): Outcome {
  const { botLogin } = stage.github.app;
  const said = stage.github
    .comments(shop, issue)
    .filter(({ author, body }) => author === botLogin && !body.startsWith("/agent"));
  if (
    said.some(({ body }) => /(needs the role|may not do this|not a person)/.test(body.split("\n")[0] ?? ""))
  )
    return "refused";
  if (said.length > 0) return "answered";
  const reactions = [
    ...stage.github.issue(shop, issue).reactions,
    ...stage.github.comments(shop, issue).flatMap((comment) => comment.reactions),
  ];
  return reactions.some(({ by }) => by === botLogin) ? "reaction" : "nothing";
}
