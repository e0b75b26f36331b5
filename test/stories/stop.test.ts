/** A stop is a fact: the session is interrupted within seconds, its token revoked, and nothing is opened. */
import { afterEach, expect, test } from "vitest";
import { pushFix } from "../sim/claude/scripts.ts";
import { aliveTokens } from "./conversation.ts";
import { type Stage, setStage, shop } from "./stage.ts";

let stage: Stage;
afterEach(() => stage.close());

const ways: [string, (issue: number) => unknown, RegExp][] = [
  [
    "`/agent stop`",
    (issue) => stage.github.comment(shop, issue, { body: "/agent stop", by: "rita" }),
    /Stopped by rita/,
  ],
  [
    "the label is removed",
    (issue) => stage.github.unlabel(shop, issue, { label: "agent", by: "mona" }),
    /Stopped by mona: label removed/,
  ],
  [
    "the issue is closed",
    (issue) => stage.github.closeIssue(shop, issue, { by: "mona" }),
    /Stopped by mona: issue closed/,
  ],
];

test.each(ways)("%s: stopped, and the branch stays", async (_what, stops, words) => {
  stage = await setStage();
  stage.plays(async (agent) => {
    await pushFix()(agent);
    await agent.wait(3_600_000);
    await agent.push();
  });
  const issue = stage.labelled();
  await stage.pass(5 * 60_000);
  await stops(issue);
  await stage.pass(10_000);
  const [session] = stage.claude.sessions;
  expect(session?.log.map(({ type }) => type)).toContain("user.interrupt");
  expect(session?.archivedAt).not.toBeNull();
  expect(stage.headline(issue)).toContain("**stopped**");
  expect(stage.status(issue)).toMatch(words);
  expect(stage.status(issue)).toContain(`stays on the branch \`claude/${session?.id}\``);
  expect(stage.github.tokens().every(({ repositoryIds, revokedAt }) => !repositoryIds || revokedAt)).toBe(
    true,
  );
  expect(stage.github.reactions(shop, issue)).toEqual(["eyes"]);
  await stage.pass(2 * 3_600_000);
  expect(stage.github.pulls(shop)).toEqual([]);
  expect(await stage.github.branchHead(shop, `claude/${session?.id}`)).toBeDefined();
});

test("a stop before the session is opened opens none", async () => {
  stage = await setStage();
  stage.claude.fault({ on: "POST /v1/sessions", times: 3, trouble: { kind: "status", status: 529 } });
  const issue = stage.labelled();
  await stage.until("the first attempt has failed", () =>
    stage.lines.some(({ msg }) => msg === "wake failed"),
  );
  stage.github.unlabel(shop, issue, { label: "agent", by: "mona" });
  await stage.untilShown(issue, "stopped", 60_000);
  expect(stage.claude.sessions).toEqual([]);
});

test("a stop right after the session was created prompts nobody", async () => {
  stage = await setStage();
  stage.claude.fault({ on: "POST /v1/sessions", trouble: { kind: "reset_after" } });
  const issue = stage.labelled();
  await stage.until("the reply is lost", () => stage.lines.some(({ msg }) => msg === "wake failed"));
  await stage.github.closeIssue(shop, issue, { by: "mona" });
  await stage.untilShown(issue, "stopped", 60_000);
  const [session] = stage.claude.sessions;
  expect(session?.log.filter(({ type }) => type === "user.message")).toEqual([]);
  expect(session?.archivedAt).not.toBeNull();
});

test("a stop while Claude cannot say which session there is: no token lives on", async () => {
  stage = await setStage();
  stage.claude.fault({ on: "POST /v1/sessions", trouble: { kind: "reset_after" } });
  const heal = stage.claude.fault({
    on: "GET /v1/sessions",
    times: 10_000,
    trouble: { kind: "status", status: 529 },
  });
  const issue = stage.labelled();
  await stage.until("the reply is lost", () => stage.lines.some(({ msg }) => msg === "wake failed"));
  expect(aliveTokens(stage)).toHaveLength(1);
  await stage.github.closeIssue(shop, issue, { by: "mona" });
  await stage.pass(60_000);
  expect(aliveTokens(stage)).toEqual([]);
  heal();
  await stage.untilShown(issue, "stopped");
  await stage.pass(3_600_000);
  expect(stage.claude.sessions.map(({ archivedAt }) => archivedAt)).toEqual([expect.stringMatching(/^20/)]);
});

test("somebody who may not cannot stop it", async () => {
  stage = await setStage();
  stage.plays((agent) => agent.wait(600_000));
  const issue = stage.labelled();
  await stage.pass(60_000);
  stage.github.comment(shop, issue, { body: "/agent stop", by: "otto" });
  await stage.pass(60_000);
  expect(stage.claude.sessions[0]?.status).toBe("running");
  await stage.untilShown(issue, "no changes");
});

test("an interrupt that takes its time is waited for", async () => {
  stage = await setStage();
  stage.claude.switches.interruptLagMs = 20_000;
  stage.claude.switches.idleLagMs = 3_000;
  stage.plays((agent) => agent.wait(3_600_000));
  const issue = stage.labelled();
  await stage.pass(60_000);
  stage.github.comment(shop, issue, { body: "/agent stop", by: "mona" });
  await stage.untilShown(issue, "stopped", 60_000);
  await stage.pass(60_000);
  expect(stage.claude.sessions[0]?.archivedAt).not.toBeNull();
});

test("word of a closing that is over when the run begins stops nothing", async () => {
  stage = await setStage();
  stage.plays((agent) => agent.wait(3_600_000));
  const issue = stage.github.openIssue(shop, { title: "Add is wrong", author: "mona" });
  stage.github.disturb({ event: "issues", action: "closed", times: 1, kind: "delay", ms: 600_000 });
  stage.github.closeIssue(shop, issue, { by: "mona" });
  await stage.pass(10_000);
  stage.github.reopenIssue(shop, issue, { by: "mona" });
  await stage.pass(30_000);
  stage.github.label(shop, issue, { label: "agent", by: "mona" });
  await stage.untilShown(issue, "working");
  await stage.pass(15 * 60_000);
  expect(stage.headline(issue)).toContain("**working");
});

test.each([ways[0], ways[2]].flatMap((way) => (way ? [way] : [])))(
  "%s, while GitHub's deliveries are half a minute late: stopped",
  async (_what, stops, words) => {
    stage = await setStage();
    stage.plays((agent) => agent.wait(3_600_000));
    stage.github.disturb({ kind: "delay", ms: 30_000 });
    const issue = stage.labelled();
    await stage.pass(12_000);
    stops(issue);
    await stage.untilShown(issue, "stopped", 60_000);
    expect(stage.status(issue)).toMatch(words);
  },
);
