/**
 * The dashboard in a real browser, against the simulators: sign-in, the list, a run's page, stop, what another
 * person sees; with and without script, by keyboard, on a phone, in light and dark.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { longName, openScene, type Scene } from "./scene.ts";
import { barriers, chromiumPath, openWindow, picture, type Window } from "./window.ts";

/** A word that nothing says where to break. */
const longWord = "Averyveryverylongwordthatgoesonandonandonandonandonandonandonandonwithoutanyend";

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

  /** Every kind of page, by name. */
  const pages = () => [
    ["list", "/"],
    ["run", `/runs/${scene.runId(scene.opened)}`],
    ["overview", "/overview"],
  ];

  test("a person signs in with GitHub, sees their runs, and signs out", async () => {
    window = await openWindow(scene.browser);
    await window.page.goto(`${scene.service.url}/`);
    expect(await barriers(window.page)).toEqual([]);
    await picture(window.page, "sign-in");
    await window.close();
    const page = await signedIn("mona");
    expect(await page.getByRole("row", { name: /Add is wrong.*opened #\d+/ }).count()).toBe(1);
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByRole("link", { name: "Sign in with GitHub" }).waitFor();
    await page.goto(`${scene.service.url}/runs/${scene.runId(scene.opened)}`);
    await page.getByRole("link", { name: "Sign in with GitHub" }).waitFor();
  });

  test("filters live in the address and survive a reload", async () => {
    const page = await signedIn("mona");
    await page.getByLabel("State").selectOption("failed");
    await page.getByRole("button", { name: "Show" }).click();
    await page.getByText("No runs match this filter.").waitFor();
    expect(page.url()).toContain("state=failed");
    await page.reload();
    expect(await page.getByLabel("State").inputValue()).toBe("failed");
    await page.getByRole("form").getByRole("link", { name: "Show all" }).click();
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
    scene.service.claude.script(() => (agent) => agent.wait(60_000));
    const issue = scene.labelled("Never ends");
    await scene.state(issue, "working");
    const page = await signedIn("mona");
    await page.getByRole("link", { name: "Never ends" }).click();
    await page.getByRole("button", { name: "Stop this run" }).click();
    await scene.state(issue, "stopped");
    expect(scene.status(issue)).toContain("Stopped by mona");
    await page.getByText("Ended: stopped").waitFor();
    await page.getByRole("button", { name: "Start again" }).waitFor();
    const dot = (kind: string) =>
      page.evaluate(`getComputedStyle(document.querySelector('.${kind} > div'), '::before').backgroundColor`);
    expect(await dot("ending")).toBe(await page.evaluate("getComputedStyle(document.body).color"));
    await picture(page, "run-stopped");
  });

  test("another person sees nothing of it, and who may only read cannot stop", async () => {
    scene.service.claude.script(() => (agent) => agent.wait(20_000));
    const issue = scene.labelled("Takes its time");
    await scene.state(issue, "working");
    const stranger = await signedIn("otto");
    await stranger.getByText("No runs yet.").waitFor();
    await stranger.goto(`${scene.service.url}/runs/${scene.runId(issue)}`);
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
      await page.goto(`${scene.service.url}${path}`);
      expect([path, await barriers(page)]).toEqual([path, []]);
      await picture(page, `${colorScheme}-${name}`);
    }
  });

  test("on a phone no page is wider than the screen", async () => {
    const page = await signedIn("mona", { viewport: { width: 360, height: 740 } });
    for (const [name, path] of pages()) {
      await page.goto(`${scene.service.url}${path}`);
      expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(360);
      expect(await barriers(page)).toEqual([]);
      await picture(page, `phone-${name}`);
    }
  });

  test("nor where names and words are long, and on a desk the list shows all its columns", async () => {
    scene.service.claude.script(() => (agent) => agent.wait(60_000));
    const asked = { title: `${longWord} is wrong`, body: `${longWord} `.repeat(8), author: "mona" };
    const issue = scene.service.github.openIssue(`acme/${longName}`, asked);
    scene.service.github.label(`acme/${longName}`, issue, { label: "agent", by: "mona" });
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
      await page.goto(`${scene.service.url}${path}`);
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
    scene.service.claude.script(() => (agent) => agent.wait(60_000));
    const issue = scene.labelled("Without script");
    await scene.state(issue, "working");
    const page = await signedIn("mona", { javaScriptEnabled: false });
    await page.getByRole("link", { name: "Without script" }).click();
    await page.getByRole("button", { name: "Stop this run" }).click();
    await scene.state(issue, "stopped");
    // The issue hears of it a moment before the list does, and without script nothing follows by itself.
    const listed = async () => {
      await page.goto(`${scene.service.url}/?state=stopped`);
      return page.getByRole("link", { name: "Without script" }).count();
    };
    await expect.poll(listed, { timeout: 60_000 }).toBe(1);
  });
});
