/** What the caretaker brings back: deliveries nobody took, a gap longer than GitHub's log, silent sessions. */
import { afterEach, expect, test } from "vitest";
import { doNothing, fixAndSubmit, workForHours } from "../sim/claude/scripts.ts";
import { lastSent, post, verdictOf } from "./knocks.ts";
import { type Stage, setStage, shop } from "./stage.ts";
import { rowsOf } from "./verdict.ts";

let stage: Stage;
afterEach(() => stage.close());

const minuteMs = 60_000;
const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
/** The default, which other stories stretch. */
const sweeping = { PATCHWRIGHT_SWEEP_MS: "300000" };
const sessions = () => stage.claude.sessions.length;
const rounds = () => stage.lines.filter(({ msg }) => msg === "round ended").length;

const said = (issue: number, body: string) => void stage.github.comment(shop, issue, { body, by: "mona" });

/** Down for so long: nothing is answered, and nothing of the service runs. */
async function away(ms: number, meanwhile: () => void | Promise<void>): Promise<void> {
  await stage.app.stop();
  await meanwhile();
  await stage.pass(ms);
}

test("a label put on while the service was down starts its run after the start", async () => {
  stage = await setStage({ env: sweeping });
  stage.plays(doNothing);
  let issue = 0;
  await away(5 * hourMs, () => {
    issue = stage.labelled();
  });
  await stage.restart();
  await stage.until("the run ended", () => rounds() === 1, 10 * minuteMs);
  expect(stage.status(issue)).toContain("no changes");
  await stage.github.redeliver(lastSent(stage, "issues.labeled").guid);
  await stage.pass(hourMs);
  expect(sessions()).toBe(1);
});

test.each([
  { how: "stopped", stop: (issue: number) => said(issue, "/agent stop") },
  { how: "closed", stop: (issue: number) => stage.github.closeIssue(shop, issue, { by: "mona" }) },
])("labelled and $how while the service was down: nothing starts", async ({ stop }) => {
  stage = await setStage({ env: sweeping });
  stage.plays(doNothing);
  let issue = 0;
  await away(2 * hourMs, async () => {
    issue = stage.labelled();
    await stage.pass(hourMs);
    stop(issue);
  });
  await stage.restart();
  await stage.pass(hourMs);
  expect(sessions()).toBe(0);
  expect(stage.status(issue)).toBe("");
});

test("stopped while the service was down and the work was done: nothing is proposed", async () => {
  stage = await setStage({ env: sweeping });
  stage.plays(async (agent) => {
    await agent.wait(10 * minuteMs);
    await fixAndSubmit()(agent);
  });
  const issue = stage.labelled();
  await stage.untilShown(issue, "working");
  await away(10 * minuteMs, async () => {
    await stage.pass(20 * minuteMs);
    said(issue, "/agent stop");
  });
  stage.github.fault({ route: "/app/hook/deliveries", kind: "status", status: 500, times: 3 });
  await stage.restart();
  await stage.untilShown(issue, "stopped");
  expect(stage.github.pulls(shop)).toEqual([]);
});

test("work that was done before an outage of more than a day is proposed after it", async () => {
  stage = await setStage({ env: sweeping });
  stage.plays(fixAndSubmit());
  const compare = "/repos/{owner}/{repo}/compare/{basehead}";
  const mend = stage.github.fault({ route: compare, kind: "status", status: 503 });
  const issue = stage.labelled();
  await stage.pass(minuteMs);
  await away(26 * hourMs, () => undefined);
  mend();
  await stage.restart();
  await stage.untilShown(issue, "opened #");
});

test("closed while the service was down, with an earlier run at rest: no second run begins", async () => {
  stage = await setStage({ env: sweeping });
  stage.plays(fixAndSubmit());
  const issue = stage.labelled();
  await stage.untilShown(issue, "opened #");
  await away(2 * hourMs, async () => {
    stage.github.unlabel(shop, issue, { label: "agent", by: "mona" });
    await stage.pass(minuteMs);
    stage.github.label(shop, issue, { label: "agent", by: "mona" });
    await stage.pass(minuteMs);
    stage.github.closeIssue(shop, issue, { by: "mona" });
  });
  const events = "/repos/{owner}/{repo}/issues/{issue_number}/events";
  stage.github.fault({ route: events, kind: "status", status: 503, times: 3 });
  await stage.restart();
  await stage.pass(hourMs);
  expect(sessions()).toBe(1);
  expect(stage.github.pulls(shop)).toHaveLength(1);
});

test("a log that cannot be read keeps no work back for longer than ten minutes", async () => {
  stage = await setStage({ env: sweeping });
  stage.plays(fixAndSubmit());
  await away(minuteMs, () => undefined);
  stage.github.fault({ route: "/app/hook/deliveries", kind: "status", status: 500 });
  await stage.restart();
  const issue = stage.labelled();
  await stage.untilShown(issue, "opened #", 15 * minuteMs);
});

test.each(["label", "command"])(
  "stopped while the service was down, and asked for again by %s: it starts",
  async (how) => {
    stage = await setStage({ env: sweeping });
    stage.plays(doNothing);
    await away(2 * hourMs, async () => {
      const issue = stage.labelled();
      await stage.pass(hourMs);
      said(issue, "/agent stop");
      await stage.pass(minuteMs);
      if (how === "command") return said(issue, "/agent fix");
      stage.github.unlabel(shop, issue, { label: "agent", by: "mona" });
      await stage.pass(minuteMs);
      stage.github.label(shop, issue, { label: "agent", by: "mona" });
    });
    await stage.restart();
    await stage.until("one run ended", () => rounds() === 1, hourMs);
    await stage.pass(hourMs);
    expect(rounds()).toBe(1);
  },
);

test("a delivery that failed while the service was up is found by the next sweep", async () => {
  stage = await setStage({ env: sweeping });
  stage.plays(doNothing);
  await stage.pass(hourMs);
  stage.github.disturb({ event: "issues", action: "labeled", times: 1, kind: "drop" });
  stage.labelled();
  await stage.until("the run ended", () => rounds() === 1, 6 * minuteMs);
});

test("a push whose delivery failed is found by the next sweep", async () => {
  stage = await setStage({ env: sweeping });
  await stage.pass(hourMs);
  stage.github.disturb({ event: "push", times: 1, kind: "drop" });
  await stage.github.pushCommit(shop, "main", { files: { "notes.md": "more\n" }, by: "mona" });
  const pushed = stage.github.deliveries.find(({ event }) => event === "push");
  const found = () => stage.lines.find(({ msg }) => msg === "missed delivery found");
  await stage.until("found", () => found() !== undefined, 6 * minuteMs);
  expect(found()?.["delivery_id"]).toBe(pushed?.guid);
});

test("what came too late for a run is not done to it", async () => {
  stage = await setStage({ env: sweeping });
  stage.plays(workForHours(1, 10));
  const issue = stage.labelled();
  await stage.pass(15 * minuteMs);
  stage.github.disturb({ event: "issues", action: "unlabeled", times: 1, kind: "drop" });
  stage.github.unlabel(shop, issue, { label: "agent", by: "mona" });
  stage.github.comment(shop, issue, { body: "/agent stop", by: "mona" });
  await stage.until("stopped", () => rounds() === 1, minuteMs);
  await stage.pass(1_000);
  stage.github.comment(shop, issue, { body: "/agent retry", by: "mona" });
  await stage.until("another session", () => sessions() === 2, minuteMs);
  const late = lastSent(stage, "issues.unlabeled");
  await stage.until(
    "the late delivery was read",
    () => verdictOf(stage, late.guid) !== undefined,
    10 * minuteMs,
  );
  expect(verdictOf(stage, late.guid)).toBe("ignored: older than the run");
  expect(rounds()).toBe(1);
});

test("a place in GitHub's log that it does not take is not asked for again", async () => {
  stage = await setStage({ env: sweeping });
  const issue = stage.github.openIssue(shop, { title: "Talk", author: "mona" });
  for (let turn = 0; turn < 120; turn += 1) stage.github.comment(shop, issue, { body: "And?", by: "mona" });
  await stage.pass(minuteMs);
  const asked = () => stage.github.log.filter(({ route }) => route === "/app/hook/deliveries");
  const before = asked().length;
  stage.github.fault({ route: "/app/hook/deliveries", nth: 2, kind: "status", status: 422 });
  await stage.pass(10 * minuteMs);
  const [first, refused, again] = asked().slice(before);
  expect(first?.query["cursor"]).toBeUndefined();
  expect(refused).toMatchObject({ status: 422, query: { cursor: expect.any(String) } });
  expect(again?.query["cursor"]).toBeUndefined();
});

test("without webhooks and streams the end of a session is noticed within a poll", async () => {
  stage = await setStage({ knocks: "none", env: sweeping });
  let doneAt = 0;
  stage.plays(async (agent) => {
    await agent.wait(41 * minuteMs);
    await fixAndSubmit()(agent);
    doneAt = stage.clock.now();
  });
  stage.labelled();
  await stage.until("done", () => doneAt > 0);
  // Read afterwards: a look may fall on the moment of the call, and nothing is seen waiting then.
  const call = stage.claude.sessions[0]?.log.find(({ type }) => type === "agent.custom_tool_use");
  expect(doneAt - Date.parse(call?.processed_at ?? "")).toBeLessThanOrEqual(31_000);
  await stage.until("the ending is shown", () => rounds() === 1, 31_000);
});

test("working sessions are seen in one list, not one call each", async () => {
  stage = await setStage({ knocks: "none", env: { ...sweeping, PATCHWRIGHT_MAX_ACTIVE_RUNS: "100" } });
  stage.github.setSecondaryLimits(false);
  stage.plays(workForHours(1, 30));
  for (let run = 0; run < 6; run += 1) stage.labelled();
  await stage.pass(25 * minuteMs);
  expect(stage.claude.sessions.filter(({ status }) => status === "running")).toHaveLength(6);
  const before = stage.claude.log.length;
  await stage.pass(10 * minuteMs);
  const calls = stage.claude.log.slice(before);
  const lists = calls.filter(({ route, method }) => method === "GET" && route === "/v1/sessions");
  const looks = calls.filter(({ route, method }) => method === "GET" && route === "/v1/sessions/:id/events");
  expect(lists.length).toBeLessThanOrEqual(25);
  expect(looks.length).toBeLessThanOrEqual(6 * 4);
});

test("after a kill all runs are followed again with a few calls", async () => {
  stage = await setStage({ knocks: "none", env: sweeping });
  stage.plays(workForHours(1, 59));
  for (let run = 0; run < 6; run += 1) stage.labelled();
  await stage.pass(20 * minuteMs);
  await stage.restart("kill");
  const before = stage.claude.log.length;
  await stage.pass(minuteMs);
  const calls = stage.claude.log.slice(before).filter(({ route }) => route.startsWith("/v1/sessions"));
  expect(calls.length).toBeLessThanOrEqual(12);
  const looks = calls.filter(({ route }) => route.endsWith("/events"));
  expect(looks.length).toBeLessThanOrEqual(6);
});

test("deliveries are forgotten a week after they came, and a replay of them still does nothing", async () => {
  stage = await setStage({ env: { ...sweeping, PATCHWRIGHT_POLL_MS: String(hourMs) } });
  stage.plays(doNothing);
  stage.labelled();
  const labelled = lastSent(stage, "issues.labeled");
  await stage.until("the run ended", () => rounds() === 1);
  /** Ids of the deliveries that a start leaves there. */
  const kept = async () => {
    await stage.restart();
    await stage.pass(minuteMs);
    await stage.app.stop();
    return rowsOf(stage.disk, "deliveries").map(({ id }) => id);
  };
  await away(6 * dayMs, () => undefined);
  expect(await kept()).toContain(labelled.guid);
  await stage.pass(2 * dayMs);
  expect(await kept()).not.toContain(labelled.guid);
  await stage.restart();
  await post(stage, labelled, "a replay");
  await stage.pass(minuteMs);
  expect(verdictOf(stage, "a replay")).toBe("ignored: this labelling has been served");
  expect(sessions()).toBe(1);
});

test("an idle service is quiet", async () => {
  stage = await setStage({ env: sweeping });
  await stage.pass(hourMs);
  const [github, claude] = [stage.github.log.length, stage.claude.log.length];
  await stage.pass(hourMs);
  expect(stage.github.log.length - github).toBeLessThanOrEqual(2 * 12);
  expect(stage.claude.log.length - claude).toBeLessThanOrEqual(2 * 12);
});

test("a stop that was missed keeps a label from before it, which was received, from beginning anything", async () => {
  stage = await setStage({ env: sweeping });
  stage.plays(workForHours(1, 10));
  await stage.pass(minuteMs);
  stage.github.fault({ kind: "status", status: 503, times: 1e6 });
  const issue = stage.labelled();
  await stage.pass(1_000);
  await stage.app.stop();
  stage.github.comment(shop, issue, { body: "/agent stop", by: "mona" });
  await stage.pass(60 * minuteMs);
  stage.github.heal();
  stage.github.fault({ route: "/app/hook/deliveries", kind: "status", status: 503, times: 3 });
  await stage.restart();
  await stage.pass(60 * minuteMs);
  expect(stage.claude.sessions).toEqual([]);
});
