/**
 * Agents that many stories need. Each is played once per message, so a follow-up plays it again.
 */
import type { Script } from "./agent.ts";

/** What a fix changes and how it is proposed; without `content` each round writes something new. */
export interface Fix {
  path?: string;
  content?: string;
  message?: string;
  title?: string;
  summary?: string;
}

const hourMs = 3_600_000;
const minuteMs = 60_000;

/** Answers and ends its turn. */
export const doNothing: Script = async (agent) => {
  await agent.say("There is nothing to do.");
};

/** Changes a file, commits, pushes, and hands the work in through `submit_pull_request`. */
export const fixAndSubmit =
  ({ title = "Fix the problem", summary = "Fixed it.", ...fix }: Fix = {}): Script =>
  async (agent) => {
    await pushFix(fix)(agent);
    const answer = await agent.custom("submit_pull_request", { title, summary });
    await agent.say(answer.text);
  };

/** Changes a file, commits and pushes, and tells nobody; asked again, it changes only what is not so yet. */
export const pushFix =
  ({ path = "fix.txt", message = "Fix the problem", ...fix }: Fix = {}): Script =>
  async (agent) => {
    await agent.say("Looking at the repository.");
    const content = fix.content ?? `fixed, round ${agent.round}\n`;
    if ((await agent.read(path)) === content) return agent.say("Nothing is left to change.");
    await agent.write(path, content);
    await agent.commit(message);
    await agent.push();
  };

/** Asks the maintainer, writes the answer into a file and hands it in. */
export const askMaintainer =
  (question: string, options: string[] = []): Script =>
  async (agent) => {
    const answer = await agent.custom("ask_maintainer", { question, options });
    await fixAndSubmit({ path: "answer.txt", content: `${answer.text}\n` })(agent);
  };

/** Works for hours: every so many minutes it fetches, commits and pushes; in the end it hands its work in. */
export const workForHours =
  (hours: number, everyMinutes: number): Script =>
  async (agent) => {
    const rounds = Math.ceil((hours * hourMs) / (everyMinutes * minuteMs));
    for (let round = 1; round <= rounds; round += 1) {
      await agent.wait(everyMinutes * minuteMs);
      await agent.fetch();
      await agent.write("progress.txt", `round ${round}\n`);
      await agent.commit(`Round ${round}`);
      await agent.push();
    }
    await agent.custom("submit_pull_request", { title: "A long piece of work", summary: `${rounds} rounds` });
  };
