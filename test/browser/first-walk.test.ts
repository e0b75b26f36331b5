/**
 * The first-time walk: from a clone to the first pull request, by the set-up page in a real browser, against the
 * simulators. It prints each step with the time it took, and writes the same to the file that `TEST_WALK` names;
 * the record in `walk.md` is of this walk.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { projectDir } from "../process.ts";
import { startClaude } from "../sim/claude/claude.ts";
import { fixAndSubmit } from "../sim/claude/scripts.ts";
import { startGitHub } from "../sim/github/github.ts";
import { recordedSteps, Walk } from "./walk.ts";
import { barriers, chromiumPath, openBrowser, openWindow, picture } from "./window.ts";

const shop = "acme/shop";
const patience = { timeout: 120_000 };
/** Where a new record goes, if anywhere. */
const recordTo = process.env["TEST_WALK"];

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  return typeof address === "object" && address ? address.port : 0;
}

/** `npm start` as a person types it, and what it has said so far. */
function start(cwd: string, env: Record<string, string>): { child: ChildProcess; words: () => string } {
  const child = spawn("npm", ["start"], {
    cwd,
    env: { ...{ PATH: process.env["PATH"], HOME: process.env["HOME"] }, ...env },
    detached: true,
    stdio: ["ignore", "pipe", "inherit"],
  });
  let words = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    words += text;
  });
  // npm has a child of its own: the whole group goes.
  onTestFinished(async () => {
    if (child.exitCode !== null || child.pid === undefined) return;
    process.kill(-child.pid, "SIGTERM");
    await once(child, "exit");
  });
  return { child, words: () => words };
}

describe.skipIf(chromiumPath === undefined)("from a clone to the first pull request", () => {
  test("by the set-up page", { timeout: 600_000 }, async () => {
    const github = await startGitHub();
    onTestFinished(() => github.stop());
    const claude = await startClaude({ gitHosts: [github.host] });
    onTestFinished(() => claude.stop());
    const directory = mkdtempSync(join(tmpdir(), "patchwright-walk-"));
    onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
    github.addOrganization("acme");
    github.addUser("mona");
    await github.addRepository({
      owner: "acme",
      name: "shop",
      files: { "README.md": "# shop\n", "add.js": "export const add = (a, b) => a + b + 1;\n" },
      private: true,
    });
    github.setRole(shop, "mona", "admin");
    claude.script(() => fixAndSubmit());
    const browser = await openBrowser();
    onTestFinished(() => browser.close());
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const window = await openWindow(browser);
    const { page } = window;
    const walk = new Walk();

    const run = (command: string, args: string[], cwd: string) => {
      execFileSync(command, args, { cwd, stdio: "pipe" });
    };
    const clone = join(directory, "patchwright");
    await walk.step("console", "`git clone ADDRESS patchwright`", () =>
      run("git", ["clone", "--quiet", projectDir, clone], directory),
    );
    await walk.step("console", "`cd patchwright`, then `npm ci --omit=dev`", () => {
      const [command = "", ...args] = "npm ci --omit=dev".split(" ");
      run(command, args, clone);
    });
    const { words } = await walk.step(
      "console",
      "`npm start`: prints an address and a code that is good once",
      async () => {
        const started = start(clone, { PORT: String(port), ANTHROPIC_BASE_URL: claude.url });
        await vi.waitFor(() => expect(started.words()).toContain("good once:"), patience);
        return started;
      },
    );
    const code = /good once: (\S+)/.exec(words())?.[1] ?? "";
    await walk.step("browser", "open the address", async () => {
      await page.goto(`${url}/`);
      expect(await barriers(page)).toEqual([]);
    });
    await walk.step("set-up page", "enter the code", async () => {
      await page.getByLabel("Code").fill(code);
      await page.getByRole("button", { name: "Go on" }).click();
      await page.getByLabel("Public URL").waitFor();
    });
    await walk.step("set-up page", "say where the service is reached and whose the App is", async () => {
      await page.getByLabel("Public URL").fill(url);
      await page.getByLabel("Organisation").fill("acme");
      await page.getByLabel("GitHub Enterprise Server").fill(github.host);
      await page.getByLabel("Its protocol").selectOption("http");
      expect(await barriers(page)).toEqual([]);
      await picture(page, "set-up-app");
      await page.getByRole("button", { name: "Go on" }).click();
    });
    await walk.step("set-up page", "go to GitHub to create the App", () =>
      page.getByRole("button", { name: "Create the App on GitHub" }).click(),
    );
    await walk.step("GitHub", "create it; back on the set-up page, its credentials are stored", async () => {
      await page.getByRole("button", { name: "Create GitHub App" }).click();
      await page.getByLabel("Claude API key").waitFor();
    });
    await walk.step("set-up page", "mistype the Claude key: it is tried, and refused", async () => {
      await page.getByLabel("Claude API key").fill("sk-ant-wrong");
      await page.getByRole("button", { name: "Try and store it" }).click();
      await page.getByRole("alert").getByText("does not accept").waitFor();
      expect(await barriers(page)).toEqual([]);
    });
    await walk.step("set-up page", "give the right one: it is tried, and stored", async () => {
      await page.getByLabel("Claude API key").fill(claude.apiKey);
      await page.getByRole("button", { name: "Try and store it" }).click();
      await page.getByRole("heading", { name: "Ready" }).waitFor();
      await picture(page, "set-up-ready");
    });
    await walk.step("set-up page", "follow the link to install the App", () =>
      page.getByRole("link", { name: "Install the App" }).click(),
    );
    await walk.step("GitHub", "install it on the organisation", async () => {
      await page.getByRole("button", { name: "Install on acme" }).click();
      await page.getByRole("heading", { name: "Installed on acme" }).waitFor();
    });
    await walk.step("console", "nothing to type: the same process says `ready`", () =>
      vi.waitFor(() => expect(words()).toContain('"msg":"ready"'), patience),
    );
    expect(statSync(join(clone, "data/credentials.json")).mode & 0o777).toBe(0o600);
    const issue = await walk.step("GitHub", "open an issue and put the label `agent` on it", () => {
      const number = github.openIssue(shop, { title: "Add is wrong", body: "It is.", author: "mona" });
      github.label(shop, number, { label: "agent", by: "mona" });
      return number;
    });
    const status = () =>
      github.comments(shop, issue).find(({ body }) => body.includes("patchwright:run:"))?.body ?? "";
    await walk.step("GitHub", "the issue's comment says `opened`, with the pull request", () =>
      vi.waitFor(() => expect(status()).toMatch(/\*\*opened #\d+\*\*/), patience),
    );
    await walk.step("browser", "follow the comment's link to the run, and sign in with GitHub", async () => {
      await page.goto(/https?:\S+\/runs\/run_\w{20}/.exec(status())?.[0] ?? "");
      await page.getByRole("link", { name: "Sign in with GitHub" }).click();
      await page.getByLabel("Username").fill("mona");
      await page.getByRole("button", { name: "Sign in" }).click();
      await page.getByRole("button", { name: /^Authorize/ }).click();
    });
    await walk.step("dashboard", "look at the run and how it went", () =>
      page.getByText("Ended: opened").waitFor(),
    );
    expect(words()).not.toContain(claude.apiKey);
    expect(words()).not.toContain(github.app.clientSecret);
    // GitHub's own simulated pages have no picture for their tab.
    expect(window.flaws.filter((flaw) => !flaw.includes("favicon"))).toEqual([]);
    process.stdout.write(`\n${walk}\n`);
    if (recordTo !== undefined) walk.record(recordTo);
    expect(recordedSteps(join(projectDir, "test/browser/walk.md"))).toEqual(walk.steps());
  });
});
