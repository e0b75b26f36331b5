/**
 * Strangers at the sign-in: who has not begun one here sets off no call to GitHub, and however many come back at once,
 * while GitHub's token endpoint hangs, nobody else waits for them.
 */
import { expect, onTestFinished, test } from "vitest";
import { type Setting, type Stage, setStage } from "../stories/stage.ts";
import { Browser } from "./browser.ts";
import { type Answered, send } from "./service.ts";

const minuteMs = 60_000;
const exchange = "access token";

async function openStage(setting: Setting = {}): Promise<Stage> {
  const stage = await setStage({ ...setting, signIn: true });
  onTestFinished(() => stage.close());
  return stage;
}

/** How often GitHub has been asked for a token in exchange for a code. */
const exchanges = ({ github }: Stage) => github.log.filter(({ route }) => route === exchange).length;

/** A sign-in as a stranger begins it: the cookie, and the state that goes with it. */
async function begun({ app }: Stage): Promise<{ cookie: string; state: string }> {
  const browser = new Browser(app.url);
  const away = await browser.get("/auth/sign-in");
  const state = new URL(String(away.headers["location"])).searchParams.get("state") ?? "";
  return { cookie: browser.cookie("patchwright_way") ?? "", state };
}

function comeBack(stage: Stage, { cookie, state }: { cookie: string; state: string }): Promise<Answered> {
  const headers = { cookie: `patchwright_way=${cookie}` };
  return send(`${stage.app.url}/auth/callback?code=c&state=${state}`, { method: "GET", headers });
}

test("a cookie that we have not written sets off no call", async () => {
  const stage = await openStage();
  const { cookie, state } = await begun(stage);
  const own = JSON.stringify({
    state,
    verifier: "v",
    to: "//evil.example",
    until: stage.clock.now() + minuteMs,
  });
  const bytes = Buffer.from(cookie, "base64url");
  const forged = [
    Buffer.from(own),
    Buffer.concat([Buffer.alloc(32), Buffer.from(own)]),
    Buffer.concat([bytes.subarray(0, 32), Buffer.from(own)]),
    Buffer.concat([bytes, Buffer.from(" ")]),
    bytes.subarray(0, 20),
    Buffer.alloc(0),
  ];
  for (const one of forged)
    expect((await comeBack(stage, { cookie: one.toString("base64url"), state })).status).toBe(403);
  expect(exchanges(stage)).toBe(0);
  // GitHub's word on a code that it has not given.
  expect((await comeBack(stage, { cookie, state })).text).toContain("bad_verification_code");
  expect(exchanges(stage)).toBe(1);
});

test("a cookie of ours sets off one call, and none after ten minutes", async () => {
  const stage = await openStage();
  const [first, second] = [await begun(stage), await begun(stage)];
  for (let times = 0; times < 3; times += 1) expect((await comeBack(stage, first)).status).toBe(403);
  expect(exchanges(stage)).toBe(1);
  await stage.pass(10 * minuteMs + 1);
  expect((await comeBack(stage, second)).status).toBe(403);
  expect(exchanges(stage)).toBe(1);
});

test("a sign-in that one process has begun another finishes", async () => {
  const stage = await openStage();
  const browser = new Browser(stage.app.url);
  const { search } = new URL(await browser.comeBack("mona"));
  const cookie = `patchwright_way=${browser.cookie("patchwright_way")}`;
  const before = stage.app.url;
  await stage.restart();
  // GitHub holds it to the address that it was begun with; behind a public one that is the same for all.
  stage.github.setCallbackUrls([`${before}/auth/callback`]);
  expect((await new Browser(stage.app.url).get(`/auth/callback${search}`, { cookie })).status).toBe(303);
});

/** GitHub answers no exchange until it is let. */
function holdExchanges({ github }: Stage): () => void {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const off = github.onRequest((phase, { route }) =>
    phase === "before" && route === exchange ? promise : undefined,
  );
  return () => {
    off();
    resolve(undefined);
  };
}

test("while GitHub hangs over many sign-ins, calls leave and nobody waits; then a page loaded again signs in", async () => {
  const stage = await openStage();
  const [inside, late] = [new Browser(stage.app.url), new Browser(stage.app.url)];
  await inside.signIn("mona");
  const back = await late.comeBack("rita");
  const crowd = await Promise.all(Array.from({ length: 60 }, () => begun(stage)));
  const before = exchanges(stage);
  const release = holdExchanges(stage);
  const answers: Answered[] = [];
  const all = Promise.all(crowd.map(async (one) => void answers.push(await comeBack(stage, one))));
  while (answers.length < 55) await new Promise((resolve) => setImmediate(resolve));
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([503]));
  expect(answers[0]?.headers["retry-after"]).toBe("5");
  // What mona may see is asked of GitHub for this page.
  expect((await inside.get("/")).text).toContain("<span>mona</span>");
  expect((await late.get(back)).text).toContain("Load this page again");
  expect(answers).toHaveLength(55);
  release();
  await all;
  expect(exchanges(stage) - before).toBe(5);
  expect((await late.get(back)).status).toBe(303);
});
