/**
 * A real browser, headless, with a profile of its own: what tests of pages look through. A page that asks for
 * anything elsewhere, breaks its own policy or throws is noted.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import axe from "axe-core";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";

/** Where Chromium is; undefined where the suites are run without one. */
export const chromiumPath = process.env["TEST_CHROMIUM"];
/** Where pictures of pages go, for people to look at. */
const picturesDir = process.env["TEST_PICTURES"];

const quietly = [
  ...["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"],
  ...["--disable-background-networking", "--disable-component-update", "--disable-sync"],
];

/** Starts Chromium. */
export function openBrowser(): Promise<Browser> {
  return chromium.launch({
    ...(chromiumPath === undefined ? {} : { executablePath: chromiumPath }),
    args: quietly,
  });
}

/** A window, and what went wrong in it so far. */
export interface Window {
  page: Page;
  flaws: string[];
  close(): Promise<void>;
}

/** Opens a window without cookies. Pages may load from this machine alone. */
export async function openWindow(browser: Browser, options: BrowserContextOptions = {}): Promise<Window> {
  const context = await browser.newContext({ viewport: { width: 1_200, height: 800 }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  const flaws: string[] = [];
  page.on("pageerror", (error) => flaws.push(error.message));
  page.on("console", (message) => {
    // A page that is not ours to see answers 401 or 404, which the console calls an error.
    if (message.type() === "error" && !/status of 40[134]/.test(message.text())) flaws.push(message.text());
  });
  page.on("request", (request) => {
    const { hostname, protocol } = new URL(request.url());
    if (protocol !== "data:" && hostname !== "127.0.0.1") flaws.push(`asks for ${request.url()}`);
  });
  return { page, flaws, close: () => context.close() };
}

/** What axe finds against a page's accessibility, one line a flaw: WCAG 2.2 A and AA, and its best practices. */
export async function barriers(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const found = (await page.evaluate("axe.run(document)")) as {
    violations: { id: string; help: string; nodes: { html: string }[] }[];
  };
  return found.violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes[0]?.html}`);
}

/** Takes a picture of a page for people to look at, where somebody wants one. */
export async function picture(page: Page, name: string): Promise<void> {
  if (picturesDir === undefined) return;
  mkdirSync(picturesDir, { recursive: true });
  await page.screenshot({ path: join(picturesDir, `${name}.png`), fullPage: true });
}

/** A script that notes in a page, as `heard`, the ids of the fragments that it is sent. */
export const hearing = `globalThis.heard = [];
globalThis.EventSource = class extends EventSource {
  constructor(address) {
    super(address);
    this.addEventListener("fragment", ({ data }) => globalThis.heard.push(JSON.parse(data).id));
  }
};`;
