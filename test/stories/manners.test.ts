/**
 * Told to slow down, the whole process does: nothing of that kind leaves it before the time is over, whichever
 * run asks, and those who waited do not come back together. What may have had an effect is never just repeated.
 */
import { afterEach, expect, test } from "vitest";
import { doNothing, fixAndSubmit } from "../sim/claude/scripts.ts";
import { type Stage, setStage, shop } from "./stage.ts";

let stage: Stage;
afterEach(() => stage.close());

const second = 1_000;
const hour = 3_600_000;
const comments = "/repos/{owner}/{repo}/issues/{issue_number}/comments";
const events = "/v1/sessions/:id/events";

/** Times of the calls to GitHub as the installation or with a token of it, seconds after `since`. */
function githubCalls(since: number): number[] {
  const ours = stage.github.log.filter(
    ({ at, as, route }) => at > since && as !== "app" && !route.startsWith("git-"),
  );
  return ours.map(({ at }) => (at - since) / second);
}

/** Times of the calls of a kind to the platform, seconds after `since`. */
function claudeCalls(kind: "create" | "other", since: number): number[] {
  return stage.claude.log
    .filter((one) => one.at > since && one.kind === kind)
    .map(({ at }) => (at - since) / second);
}

test.each([
  { status: 403, headers: { "retry-after": "90" } },
  { status: 429, headers: { "retry-after": "90" } },
  { status: 503, headers: { "retry-after": "90" } },
])("GitHub says $status and when to come back: no run of the installation comes before", async (limit) => {
  stage = await setStage();
  stage.plays(fixAndSubmit());
  stage.github.fault({ method: "POST", route: comments, times: 1, kind: "status", ...limit });
  const issue = stage.labelled();
  await stage.until("the limit is met", () => stage.github.log.some(({ status }) => status === limit.status));
  const told = stage.clock.now();
  await stage.pass(20 * second);
  const other = stage.labelled({ title: "Another" });
  await stage.untilShown(issue, "opened #");
  await stage.untilShown(other, "opened #");
  expect(Math.min(...githubCalls(told))).toBeGreaterThanOrEqual(90);
});

test("the platform limits creating: no run creates or sends before, reading goes on", async () => {
  stage = await setStage();
  stage.plays(doNothing);
  const first = stage.labelled();
  await stage.untilShown(first, "no changes");
  stage.claude.fault({ on: "POST /v1/sessions", trouble: { kind: "status", status: 429, retryAfterS: 45 } });
  const later = stage.labelled({ title: "Limited" });
  await stage.until("the limit is met", () => stage.claude.log.some(({ status }) => status === 429));
  const told = stage.clock.now();
  await stage.pass(10 * second);
  const third = stage.labelled({ title: "Later" });
  await stage.untilShown(later, "no changes");
  await stage.untilShown(third, "no changes");
  expect(Math.min(...claudeCalls("create", told))).toBeGreaterThanOrEqual(45);
});

test("the platform limits reading: nothing is read before, and one refusal is heard by all", async () => {
  stage = await setStage();
  stage.plays(async (agent) => {
    await agent.wait(30 * second);
  });
  const issues = ["one", "two", "three"].map((title) => stage.labelled({ title }));
  await stage.until(
    "all are prompted",
    () => stage.claude.sessions.filter(({ log }) => log.length > 0).length === 3,
  );
  stage.claude.fault({ on: `GET ${events}`, trouble: { kind: "status", status: 429, retryAfterS: 120 } });
  await stage.until("the limit is met", () => stage.claude.log.some(({ status }) => status === 429));
  const told = stage.clock.now();
  for (const issue of issues) await stage.untilShown(issue, "no changes");
  expect(Math.min(...claudeCalls("other", told))).toBeGreaterThanOrEqual(120);
  expect(stage.claude.log.filter(({ status }) => status === 429)).toHaveLength(1);
});

test.each(["stop", "kill"] as const)(
  "GitHub limits what the App asks: after a restart (%s) the App asks nothing before",
  async (how) => {
    stage = await setStage();
    stage.plays(fixAndSubmit());
    const first = stage.labelled();
    await stage.untilShown(first, "opened #");
    await stage.pass(2 * hour);
    const route = "/app/installations/{installation_id}/access_tokens";
    const limit = { status: 403, headers: { "retry-after": "90" } };
    stage.github.fault({ method: "POST", route, times: 1, kind: "status", ...limit });
    const issue = stage.labelled({ title: "Other" });
    await stage.until("the limit is met", () => stage.github.log.some(({ status }) => status === 403));
    const told = stage.clock.now();
    await stage.pass(5 * second);
    await stage.restart(how);
    await stage.untilShown(issue, "opened #");
    const calls = stage.github.log.filter(({ at, as }) => at > told && as === "app");
    expect(Math.min(...calls.map(({ at }) => at - told))).toBeGreaterThanOrEqual(90 * second);
  },
);

test("the platform limits creating: after a restart no run creates before, whoever asks", async () => {
  stage = await setStage();
  stage.plays(doNothing);
  stage.claude.fault({ on: "POST /v1/sessions", trouble: { kind: "status", status: 429, retryAfterS: 90 } });
  const issue = stage.labelled();
  await stage.until("the limit is met", () => stage.claude.log.some(({ status }) => status === 429));
  const told = stage.clock.now();
  await stage.pass(5 * second);
  await stage.restart("kill");
  const other = stage.labelled({ title: "Other" });
  await stage.untilShown(issue, "no changes");
  await stage.untilShown(other, "no changes");
  expect(Math.min(...claudeCalls("create", told))).toBeGreaterThanOrEqual(90);
});

test("those who were told the same come back one by one, and ask no more often than they must", async () => {
  stage = await setStage();
  stage.plays(doNothing);
  stage.claude.fault({ on: "POST /v1/sessions", trouble: { kind: "status", status: 429, retryAfterS: 600 } });
  const first = stage.labelled({ title: "The first" });
  await stage.until("the limit is met", () => stage.claude.log.some(({ status }) => status === 429));
  const rest = Array.from({ length: 7 }, (_, place) => stage.labelled({ title: `Issue ${place}` }));
  const issues = [first, ...rest];
  const told = stage.clock.now();
  for (const issue of issues) await stage.untilShown(issue, "no changes");
  const opened = stage.claude.log.filter(
    ({ at, path, method }) => at > told && method === "POST" && path === "/v1/sessions",
  );
  const spread = opened.map(({ at }) => at - told - 600 * second);
  expect(Math.min(...spread)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...spread) - Math.min(...spread)).toBeGreaterThan(second);
  expect(opened).toHaveLength(8);
  expect(stage.claude.sessions).toHaveLength(8);
  const asked = stage.claude.log.filter(({ method, path }) => method === "POST" && path === "/v1/sessions");
  expect(asked).toHaveLength(8 + 1);
});

test("the spending limit at the start ends the run with words, not in a loop", async () => {
  stage = await setStage();
  stage.claude.fault({ on: "POST /v1/sessions", times: 1_000, trouble: { kind: "status", status: 429 } });
  const issue = stage.labelled();
  await stage.untilShown(issue, "refused", 60 * second);
  expect(stage.status(issue)).toContain("spending limit");
  await stage.pass(hour);
  expect(
    stage.claude.log.filter(({ method, path }) => method === "POST" && path === "/v1/sessions"),
  ).toHaveLength(1);
});

test("the spending limit in the middle of a run ends it with words, and its token dies", async () => {
  stage = await setStage();
  stage.plays(async (agent) => {
    await agent.wait(30 * second);
    await agent.say("Half way.");
    await agent.wait(hour);
  });
  const issue = stage.labelled();
  await stage.until("the agent works", () => stage.claude.sessions[0]?.status === "running");
  await stage.pass(5 * second);
  const lift = stage.claude.fault({ on: "*", times: 1_000, trouble: { kind: "status", status: 429 } });
  stage.github.comment(shop, issue, { body: "@patchwright please hurry", by: "mona" });
  stage.github.comment(shop, issue, { body: "/agent stop", by: "mona" });
  await stage.untilShown(issue, "stopped", 10 * 60 * second);
  expect(stage.github.tokens().every(({ repositoryIds, revokedAt }) => !repositoryIds || revokedAt)).toBe(
    true,
  );
  const refused = stage.claude.log.filter(({ status }) => status === 429).length;
  expect(refused).toBeLessThan(20);
  lift();
});

test("the platform says slow down to a message it took in all the same: it is found, and nobody hammers", async () => {
  stage = await setStage();
  stage.plays(fixAndSubmit());
  const trouble = { kind: "status_after", status: 429, retryAfterS: 20 } as const;
  stage.claude.fault({ on: `POST ${events}`, trouble });
  const issue = stage.labelled();
  await stage.untilShown(issue, "opened #", 10 * 60 * second);
  const [session] = stage.claude.sessions;
  const sent = session?.log.filter(({ type }) => type.startsWith("user.")).map(({ type }) => type);
  expect(sent).toEqual(["user.message", "user.custom_tool_result"]);
  const posts = stage.claude.log.filter(({ method, route }) => `${method} ${route}` === `POST ${events}`);
  expect(posts.map(({ status }) => status)).toEqual([429, 400, 200]);
});

test.each([
  { kind: "status", status: 500 },
  { kind: "status_after", status: 503 },
  { kind: "reset_before" },
  { kind: "reset_after" },
] as const)("nothing is sent to the platform twice in a row: $kind", async (trouble) => {
  stage = await setStage();
  stage.plays(fixAndSubmit());
  for (const on of ["POST /v1/sessions", `POST ${events}`]) stage.claude.fault({ on, trouble });
  const issue = stage.labelled();
  await stage.untilShown(issue, "opened #2");
  const posts = stage.claude.log.filter(({ method }) => method === "POST");
  expect(posts.map(({ retryCount }) => retryCount).filter((count) => count > 0)).toEqual([]);
  const moments = posts
    .filter(({ kind }) => kind === "create")
    .map(({ at, path, requestBody }) => `${at} ${path} ${JSON.stringify(requestBody)}`);
  expect(new Set(moments).size).toBe(moments.length);
});

test.each([{ kind: "status", status: 500 }, { kind: "resetBefore" }, { kind: "resetAfter" }] as const)(
  "nothing is sent to GitHub twice in a row: $kind",
  async (trouble) => {
    stage = await setStage();
    stage.plays(fixAndSubmit());
    for (const route of [comments, "/repos/{owner}/{repo}/pulls"])
      stage.github.fault({ method: "POST", route, times: 1, ...trouble });
    const issue = stage.labelled();
    await stage.untilShown(issue, "opened #2");
    const posts = stage.github.log.filter(
      ({ method, createsContent }) => method === "POST" && createsContent,
    );
    const moments = posts.map(({ at, path }) => `${at} ${path}`);
    expect(new Set(moments).size).toBe(moments.length);
  },
);
