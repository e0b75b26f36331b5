/** The way through the set-up that its tests have in common: the code, the order, GitHub's pages and back. */
import { expect } from "vitest";
import type { GitHubSim } from "../sim/github/github.ts";
import type { Answered } from "./service.ts";

/** What can post a form. */
interface Poster {
  post(where: string, fields: Record<string, string>): Promise<Answered>;
}

/** The code in what the console says; empty where there is none. */
export const codeIn = (words: string) => /good once: (\S+)/.exec(words)?.[1] ?? "";

/** What the form about the App is filled with. */
export const order = (github: GitHubSim): Record<string, string> => ({
  publicUrl: "https://patchwright.acme.test/",
  name: "Patchwright of Acme",
  owner: "acme",
  host: github.host,
  protocol: "http",
});

/** From the code to the moment the browser comes back from GitHub; returns that address. */
export async function comeBack(
  github: GitHubSim,
  browser: Poster,
  { code, changes = {} }: { code: string; changes?: Record<string, string> },
): Promise<string> {
  expect((await browser.post("/setup/code", { code })).status).toBe(303);
  const { text } = await browser.post("/setup/app", { ...order(github), ...changes });
  const [, action = ""] = /action="([^"]+)"/.exec(text) ?? [];
  const [, manifest = ""] = /name="manifest" value="([^"]+)"/.exec(text) ?? [];
  const shown = await browser.post(action, { manifest: manifest.replaceAll("&quot;", '"') });
  expect(shown.status).toBe(200);
  const [, agree = ""] = /action="([^"]+)"/.exec(shown.text) ?? [];
  const agreed = await browser.post(new URL(agree, github.url).href, {});
  return String(agreed.headers["location"]);
}
