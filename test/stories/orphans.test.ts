/** What a crash or a lost reply can leave behind is found and given up within a minute. */
import { afterEach, expect, test } from "vitest";
import { doNothing, workForHours } from "../sim/claude/scripts.ts";
import { type Stage, setStage } from "./stage.ts";
import { rowsOf } from "./verdict.ts";

let stage: Stage;
afterEach(() => stage.close());

const minuteMs = 60_000;
const hourMs = 3_600_000;
const sweeping = { PATCHWRIGHT_SWEEP_MS: "300000" };
const rounds = () => stage.lines.filter(({ msg }) => msg === "round ended").length;

/** Opens a session beside the service, as another process with our agent might have. */
async function openSession(metadata: Record<string, string>): Promise<string> {
  const [own] = stage.claude.sessions;
  const asked = stage.claude.log.find(({ route, method }) => method === "POST" && route === "/v1/sessions");
  const body = asked?.requestBody as { agent: unknown; environment_id: string };
  const answer = await fetch(`${stage.claude.url}/v1/sessions`, {
    method: "POST",
    headers: {
      "x-api-key": stage.claude.apiKey,
      "anthropic-version": "2023-06-01",
      "anthropic-beta": "managed-agents-2026-04-01",
      "content-type": "application/json",
    },
    body: JSON.stringify({ agent: body.agent, environment_id: body.environment_id, metadata }),
  });
  const opened = (await answer.json()) as { id: string };
  expect([answer.status, own?.id === opened.id]).toEqual([200, false]);
  return opened.id;
}

test("a second session of a run is closed within a minute and never prompted", async () => {
  stage = await setStage({ env: sweeping });
  stage.plays(workForHours(0.5, 15));
  stage.labelled();
  await stage.until("prompted", () => stage.claude.sessions[0]?.status === "running");
  const run = stage.claude.sessions[0]?.metadata["run_id"] ?? "";
  const second = await openSession({ app: "patchwright", run_id: run });
  await stage.until("closed", () => stage.claude.session(second).archivedAt !== null, minuteMs);
  expect(stage.claude.session(second).log.filter(({ type }) => type === "user.message")).toEqual([]);
  await stage.until("the run ended all the same", () => rounds() === 1);
});

test("a session of an ended run is closed; one of a run that is not ours stays", async () => {
  stage = await setStage({ env: sweeping });
  stage.plays(doNothing);
  stage.labelled();
  await stage.until("ended", () => rounds() === 1);
  const run = stage.claude.sessions[0]?.metadata["run_id"] ?? "";
  const theirs = await openSession({ app: "patchwright", run_id: "run_of_another_deployment" });
  const left = await openSession({ app: "patchwright", run_id: run });
  await stage.until("closed", () => stage.claude.session(left).archivedAt !== null, minuteMs);
  await stage.pass(hourMs);
  expect(stage.claude.session(theirs).archivedAt).toBeNull();
});

test("a lost reply to opening a session leaves one session, the oldest", async () => {
  stage = await setStage({ env: sweeping });
  stage.plays(doNothing);
  stage.claude.fault({ on: "POST /v1/sessions", trouble: { kind: "reset_after" } });
  stage.labelled();
  await stage.until("ended", () => rounds() === 1);
  expect(stage.claude.sessions).toHaveLength(1);
});

test("runs and deliveries without an alarm are woken again", async () => {
  stage = await setStage({ knocks: "none", env: sweeping });
  stage.plays(workForHours(0.5, 15));
  stage.labelled();
  await stage.pass(2 * minuteMs);
  await stage.app.stop();
  stage.disk.open().prepare("delete from wakes where key like 'run:%'").run([]);
  stage.disk.open().prepare("update deliveries set state = 'waiting'").run([]);
  await stage.restart();
  await stage.until("ended", () => rounds() === 1);
  expect(stage.claude.sessions).toHaveLength(1);
  expect(rowsOf(stage.disk, "deliveries").filter(({ state }) => state === "waiting")).toEqual([]);
  await stage.restart("kill");
});

test("tokens of a run that has ended are given back, and expired rows go", async () => {
  stage = await setStage({ allows: ["lost token"], env: sweeping });
  stage.plays(workForHours(0.5, 15));
  stage.labelled();
  await stage.pass(5 * minuteMs);
  await stage.app.stop();
  stage.disk
    .open()
    .prepare("update runs set phase = 'ended', looked_at = null, ended_at = ?")
    .run([stage.clock.now()]);
  await stage.restart();
  const live = () =>
    stage.github.tokens().filter((token) => token.repositoryIds && token.revokedAt === undefined);
  await stage.until("given back", () => live().length === 0, minuteMs);
  await stage.pass(2 * hourMs);
});

test("a leftover that cannot be closed is told once and keeps no other open", async () => {
  stage = await setStage({ env: sweeping });
  stage.plays(doNothing);
  stage.labelled();
  await stage.until("ended", () => rounds() === 1);
  const run = stage.claude.sessions[0]?.metadata["run_id"] ?? "";
  const stuck = await openSession({ app: "patchwright", run_id: run });
  const on = "POST /v1/sessions/:id/archive";
  const heal = stage.claude.fault({
    on,
    path: stuck,
    times: 1_000,
    trouble: { kind: "status", status: 403 },
  });
  const other = await openSession({ app: "patchwright", run_id: run });
  await stage.until("the other is closed", () => stage.claude.session(other).archivedAt !== null, minuteMs);
  await stage.pass(hourMs);
  expect(stage.lines.filter(({ msg }) => msg === "leftover session stays open")).toHaveLength(1);
  heal();
  await stage.until("closed", () => stage.claude.session(stuck).archivedAt !== null, 6 * minuteMs);
});

test("a hundred leftovers that cannot be closed keep no other open, and are seldom asked for", async () => {
  stage = await setStage({ env: sweeping });
  stage.plays(doNothing);
  stage.labelled();
  await stage.until("ended", () => rounds() === 1);
  const run = stage.claude.sessions[0]?.metadata["run_id"] ?? "";
  await stage.app.stop();
  const on = "POST /v1/sessions/:id/archive";
  for (let place = 0; place < 100; place += 1) {
    await stage.pass(1_000);
    const path = await openSession({ app: "patchwright", run_id: run });
    stage.claude.fault({ on, path, times: 10_000, trouble: { kind: "status", status: 403 } });
  }
  const other = await openSession({ app: "patchwright", run_id: run });
  await stage.restart();
  await stage.until("closed", () => stage.claude.session(other).archivedAt !== null, 2 * minuteMs);
  const asked = () => stage.claude.log.filter(({ route }) => route.endsWith("/archive")).length;
  const before = asked();
  await stage.pass(hourMs);
  expect(asked() - before).toBeLessThanOrEqual(13 * 100);
  expect(stage.lines.filter(({ msg }) => msg === "leftover session stays open")).toHaveLength(100);
});
