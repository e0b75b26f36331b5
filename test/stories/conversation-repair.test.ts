/** Failed checks that come at a bad time, with long logs, or once too often. */
import { afterEach, expect, test } from "vitest";
import type { Script } from "../sim/claude/agent.ts";
import { fixAndSubmit, pushFix } from "../sim/claude/scripts.ts";
import { aliveTokens, lastWords, openedPull, says, toldTo, transcript } from "./conversation.ts";
import { type Stage, setStage, shop } from "./stage.ts";
import { rowsOf } from "./verdict.ts";

let stage: Stage;
afterEach(() => stage.close());

const minute = 60_000;
const session = () => stage.claude.sessions[0];
const branch = () => `claude/${session()?.id}`;
const failure = { name: "unit", conclusion: "failure", title: "1 of 9 failed" };
const fails = (run: object = {}) =>
  stage.github.completeSuite(shop, { branch: branch(), runs: [{ ...failure, ...run }] });
const repairs = () => toldTo(session()).filter((text) => text.includes("Checks fail"));

/** Pushes at once in each round, and comes to its end ten minutes later. */
const slowly: Script = async (agent) => {
  await pushFix()(agent);
  await agent.wait(10 * minute);
  if (agent.round === 1) await agent.custom("submit_pull_request", { title: "Fix", summary: "Fixed." });
  await agent.say(`Round ${agent.round} is done.`);
};

async function plays(script: Script, env: Record<string, string> = {}) {
  stage = await setStage({ env });
  stage.plays(script);
}

test("failed before there is a pull request: repaired once it is open", async () => {
  await plays(slowly);
  const issue = stage.labelled();
  await stage.pass(5 * minute);
  await fails();
  await stage.pass(minute);
  expect(repairs()).toEqual([]);
  await stage.untilShown(issue, "opened #");
  await stage.pass(30 * minute);
  expect(repairs()).toHaveLength(1);
  expect(lastWords(stage, stage.github.pulls(shop)[0]?.number ?? 0)).toBe(
    "Checks failed on what I had pushed; this was repair 1 of 2.\n\nRound 2 is done.",
  );
  expect(aliveTokens(stage)).toEqual([]);
});

test("failed while a later round still works: repaired when that has ended, told twice or not", async () => {
  await plays(slowly);
  const { pull } = await openedPull(stage);
  await says(stage, pull, "/agent fix more");
  await stage.pass(2 * minute);
  stage.github.disturb({ event: "check_suite", kind: "duplicate", copies: 2 });
  await fails();
  await stage.pass(2 * minute);
  expect(repairs()).toEqual([]);
  await stage.restart("kill");
  await stage.pass(40 * minute);
  expect(repairs()).toHaveLength(1);
  expect(stage.claude.sessions).toHaveLength(1);
});

test("failed on a head that the same round has left behind: not repaired", async () => {
  await plays(async (agent) => {
    await slowly(agent);
    if (agent.round === 2) await pushFix({ content: "better\n" })(agent);
  });
  const { pull } = await openedPull(stage);
  await says(stage, pull, "/agent fix more");
  await fails();
  await stage.pass(40 * minute);
  expect(repairs()).toEqual([]);
});

test("repaired by a second attempt of the check before the round has ended: not repaired", async () => {
  await plays(slowly);
  const { pull } = await openedPull(stage);
  await says(stage, pull, "/agent fix more");
  await fails();
  await stage.pass(minute);
  await fails({ conclusion: "success" });
  await stage.pass(40 * minute);
  expect(repairs()).toEqual([]);
});

test("of two suites that fail at once, one message tells", async () => {
  await plays(fixAndSubmit());
  await openedPull(stage);
  await Promise.all([fails(), fails({ name: "lint" })]);
  await stage.pass(20 * minute);
  expect(repairs()).toHaveLength(1);
});

test("more of a long log is a file of the session, clean, and the agent can read it", async () => {
  const read: string[] = [];
  await plays(async (agent) => {
    const file = /more of it in ([^)]+)\)/.exec(agent.text)?.[1];
    if (file) read.push((await agent.read(file)) ?? "");
    await fixAndSubmit()(agent);
  });
  await openedPull(stage);
  const secret = `ghs_${"a1B2".repeat(9)}`;
  const lines = [...Array(5_000).keys()].map((line) => `2026-11-25T10:00:00.1234567Z line ${line}`);
  await fails({ log: [`first token ${secret}\u001b[31m!\u001b[0m`, ...lines, "the end"].join("\n") });
  // Uploaded and added, and nobody hears of it.
  stage.claude.fault({ on: "POST /v1/sessions/:id/resources", trouble: { kind: "reset_after" } });
  await stage.pass(20 * minute);
  expect(repairs()).toHaveLength(1);
  expect(repairs()[0]).toMatch(/line 4999\nthe end/);
  expect(repairs()[0]).not.toContain("line 4000\n");
  expect(read).toHaveLength(1);
  expect(read[0]).toMatch(/^first token \[secret\]!\nline 0\nline 1\n/);
  for (const gone of ["ghs_", "\u001b", "2026-"]) expect(read[0]).not.toContain(gone);
  expect(stage.claude.log.filter(({ route }) => route === "/v1/files")).toHaveLength(1);
});

test("a platform that takes no file gets the tail alone", async () => {
  await plays(fixAndSubmit());
  await openedPull(stage);
  stage.claude.fault({ on: "POST /v1/files", trouble: { kind: "status", status: 413 } });
  await fails({ log: `${"line\n".repeat(5_000)}the end` });
  await stage.pass(20 * minute);
  expect(repairs()[0]).toMatch(/End of its log:\n[\s\S]*the end/);
});

test("as often as allowed, and then people are told once that the rest is theirs", async () => {
  await plays(fixAndSubmit());
  const { pull } = await openedPull(stage);
  for (const _push of [1, 2, 3, 4]) {
    const runs = [failure, { ...failure, name: "lint`@rita" }];
    await stage.github.completeSuite(shop, { branch: branch(), runs });
    await stage.pass(20 * minute);
  }
  expect(repairs()).toHaveLength(2);
  const head = (await stage.github.branchHead(shop, branch()))?.slice(0, 12);
  expect(transcript(stage, pull).slice(2)).toEqual([
    `${stage.github.app.botLogin}: \`unit\`, \`lint'@rita\` still fail on \`${head}\` after 2 repairs, which is as often as I try by myself. \`/agent fix …\` lets me go on.`,
  ]);
});

test("not after a person has pushed on top, although our own head failed", async () => {
  await plays(fixAndSubmit());
  await openedPull(stage);
  const ours = await stage.github.branchHead(shop, branch());
  await stage.github.pushCommit(shop, branch(), { files: { "own.txt": "mine" }, by: "rita" });
  await stage.github.completeSuite(shop, { branch: branch(), ...(ours && { sha: ours }), runs: [failure] });
  await stage.pass(20 * minute);
  expect(repairs()).toEqual([]);
});

test("not after a round that somebody stopped", async () => {
  await plays(slowly);
  const { pull } = await openedPull(stage);
  await says(stage, pull, "/agent fix more");
  await says(stage, pull, "/agent stop");
  await fails();
  await stage.pass(40 * minute);
  expect(repairs()).toEqual([]);
  expect(stage.claude.sessions).toHaveLength(1);
});

test("not when the requester has lost the permission while the round still worked", async () => {
  await plays(slowly);
  const { issue, pull } = await openedPull(stage);
  await says(stage, pull, "/agent fix more", "rita");
  await fails();
  await stage.pass(minute);
  stage.github.setRole(shop, "mona", "read");
  await stage.pass(40 * minute);
  expect(repairs()).toEqual([]);
  expect(stage.headline(issue)).toContain("**opened #");
});

test("GitHub is unwell when it is asked what fails: asked again, and repaired once", async () => {
  await plays(fixAndSubmit());
  await openedPull(stage);
  const heal = stage.github.fault({
    route: "/repos/{owner}/{repo}/commits/{ref}/check-runs",
    kind: "status",
    status: 502,
  });
  await fails();
  await stage.pass(10 * minute);
  expect(repairs()).toEqual([]);
  heal();
  await stage.pass(20 * minute);
  expect(repairs()).toHaveLength(1);
});

test("merged while checks fail: nothing is repaired", async () => {
  await plays(fixAndSubmit());
  const { pull } = await openedPull(stage);
  await fails();
  await stage.github.mergePull(shop, pull, { by: "rita" });
  await stage.pass(20 * minute);
  expect(stage.claude.sessions).toHaveLength(1);
  expect(session()?.archivedAt).not.toBeNull();
  expect(aliveTokens(stage)).toEqual([]);
});

test("failed while another run works on the issue: not repaired, and the run keeps its alarm", async () => {
  await plays(fixAndSubmit());
  const issue = stage.labelled();
  await stage.untilShown(issue, "opened #");
  stage.plays(async (agent) => agent.wait(3 * 60 * minute));
  stage.github.unlabel(shop, issue, { label: "agent", by: "mona" });
  await stage.pass(minute);
  stage.github.label(shop, issue, { label: "agent", by: "mona" });
  await stage.pass(minute);
  await fails();
  await stage.pass(minute);
  expect(repairs()).toEqual([]);
  const [first] = rowsOf(stage.disk, "runs").filter(({ phase }) => phase === "resting");
  expect(rowsOf(stage.disk, "wakes").map(({ key }) => key)).toContain(`run:${first?.["id"]}`);
});
