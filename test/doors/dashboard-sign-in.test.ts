/**
 * The dashboard behind *Sign in with GitHub*, over plain HTTP: who gets in and how, what each person sees, what
 * they may do, and how a sign-in ends.
 */
import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { systemClock } from "../../src/clock.ts";
import { Secret } from "../../src/domain/secret.ts";
import { createVisits } from "../../src/doors/dashboard/visits.ts";
import { createOAuth } from "../../src/github/visitor-token.ts";
import { createLogger } from "../../src/log.ts";
import { openStore } from "../../src/store/database.ts";
import { sealWith } from "../../src/store/seal.ts";
import { fixAndSubmit } from "../sim/claude/scripts.ts";
import { Disk } from "../store/disk.ts";
import { type Setting, type Stage, setStage, shop } from "../stories/stage.ts";
import { Browser, formKey } from "./browser.ts";
import { send } from "./service.ts";

/** A stage with the App's OAuth. */
async function openStage(setting: Setting = {}): Promise<Stage> {
  const stage = await setStage({ ...setting, signIn: true });
  stage.github.addUser("stranger");
  return stage;
}

let stage: Stage;
let id: string;
let issue: number;
beforeAll(async () => {
  stage = await openStage();
  stage.plays(fixAndSubmit());
  issue = stage.labelled();
  await stage.untilShown(issue, "opened");
  id = runOf(stage, issue);
});
afterAll(() => stage.close());

let browser: Browser;
beforeEach(() => {
  browser = new Browser(stage.app.url);
  stage.github.setRole(shop, "otto", "none");
});

const runOf = (on: Stage, number: number) => /run_\w{20}/.exec(on.status(number))?.[0] ?? "";

test("who has not signed in is shown the way in, and nothing else", async () => {
  for (const path of ["/", "/overview", `/runs/${id}`, "/live", `/runs/${id}/live`]) {
    const { status, text } = await browser.get(path);
    expect(status).toBe(401);
    expect(text).toContain("Sign in with GitHub");
    expect(text).not.toContain("Add is wrong");
  }
  expect((await browser.post(`/runs/${id}/stop`)).status).toBe(401);
  expect((await browser.get("/", { host: "localhost" })).status).toBe(401);
  const nothing = await browser.get("/nothing");
  expect([nothing.status, nothing.text.includes("<h1>Not found</h1>")]).toEqual([404, true]);
});

test("the way there carries a state and a PKCE challenge, and the browser keeps its half", async () => {
  const { status, headers } = await browser.get(`/auth/sign-in?to=/runs/${id}`);
  expect(status).toBe(302);
  const url = new URL(String(headers["location"]));
  expect(url.origin + url.pathname).toBe(`${stage.github.url}/login/oauth/authorize`);
  expect(url.searchParams.get("state")).toMatch(/^[\w-]{43}$/);
  expect(url.searchParams.get("code_challenge")).toMatch(/^[\w-]{43}$/);
  expect(url.searchParams.get("code_challenge_method")).toBe("S256");
  expect(String(headers["set-cookie"])).toMatch(/Path=\/auth; HttpOnly; SameSite=Lax/);
  const other = await new Browser(stage.app.url).get("/auth/sign-in");
  expect(String(other.headers["location"])).not.toContain(url.searchParams.get("state"));
});

test("signed in, a person sees their runs and goes where they wanted to go", async () => {
  const back = await browser.signIn("mona", `/runs/${id}`);
  expect(back.status).toBe(303);
  expect(back.headers["location"]).toBe(`/runs/${id}`);
  expect(String(back.headers["set-cookie"])).toMatch(
    /patchwright=[\w-]{43}; Max-Age=\d+; Path=\/; HttpOnly; SameSite=Lax/,
  );
  const { status, text } = await browser.get("/");
  expect(status).toBe(200);
  expect(text).toContain(`href="/runs/${id}"`);
  expect(text).toContain("<span>mona</span>");
  expect((await browser.get(`/runs/${id}`)).text).toContain("Timeline");
});

test.each(["https://evil.test/", "//evil.test", "/\\evil.test", "javascript:alert(1)"])(
  "the way goes on to nowhere else: %s",
  async (to) => {
    expect((await browser.signIn("mona", to)).headers["location"]).toBe("/");
  },
);

test("what comes back counts only in the browser that was sent, with its state, once", async () => {
  const back = await browser.comeBack("mona");
  const stranger = new Browser(stage.app.url);
  expect((await stranger.get(back)).status).toBe(403);
  expect(stranger.cookie("patchwright")).toBeUndefined();
  await stranger.get("/auth/sign-in");
  expect((await stranger.get(back)).status).toBe(403);
  expect((await browser.get(back)).status).toBe(303);
  expect((await browser.get(back)).status).toBe(403);
  const wrong = (await browser.comeBack("mona")).replace(/state=[^&]+/, "state=another");
  expect((await browser.get(wrong)).status).toBe(403);
});

test("a code that was taken elsewhere does not open with another verifier", async () => {
  const theirs = await browser.comeBack("mona");
  const thief = new Browser(stage.app.url);
  const own = await thief.comeBack("otto");
  const code = new URL(theirs).searchParams.get("code") ?? "";
  const forged = own.replace(/code=[^&]+/, `code=${code}`);
  const { status, text } = await thief.get(forged);
  expect(status).toBe(403);
  expect(text).toContain("bad_verification_code");
});

test("who says no at GitHub is told so", async () => {
  const away = await browser.get("/auth/sign-in");
  const state = new URL(String(away.headers["location"])).searchParams.get("state");
  const { status, text } = await browser.get(`/auth/callback?error=access_denied&state=${state}`);
  expect(status).toBe(403);
  expect(text).toContain("GitHub did not sign you in.");
});

test("a run that may not be seen looks exactly like one that does not exist", async () => {
  await browser.signIn("stranger");
  const forbidden = await browser.get(`/runs/${id}`);
  const unknown = await browser.get("/runs/run_00000000000000000000");
  expect([forbidden.status, forbidden.text]).toEqual([404, unknown.text]);
  expect((await browser.get(`/runs/${id}/live`)).status).toBe(404);
  const key = formKey(await browser.get("/"));
  expect((await browser.post(`/runs/${id}/stop`, { key })).status).toBe(404);
  const list = await browser.get("/");
  expect(list.text).toContain("No runs yet.");
  expect(list.text).not.toMatch(/acme\/shop|<option>mona/);
  expect((await browser.get("/overview")).text).not.toContain("acme");
});

test("reading is enough where a repository is private, and taken away it is gone within five minutes", async () => {
  stage.github.setRole(shop, "otto", "read");
  await browser.signIn("otto");
  expect((await browser.get(`/runs/${id}`)).status).toBe(200);
  stage.github.setRole(shop, "otto", "none");
  await stage.pass(5 * 60_000);
  expect((await browser.get(`/runs/${id}`)).status).toBe(404);
});

test("GitHub is asked for what a person sees at most once in five minutes", async () => {
  await browser.signIn("mona");
  const asked = () => stage.github.log.filter(({ route }) => route.startsWith("/user/installations/")).length;
  await browser.get("/");
  const before = asked();
  for (const path of ["/", "/overview", `/runs/${id}`]) await browser.get(path);
  expect(asked()).toBe(before);
  await stage.pass(5 * 60_000);
  await browser.get("/");
  expect(asked()).toBe(before + 1);
});

test.each([
  ["read", false],
  ["triage", true],
  ["write", true],
] as const)("of a public repository a person with %s sees the runs: %s", async (role, sees) => {
  const open = await openStage({ private: false });
  open.plays(fixAndSubmit());
  const number = open.labelled();
  await open.untilShown(number, "opened");
  open.github.setRole(shop, "otto", role);
  const visitor = new Browser(open.app.url);
  await visitor.signIn("otto");
  expect((await visitor.get(`/runs/${runOf(open, number)}`)).status).toBe(sees ? 200 : 404);
  await open.close();
});

test("a token is replaced before it expires, and the visit goes on", async () => {
  await browser.signIn("mona");
  await stage.pass(8 * 3_600_000 - 30_000);
  expect((await browser.get(`/runs/${id}`)).status).toBe(200);
  expect(stage.github.visitorTokens()).toBe(1);
  await stage.pass(60_000);
  expect((await browser.get(`/runs/${id}`)).status).toBe(200);
});

test("where GitHub cannot be asked nobody is let in on what was true before", async () => {
  await browser.signIn("mona");
  await browser.get("/");
  await stage.pass(5 * 60_000);
  const heal = stage.github.fault({ route: "/user/installations", kind: "status", status: 503 });
  expect((await browser.get(`/runs/${id}`)).status).toBe(503);
  heal();
  expect((await browser.get(`/runs/${id}`)).status).toBe(200);
});

test("an installation that GitHub does not show just now ends nobody's visit", async () => {
  await browser.signIn("mona");
  const route = "/user/installations/{installation_id}/repositories";
  const heal = stage.github.fault({ route, kind: "status", status: 403 });
  await stage.pass(5 * 60_000);
  expect((await browser.get(`/runs/${id}`)).status).toBe(404);
  expect((await browser.get("/")).status).toBe(200);
  heal();
  await stage.pass(5 * 60_000);
  expect((await browser.get(`/runs/${id}`)).status).toBe(200);
});

test("what a person takes back at GitHub ends the visit", async () => {
  await browser.signIn("mona");
  stage.github.revokeVisitor("mona");
  await stage.pass(5 * 60_000);
  expect((await browser.get("/")).status).toBe(401);
});

test("a sign-out needs our own form, gives the token back and makes the cookie worthless", async () => {
  await browser.signIn("mona");
  const key = formKey(await browser.get("/"));
  const cookie = browser.cookie("patchwright");
  const alive = stage.github.visitorTokens();
  expect((await browser.post("/auth/sign-out", { key: "guessed" })).status).toBe(403);
  expect((await browser.post("/auth/sign-out", { key }, { "sec-fetch-site": "cross-site" })).status).toBe(
    403,
  );
  expect((await browser.post("/auth/sign-out", { key })).status).toBe(303);
  expect(browser.cookie("patchwright")).toBeUndefined();
  expect(stage.github.visitorTokens()).toBe(alive - 1);
  const headers = { cookie: `patchwright=${cookie}` };
  expect((await send(`${stage.app.url}/`, { method: "GET", headers })).status).toBe(401);
});

test("a visit ends by itself after thirty days, and its token is given back", async () => {
  let now = Date.UTC(2026, 10, 25);
  const clock = { now: () => now, after: systemClock.after };
  const store = await openStore({ kind: "lent", connection: new Disk().open() });
  const config = {
    github: { webUrl: stage.github.url, apiUrl: `${stage.github.url}/api/v3` },
    oauth: { clientId: stage.github.app.clientId, clientSecret: new Secret(stage.github.app.clientSecret) },
  };
  const oauth = createOAuth({ ...config, fetch, exchangeFetch: fetch, clock });
  const seal = sealWith([new Uint8Array(32)], randomBytes);
  const visits = createVisits({
    store,
    seal,
    oauth,
    clock,
    random: randomBytes,
    log: createLogger("silent"),
  });
  stage.github.setVisitorTokenLife(0);
  const visitor = new Browser(stage.app.url);
  const back = new URL(await visitor.comeBack("mona"));
  // Behind its mark.
  const way = Buffer.from(visitor.cookie("patchwright_way") ?? "", "base64url").subarray(32);
  const { verifier } = JSON.parse(way.toString()) as { verifier: string };
  const code = back.searchParams.get("code") ?? "";
  const cookie = await visits.begin(await oauth.exchange({ code, verifier }));
  const alive = stage.github.visitorTokens();
  now += 30 * 24 * 3_600_000;
  expect((await visits.audience(cookie))?.looker.login).toBe("mona");
  now += 1;
  expect(await visits.audience(cookie)).toBeUndefined();
  expect(stage.github.visitorTokens()).toBe(alive - 1);
  stage.github.setVisitorTokenLife(28_800);
  await store.close();
});

test("under https cookies are for https alone, and bound to the host", async () => {
  const open = await openStage({ env: { PUBLIC_URL: "https://patchwright.acme.test" } });
  open.github.setCallbackUrls(["https://patchwright.acme.test/auth/callback"]);
  const visitor = new Browser(open.app.url);
  const away = await visitor.get("/auth/sign-in");
  expect(String(away.headers["set-cookie"])).toMatch(
    /^__Host-patchwright_way=[\w-]+; Max-Age=600; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
  );
  expect(String(away.headers["location"])).toContain(
    `redirect_uri=${encodeURIComponent("https://patchwright.acme.test/auth/callback")}`,
  );
  const back = new URL(await visitor.comeBack("mona"));
  // A neighbouring name can plant a cookie, but none that is bound to this host.
  const cookie = `patchwright_way=${visitor.cookie("__Host-patchwright_way")}`;
  expect((await new Browser(open.app.url).get(back.pathname + back.search, { cookie })).status).toBe(403);
  const { headers } = await visitor.get(back.pathname + back.search);
  expect(visitor.cookie("__Host-patchwright_way")).toBeUndefined();
  expect(String(headers["set-cookie"])).toMatch(
    /__Host-patchwright=[\w-]+; Max-Age=\d+; Path=\/; HttpOnly; Secure; SameSite=Lax/,
  );
  expect((await visitor.get("/")).status).toBe(200);
  await open.close();
});
