/** Tokens are replaced while the session works: every git operation finds a valid one, and all of them die. */
import { afterEach, expect, test } from "vitest";
import type { Script } from "../sim/claude/agent.ts";
import { workForHours } from "../sim/claude/scripts.ts";
import { type Stage, setStage, shop } from "./stage.ts";

let stage: Stage;
afterEach(() => stage.close());

/** Each token the session held, with its life at GitHub. */
function held() {
  const minted = new Map(stage.github.tokens().map((token) => [token.sha256, token]));
  const [mount] = stage.claude.mounts(stage.claude.sessions[0]?.id ?? "");
  return (mount?.tokens ?? []).map(({ sha256, setAt }, index, all) => {
    const token = minted.get(sha256);
    return {
      sha256,
      lifeMs: (token?.expiresAt ?? 0) - (token?.createdAt ?? 0),
      leftMs: (token?.expiresAt ?? 0) - (all[index + 1]?.setAt ?? setAt),
      replacedAt: all[index + 1]?.setAt,
      revokedAt: token?.revokedAt,
    };
  });
}

/** Old ones were revoked a little after their successor was in place, and the last one with the round. */
function expectInOrder(graceMs: number): void {
  for (const { replacedAt, revokedAt, leftMs, lifeMs } of held()) {
    expect(revokedAt).toBeDefined();
    expect(leftMs).toBeGreaterThanOrEqual(lifeMs / 4);
    if (replacedAt === undefined) continue;
    expect((revokedAt ?? 0) - replacedAt).toBeGreaterThanOrEqual(graceMs);
    expect((revokedAt ?? 0) - replacedAt).toBeLessThanOrEqual(graceMs + 60_000);
  }
}

/** Six hours: a fetch every six minutes, a push every half hour. */
const sixHours: Script = async (agent) => {
  for (let step = 1; step <= 60; step += 1) {
    await agent.wait(6 * 60_000);
    await agent.fetch();
    if (step % 5 !== 0) continue;
    await agent.write("progress.txt", `step ${step}\n`);
    await agent.commit(`Step ${step}`);
    await agent.push();
  }
};

test("six hours of work: every fetch and push finds a valid token", async () => {
  stage = await setStage({ env: { PATCHWRIGHT_POLL_MS: "120000", PATCHWRIGHT_SWEEP_MS: "86400000" } });
  stage.plays(sixHours);
  const issue = stage.labelled();
  await stage.until("the session is open", () => stage.claude.sessions.length === 1);
  await stage.resettle((settings) => ({ ...settings, limits: { ...settings.limits, minutes: 480 } }));
  await stage.untilShown(issue, "opened #2");
  expect(held().length).toBeGreaterThan(5);
  expectInOrder(60_000);
  const [pull] = stage.github.pulls(shop);
  expect(await stage.github.messages(shop, pull?.head ?? "")).toHaveLength(13);
});

test("told to leave the platform alone for an hour, a run replaces its token all the same", async () => {
  stage = await setStage({ env: { PATCHWRIGHT_POLL_MS: "86400000" } });
  stage.plays(workForHours(1.5, 30));
  const issue = stage.labelled();
  await stage.pass(31 * 60_000);
  const trouble = { kind: "status", status: 429, retryAfterS: 3_600 } as const;
  stage.claude.fault({ on: "GET /v1/sessions/:id/events", trouble });
  stage.github.comment(shop, issue, { body: "/agent fix and hurry", by: "mona" });
  await stage.until("the limit is met", () => stage.claude.log.some(({ status }) => status === 429));
  await stage.untilShown(issue, "opened #2");
  expectInOrder(60_000);
});

test("tokens that live twenty seconds: a session outlives five of them", async () => {
  stage = await setStage({ tokenLifeMs: 20_000 });
  stage.plays(workForHours(100 / 3600, 5 / 60));
  const issue = stage.labelled();
  await stage.untilShown(issue, "opened #2");
  expect(held().length).toBeGreaterThan(5);
  expectInOrder(2_000);
});

test("each token of a session is its own: two runs never share one", async () => {
  stage = await setStage();
  stage.plays(workForHours(1, 10));
  const issues = [stage.labelled({ title: "One" }), stage.labelled({ title: "Two" })];
  for (const issue of issues) await stage.untilShown(issue, "opened #");
  const users = new Map<string, Set<string>>();
  for (const { tokenSha256 = "", sessionId } of stage.claude.gitOperations)
    users.set(tokenSha256, (users.get(tokenSha256) ?? new Set()).add(sessionId));
  expect(users.size).toBeGreaterThanOrEqual(4);
  expect([...users.values()].every(({ size }) => size === 1)).toBe(true);
});

test("no hand-over works for ten minutes: the old token serves until the new one is in place", async () => {
  stage = await setStage({ allows: ["old token"] });
  stage.plays(workForHours(1.5, 6));
  const issue = stage.labelled();
  await stage.pass(38 * 60_000);
  const on = "POST /v1/sessions/:id/resources/:resource";
  const down = stage.claude.fault({ on, times: 1e6, trouble: { kind: "status", status: 503 } });
  await stage.pass(10 * 60_000);
  down();
  await stage.untilShown(issue, "opened #2");
  const [first, ...later] = held();
  expect(first?.leftMs).toBeGreaterThan(60_000);
  expect(later.length).toBeGreaterThan(0);
});

test("a token that GitHub's replicas do not take yet is given back as soon as they do", async () => {
  stage = await setStage();
  stage.github.setTokenLag({ unknownMs: 0, forbiddenMs: 4_000 });
  const issue = stage.labelled();
  await stage.untilShown(issue, "failed");
  expect(stage.status(issue)).toContain("GitHub forbids it");
});

test("the process is killed: the next one finds the sealed tokens and goes on with them", async () => {
  stage = await setStage();
  stage.plays(workForHours(1, 10));
  const issue = stage.labelled();
  await stage.pass(45 * 60_000);
  await stage.restart("kill");
  await stage.untilShown(issue, "opened #2");
  expect(held()).toHaveLength(2);
  expectInOrder(60_000);
});
