/** How a round ends when the end itself is disturbed: what it cost, what it pushed and who stopped it are told all the same. */
import { afterEach, expect, test } from "vitest";
import type { Script } from "../sim/claude/agent.ts";
import { doNothing, fixAndSubmit, pushFix } from "../sim/claude/scripts.ts";
import { openedPull, ownChecks, says } from "./conversation.ts";
import { type Stage, setStage, shop } from "./stage.ts";

let stage: Stage;
afterEach(() => stage.close());

const minute = 60_000;
const hour = 60 * minute;
const rarely = { PATCHWRIGHT_POLL_MS: "86400000" };
const compare = "/repos/{owner}/{repo}/compare/{basehead}";
const branch = () => `claude/${stage.claude.sessions[0]?.id}`;

/** A second round on the open pull request, played by `script`. */
async function secondRound(script: Script) {
  stage = await setStage({ env: rarely });
  stage.plays(async (agent) => (agent.round === 1 ? fixAndSubmit()(agent) : script(agent)));
  const opened = await openedPull(stage);
  await says(stage, opened.pull, "/agent fix more");
  return opened;
}

test("what a turn had cost when it was cut off is told, and leaves the day's money", async () => {
  stage = await setStage({ env: { ...rarely, PATCHWRIGHT_DAY_USD_MAX: "6" } });
  stage.plays(async (agent) => {
    await agent.spend(120);
    await agent.wait(hour);
  });
  const issue = stage.labelled();
  await stage.pass(minute);
  await says(stage, issue, "/agent stop");
  expect(stage.headline(issue)).toMatch(/\*\*stopped\*\* · .* · \$1\.20 of \$5\.00/);
  const next = stage.labelled();
  await stage.untilShown(next, "refused");
  expect(stage.status(next)).toContain("$1.20 are spent and $0.00 are set aside");
});

test("stopped after a push that may not stand on the pull request: told there, and the check says so", async () => {
  const { issue, pull } = await secondRound(async (agent) => {
    await pushFix({ path: "CODEOWNERS" })(agent);
    await agent.wait(hour);
  });
  await says(stage, issue, "/agent stop");
  expect(stage.headline(issue)).toContain("**stopped**");
  const headSha = await stage.github.branchHead(shop, branch());
  expect(ownChecks(stage).at(-1)).toMatchObject({ conclusion: "action_required", headSha });
  const told = stage.github.comments(shop, pull).map(({ body }) => body);
  expect(told.join("\n")).toMatch(/is held back:[\s\S]*CODEOWNERS[\s\S]*The round is over\./);
});

test("work that was cut off and is held back: the reasons are told", async () => {
  stage = await setStage({ env: rarely });
  stage.plays(async (agent) => {
    await pushFix({ path: "CODEOWNERS" })(agent);
    await agent.spend(500);
  });
  const issue = stage.labelled();
  await stage.untilShown(issue, "budget reached");
  expect(stage.status(issue)).toMatch(/What was pushed is not proposed:\n\n- `CODEOWNERS`/);
  expect(stage.github.pulls(shop)).toEqual([]);
});

test("cut off in a later round: where the work is, and nothing of a mark that is not there", async () => {
  const { issue } = await secondRound(async (agent) => {
    await pushFix()(agent);
    await agent.spend(500);
  });
  await stage.untilShown(issue, "budget reached");
  expect(stage.status(issue)).toContain("What was pushed so far is in #2.");
});

/** A stop of this kind is written by another process as soon as the run has written that fact. */
async function stoppedAfter(fact: string, stop: Record<string, unknown>) {
  const json = JSON.stringify({ at: 1, ...stop }).replaceAll("'", "''");
  const trigger = `create trigger stop_late after insert on facts when new.name = '${fact}' begin
    update runs set stop_json = '${json}' where id = new.run_id;
    update wakes set at = 0, pokes = pokes + 1 where key = 'run:' || new.run_id;
  end`;
  stage.disk.open().prepare(trigger).run([]);
  await stage.restart("kill");
}

test("a stop that comes while the work is proposed: by whom", async () => {
  stage = await setStage({ env: rarely });
  stage.plays(fixAndSubmit());
  await stoppedAfter("met", { why: "command", by: "rita" });
  const issue = stage.labelled();
  await stage.untilShown(issue, "stopped");
  expect(stage.status(issue)).toContain("Stopped by rita with `/agent stop`.");
  expect(stage.github.pulls(shop)).toEqual([]);
});

test("an alarm that comes while the ending is told is raised all the same, once", async () => {
  stage = await setStage({ env: rarely });
  stage.plays(doNothing);
  await stoppedAfter("ending", {
    why: "a push outside the run's branch",
    alarm: "**Alarm:** it moved main.",
  });
  const issue = stage.labelled();
  await stage.untilShown(issue, "no changes");
  await stage.pass(5 * minute);
  const told = stage.github.comments(shop, issue).filter(({ body }) => body.startsWith("**Alarm:**"));
  expect(told).toHaveLength(1);
});

test("the check on what was pushed is not lost when its telling is tried again", async () => {
  const { issue } = await secondRound(async (agent) => {
    await agent.wait(5 * minute);
    await pushFix()(agent);
  });
  stage.github.fault({
    ...{ method: "PATCH", route: "/repos/{owner}/{repo}/check-runs/{check_run_id}" },
    ...{ kind: "status", status: 503, times: 1 },
  });
  await stage.pass(10 * minute);
  expect(stage.headline(issue)).toContain("**opened #2**");
  const headSha = await stage.github.branchHead(shop, branch());
  expect(ownChecks(stage).at(-1)).toMatchObject({ conclusion: "success", headSha });
});

test("GitHub never says what was pushed: others work meanwhile, and after a day the round has failed", async () => {
  stage = await setStage({ env: { ...rarely, PATCHWRIGHT_MAX_ACTIVE_RUNS: "1" } });
  stage.plays(doNothing);
  stage.github.fault({ route: compare, kind: "status", status: 503, times: 1e6 });
  const issue = stage.labelled();
  await stage.pass(minute);
  const other = stage.labelled();
  await stage.pass(20 * minute);
  expect(stage.claude.sessions).toHaveLength(2);
  await stage.untilShown(issue, "failed", 26 * hour);
  await stage.untilShown(other, "failed", 2 * hour);
});

test("GitHub away for more than a day: the work that was done is proposed when it is back", async () => {
  stage = await setStage({ env: rarely });
  stage.plays(fixAndSubmit());
  const heal = stage.github.fault({ route: compare, kind: "status", status: 503, times: 1e6 });
  const issue = stage.labelled();
  await stage.pass(minute);
  const back = stage.github.fault({ kind: "status", status: 503, times: 1e6 });
  await stage.pass(26 * hour);
  back();
  await stage.pass(50 * minute);
  heal();
  await stage.untilShown(issue, "opened #2", 2 * hour);
});

test("GitHub never says what was pushed, and the service starts anew every half hour: failed after a day", async () => {
  stage = await setStage({ env: rarely });
  stage.plays(doNothing);
  stage.github.fault({ route: compare, kind: "status", status: 503, times: 1e6 });
  const issue = stage.labelled();
  for (let round = 0; round < 56; round += 1) {
    await stage.pass(hour / 2);
    await stage.restart();
  }
  expect(stage.headline(issue)).toContain("**failed");
});

test("after two days away GitHub gets another hour to say what was pushed", async () => {
  stage = await setStage({ env: rarely });
  stage.plays(fixAndSubmit());
  const heal = stage.github.fault({ route: compare, kind: "status", status: 503, times: 1e6 });
  const issue = stage.labelled();
  await stage.pass(hour);
  await stage.app.stop();
  await stage.pass(48 * hour);
  await stage.restart();
  await stage.pass(20 * minute);
  heal();
  await stage.untilShown(issue, "opened #2", hour);
});
