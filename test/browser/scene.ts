/**
 * The dashboard as its browser tests find it: the service between the simulators, people and repositories, and one
 * run that has opened its pull request.
 */
import type { Browser } from "playwright-core";
import { expect, vi } from "vitest";
import { openService, type Service } from "../doors/service.ts";
import { fixAndSubmit } from "../sim/claude/scripts.ts";
import { openBrowser, openWindow, type Window } from "./window.ts";

/** Where the issues are. */
export const shop = "acme/shop";
/** A name that nothing says where to break. */
export const longName = "a_repository_whose_name_is_really_very_long_and_goes_on_and_on_without_any_end";

/** What the tests of one file share. */
export interface Scene {
  service: Service;
  browser: Browser;
  /** The issue whose run is over. */
  opened: number;
  /** Opens an issue of mona's and labels it; its number. */
  labelled(title: string): number;
  /** The status comment of an issue. */
  status(issue: number): string;
  runId(issue: number): string;
  /** Waits until the status comment's first line says so. */
  state(issue: number, words: string): Promise<void>;
  /** Opens a window and signs in by the pages, as a person does. */
  signedIn(login: string, options?: Parameters<typeof openWindow>[1]): Promise<Window>;
  close(): Promise<void>;
}

/** Sets it up. */
export async function openScene(): Promise<Scene> {
  const service = await openService({ PATCHWRIGHT_POLL_MS: "500" });
  await people(service);
  const labelled = (title: string) => {
    const number = service.github.openIssue(shop, { title, body: "`add(1, 2)` gives 4.", author: "mona" });
    service.github.label(shop, number, { label: "agent", by: "mona" });
    return number;
  };
  const status = (issue: number) =>
    service.github.comments(shop, issue).find(({ body }) => body.includes("patchwright:run:"))?.body ?? "";
  const state = (issue: number, words: string) =>
    vi.waitFor(() => expect(status(issue).split("\n")[0]).toContain(`**${words}`), { timeout: 60_000 });
  const opened = labelled("Add is wrong");
  await state(opened, "opened");
  const browser = await openBrowser();
  return {
    ...{ service, browser, opened, labelled, status, state },
    runId: (issue) => /run_\w{20}/.exec(status(issue))?.[0] ?? "",
    signedIn: async (login, options = {}) => {
      const window = await openWindow(browser, options);
      const { page } = window;
      await page.goto(`${service.url}/`);
      await page.getByRole("link", { name: "Sign in with GitHub" }).click();
      await page.getByLabel("Username").fill(login);
      await page.getByRole("button", { name: "Sign in" }).click();
      await page.getByRole("button", { name: /^Authorize/ }).click();
      await page.getByRole("heading", { name: "Runs" }).waitFor();
      return window;
    },
    close: async () => {
      await browser.close();
      await service.close();
    },
  };
}

async function people({ github, claude, url }: Service): Promise<void> {
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
}
