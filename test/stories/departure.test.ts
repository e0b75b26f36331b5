/**
 * Uninstalled: sessions interrupted, tokens dead at once; within a day sessions deleted at the platform and
 * texts deleted here, whatever restarts or fails meanwhile. And the same, slowly, for every run that is over.
 */
import { afterEach, expect, test } from "vitest";
import { pushFix } from "../sim/claude/scripts.ts";
import { aliveTokens } from "./conversation.ts";
import { type Setting, type Stage, setStage, shop } from "./stage.ts";
import { rowsOf } from "./verdict.ts";

let stage: Stage;
afterEach(() => stage.close());

const tale = "The cart of Ottilie shows 4 for 1 + 2";

/** A run at work whose every text holds the tale. */
async function atWork(setting: Setting = {}): Promise<number> {
  stage = await setStage(setting);
  stage.plays(async (agent) => {
    await agent.say(tale);
    await pushFix()(agent);
    await agent.wait(3_600_000);
  });
  const issue = stage.labelled({ title: tale, body: tale });
  await stage.until("there is a session", () => stage.claude.sessions.length === 1);
  await stage.pass(60_000);
  stage.github.comment(shop, issue, { body: `/agent fix ${tale}`, by: "mona" });
  await stage.pass(60_000);
  return issue;
}

/** Everything that is stored, as text. The service is not looked at any more afterwards. */
const stored = () =>
  ["runs", "facts", "notes", "deliveries"].map((table) => JSON.stringify(rowsOf(stage.disk, table))).join();

test("uninstalled in the middle of a run: nothing of it is left, there or here", async () => {
  await atWork();
  stage.github.uninstall(stage.installation, "rita");
  await stage.pass(10_000);
  expect(stage.claude.sessions.filter(({ status }) => status === "running")).toEqual([]);
  expect(aliveTokens(stage)).toEqual([]);
  await stage.until("it is forgotten", () => stage.lines.some(({ msg }) => msg === "installation forgotten"));
  expect(stage.claude.sessions).toEqual([]);
  const calls = stage.github.log.length;
  await stage.pass(60 * 60_000);
  expect(stage.github.log.slice(calls).filter(({ path }) => !path.includes("/app/"))).toEqual([]);
  expect(stored()).not.toContain("Ottilie");
});

test("uninstalled while GitHub still answers as before: it counts all the same", async () => {
  // Its tokens are dead at once, and the session hears of it seconds later.
  await atWork({ allows: ["git without a token"] });
  const stale = { id: stage.installation, suspended_at: null };
  const route = "/app/installations/{installation_id}";
  stage.github.fault({ route, kind: "status", status: 200, body: stale, times: 1 });
  stage.github.uninstall(stage.installation, "rita");
  await stage.until("it is forgotten", () => stage.lines.some(({ msg }) => msg === "installation forgotten"));
  expect(stage.claude.sessions).toEqual([]);
});

test("a repository that was transferred goes with its new owner", async () => {
  await atWork();
  stage.github.addOrganization("globex");
  const globex = stage.github.install("globex");
  stage.github.transfer(shop, { to: "globex", by: "rita" });
  await stage.pass(60_000);
  const forgotten = () => stage.lines.filter(({ msg }) => msg === "installation forgotten").length;
  stage.github.uninstall(stage.installation, "rita");
  await stage.until("its first owner is forgotten", () => forgotten() === 1);
  expect(stage.claude.sessions).toHaveLength(1);
  stage.github.uninstall(globex, "rita");
  await stage.until("its new owner is forgotten", () => forgotten() === 2);
  expect(stage.claude.sessions).toEqual([]);
  expect(stored()).not.toContain("Ottilie");
});

test("uninstalled in a gap longer than GitHub's log: it is noticed after the start", async () => {
  // Its session works on with a dead token while nobody is there to stop it.
  await atWork({ env: { PATCHWRIGHT_SWEEP_MS: "300000" }, allows: ["git without a token"] });
  await stage.app.stop();
  stage.github.uninstall(stage.installation, "rita");
  await stage.pass(7 * 24 * 60 * 60_000);
  await stage.restart();
  await stage.until("it is forgotten", () => stage.lines.some(({ msg }) => msg === "installation forgotten"));
  expect(stage.claude.sessions).toEqual([]);
  expect(stored()).not.toContain("Ottilie");
});

test("the platform is down and the service killed meanwhile: it is done when both are back", async () => {
  await atWork();
  const heal = stage.claude.fault({
    on: "DELETE /v1/sessions/:id",
    trouble: { kind: "status", status: 500 },
    times: 100_000,
  });
  stage.github.uninstall(stage.installation, "rita");
  await stage.pass(10 * 60_000);
  expect(stage.claude.sessions).toHaveLength(1);
  await stage.restart("kill");
  await stage.pass(60_000);
  heal();
  await stage.until("it is forgotten", () => stage.lines.some(({ msg }) => msg === "installation forgotten"));
  expect(stage.claude.sessions).toEqual([]);
  expect(stored()).not.toContain("Ottilie");
});

test("texts of ended runs leave after the days of the setting, the rows stay", async () => {
  stage = await setStage({ env: { PATCHWRIGHT_RETENTION_DAYS: "2" } });
  stage.plays(async (agent) => {
    await agent.say(tale);
  });
  const issue = stage.labelled({ title: tale, body: tale });
  await stage.untilShown(issue, "no changes");
  await stage.pass(36 * 3_600_000);
  await stage.restart();
  await stage.pass(60_000);
  stage.github.comment(shop, issue, { body: "/agent status", by: "mona" });
  await stage.pass(36 * 3_600_000);
  const [run] = rowsOf(stage.disk, "runs");
  expect(run?.["forgotten_at"]).not.toBeNull();
  expect(run).toMatchObject({ phase: "ended", round: 1, repo: "shop" });
  expect(JSON.parse(String(run?.["ending_json"]))).toEqual({ kind: "no changes" });
  expect(JSON.stringify([rowsOf(stage.disk, "facts"), rowsOf(stage.disk, "notes"), run])).not.toContain(
    "Ottilie",
  );
});
