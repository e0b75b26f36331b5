/** One run a wish, however its deliveries come: the table of `src/doors/labelling.ts`, row by row. */
import { afterEach, expect, test } from "vitest";
import { doNothing, workForHours } from "../sim/claude/scripts.ts";
import { lastSent, post, verdictOf } from "./knocks.ts";
import { type Stage, setStage, shop } from "./stage.ts";
import { rowsOf } from "./verdict.ts";

let stage: Stage;
afterEach(() => stage.close());

const hourMs = 3_600_000;
/** For stories of days: the sweep's own rounds are not what they are about. */
const seldom = { PATCHWRIGHT_POLL_MS: String(hourMs), PATCHWRIGHT_SWEEP_MS: String(hourMs) };
const sessions = () => stage.claude.sessions.length;
const ended = (runs: number) =>
  stage.until(`${runs} ended`, () => stage.lines.filter(({ msg }) => msg === "round ended").length === runs);

test("the same delivery many times at once is one run", async () => {
  stage = await setStage();
  stage.github.disturb({ event: "issues", action: "labeled", kind: "duplicate", copies: 19 });
  stage.plays(doNothing);
  stage.labelled();
  await ended(1);
  await stage.pass(hourMs);
  expect(sessions()).toBe(1);
});

test("a replayed labelling has no effect at any age", async () => {
  stage = await setStage({ env: seldom });
  stage.plays(doNothing);
  stage.labelled();
  const labelled = lastSent(stage, "issues.labeled");
  await stage.pass(1_000);
  expect(await Promise.all(["a", "b", "c"].map((id) => post(stage, labelled, id)))).toEqual([202, 202, 202]);
  await ended(1);
  for (const id of ["d", "e", "f"]) {
    await post(stage, labelled, id);
    await stage.pass(60_000);
    expect(verdictOf(stage, id)).toBe("ignored: this labelling has been served");
    await stage.pass(35 * hourMs);
  }
  await stage.github.redeliver(labelled.guid);
  await stage.pass(hourMs);
  expect(sessions()).toBe(1);
});

test("off and on again is a new run, and a replay of the first labelling is none", async () => {
  stage = await setStage({ env: seldom });
  stage.plays(doNothing);
  const issue = stage.labelled();
  const first = lastSent(stage, "issues.labeled");
  await ended(1);
  await stage.pass(hourMs);
  for (const runs of [2, 3]) {
    stage.github.unlabel(shop, issue, { label: "agent", by: "mona" });
    stage.github.label(shop, issue, { label: "agent", by: "mona" });
    await ended(runs);
    expect(sessions()).toBe(runs);
    await stage.pass(hourMs);
    await post(stage, first, `replay ${runs}`);
    await stage.pass(hourMs);
  }
  expect(sessions()).toBe(3);
});

test("a labelling with the very same body as the one before is told apart by GitHub's record", async () => {
  stage = await setStage({ env: seldom });
  stage.plays(doNothing);
  const issue = stage.labelled();
  const first = lastSent(stage, "issues.labeled");
  await ended(1);
  await stage.pass(hourMs);
  stage.github.disturb({ event: "issues", times: 2, kind: "lose" });
  stage.github.unlabel(shop, issue, { label: "agent", by: "mona" });
  stage.github.label(shop, issue, { label: "agent", by: "mona" });
  await Promise.all(["new", "replay 1", "replay 2"].map((id) => post(stage, first, id)));
  await ended(2);
  await stage.pass(hourMs);
  expect(sessions()).toBe(2);
});

test("an old labelling's delivery does not speak for the labelling of somebody else", async () => {
  stage = await setStage({ env: seldom });
  stage.plays(doNothing);
  const issue = stage.labelled();
  const first = lastSent(stage, "issues.labeled");
  await ended(1);
  await stage.pass(60_000);
  stage.github.disturb({ event: "issues", times: 2, kind: "lose" });
  stage.github.unlabel(shop, issue, { label: "agent", by: "mona" });
  stage.github.label(shop, issue, { label: "agent", by: "rita" });
  await post(stage, first, "replay");
  await stage.pass(60_000);
  expect(verdictOf(stage, "replay")).toBe("ignored: the label was put on by somebody else since");
});

test("the label put back while the run is being stopped starts a new one", async () => {
  stage = await setStage();
  stage.plays(workForHours(0.5, 10));
  const issue = stage.labelled();
  await stage.pass(15 * 60_000);
  stage.github.unlabel(shop, issue, { label: "agent", by: "mona" });
  stage.github.label(shop, issue, { label: "agent", by: "mona" });
  await stage.until("a second session", () => sessions() === 2, 60_000);
});

test("label and command together are one run", async () => {
  stage = await setStage();
  stage.plays(workForHours(0.5, 10));
  const issue = stage.labelled();
  stage.github.comment(shop, issue, { body: "/agent fix", by: "mona" });
  await ended(1);
  await stage.pass(hourMs);
  expect(sessions()).toBe(1);
});

test("a label taken off again does not start anything, whichever delivery comes first", async () => {
  stage = await setStage();
  stage.plays(doNothing);
  stage.github.disturb({ event: "issues", action: "labeled", times: 1, kind: "reorder" });
  const issue = stage.labelled();
  stage.github.unlabel(shop, issue, { label: "agent", by: "mona" });
  await stage.pass(hourMs);
  expect(sessions()).toBe(0);
  stage.github.label(shop, issue, { label: "agent", by: "mona" });
  await ended(1);
});

test("a label given at creation is one run", async () => {
  stage = await setStage();
  stage.plays(doNothing);
  stage.github.openIssue(shop, { title: "Bug", author: "mona", labels: ["agent", "bug"] });
  await ended(1);
  await stage.pass(hourMs);
  expect(sessions()).toBe(1);
});

test("on, off and on within a second is one run", async () => {
  stage = await setStage();
  stage.plays(doNothing);
  const issue = stage.labelled();
  stage.github.unlabel(shop, issue, { label: "agent", by: "mona" });
  stage.github.label(shop, issue, { label: "agent", by: "mona" });
  await stage.pass(hourMs);
  expect([sessions(), rowsOf(stage.disk, "runs").length]).toEqual([1, 1]);
  expect(stage.headline(issue)).toContain("**no changes**");
});

test("an edited comment never triggers", async () => {
  stage = await setStage();
  stage.plays(doNothing);
  const issue = stage.github.openIssue(shop, { title: "Bug", author: "mona" });
  const comment = stage.github.comment(shop, issue, { body: "hm", by: "mona" });
  stage.github.editComment(shop, comment, { body: "/agent fix", by: "mona" });
  await stage.pass(hourMs);
  expect(sessions()).toBe(0);
});

test("replayed commands do nothing, neither to an ended run nor to a later one", async () => {
  stage = await setStage();
  stage.plays(workForHours(0.5, 10));
  const issue = stage.labelled();
  await stage.pass(60_000);
  stage.github.comment(shop, issue, { body: "/agent fix and be quick", by: "mona" });
  await stage.pass(60_000);
  const fix = lastSent(stage, "issue_comment.created");
  stage.github.comment(shop, issue, { body: "/agent stop", by: "mona" });
  const stop = lastSent(stage, "issue_comment.created");
  await ended(1);
  await post(stage, fix, "fix again");
  await stage.pass(60_000);
  expect(sessions()).toBe(1);
  stage.github.comment(shop, issue, { body: "/agent fix", by: "mona" });
  await stage.until("a second session", () => sessions() === 2);
  await post(stage, stop, "stop again");
  await stage.pass(60_000);
  expect(stage.status(issue)).toContain("working");
  expect(verdictOf(stage, "stop again")).toBe("ignored: a copy of an earlier delivery");
});
