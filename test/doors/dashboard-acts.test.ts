/** Stop and retry from a run's page: for those whom GitHub lets, by our own forms, as the commands do it. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { fixAndSubmit } from "../sim/claude/scripts.ts";
import { type Stage, setStage, shop } from "../stories/stage.ts";
import { Browser, formKey } from "./browser.ts";

let stage: Stage;
let browser: Browser;
let issue: number;
let path: string;
beforeEach(async () => {
  stage = await setStage({ signIn: true });
  stage.github.setRole(shop, "otto", "read");
  stage.plays((agent) => agent.wait(3_600_000));
  browser = new Browser(stage.app.url);
  issue = stage.labelled();
  await stage.untilShown(issue, "working");
  path = `/runs/${runId()}`;
});
afterEach(() => stage.close());

const runId = () => /run_\w{20}/.exec(stage.status(issue))?.[0] ?? "";

test("a person who may write stops a run, and the issue says who it was", async () => {
  await browser.signIn("rita");
  const page = await browser.get(path);
  expect(page.text).toContain("Stop this run");
  expect((await browser.post(`${path}/stop`, { key: formKey(page) })).headers["location"]).toBe(path);
  await stage.untilShown(issue, "stopped");
  expect(stage.status(issue)).toContain("Stopped by rita from the dashboard.");
  const after = await browser.get(path);
  expect(after.text).toMatch(/state calm">stopped/);
  expect(after.text).toContain("rita asked to stop, from the dashboard");
  expect(after.text).not.toContain("Stop this run");
  const again = await browser.post(`${path}/stop`, { key: formKey(page) });
  expect([again.status, again.text.includes("The run is over already.")]).toEqual([403, true]);
});

test("no form but our own, written for this browser, stops anything", async () => {
  await browser.signIn("rita");
  const key = formKey(await browser.get(path));
  const other = new Browser(stage.app.url);
  await other.signIn("mona");
  const refused = await browser.post(`${path}/stop`);
  expect([refused.status, refused.text.includes(`<a href="${path}">Back to the run</a>`)]).toEqual([
    403,
    true,
  ]);
  expect((await browser.post(`${path}/stop`, { key: `${key}x` })).status).toBe(403);
  expect((await other.post(`${path}/stop`, { key })).status).toBe(403);
  for (const site of ["cross-site", "same-site", "none"])
    expect((await browser.post(`${path}/stop`, { key }, { "sec-fetch-site": site })).status).toBe(403);
  expect((await browser.get(`${path}/stop`)).status).toBe(404);
  await stage.pass(60_000);
  expect(stage.headline(issue)).toContain("**working**");
});

test("a form that cannot be read does nothing, and a page says so", async () => {
  await browser.signIn("rita");
  const key = formKey(await browser.get(path));
  for (const where of [`${path}/stop`, "/auth/sign-out"]) {
    const { status, text } = await browser.post(where, { key }, { "content-type": "multipart/form-data" });
    expect([status, text.includes("cannot be read")]).toEqual([400, true]);
  }
  expect((await browser.get(path)).text).toContain("Stop this run");
});

test("while GitHub cannot be asked an act says so", async () => {
  await browser.signIn("rita");
  const key = formKey(await browser.get(path));
  await stage.pass(61_000);
  const route = "/repos/{owner}/{repo}/collaborators/{username}/permission";
  const heal = stage.github.fault({ route, kind: "status", status: 503 });
  const waits = await browser.post(`${path}/stop`, { key });
  expect([waits.status, waits.text.includes("Try again in a minute")]).toEqual([503, true]);
  heal();
  expect((await browser.post(`${path}/stop`, { key })).status).toBe(303);
});

test("where the settings let nothing begin a retry says that", async () => {
  await browser.signIn("rita");
  const key = formKey(await browser.get(path));
  await browser.post(`${path}/stop`, { key });
  await stage.untilShown(issue, "stopped");
  const files = { ".github/patchwright.yml": "enabled: false\n" };
  await stage.github.pushCommit(shop, "main", { files, by: "rita" });
  await stage.pass(10_000);
  const { status, text } = await browser.post(`${path}/retry`, { key });
  expect([status, text.includes("The settings let nothing begin here now")]).toEqual([403, true]);
});

test("who may only read has no button, and is refused without one; a role taken away counts at once", async () => {
  await browser.signIn("otto");
  const page = await browser.get(path);
  expect(page.status).toBe(200);
  expect(page.text).not.toContain("Stop this run");
  const forced = await browser.post(`${path}/stop`, { key: formKey(page) });
  expect([forced.status, forced.text.includes("you may not do this")]).toEqual([403, true]);
  const former = new Browser(stage.app.url);
  await former.signIn("rita");
  const key = formKey(await former.get(path));
  stage.github.setRole(shop, "rita", "read");
  await stage.pass(61_000);
  expect((await former.post(`${path}/stop`, { key })).status).toBe(403);
  expect(stage.headline(issue)).toContain("**working**");
});

test.each([
  ["triage", ["otto", "rita"]],
  ["write", ["rita"]],
  ["maintain", []],
] as const)("with who: %s those have the button who may stop the run", async (who, may) => {
  const files = { ".github/patchwright.yml": `who: ${who}\n` };
  const other = await setStage({ signIn: true });
  await other.github.pushCommit(shop, "main", { files, by: "mona" });
  for (const [login, role] of [
    ["otto", "triage"],
    ["rita", "write"],
    ["mona", "admin"],
  ] as const)
    other.github.setRole(shop, login, role);
  other.plays((agent) => agent.wait(3_600_000));
  const number = other.labelled();
  await other.untilShown(number, "working");
  const where = `/runs/${/run_\w{20}/.exec(other.status(number))?.[0]}`;
  const shown: string[] = [];
  for (const login of ["otto", "rita"]) {
    const visitor = new Browser(other.app.url);
    await visitor.signIn(login);
    const page = await visitor.get(where);
    if (page.text.includes("Stop this run")) shown.push(login);
    else expect((await visitor.post(`${where}/stop`, { key: formKey(page) })).status).toBe(403);
  }
  expect(shown).toEqual(may);
  const mona = new Browser(other.app.url);
  await mona.signIn("mona");
  expect((await mona.get(where)).text).toContain("Stop this run");
  await other.close();
});

test("a run that failed is started again, once, in the name of who asked", async () => {
  await browser.signIn("rita");
  const key = formKey(await browser.get(path));
  expect((await browser.post(`${path}/retry`, { key })).status).toBe(403);
  await browser.post(`${path}/stop`, { key });
  await stage.untilShown(issue, "stopped");
  await stage.pass(1_000);
  expect((await browser.get(path)).text).toContain("Start again");
  stage.plays(fixAndSubmit());
  const begun = await browser.post(`${path}/retry`, { key });
  const next = String(begun.headers["location"]);
  expect(next).toMatch(/^\/runs\/run_\w{20}$/);
  expect(next).not.toBe(path);
  await stage.untilShown(issue, "opened");
  expect(stage.headline(issue)).toContain("**rita** asked");
  expect((await browser.get(next)).text).toMatch(/rita asked by the label “agent”.*Ended: opened/s);
  expect((await browser.get(path)).text).not.toContain("Start again");
  expect((await browser.post(`${path}/retry`, { key })).status).toBe(403);
});

test("a label that came off since does not keep a run from being started again", async () => {
  await browser.signIn("rita");
  const key = formKey(await browser.get(path));
  await browser.post(`${path}/stop`, { key });
  await stage.untilShown(issue, "stopped");
  stage.github.unlabel(shop, issue, { label: "agent", by: "mona" });
  await stage.pass(60_000);
  stage.plays(fixAndSubmit());
  expect((await browser.post(`${path}/retry`, { key })).status).toBe(303);
  await stage.untilShown(issue, "opened");
});

test.each([-12_000, 12_000])(
  "our clock %i ms off: what is asked on a page and on GitHub keeps its order",
  async (aheadMs) => {
    const other = await setStage({ signIn: true, aheadMs });
    other.plays((agent) => agent.wait(3_600_000));
    const number = other.labelled();
    await other.untilShown(number, "working");
    const visitor = new Browser(other.app.url);
    await visitor.signIn("rita");
    const page = () => `/runs/${/run_\w{20}/.exec(other.status(number))?.[0]}`;
    const key = formKey(await visitor.get(page()));
    other.github.comment(shop, number, { body: "/agent stop", by: "mona" });
    await other.untilShown(number, "stopped");
    expect((await visitor.post(`${page()}/retry`, { key })).status).toBe(303);
    await other.untilShown(number, "working");
    other.github.closeIssue(shop, number, { by: "mona" });
    await other.untilShown(number, "stopped", 60_000);
    await other.close();
  },
);

test("a person starts again what was refused because an App put the label on in their name", async () => {
  const refused = stage.github.openIssue(shop, { title: "Add is wrong", author: "otto" });
  stage.github.label(shop, refused, { label: "agent", by: "rita", through: "night-shift" });
  await stage.untilShown(refused, "refused");
  const run = /run_\w{20}/.exec(stage.status(refused))?.[0];
  await browser.signIn("rita");
  const key = formKey(await browser.get(`/runs/${run}`));
  stage.plays(fixAndSubmit());
  expect((await browser.post(`/runs/${run}/retry`, { key })).status).toBe(303);
  await stage.untilShown(refused, "opened");
});

test("a form that holds too much is answered by a page, and does nothing", async () => {
  await browser.signIn("rita");
  const key = formKey(await browser.get(path));
  const answer = await browser.post(`${path}/stop`, { key, more: "x".repeat(10_000) });
  expect([answer.status, answer.text.includes("<h1>Too much</h1>")]).toEqual([413, true]);
  expect(stage.lines.some(({ msg }) => msg === "request failed")).toBe(false);
});
