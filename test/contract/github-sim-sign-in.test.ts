/** Signing in at the simulated GitHub: as strict as the real one, and by its own description where there is one. */
import { createHash } from "node:crypto";
import { Octokit } from "@octokit/rest";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { Browser } from "../doors/browser.ts";
import { type GitHubSim, startGitHub } from "../sim/github/github.ts";
import { openapiOracle } from "./openapi-oracle.ts";

const callback = "https://patchwright.test/auth/callback";
const verifier = "v".repeat(43);
const challenge = createHash("sha256").update(verifier).digest("base64url");

let github: GitHubSim;
beforeAll(async () => {
  github = await startGitHub();
  github.addOrganization("acme");
  for (const login of ["mona", "otto"]) github.addUser(login);
  for (const [name, isPrivate] of [
    ["shop", true],
    ["site", false],
    ["tool", false],
  ] as const)
    await github.addRepository({ owner: "acme", name, files: { "a.md": "a\n" }, private: isPrivate });
  github.setRole("acme/shop", "mona", "write");
  github.setRole("acme/site", "mona", "triage");
  github.install("acme");
  github.setCallbackUrls([callback]);
});
afterAll(async () => {
  const { log: exchanges, deliveries } = github;
  await github.stop();
  expect(
    openapiOracle().checkAll({ exchanges: exchanges.filter(({ status }) => status < 400), deliveries }),
  ).toEqual([]);
});

let browser: Browser;
beforeEach(() => {
  browser = new Browser(github.url);
});

const query = (changes: Record<string, string | undefined> = {}) => {
  const all: Record<string, string | undefined> = {
    client_id: github.app.clientId,
    redirect_uri: callback,
    state: "s",
    code_challenge: challenge,
    code_challenge_method: "S256",
    ...changes,
  };
  const given = Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return `/login/oauth/authorize?${new URLSearchParams(given)}`;
};

async function codeFor(login: string): Promise<string> {
  await browser.get(`/login?login=${login}&return_to=${encodeURIComponent(query())}`);
  const { headers } = await browser.post(query());
  return new URL(String(headers["location"])).searchParams.get("code") ?? "";
}

async function ask(fields: Record<string, string>): Promise<Record<string, string>> {
  const known = { client_id: github.app.clientId, client_secret: github.app.clientSecret };
  const headers = { accept: "application/json" };
  const { status, text } = await browser.post("/login/oauth/access_token", { ...known, ...fields }, headers);
  expect(status).toBe(200);
  return JSON.parse(text);
}

test("a person agrees, the code becomes tokens once, and they speak for the person", async () => {
  const code = await codeFor("mona");
  const tokens = await ask({ code, code_verifier: verifier, redirect_uri: callback });
  expect(tokens).toMatchObject({
    token_type: "bearer",
    expires_in: 28_800,
    refresh_token_expires_in: 15_897_600,
  });
  expect(tokens["access_token"]).toMatch(/^ghu_/);
  expect(await ask({ code, code_verifier: verifier })).toMatchObject({ error: "bad_verification_code" });
  const person = new Octokit({ baseUrl: `${github.url}/api/v3`, auth: tokens["access_token"] });
  expect((await person.rest.users.getAuthenticated()).data.login).toBe("mona");
  const { data } = await person.rest.apps.listInstallationsForAuthenticatedUser();
  const installation_id = data.installations[0]?.id ?? 0;
  const seen = await person.rest.apps.listInstallationReposForAuthenticatedUser({ installation_id });
  expect(
    seen.data.repositories.map(({ name, permissions }) => [name, permissions?.push, permissions?.triage]),
  ).toEqual([
    ["shop", true, true],
    ["site", false, true],
  ]);
  expect(JSON.stringify(github.log)).not.toContain(tokens["access_token"]);
});

test("who was given nothing sees no installation", async () => {
  const tokens = await ask({ code: await codeFor("otto"), code_verifier: verifier });
  const person = new Octokit({ baseUrl: `${github.url}/api/v3`, auth: tokens["access_token"] });
  expect((await person.rest.apps.listInstallationsForAuthenticatedUser()).data.total_count).toBe(0);
});

test.each([
  ["another App", { client_id: "Iv23other" }, 404],
  ["a callback that is not registered", { redirect_uri: "https://evil.test/" }, 400],
  ["no state", { state: undefined }, 400],
  ["no challenge", { code_challenge: undefined }, 400],
  ["a challenge in clear", { code_challenge_method: "plain" }, 400],
])("%s is not shown to anybody", async (_what, changes, status) => {
  expect((await browser.get(query(changes))).status).toBe(status);
});

test("a wrong verifier, secret, callback or refresh token gets an error and no token", async () => {
  expect(await ask({ code: await codeFor("mona"), code_verifier: "w".repeat(43) })).toMatchObject({
    error: "bad_verification_code",
  });
  expect(await ask({ code: await codeFor("mona"), client_secret: "x" })).toMatchObject({
    error: "incorrect_client_credentials",
  });
  const elsewhere = { code: await codeFor("mona"), code_verifier: verifier, redirect_uri: `${callback}/x` };
  expect(await ask(elsewhere)).toMatchObject({ error: "redirect_uri_mismatch" });
  expect(await ask({ grant_type: "refresh_token", refresh_token: "ghr_x" })).toMatchObject({
    error: "bad_refresh_token",
  });
});

test("a refresh token is good once, and ends the token it came with", async () => {
  const first = await ask({ code: await codeFor("mona"), code_verifier: verifier });
  const fields = { grant_type: "refresh_token", refresh_token: first["refresh_token"] ?? "" };
  const second = await ask(fields);
  expect(second["access_token"]).toMatch(/^ghu_/);
  expect(await ask(fields)).toMatchObject({ error: "bad_refresh_token" });
  const old = new Octokit({ baseUrl: `${github.url}/api/v3`, auth: first["access_token"] });
  await expect(old.rest.users.getAuthenticated()).rejects.toMatchObject({ status: 401 });
});

test("the App gives a token back by its own credentials", async () => {
  const { access_token = "" } = await ask({ code: await codeFor("mona"), code_verifier: verifier });
  const client = { client_id: github.app.clientId, access_token };
  const octokit = new Octokit({ baseUrl: `${github.url}/api/v3` });
  await expect(octokit.rest.apps.deleteToken(client)).rejects.toMatchObject({ status: 401 });
  const basic = Buffer.from(`${github.app.clientId}:${github.app.clientSecret}`).toString("base64");
  const headers = { authorization: `basic ${basic}` };
  expect((await octokit.rest.apps.deleteToken({ ...client, headers })).status).toBe(204);
  await expect(octokit.rest.apps.deleteToken({ ...client, headers })).rejects.toMatchObject({ status: 422 });
});

test("nobody uses a person's token on a repository, nor an installation's for a person", async () => {
  const { access_token } = await ask({ code: await codeFor("mona"), code_verifier: verifier });
  const person = new Octokit({ baseUrl: `${github.url}/api/v3`, auth: access_token });
  await expect(person.rest.repos.get({ owner: "acme", repo: "shop" })).rejects.toMatchObject({ status: 403 });
});
