/** The agent asks the maintainers: the run waits without a token and without cost until somebody answers. */
import { afterEach, expect, test } from "vitest";
import { askMaintainer } from "../sim/claude/scripts.ts";
import { type Stage, setStage, shop } from "./stage.ts";

let stage: Stage;
afterEach(() => stage.close());

const day = 24 * 3_600_000;
const alive = () =>
  stage.github.tokens().filter(({ repositoryIds, revokedAt }) => repositoryIds && revokedAt === undefined);

async function asked(): Promise<number> {
  // The caretaker's rounds would take most of the time in stories of days.
  stage = await setStage({ env: { PATCHWRIGHT_SWEEP_MS: "86400000" } });
  stage.plays(askMaintainer("Round up or down? Ask @otto.", ["up", "down"]));
  const issue = stage.labelled();
  await stage.untilShown(issue, "waiting for an answer");
  return issue;
}

test("the question is a comment, and nothing is alive or looked at while it is open", async () => {
  const issue = await asked();
  const [, question] = stage.github.comments(shop, issue);
  expect(question?.body.replaceAll(/run_\w{20}/g, "RUN")).toMatchInlineSnapshot(`
    "@mona, the agent asks:

    > Round up or down? Ask \`@otto\`.

    - up
    - down

    Reply in a comment here; anyone who may start a run may answer.

    <!-- patchwright:run:RUN:sevt_01SIM00000000000000000005 -->"
  `);
  expect(alive()).toEqual([]);
  const looks = () => stage.claude.log.filter(({ path }) => path.includes("/sesn_")).length;
  const looked = looks();
  await stage.pass(12 * 3_600_000);
  expect(looks()).toBe(looked);
});

test("a plain comment of somebody who may is the answer, and the work goes on with a fresh token", async () => {
  const issue = await asked();
  await stage.pass(2 * day);
  stage.github.comment(shop, issue, { body: "Up, please.", by: "rita" });
  await stage.untilShown(issue, "opened #");
  const head = stage.github.pulls(shop)[0]?.head ?? "";
  expect(await stage.github.file(shop, head, "answer.txt")).toContain("Up, please.");
  const [mount] = stage.claude.mounts(stage.claude.sessions[0]?.id ?? "");
  expect(mount?.tokens).toHaveLength(2);
  const sent = stage.claude.log.filter(
    ({ method, path }) => method === "POST" && /resources|events$/.test(path),
  );
  expect(sent.map(({ path }) => path.split("/")[4])).toEqual(["events", "resources", "events", "events"]);
});

test("the answer of somebody who may not is none", async () => {
  const issue = await asked();
  stage.github.comment(shop, issue, { body: "Down!", by: "otto" });
  await stage.pass(3_600_000);
  expect(stage.headline(issue)).toContain("**waiting for an answer**");
  stage.github.comment(shop, issue, { body: "Up.", by: "mona" });
  await stage.untilShown(issue, "opened #");
});

test("time spent waiting is not time spent working", async () => {
  const issue = await asked();
  await stage.pass(5 * day);
  stage.github.comment(shop, issue, { body: "Up.", by: "mona" });
  await stage.untilShown(issue, "opened #");
});

test("no answer in seven days: unanswered", async () => {
  const issue = await asked();
  await stage.pass(7 * day - 60_000);
  expect(stage.headline(issue)).toContain("**waiting for an answer**");
  await stage.untilShown(issue, "unanswered", 2 * 60_000);
  expect(stage.claude.sessions[0]?.archivedAt).not.toBeNull();
});

test("two questions in one run, each with its answer", async () => {
  stage = await setStage();
  const answers: string[] = [];
  stage.plays(async (agent) => {
    answers.push((await agent.custom("ask_maintainer", { question: "First?" })).text);
    answers.push((await agent.custom("ask_maintainer", { question: "Second?" })).text);
  });
  const issue = stage.labelled();
  await stage.untilShown(issue, "waiting for an answer");
  await stage.pass(60_000);
  stage.github.comment(shop, issue, { body: "One.", by: "mona" });
  await stage.until("the second is asked", () => stage.github.comments(shop, issue).length === 4);
  await stage.pass(60_000);
  stage.github.comment(shop, issue, { body: "Two.", by: "mona" });
  await stage.untilShown(issue, "no changes");
  expect(answers).toEqual([expect.stringContaining("One."), expect.stringContaining("Two.")]);
});

test("stopped while it waits", async () => {
  const issue = await asked();
  stage.github.comment(shop, issue, { body: "/agent stop", by: "mona" });
  await stage.untilShown(issue, "stopped", 60_000);
  expect(stage.claude.sessions[0]?.archivedAt).not.toBeNull();
});
