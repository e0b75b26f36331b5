/** What the stories of upheavals share: playing until a run is in a state, and what must be over afterwards. */
import { expect } from "vitest";
import type { Script } from "../sim/claude/agent.ts";
import { fixAndSubmit, pushFix } from "../sim/claude/scripts.ts";
import { aliveTokens } from "./conversation.ts";
import { type Stage, setStage, shop } from "./stage.ts";

const long: Script = async (agent) => {
  await pushFix()(agent);
  await agent.wait(3_600_000);
  await agent.custom("submit_pull_request", { title: "Fix", summary: "Fixed." });
};

/** What plays before something happens, and the state the run is in by then. */
const states: Record<string, { script: Script; shown: string }> = {
  working: { script: long, shown: "working" },
  waiting: {
    script: async (agent) => {
      await agent.custom("ask_maintainer", { question: "Which?" });
    },
    shown: "waiting for an answer",
  },
  held: { script: pushFix({ path: "CODEOWNERS", content: "* @rita\n" }), shown: "waiting for approval" },
  resting: { script: fixAndSubmit(), shown: "opened #2" },
};

/** Plays until the run is in `state`. */
export async function reach(state: string): Promise<{ stage: Stage; issue: number }> {
  const played = states[state];
  if (!played) throw new Error(`no state ${state}`);
  const stage = await setStage();
  stage.github.addOrganization("globex");
  stage.plays(played.script);
  const issue = stage.labelled();
  await stage.until("there is a session", () => stage.claude.sessions.length === 1);
  if (state === "working") await stage.pass(60_000);
  else await stage.untilShown(issue, played.shown);
  await stage.pass(10_000);
  return { stage, issue };
}

/** The endings of rounds so far, by the log: the database is the service's own while it runs. */
export const endings = (stage: Stage) =>
  stage.lines.filter(({ msg }) => msg === "round ended").map(({ ending }) => String(ending));
/** Has the run ended, with nothing of it at rest? */
export const isEnded = (stage: Stage, state: string) =>
  state === "resting" ? stage.lines.some(({ msg }) => msg === "run ended") : endings(stage).length === 1;

/** Everything that ended is over: within half a minute nobody works, nothing is alive, nothing comes after. */
export async function isOver(stage: Stage, { pulls }: { pulls: number }): Promise<void> {
  const repository = stage.github.pulls(shop);
  expect(aliveTokens(stage)).toEqual([]);
  expect(stage.claude.sessions[0]?.status).not.toBe("running");
  await stage.pass(2 * 3_600_000);
  expect(stage.claude.sessions[0]?.archivedAt).not.toBeNull();
  expect(repository).toHaveLength(pulls);
  expect(stage.github.pulls(shop)).toHaveLength(pulls);
}
