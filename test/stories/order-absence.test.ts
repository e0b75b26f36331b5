/** What was asked for and called off again while nobody was there to hear it: nobody is paid to work on it. */
import { afterEach, expect, test } from "vitest";
import { fixAndSubmit } from "../sim/claude/scripts.ts";
import { type Stage, setStage, shop } from "./stage.ts";

let stage: Stage;
afterEach(() => stage.close());

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const prompted = () =>
  stage.claude.sessions.filter(({ log }) => log.some(({ type }) => type === "user.message")).length;

const wishes = [
  ["a label", (issue: number) => stage.github.label(shop, issue, { label: "agent", by: "mona" })],
  [
    "`/agent fix`",
    (issue: number) => void stage.github.comment(shop, issue, { body: "/agent fix", by: "mona" }),
  ],
] as const;
const ends = [
  ["closed", (issue: number) => stage.github.closeIssue(shop, issue, { by: "mona" })],
  ["stopped", (issue: number) => void stage.github.comment(shop, issue, { body: "/agent stop", by: "mona" })],
] as const;

/** So many other deliveries between the two. */
async function between(issue: number, count: number): Promise<void> {
  await stage.pass(minuteMs);
  for (let at = 0; at < count; at += 1) stage.github.comment(shop, issue, { body: `word ${at}`, by: "mona" });
  await stage.pass(10 * minuteMs);
}

test.each(
  wishes.flatMap(([wish, ask]) =>
    ends.flatMap(([end, act]) => [0, 40, 700].map((n) => [wish, end, n, ask, act] as const)),
  ),
)(
  "%s, then %s in an absence, with %i deliveries between: nobody is prompted",
  async (_wish, _end, count, ask, act) => {
    stage = await setStage();
    stage.plays(fixAndSubmit());
    await stage.app.stop();
    const issue = stage.github.openIssue(shop, { title: "Add is wrong", author: "mona" });
    ask(issue);
    await between(issue, count);
    act(issue);
    await stage.pass(hourMs);
    await stage.restart("kill");
    await stage.pass(hourMs);
    expect([prompted(), stage.github.pulls(shop).length]).toEqual([0, 0]);
  },
);

test("a label that was received before the absence, and its closing in it: nobody is prompted", async () => {
  stage = await setStage();
  stage.plays(fixAndSubmit());
  const route = "/repos/{owner}/{repo}/collaborators/{username}/permission";
  const heal = stage.github.fault({ route, kind: "status", status: 503 });
  const issue = stage.labelled();
  await stage.pass(2_000);
  await stage.app.stop();
  await between(issue, 40);
  stage.github.closeIssue(shop, issue, { by: "mona" });
  heal();
  await stage.pass(hourMs);
  await stage.restart("kill");
  await stage.pass(hourMs);
  expect(prompted()).toBe(0);
});

test("what nobody called off in an absence is worked on", async () => {
  stage = await setStage();
  stage.plays(fixAndSubmit());
  await stage.app.stop();
  const issue = stage.labelled();
  await between(issue, 40);
  await stage.restart("kill");
  await stage.untilShown(issue, "opened");
});

test("where the log cannot be read, it is worked on after ten minutes", async () => {
  stage = await setStage();
  stage.plays(fixAndSubmit());
  const route = "/repos/{owner}/{repo}/collaborators/{username}/permission";
  const heal = stage.github.fault({ route, kind: "status", status: 503 });
  const issue = stage.labelled();
  await stage.pass(2_000);
  await stage.app.stop();
  heal();
  await stage.pass(hourMs);
  stage.github.fault({ route: "/app/hook/deliveries", kind: "status", status: 503 });
  await stage.restart("kill");
  await stage.pass(9 * minuteMs);
  expect(prompted()).toBe(0);
  await stage.untilShown(issue, "opened", hourMs);
});

test("killed while it reads what was missed: afterwards nothing is held back for longer", async () => {
  stage = await setStage();
  stage.plays(fixAndSubmit());
  await stage.app.stop();
  const issue = stage.labelled();
  await between(issue, 40);
  const route = "/app/hook/deliveries/{delivery_id}";
  stage.github.fault({ route, kind: "status", status: 503 });
  await stage.restart("kill");
  await stage.pass(5_000);
  await stage.app.stop();
  stage.github.heal();
  await stage.restart("kill");
  await stage.untilShown(issue, "opened", 5 * minuteMs);
});

test("one missed delivery that cannot be read keeps no other from being worked on", async () => {
  stage = await setStage();
  stage.plays(fixAndSubmit());
  await stage.app.stop();
  const issue = stage.labelled();
  await between(issue, 40);
  await stage.pass(2 * minuteMs);
  const route = "/app/hook/deliveries/{delivery_id}";
  await stage.restart("kill");
  stage.github.fault({ route, times: 40, kind: "status", status: 503 });
  await stage.untilShown(issue, "opened", 10 * minuteMs);
});
