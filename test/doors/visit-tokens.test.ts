/**
 * No visitor's token lives on unknown to the service: each is written down before it is relied on and given back at
 * the end, whatever GitHub answers meanwhile and whichever keys the service has.
 */
import { expect, onTestFinished, test } from "vitest";
import type { Fault } from "../sim/github/faults.ts";
import { type Setting, type Stage, setStage } from "../stories/stage.ts";
import { rowsOf } from "../stories/verdict.ts";
import { Browser, formKey } from "./browser.ts";
import { send } from "./service.ts";

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** A stage where people sign in and the caretaker comes every `roundMs`. */
async function openStage(setting: Setting = {}, roundMs = hourMs): Promise<Stage> {
  const round = String(roundMs);
  setting.env = { PATCHWRIGHT_SWEEP_MS: round, PATCHWRIGHT_POLL_MS: round, ...setting.env };
  setting.signIn = true;
  const stage = await setStage(setting);
  onTestFinished(() => stage.close());
  return stage;
}

/** What GitHub lets live of what it gave out. */
const alive = ({ github }: Stage) => [github.visitorTokens(), github.visitorRefreshes()];

/** What the log says as a warning or worse. */
const warnings = ({ lines }: Stage) => lines.filter(({ level }) => Number(level) >= 40 || level === "warn");

const troubles: [what: string, answer: Omit<Extract<Fault, { kind: "status" }>, "kind">][] = [
  ["is unwell", { status: 503 }],
  ["asks to slow down", { status: 429 }],
  ["answers what nobody can read", { status: 200, body: { message: "Unicorn" } }],
  ["answers with a page", { status: 200, body: "<h1>Unicorn</h1>" }],
  ["does not take the client's secret", { status: 200, body: { error: "incorrect_client_credentials" } }],
  ["knows nothing of such an App", { status: 404, body: { error: "Not Found" } }],
];

test.each(troubles)("a GitHub that %s at the sign-out gets the tokens back later", async (_what, answer) => {
  const stage = await openStage();
  const browser = new Browser(stage.app.url);
  await browser.signIn("mona");
  const key = formKey(await browser.get("/"));
  await stage.pass(9 * hourMs);
  const heal = stage.github.fault({ route: "access token", kind: "status", ...answer });
  expect((await browser.post("/auth/sign-out", { key })).status).toBe(303);
  // As long as it takes: not a day only.
  await stage.pass(2 * dayMs);
  expect(stage.github.visitorRefreshes()).toBe(1);
  heal();
  await stage.pass(hourMs);
  expect([alive(stage), rowsOf(stage.disk, "visits")]).toEqual([[0, 0], []]);
});

test("a GitHub that is unwell when a token is to be replaced ends no visit", async () => {
  const stage = await openStage();
  const browser = new Browser(stage.app.url);
  await browser.signIn("mona");
  await stage.pass(9 * hourMs);
  const heal = stage.github.fault({ route: "access token", kind: "status", status: 503 });
  expect((await browser.get("/")).status).toBe(503);
  heal();
  expect((await browser.get("/")).status).toBe(200);
});

test("a token that expired before its time by our clock is given back with what would replace it", async () => {
  const setting: Setting = {};
  const stage = await openStage(setting);
  const [mona, rita] = [new Browser(stage.app.url), new Browser(stage.app.url)];
  await mona.signIn("mona");
  await rita.signIn("rita");
  const key = formKey(await mona.get("/"));
  await stage.pass(8 * hourMs + 60_000);
  setting.aheadMs = -10 * 60_000;
  await stage.restart();
  expect(stage.github.visitorRefreshes()).toBe(2);
  const [signedOut, looking] = [mona, rita].map((one) => one.cookie("patchwright"));
  const headers = { "content-type": "application/x-www-form-urlencoded", origin: stage.app.url };
  const out = { method: "POST", headers: { ...headers, cookie: `patchwright=${signedOut}` } };
  expect((await send(`${stage.app.url}/auth/sign-out`, out, `key=${key}`)).status).toBe(303);
  const look = { method: "GET", headers: { cookie: `patchwright=${looking}` } };
  expect((await send(`${stage.app.url}/`, look)).status).toBe(401);
  expect([alive(stage), rowsOf(stage.disk, "visits")]).toEqual([[0, 0], []]);
});

test("a token without end that GitHub does not find just now is not taken for dead", async () => {
  const stage = await openStage();
  stage.github.setVisitorTokenLife(0);
  const browser = new Browser(stage.app.url);
  await browser.signIn("mona");
  const key = formKey(await browser.get("/"));
  const heal = stage.github.fault({ route: "/applications/{client_id}/token", kind: "status", status: 404 });
  expect((await browser.post("/auth/sign-out", { key })).status).toBe(303);
  expect(alive(stage)).toEqual([1, 0]);
  heal();
  await stage.pass(hourMs);
  expect([alive(stage), rowsOf(stage.disk, "visits")]).toEqual([[0, 0], []]);
});

test.each([
  ["answers with a failure", { route: "/user", kind: "status", status: 500 }],
  ["never answers", { route: "/user", kind: "stallAfter" }],
] as const)("a sign-in whose GitHub %s leaves no token behind", async (_what, fault) => {
  const stage = await openStage({ callTimeoutMs: 500 }, 5 * 60_000);
  const heal = stage.github.fault(fault);
  expect((await new Browser(stage.app.url).signIn("mona")).status).toBe(503);
  expect(alive(stage)).toEqual([1, 1]);
  await stage.restart("kill");
  heal();
  await stage.pass(20 * 60_000);
  expect([alive(stage), rowsOf(stage.disk, "visits")]).toEqual([[0, 0], []]);
});

const [older, newer] = [Buffer.alloc(32, 1).toString("base64"), Buffer.alloc(32, 2).toString("base64")];

/** A visit of mona's under the older seal key, or as `env` says; `reopen` starts the service with other keys. */
async function sealedStage(env: Record<string, string> = { PATCHWRIGHT_SEAL_KEY: older }) {
  const setting: Setting = { env };
  const stage = await openStage(setting, 12 * hourMs);
  const browser = new Browser(stage.app.url);
  await browser.signIn("mona");
  const headers = { cookie: `patchwright=${browser.cookie("patchwright")}` };
  const reopen = async (keys: string) => {
    setting.env = { ...setting.env, PATCHWRIGHT_SEAL_KEY: keys };
    await stage.restart();
    await stage.pass(1_000);
  };
  return { stage, reopen, look: () => send(`${stage.app.url}/`, { method: "GET", headers }) };
}

test("a seal key is replaced in the middle of a visit, and the old one is not needed for long", async () => {
  const { stage, reopen, look } = await sealedStage();
  await reopen(`${newer},${older}`);
  await reopen(newer);
  expect((await look()).status).toBe(200);
  await stage.pass(31 * dayMs);
  expect([alive(stage), rowsOf(stage.disk, "visits")]).toEqual([[0, 0], []]);
});

test("a seal key that is set for the first time ends no visit", async () => {
  const { reopen, look } = await sealedStage({});
  await reopen(newer);
  expect((await look()).status).toBe(200);
});

test("where the seal key is gone, the log says what cannot be given back and how long it lives", async () => {
  const { stage, reopen, look } = await sealedStage();
  await reopen(newer);
  expect((await look()).status).toBe(401);
  expect(stage.lines.map(({ msg }) => msg)).not.toContain("a visit ended at GitHub");
  expect(JSON.stringify(warnings(stage))).toContain("no seal key opens");
  await stage.pass(32 * dayMs);
  expect(stage.github.visitorRefreshes()).toBe(1);
  expect(rowsOf(stage.disk, "visits")).toEqual([]);
  const told = stage.lines.filter(({ msg }) => /not given back: no seal key opens/.test(String(msg)));
  expect(told).toHaveLength(1);
  const end = Date.parse(String(told[0]?.["lives_until"]));
  // As GitHub says: six months after the last time they were replaced.
  expect(end - stage.clock.now()).toBeGreaterThan(150 * dayMs);
});

test("a seal key that comes back in time gives the tokens back", async () => {
  const { stage, reopen, look } = await sealedStage();
  await reopen(newer);
  await look();
  await stage.pass(30.5 * dayMs);
  await reopen(`${newer},${older}`);
  expect([alive(stage), rowsOf(stage.disk, "visits")]).toEqual([[0, 0], []]);
});
