/**
 * The dashboard in a real browser, against the simulators: sign-in, the list and how it lives, a run's page,
 * stop, what another person sees; with and without script, by keyboard, on a phone, in light and dark.
 */
import type { Browser } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { openService, type Service } from "../doors/service.ts";
import { fixAndSubmit } from "../sim/claude/scripts.ts";
import { barriers, chromiumPath, hearing, openBrowser, openWindow, picture, type Window } from "./window.ts";

const shop = "acme/shop";
/** Names and words that nothing says where to break. */
const longName = "a_repository_whose_name_is_really_very_long_and_goes_on_and_on_without_any_end";
const longWord = "Averyveryverylongwordthatgoesonandonandonandonandonandonandonandonwithoutanyend";

describe.skipIf(chromiumPath === undefined)("in a browser", () => {
  let service: Service;
  let browser: Browser;
  let window: Window;
  let opened: number;
  beforeAll(async () => {
    service = await openService({ PATCHWRIGHT_POLL_MS: "500" });
    const { github, claude, url } = service;
    github.setWebhook(`${url}/api/github/webhooks`);
    github.setCallbackUrls([`${url}/auth/callback`]);
    github.addOrganization("acme");
    for (const login of ["mona", "rita", "otto"]) github.addUser(login);
    await github.addRepository({
      owner: "acme",
      name: "shop",
      files: { "README.md": "# shop\n", "add.js": "export const add = (a, b) => a + b + 1;\n" },
      private: true,
    });
    await github.addRepository({
      owner: "acme",
      name: longName,
      files: { "README.md": "#\n" },
      private: true,
    });
    for (const repository of [shop, `acme/${longName}`]) github.setRole(repository, "mona", "write");
    github.setRole(shop, "rita", "read");
    github.install("acme");
    claude.script(() => async (agent) => {
      for (const cents of [6, 11, 9]) {
        await agent.read("add.js");
        await agent.spend(cents);
        await agent.wait(1_500);
      }
      await fixAndSubmit({ title: "Add without one too many", summary: "`add` no longer adds one." })(agent);
    });
    opened = labelled("Add is wrong");
    await state(opened, "opened");
    browser = await openBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    await service?.close();
  });
  afterEach(async () => {
    const flaws = window?.flaws ?? [];
    await window?.close();
    expect(flaws).toEqual([]);
  });

  function labelled(title: string): number {
    const number = service.github.openIssue(shop, { title, body: "`add(1, 2)` gives 4.", author: "mona" });
    service.github.label(shop, number, { label: "agent", by: "mona" });
    return number;
  }

  const status = (issue: number) =>
    service.github.comments(shop, issue).find(({ body }) => body.includes("patchwright:run:"))?.body ?? "";
  const runId = (issue: number) => /run_\w{20}/.exec(status(issue))?.[0] ?? "";
  const state = (issue: number, words: string) =>
    vi.waitFor(() => expect(status(issue).split("\n")[0]).toContain(`**${words}`), { timeout: 60_000 });

  /** Every kind of page, by name. */
  const pages = () => [
    ["list", "/"],
    ["run", `/runs/${runId(opened)}`],
    ["overview", "/overview"],
  ];

  /** Opens a window and signs in by the pages, as a person does. */
  async function signedIn(login: string, options = {}): Promise<Window["page"]> {
    window = await openWindow(browser, options);
    const { page } = window;
    await page.goto(`${service.url}/`);
    await page.getByRole("link", { name: "Sign in with GitHub" }).click();
    await page.getByLabel("Username").fill(login);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("button", { name: /^Authorize/ }).click();
    await page.getByRole("heading", { name: "Runs" }).waitFor();
    return page;
  }

  test("a person signs in with GitHub, sees their runs, and signs out", async () => {
    window = await openWindow(browser);
    await window.page.goto(`${service.url}/`);
    expect(await barriers(window.page)).toEqual([]);
    await picture(window.page, "sign-in");
    await window.close();
    const page = await signedIn("mona");
    expect(await page.getByRole("row", { name: /Add is wrong.*opened #\d+/ }).count()).toBe(1);
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByRole("link", { name: "Sign in with GitHub" }).waitFor();
    await page.goto(`${service.url}/runs/${runId(opened)}`);
    await page.getByRole("link", { name: "Sign in with GitHub" }).waitFor();
  });

  test("the list lives: a new run appears and changes its state without a reload", async () => {
    service.claude.script(() => async (agent) => {
      await agent.wait(4_000);
      await fixAndSubmit()(agent);
    });
    const page = await signedIn("mona");
    await page.evaluate("globalThis.isSamePage = true");
    await page.getByRole("link", { name: "Add is wrong" }).focus();
    const issue = labelled("Subtract is missing");
    await page.getByRole("row", { name: /Subtract is missing.*(starting|working)/ }).waitFor();
    await picture(page, "list-working");
    await state(issue, "opened");
    await page.getByRole("row", { name: /Subtract is missing.*opened #\d+/ }).waitFor();
    expect(await page.evaluate("globalThis.isSamePage")).toBe(true);
    expect(await page.evaluate("document.activeElement.textContent")).toBe("Add is wrong");
  });

  test("filters live in the address and survive a reload", async () => {
    const page = await signedIn("mona");
    await page.getByLabel("State").selectOption("failed");
    await page.getByRole("button", { name: "Show" }).click();
    await page.getByText("No runs.").waitFor();
    expect(page.url()).toContain("state=failed");
    await page.reload();
    expect(await page.getByLabel("State").inputValue()).toBe("failed");
    await page.getByRole("link", { name: "Show all" }).click();
    await page.getByRole("link", { name: "Add is wrong" }).waitFor();
  });

  test("a run's page tells its course, and what it cost as a chart with words", async () => {
    const page = await signedIn("mona");
    await page.getByRole("link", { name: "Add is wrong" }).click();
    await page.getByRole("heading", { name: "Timeline" }).waitFor();
    const timeline = await page.locator(".timeline").innerText();
    for (const words of [
      "mona asked by the label",
      "Opened a session",
      "Gave the session the token",
      "Handed in",
      "Ended: opened",
    ])
      expect(timeline).toContain(words);
    expect(await page.getByRole("img", { name: /Cost over time: \$/ }).count()).toBe(1);
    expect(await page.getByRole("link", { name: /^Pull request #/ }).getAttribute("href")).toContain(
      "/pull/",
    );
    await picture(page, "run");
  });

  test("a person stops a run from its page and sees it stop", async () => {
    service.claude.script(() => (agent) => agent.wait(60_000));
    const issue = labelled("Never ends");
    await state(issue, "working");
    const page = await signedIn("mona");
    await page.getByRole("link", { name: "Never ends" }).click();
    await page.getByRole("button", { name: "Stop this run" }).click();
    await state(issue, "stopped");
    expect(status(issue)).toContain("Stopped by mona");
    await page.getByText("Ended: stopped").waitFor();
    await page.getByRole("button", { name: "Start again" }).waitFor();
    const dot = (kind: string) =>
      page.evaluate(`getComputedStyle(document.querySelector('.${kind} > div'), '::before').backgroundColor`);
    expect(await dot("ending")).toBe(await page.evaluate("getComputedStyle(document.body).color"));
    await picture(page, "run-stopped");
  });

  test("what a person is about to press is not replaced, and the line that tells the state stays", async () => {
    service.claude.script(() => (agent) => agent.wait(60_000));
    const issue = labelled("Is stopped elsewhere");
    await state(issue, "working");
    const page = await signedIn("mona");
    await page.addInitScript(hearing);
    await page.goto(`${service.url}/runs/${runId(issue)}`);
    const heard = (id: string) =>
      expect
        .poll(() => page.evaluate<string[]>("globalThis.heard"), { timeout: 20_000 })
        .toEqual(expect.arrayContaining([id]));
    const forget = () => page.evaluate("globalThis.heard.length = 0");
    const stays = () => page.evaluate("globalThis.first.map(({ isConnected }) => isConnected)");
    await page.locator("#facts dd").first().hover();
    await page.mouse.down();
    // Only now: until then what is there may be replaced every second.
    await page.evaluate(
      "globalThis.first = ['[role=status]', 'button.stop', '#facts'].map((one) => document.querySelector(one))",
    );
    await forget();
    await heard("facts");
    expect(await stays()).toEqual([true, true, true]);
    await page.mouse.up();
    await expect.poll(stays).toEqual([true, true, false]);
    await page.getByRole("button", { name: "Stop this run" }).focus();
    await forget();
    service.github.comment(shop, issue, { body: "/agent stop", by: "mona" });
    await page.getByRole("status").getByText("stopped").waitFor();
    await heard("acts");
    expect(await stays()).toEqual([true, true, false]);
    expect(await page.evaluate("document.activeElement === globalThis.first[1]")).toBe(true);
    await page.keyboard.press("Tab");
    await page.getByRole("button", { name: "Start again" }).waitFor();
    expect(await stays()).toEqual([true, false, false]);
  });

  test("another person sees nothing of it, and who may only read cannot stop", async () => {
    service.claude.script(() => (agent) => agent.wait(20_000));
    const issue = labelled("Takes its time");
    await state(issue, "working");
    const stranger = await signedIn("otto");
    await stranger.getByText("No runs.").waitFor();
    await stranger.goto(`${service.url}/runs/${runId(issue)}`);
    await stranger.getByRole("heading", { name: "Not found" }).waitFor();
    expect(await stranger.content()).not.toContain("Takes its time");
    await window.close();
    const reader = await signedIn("rita");
    await reader.getByRole("link", { name: "Takes its time" }).click();
    await reader.getByRole("heading", { name: "Timeline" }).waitFor();
    expect(await reader.getByRole("button", { name: "Stop this run" }).count()).toBe(0);
  });

  test.each(["light", "dark"] as const)("nothing bars anybody's way, in %s", async (colorScheme) => {
    const page = await signedIn("mona", { colorScheme });
    for (const [name, path] of [...pages(), ["missing", "/runs/run_none"]]) {
      await page.goto(`${service.url}${path}`);
      expect([path, await barriers(page)]).toEqual([path, []]);
      await picture(page, `${colorScheme}-${name}`);
    }
  });

  test("on a phone no page is wider than the screen", async () => {
    const page = await signedIn("mona", { viewport: { width: 360, height: 740 } });
    for (const [name, path] of pages()) {
      await page.goto(`${service.url}${path}`);
      expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(360);
      expect(await barriers(page)).toEqual([]);
      await picture(page, `phone-${name}`);
    }
  });

  test("nor where names and words are long, and on a desk the list shows all its columns", async () => {
    service.claude.script(() => (agent) => agent.wait(60_000));
    const asked = { title: `${longWord} is wrong`, body: `${longWord} `.repeat(8), author: "mona" };
    const issue = service.github.openIssue(`acme/${longName}`, asked);
    service.github.label(`acme/${longName}`, issue, { label: "agent", by: "mona" });
    const page = await signedIn("mona");
    const row = page.getByRole("row", { name: /without_any_end#1.*working/ });
    await row.waitFor();
    await page.reload();
    const hidden = "((part) => part.scrollWidth - part.clientWidth)(document.querySelector('.scroll'))";
    expect(await page.evaluate(hidden)).toBe(0);
    await picture(page, "list-long");
    await page.setViewportSize({ width: 320, height: 640 });
    const run = await row.getByRole("link").getAttribute("href");
    for (const path of ["/", run, "/overview"]) {
      await page.goto(`${service.url}${path}`);
      expect([path, await page.evaluate("document.documentElement.scrollWidth")]).toEqual([path, 320]);
      await picture(page, `narrow-${path === run ? "run" : path?.slice(1) || "list"}`);
    }
  });

  test("by keyboard alone: past the head to the runs, and into one", async () => {
    const page = await signedIn("mona");
    await page.keyboard.press("Tab");
    expect(await page.evaluate("document.activeElement.textContent")).toBe("Skip to the content");
    const look = "getComputedStyle(document.activeElement).backgroundColor";
    expect(await page.evaluate(look)).not.toBe("rgba(0, 0, 0, 0)");
    await picture(page, "skip");
    await page.keyboard.press("Enter");
    for (let presses = 0; presses < 12; presses += 1) {
      await page.keyboard.press("Tab");
      if (await page.evaluate("document.activeElement.matches('tbody a')")) break;
    }
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Timeline" }).waitFor();
  });

  test("without script everything but the living works", async () => {
    service.claude.script(() => (agent) => agent.wait(60_000));
    const issue = labelled("Without script");
    await state(issue, "working");
    const page = await signedIn("mona", { javaScriptEnabled: false });
    await page.getByRole("link", { name: "Without script" }).click();
    await page.getByRole("button", { name: "Stop this run" }).click();
    await state(issue, "stopped");
    // The issue hears of it a moment before the list does, and without script nothing follows by itself.
    const listed = async () => {
      await page.goto(`${service.url}/?state=stopped`);
      return page.getByRole("link", { name: "Without script" }).count();
    };
    await expect.poll(listed, { timeout: 20_000 }).toBe(1);
  });
});
