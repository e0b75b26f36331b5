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
