/** Stop and retry of a run whose pull request is open: the same run goes on, as by a command. */
import { afterEach, expect, test } from "vitest";
import { fixAndSubmit } from "../sim/claude/scripts.ts";
import { openedPull, says, toldTo } from "../stories/conversation.ts";
import { type Stage, setStage, shop } from "../stories/stage.ts";
import { Browser, formKey } from "./browser.ts";

let stage: Stage;
afterEach(() => stage.close());

/** A run whose second round goes on until it is stopped, and a person who may do that. */
async function secondRound() {
  stage = await setStage({ signIn: true });
  let rounds = 0;
  stage.plays(async (agent) => {
    rounds += 1;
    if (rounds === 2) await agent.wait(3_600_000);
    await fixAndSubmit()(agent);
  });
  const { issue, pull } = await openedPull(stage);
  const path = `/runs/${/run_\w{20}/.exec(stage.status(issue))?.[0]}`;
  const browser = new Browser(stage.app.url);
  await browser.signIn("rita");
  const act = async (what: "stop" | "retry") =>
    browser.post(`${path}/${what}`, { key: formKey(await browser.get(path)) });
  await says(stage, pull, "/agent fix more");
  return { issue, pull, path, browser, act };
}

test("stopped in a later round a run is started again, and goes on with its pull request", async () => {
  const { issue, pull, path, browser, act } = await secondRound();
  expect((await act("stop")).status).toBe(303);
  await stage.untilShown(issue, "stopped");
  const key = formKey(await browser.get(path));
  expect((await browser.get(path)).text).toContain("Start again");
  const begun = await browser.post(`${path}/retry`, { key });
  expect([begun.status, begun.headers["location"]]).toEqual([303, path]);
  expect((await browser.post(`${path}/retry`, { key })).status).toBe(403);
  await stage.untilShown(issue, "opened #");
  await stage.pass(60_000);
  const told = toldTo(stage.claude.sessions.at(-1)).join("\n");
  expect(told).toContain(`Continue pull request #${pull}`);
  expect(told).toMatch(/further instructions by rita[\s\S]*Go on\./);
  expect((await browser.get(path)).text).toMatch(/rita said.*Go on\./s);
  expect((await browser.get(path)).text).not.toContain("Start again");
  expect(stage.github.pulls(shop).map(({ number }) => number)).toEqual([pull]);
  expect(`/runs/${/run_\w{20}/.exec(stage.status(issue))?.[0]}`).toBe(path);
});

test("where the settings let nothing begin, and once the pull request is closed, it is not", async () => {
  const { issue, pull, path, browser, act } = await secondRound();
  await act("stop");
  await stage.untilShown(issue, "stopped");
  const files = { ".github/patchwright.yml": "enabled: false\n" };
  await stage.github.pushCommit(shop, "main", { files, by: "rita" });
  await stage.pass(10_000);
  const refused = await act("retry");
  expect([refused.status, refused.text.includes("The settings let nothing begin here now")]).toEqual([
    403,
    true,
  ]);
  stage.github.closePull(shop, pull, { by: "mona" });
  await stage.pass(60_000);
  expect((await browser.get(path)).text).not.toContain("Start again");
  expect((await act("retry")).status).toBe(403);
});

test("one that rests at its cap waits for a raised budget", async () => {
  stage = await setStage({ signIn: true });
  let rounds = 0;
  stage.plays(async (agent) => {
    rounds += 1;
    if (rounds > 1) await agent.spend(10_000);
    await fixAndSubmit()(agent);
  });
  const { issue, pull } = await openedPull(stage);
  const path = `/runs/${/run_\w{20}/.exec(stage.status(issue))?.[0]}`;
  await says(stage, pull, "/agent fix more");
  await stage.untilShown(issue, "budget");
  await stage.pass(60_000);
  const browser = new Browser(stage.app.url);
  await browser.signIn("rita");
  const page = await browser.get(path);
  expect(page.text).not.toContain("Start again");
  expect((await browser.post(`${path}/retry`, { key: formKey(page) })).status).toBe(403);
});

/** The button is pressed, and something happens before GitHub says whether the person may. */
async function meanwhile(act: (pull: number) => Promise<void>) {
  const { issue, pull, path, browser, act: press } = await secondRound();
  await press("stop");
  await stage.untilShown(issue, "stopped");
  await stage.pass(10 * 60_000);
  const key = formKey(await browser.get(path));
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const asked = Promise.withResolvers<undefined>();
  let isHeld = false;
  const off = stage.github.onRequest((phase: string, { route }: { route: string }) => {
    if (phase !== "before" || isHeld || !/permission/.test(route)) return undefined;
    isHeld = true;
    asked.resolve(undefined);
    return promise;
  });
  const posted = browser.post(`${path}/retry`, { key });
  await asked.promise;
  await act(pull);
  off();
  resolve(undefined);
  const { status, text } = await posted;
  await stage.pass(30_000);
  return { status, text, issue };
}

test("stopped by a comment between the press and the round: nothing goes on", async () => {
  const { status, text, issue } = await meanwhile(async (pull) => {
    stage.github.comment(shop, pull, { body: "/agent stop", by: "mona" });
    await expect
      .poll(() => stage.github.comments(shop, pull).at(-1)?.body)
      .toContain("No run is at work here");
  });
  expect([status, text.includes("It was stopped meanwhile.")]).toEqual([403, true]);
  expect(stage.headline(issue)).toContain("**stopped");
});

test("asked to go on by somebody else between the press and the round: said so, and not twice", async () => {
  const { status, text } = await meanwhile(async (pull) => {
    stage.github.comment(shop, pull, { body: "/agent fix even more", by: "mona" });
    await expect
      .poll(() => stage.lines.some(({ verdict }) => /^round 3 of/.test(String(verdict))))
      .toBe(true);
  });
  expect([status, text.includes("The run has gone on already.")]).toEqual([403, true]);
});

test("a run whose words are forgotten is started again by a command alone", async () => {
  stage = await setStage({ signIn: true, env: { PATCHWRIGHT_RETENTION_DAYS: "1" } });
  stage.plays((agent) => agent.wait(3_600_000));
  const issue = stage.labelled();
  await stage.untilShown(issue, "working");
  const path = `/runs/${/run_\w{20}/.exec(stage.status(issue))?.[0]}`;
  const before = new Browser(stage.app.url);
  await before.signIn("rita");
  await before.post(`${path}/stop`, { key: formKey(await before.get(path)) });
  await stage.untilShown(issue, "stopped");
  for (let day = 0; day < 3; day += 1) await stage.pass(24 * 3_600_000);
  const browser = new Browser(stage.app.url);
  await browser.signIn("rita");
  const page = await browser.get(path);
  expect([page.status, page.text.includes("Start again")]).toEqual([200, false]);
  expect((await browser.post(`${path}/retry`, { key: formKey(page) })).status).toBe(403);
  expect(stage.claude.sessions).toHaveLength(1);
});
