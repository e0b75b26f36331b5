/** More runs than may be at work: a place in the queue, a turn, and a no with the time of the next try. */
import { afterEach, expect, test } from "vitest";
import type { Script } from "../sim/claude/agent.ts";
import { doNothing, fixAndSubmit } from "../sim/claude/scripts.ts";
import { lastWords, says } from "./conversation.ts";
import { type Stage, setStage, shop } from "./stage.ts";

let stage: Stage;
afterEach(() => stage.close());

const minute = 60_000;
const oneAtATime = { env: { PATCHWRIGHT_MAX_ACTIVE_RUNS: "1" } };
const mints = () => stage.github.tokens().filter(({ repositoryIds }) => repositoryIds).length;
const edits = () => stage.github.log.filter(({ method }) => method === "PATCH").length;

/** Works for so long and finds nothing to do. */
const worksFor =
  (minutes: number): Script =>
  async (agent) => {
    await agent.wait(minutes * minute);
    await doNothing(agent);
  };

async function busyWith(
  script: Script,
  others: number,
  setting: Parameters<typeof setStage>[0] = oneAtATime,
) {
  stage = await setStage(setting);
  stage.plays(script);
  const first = stage.labelled();
  await stage.untilShown(first, "starting");
  const rest = Array.from({ length: others }, () => stage.labelled());
  await stage.pass(minute);
  return [first, ...rest] as const;
}

test("a run over the limit says its place once, spends nothing, and starts when its turn comes", async () => {
  const [first, second = 0, third = 0] = await busyWith(worksFor(30), 2);
  expect(stage.headline(second)).toContain("**queued**");
  expect(stage.status(second)).toContain("number 1 in the queue");
  expect(stage.status(third)).toContain("number 2 in the queue");
  expect([stage.claude.sessions.length, mints()]).toEqual([1, 1]);
  const before = edits();
  await stage.pass(20 * minute);
  expect(edits()).toBe(before);
  await stage.untilShown(second, "no changes");
  expect(stage.headline(first)).toContain("no changes");
  await says(stage, third, "/agent status");
  expect(lastWords(stage, third)).not.toContain("queue");
  await stage.untilShown(third, "no changes");
  expect(stage.claude.sessions).toHaveLength(3);
});

test("the place is told as it is now, and a stop takes a run out of the queue", async () => {
  const [, second = 0, third = 0] = await busyWith(worksFor(30), 2);
  await says(stage, third, "/agent status");
  expect(lastWords(stage, third)).toContain("number 2 in the queue");
  await says(stage, second, "/agent stop");
  expect(stage.headline(second)).toContain("**stopped**");
  await says(stage, third, "/agent status");
  expect(lastWords(stage, third)).toContain("number 1 in the queue");
  await stage.untilShown(third, "no changes");
  expect(stage.claude.sessions).toHaveLength(2);
});

test("a run that waits for an answer lets another work, and takes a place again when it is answered", async () => {
  const asks: Script = async (agent) => {
    if (agent.text.includes("Ask me")) await agent.custom("ask_maintainer", { question: "Up?" });
    else await agent.wait(30 * minute);
    await doNothing(agent);
  };
  stage = await setStage(oneAtATime);
  stage.plays(asks);
  const first = stage.labelled({ title: "Ask me" });
  await stage.untilShown(first, "waiting for an answer");
  const second = stage.labelled();
  await stage.untilShown(second, "starting");
  await says(stage, first, "Up.");
  await says(stage, first, "/agent status");
  expect(lastWords(stage, first)).toContain("number 1 in the queue");
  await stage.untilShown(second, "no changes");
  await stage.untilShown(first, "no changes");
});

test("waiting is not counted as work", async () => {
  const [, second = 0] = await busyWith(worksFor(150), 1);
  await stage.untilShown(second, "no changes");
  expect(stage.headline(second)).toMatch(/5 h \d+ min/);
});

/** Looked at only when the platform knocks: hours of it cost nothing. */
const rarely = { env: { ...oneAtATime.env, PATCHWRIGHT_POLL_MS: "86400000" } };

test("a turn that comes later than a round may take begins all the same", async () => {
  const [, , third = 0] = await busyWith(worksFor(150), 2, rarely);
  await stage.untilShown(third, "no changes");
  expect(stage.headline(third)).toMatch(/7 h \d+ min/);
});

test("a wait is counted once, also when what was said too late opens another round", async () => {
  const script: Script = async (agent) => {
    await agent.wait((agent.round === 1 ? 150 : 300) * minute);
    await doNothing(agent);
  };
  const [, second = 0] = await busyWith(script, 1, rarely);
  await stage.until("the second works", () => stage.claude.sessions[1]?.status === "running");
  await stage.pass(149 * minute);
  const route = "/repos/{owner}/{repo}/compare/{basehead}";
  stage.github.fault({ route, kind: "status", status: 503, times: 8 });
  await stage.pass(minute + 5_000);
  stage.github.comment(shop, second, { body: "/agent fix one more thing", by: "mona" });
  await stage.until("another round has begun", () => stage.claude.sessions[1]?.status === "running");
  const began = stage.clock.now();
  await stage.untilShown(second, "timed out");
  expect(stage.clock.now() - began).toBeLessThan(241 * minute);
});

test("a round that was let in before goes on after its answer, whoever lost the permission meanwhile", async () => {
  const asks: Script = async (agent) => {
    if (agent.text.includes("Ask me")) await agent.custom("ask_maintainer", { question: "Up?" });
    else await agent.wait(30 * minute);
    await doNothing(agent);
  };
  stage = await setStage(rarely);
  stage.plays(asks);
  const first = stage.labelled({ title: "Ask me" });
  await stage.untilShown(first, "waiting for an answer");
  const second = stage.labelled();
  await stage.untilShown(second, "starting");
  stage.github.setRole(shop, "mona", "read");
  await says(stage, first, "Up.", "rita");
  await stage.untilShown(second, "no changes");
  await stage.untilShown(first, "no changes");
});

test("who has lost the permission meanwhile is refused when the turn comes", async () => {
  const [, second = 0] = await busyWith(worksFor(30), 1);
  stage.github.setRole(shop, "mona", "read");
  await stage.untilShown(second, "refused");
  expect(stage.status(second)).toContain("mona needs the role `write` on this repository and has `read`");
  expect(stage.claude.sessions).toHaveLength(1);
});

test.each([
  { loses: "nora", comesTo: "refused", says: "nora needs the role `write`" },
  { loses: "mona", comesTo: "opened #", says: "opened #" },
])("a later round that waited is its opener's: $loses has lost the permission", async (told) => {
  stage = await setStage(oneAtATime);
  stage.github.addUser("nora");
  stage.github.setRole(shop, "nora", "write");
  stage.plays(fixAndSubmit());
  const first = stage.labelled();
  await stage.untilShown(first, "opened #");
  stage.plays(worksFor(30));
  const second = stage.labelled();
  await stage.untilShown(second, "starting");
  await says(stage, first, "/agent fix More of it", "nora");
  stage.github.setRole(shop, told.loses, "read");
  stage.plays(fixAndSubmit());
  await stage.untilShown(second, "no changes");
  await stage.untilShown(first, told.comesTo);
  expect(stage.status(first)).toContain(told.says);
});

test("a queue outlives a restart", async () => {
  const [, second = 0] = await busyWith(worksFor(30), 1);
  await stage.restart("kill");
  await stage.untilShown(second, "no changes");
});

test("the day's money: a run that could exceed it is refused, with when to try again", async () => {
  const script: Script = async (agent) => {
    await agent.wait(30 * minute);
    await fixAndSubmit()(agent);
  };
  const [first, second = 0] = await busyWith(script, 1, { env: { PATCHWRIGHT_DAY_USD_MAX: "7" } });
  expect(stage.headline(second)).toContain("**refused**");
  expect(stage.status(second)).toContain("when runs at work have ended, at the latest after 00:00 UTC");
  expect(stage.github.reactions(shop, second)).toEqual(["confused"]);
  await stage.untilShown(first, "opened #");
  await says(stage, second, "/agent retry");
  await stage.untilShown(second, "opened #");
});

test("a budget that the settings raise while a run waits is held against the day's money again", async () => {
  const path = ".github/patchwright.yml";
  const file = (budget: number) =>
    `budget_usd: ${budget}\nlimits: { active_runs: 1, budget_usd_per_day: 12 }\n`;
  const spends: Script = async (agent) => {
    await agent.spend(300);
    await worksFor(30)(agent);
  };
  const files = { "README.md": "# shop\n", [path]: file(5) };
  const [first, second = 0] = await busyWith(spends, 1, { files });
  expect(stage.headline(second)).toContain("**queued**");
  await stage.github.pushCommit(shop, "main", { files: { [path]: file(10) }, by: "rita" });
  await stage.untilShown(first, "no changes");
  await stage.untilShown(second, "refused");
  expect(stage.status(second)).toMatch(/\$12\.00/);
  expect(stage.claude.sessions).toHaveLength(1);
});

test("money that is spent is gone until the next day, and a budget is not raised beyond it", async () => {
  stage = await setStage({ env: { PATCHWRIGHT_DAY_USD_MAX: "7" } });
  stage.plays(async (agent) => {
    await agent.spend(300);
    await doNothing(agent);
  });
  const first = stage.labelled();
  await stage.untilShown(first, "no changes");
  const second = stage.labelled();
  await stage.untilShown(second, "refused");
  expect(stage.status(second)).toContain("$3.00 are spent and $0.00 are set aside");
  stage.plays(worksFor(30));
  await stage.pass(24 * 60 * minute);
  const third = stage.labelled();
  await stage.untilShown(third, "starting");
  await says(stage, third, "/agent budget 7.50", "rita");
  expect(lastWords(stage, third)).toContain("more than a whole day may");
  await says(stage, third, "/agent budget 7", "rita");
  expect(lastWords(stage, third)).toBe("The budget is $7.00 now.");
});

test("the runs of a day: one too many is refused", async () => {
  const [first] = await busyWith(worksFor(5), 0, {});
  await stage.untilShown(first, "no changes");
  stage.disk.open().prepare("update days set runs = 200").run([]);
  await stage.restart("kill");
  const second = stage.labelled();
  await stage.untilShown(second, "refused");
  expect(stage.status(second)).toContain("200 runs were started here today");
  await stage.pass(24 * 60 * minute);
  await says(stage, second, "/agent retry");
  await stage.untilShown(second, "no changes");
});

test("a paused account: what is at work goes on, new runs wait and say so, and start after the pause", async () => {
  const env = { PATCHWRIGHT_SWEEP_MS: "86400000" };
  const [first] = await busyWith(worksFor(30), 0, { env });
  const database = stage.disk.open();
  database.prepare("insert into pauses (owner, since) values ('acme', 0)").run([]);
  await stage.restart("kill");
  const second = stage.labelled();
  await stage.untilShown(second, "queued");
  expect(stage.status(second)).toContain("The operator of this service holds back new work for acme.");
  await stage.untilShown(first, "no changes");
  await stage.pass(60 * minute);
  expect(stage.claude.sessions).toHaveLength(1);
  stage.disk.open().prepare("delete from pauses").run([]);
  await stage.restart("kill");
  await stage.untilShown(second, "no changes");
});
