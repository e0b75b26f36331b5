/**
 * The dashboard's living in a real browser: rows and states that come by themselves, and nothing that is taken from
 * under a person's hands; what it says and does where it cannot live.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { fixAndSubmit } from "../sim/claude/scripts.ts";
import { openScene, type Scene, shop } from "./scene.ts";
import { barriers, chromiumPath, hearing, picture, type Window } from "./window.ts";

describe.skipIf(chromiumPath === undefined)("in a browser", () => {
  let scene: Scene;
  let window: Window;
  beforeAll(async () => {
    scene = await openScene();
  });
  afterAll(() => scene?.close());
  afterEach(async () => {
    const flaws = window?.flaws ?? [];
    await window?.close();
    expect(flaws).toEqual([]);
  });

  async function signedIn(login: string, options = {}): Promise<Window["page"]> {
    window = await scene.signedIn(login, options);
    return window.page;
  }

  test("the list lives: a new run appears and changes its state without a reload", async () => {
    scene.service.claude.script(() => async (agent) => {
      await agent.wait(4_000);
      await fixAndSubmit()(agent);
    });
    const page = await signedIn("mona");
    await page.evaluate("globalThis.isSamePage = true");
    await page.getByRole("link", { name: "Add is wrong" }).focus();
    await page.evaluate("globalThis.focused = document.activeElement");
    const issue = scene.labelled("Subtract is missing");
    await page.getByRole("row", { name: /Subtract is missing.*(starting|working)/ }).waitFor();
    await picture(page, "list-working");
    await scene.state(issue, "opened");
    await page.getByRole("row", { name: /Subtract is missing.*opened #\d+/ }).waitFor();
    expect(await page.evaluate("globalThis.isSamePage")).toBe(true);
    expect(await page.evaluate("document.activeElement.textContent")).toBe("Add is wrong");
    expect(await page.evaluate("document.activeElement === globalThis.focused")).toBe(true);
  });

  test("what a person is about to press is not replaced, and the line that tells the state stays", async () => {
    scene.service.claude.script(() => (agent) => agent.wait(60_000));
    const issue = scene.labelled("Is stopped elsewhere");
    await scene.state(issue, "working");
    const page = await signedIn("mona");
    await page.addInitScript(hearing);
    await page.goto(`${scene.service.url}/runs/${scene.runId(issue)}`);
    const heard = (id: string) =>
      expect
        .poll(() => page.evaluate<string[]>("globalThis.heard"), { timeout: 60_000 })
        .toEqual(expect.arrayContaining([id]));
    const forget = () => page.evaluate("globalThis.heard.length = 0");
    const stays = () => page.evaluate("globalThis.first.map(({ isConnected }) => isConnected)");
    const time = () => page.locator("#facts div", { hasText: "Time" }).locator("dd").textContent();
    await page.evaluate(
      "globalThis.first = ['[role=status].headline', 'button.stop', '#facts'].map((one) => document.querySelector(one))",
    );
    await page.locator("#facts dd").first().hover();
    await page.mouse.down();
    const shown = await time();
    await forget();
    await heard("facts");
    expect([await stays(), await time()]).toEqual([[true, true, true], shown]);
    await page.mouse.up();
    await expect.poll(time, { timeout: 60_000 }).not.toBe(shown);
    expect(await stays()).toEqual([true, true, true]);
    await page.getByRole("button", { name: "Stop this run" }).focus();
    await forget();
    scene.service.github.comment(shop, issue, { body: "/agent stop", by: "mona" });
    await page.getByRole("status").getByText("stopped").waitFor();
    await heard("acts");
    expect(await stays()).toEqual([true, true, true]);
    expect(await page.evaluate("document.activeElement === globalThis.first[1]")).toBe(true);
    await page.keyboard.press("Tab");
    await page.getByRole("button", { name: "Start again" }).waitFor();
    expect(await stays()).toEqual([true, false, true]);
  });

  test("what a person has selected stays selected, and the updates can be paused", async () => {
    scene.service.claude.script(() => (agent) => agent.wait(60_000));
    const issue = scene.labelled("Is read closely");
    await scene.state(issue, "working");
    const page = await signedIn("mona");
    await page.addInitScript(hearing);
    await page.goto(`${scene.service.url}/runs/${scene.runId(issue)}`);
    const time = () => page.locator("#facts div", { hasText: "Time" }).locator("dd").textContent();
    const heard = (count: number) =>
      expect
        .poll(() => page.evaluate<number>("globalThis.heard.length"), { timeout: 60_000 })
        .toBeGreaterThan(count);
    await page.evaluate("getSelection().selectAllChildren(document.querySelector('#facts dd code'))");
    const selected = await page.evaluate<string>("String(getSelection())");
    expect(selected).toContain("claude-");
    await page.evaluate("globalThis.heard.length = 0");
    await heard(2);
    expect(await page.evaluate("String(getSelection())")).toBe(selected);
    await page.evaluate("getSelection().removeAllRanges()");
    const before = await time();
    await expect.poll(time, { timeout: 60_000 }).not.toBe(before);
    await page.getByRole("button", { name: "Pause updates" }).press("Enter");
    await page.getByText("Paused", { exact: true }).waitFor();
    const paused = await time();
    await page.evaluate("globalThis.heard.length = 0");
    scene.service.github.comment(shop, issue, { body: "/agent stop", by: "mona" });
    await expect
      .poll(() => page.evaluate<string[]>("globalThis.heard"), { timeout: 60_000 })
      .toEqual(expect.arrayContaining(["state"]));
    expect([await time(), await page.locator("#state").innerText()]).toEqual([paused, "working"]);
    await picture(page, "run-paused");
    await page.getByRole("button", { name: "Resume updates" }).press("Enter");
    await page.getByRole("status").getByText("stopped").waitFor();
  });

  test("a page says that it is not live, and is again when it can be", async () => {
    const page = await signedIn("mona");
    const stream = (url: URL) => url.pathname === "/live";
    await page.route(stream, (route) => route.fulfill({ status: 502, body: "Bad gateway" }));
    await page.goto(`${scene.service.url}/`);
    await page.evaluate("globalThis.isSamePage = true");
    await page.getByText("Not live: trying again").waitFor();
    expect(await barriers(page)).toEqual([]);
    await picture(page, "list-not-live");
    const issue = scene.labelled("Came meanwhile");
    await scene.state(issue, "working");
    await page.unroute(stream);
    await page.getByRole("row", { name: /Came meanwhile/ }).waitFor();
    await page.getByText("Live", { exact: true }).waitFor();
    expect(await page.evaluate("globalThis.isSamePage")).toBe(true);
    // The browser notes each answer of the gateway's.
    expect(window.flaws.splice(0).filter((flaw) => !flaw.includes("status of 502"))).toEqual([]);
  });

  test("a page beyond a person's number of live ones says so, and lives when there is room", async () => {
    const page = await signedIn("mona");
    const cookies = await page.context().cookies();
    const cookie = cookies.map(({ name, value }) => `${name}=${value}`).join("; ");
    const elsewhere = new AbortController();
    const headers = { accept: "text/event-stream", cookie };
    await page.goto("about:blank");
    const open = async () =>
      (await fetch(`${scene.service.url}/live`, { headers, signal: elsewhere.signal })).status;
    await expect.poll(open, { timeout: 60_000 }).toBe(429);
    await page.goto(`${scene.service.url}/`);
    await page.getByText("Not live: trying again").waitFor();
    elsewhere.abort();
    await page.getByText("Live", { exact: true }).waitFor();
    expect(window.flaws.splice(0).filter((flaw) => !flaw.includes("status of 429"))).toEqual([]);
  });

  test("a stream that has gone silent is not taken for a live one, and one that speaks is", async () => {
    scene.service.claude.script(() => (agent) => agent.wait(60_000));
    const issue = scene.labelled("Sleeps with the machine");
    await scene.state(issue, "working");
    const page = await signedIn("mona");
    await page.clock.install();
    await page.addInitScript(hearing);
    await page.goto(`${scene.service.url}/runs/${scene.runId(issue)}`);
    const said = () => page.locator("p.live [role=status]").textContent();
    for (let spoken = 0; spoken < 3; spoken += 1) {
      await page.evaluate("globalThis.heard.length = 0");
      await expect
        .poll(() => page.evaluate<number>("globalThis.heard.length"), { timeout: 60_000 })
        .toBeGreaterThan(0);
      await page.clock.fastForward(30_000);
      expect(await said()).toBe("Live");
    }
    await page.evaluate(
      "globalThis.told = []; new MutationObserver(() => told.push(document.querySelector('p.live [role=status]').textContent)).observe(document.querySelector('p.live'), { subtree: true, childList: true, characterData: true })",
    );
    await page.clock.fastForward(60_000);
    await expect
      .poll(() => page.evaluate<string[]>("globalThis.told"), { timeout: 60_000 })
      .toEqual(["Not live: trying again", "Live"]);
  });

  test.each([
    ["live", async () => undefined],
    ["paused", (other: Window["page"]) => other.getByRole("button", { name: "Pause updates" }).click()],
  ])("signed out in one tab, the others show nothing any more: one that is %s", async (_what, first) => {
    const page = await signedIn("mona");
    const other = await page.context().newPage();
    await other.goto(`${scene.service.url}/runs/${scene.runId(scene.opened)}`);
    await other.getByRole("heading", { name: "Timeline" }).waitFor();
    await first(other);
    await page.getByRole("button", { name: "Sign out" }).click();
    await other.getByRole("link", { name: "Sign in with GitHub" }).waitFor();
    expect(await other.content()).not.toContain("Add is wrong");
  });
});
