/**
 * Visits that ran out while their browser stayed away: the caretaker gives their tokens back, as often as it takes, and
 * forgets them. Two ends of one visit, and an end that meets a replacement, lose no token.
 */
import { createHash, randomBytes } from "node:crypto";
import { afterEach, expect, test } from "vitest";
import { Problem } from "../../src/domain/errors.ts";
import { Secret } from "../../src/domain/secret.ts";
import { createVisits } from "../../src/doors/dashboard/visits.ts";
import type { OAuth, VisitorTokens } from "../../src/github/visitor-token.ts";
import { createLogger } from "../../src/log.ts";
import { createVisitSweep } from "../../src/mission/sweep-visits.ts";
import { sealTokens } from "../../src/mission/visitor-seal.ts";
import { openStore, type Store } from "../../src/store/database.ts";
import { sealWith } from "../../src/store/seal.ts";
import { addVisit } from "../../src/store/visits.ts";
import { VirtualClock } from "../sim/virtual-clock.ts";
import { Disk } from "../store/disk.ts";
import { setStage } from "../stories/stage.ts";
import { rowsOf } from "../stories/verdict.ts";
import { Browser, formKey } from "./browser.ts";

const dayMs = 24 * 3_600_000;

test("the caretaker ends the visit that ran out, with all that would bring a token, and no other", async () => {
  const stage = await setStage({ signIn: true, env: { PATCHWRIGHT_POLL_MS: String(dayMs) } });
  await stage.pass(3_600_000);
  await new Browser(stage.app.url).signIn("mona");
  await stage.pass(10 * dayMs);
  const rita = new Browser(stage.app.url);
  await rita.signIn("rita");
  await stage.pass(19 * dayMs);
  expect(stage.github.visitorRefreshes()).toBe(2);
  await stage.pass(2 * dayMs);
  expect(stage.github.visitorRefreshes()).toBe(1);
  expect((await rita.get("/")).status).toBe(200);
  expect(rowsOf(stage.disk, "visits").map(({ login }) => login)).toEqual(["rita"]);
  await stage.close();
});

let store: Store;
afterEach(() => store?.close());

const later = new Problem("later", "github_unavailable", "GitHub is unwell.");
const seal = sealWith([new Uint8Array(32)], randomBytes);

/** Tokens that have to be replaced before anything is done with them. */
const spent = { accessUntil: 0, refresh: new Secret("refresh") };

/** What GitHub does; `before` and `after`: what happens elsewhere before, after a refresh token has been used. */
interface World {
  given: string[];
  trouble?: Problem;
  before?: () => Promise<unknown>;
  after?: () => Promise<unknown>;
}

/** A GitHub whose refresh tokens are good once. */
function gitHub(world: World): OAuth {
  const used = new Set<string>();
  const meet = async (when: "before" | "after") => {
    const happens = world[when];
    delete world[when];
    await happens?.();
  };
  return {
    authorizeUrl: () => "",
    exchange: () => Promise.reject(later),
    as: () => {
      throw later;
    },
    refresh: async (token) => {
      await meet("before");
      if (used.has(token.reveal()))
        throw new Problem("refused", "github_refresh_dead", "It was used before.");
      used.add(token.reveal());
      await meet("after");
      return { access: new Secret(`after ${token.reveal()}`) };
    },
    revoke: async (token) => {
      if (world.trouble) throw world.trouble;
      world.given.push(token.reveal());
      return true;
    },
  };
}

/** A caretaker with visits of these ages in days, whose tokens live for ever unless said otherwise. */
async function caretaker(ages: number[], tokens: Partial<VisitorTokens> = {}) {
  const clock = new VirtualClock();
  store = await openStore({ kind: "lent", connection: new Disk().open() });
  for (const [person_id, age] of ages.entries()) {
    const row = {
      id: `visit${String(person_id).padStart(3, "0")}`,
      person_id,
      login: `${age} days`,
      began_at: clock.now() - age * dayMs,
    };
    const own = { access: new Secret(`access${person_id}`), ...tokens };
    await addVisit(store.db, { ...row, sealed: sealTokens(seal, row, own) });
  }
  const world: World = { given: [] };
  const lines: Record<string, unknown>[] = [];
  const log = createLogger("info", { write: (line: string) => void lines.push(JSON.parse(line)) });
  const parts = { store, seal, clock, log, oauth: gitHub(world) };
  const left = async () =>
    (await store.db.selectFrom("visits").select("login").execute()).map((row) => row.login);
  return { world, left, sweep: createVisitSweep(parts), another: createVisitSweep(parts), parts, lines };
}

test("a token that lives is given back, a younger visit left alone", async () => {
  const { world, left, sweep } = await caretaker([29.9, 30.1, 80]);
  expect(await sweep()).toBe(true);
  expect([world.given, await left()]).toEqual([["access2", "access1"], ["29.9 days"]]);
});

test("of a token that has expired, what it is replaced by is given back", async () => {
  const { world, left, sweep } = await caretaker([31], spent);
  await sweep();
  expect([world.given, await left()]).toEqual([["after refresh"], []]);
});

test("what an expired token was replaced by is not lost with a GitHub that fails just then", async () => {
  const { world, left, sweep } = await caretaker([30.5], spent);
  world.trouble = later;
  await sweep();
  delete world.trouble;
  await sweep();
  expect([world.given, await left()]).toEqual([["after refresh"], []]);
});

test("a token that GitHub cannot take at the sign-out is given back by the caretaker", async () => {
  const stage = await setStage({ signIn: true, env: { PATCHWRIGHT_SWEEP_MS: "300000" } });
  const browser = new Browser(stage.app.url);
  await browser.signIn("mona");
  const page = await browser.get("/");
  const heal = stage.github.fault({ route: "/applications/{client_id}/token", kind: "status", status: 503 });
  expect((await browser.post("/auth/sign-out", { key: formKey(page) })).status).toBe(303);
  expect((await browser.get("/")).status).toBe(401);
  expect(stage.github.visitorTokens()).toBe(1);
  heal();
  await stage.pass(600_000);
  expect(stage.github.visitorTokens()).toBe(0);
  expect(rowsOf(stage.disk, "visits")).toEqual([]);
  await stage.close();
});

test("a GitHub that is unwell is waited for, as long as it takes", async () => {
  const { world, left, sweep } = await caretaker([30.5, 400]);
  world.trouble = later;
  for (let times = 0; times < 9; times += 1) expect(await sweep()).toBe(true);
  expect([world.given, await left()]).toEqual([[], ["30.5 days", "400 days"]]);
  delete world.trouble;
  await sweep();
  expect([world.given.toSorted(), await left()]).toEqual([["access0", "access1"], []]);
});

test("what GitHub refuses to take, or nobody signs in for just now, stays known, and is told of once", async () => {
  const { world, left, sweep, parts, lines } = await caretaker([30.5]);
  world.trouble = new Problem("refused", "github_credentials", "No.");
  for (let times = 0; times < 3; times += 1) expect(await sweep()).toBe(true);
  expect(lines.map(({ err }) => (err as { code?: string }).code)).toEqual(["github_credentials"]);
  await createVisitSweep({ ...parts, oauth: undefined })();
  expect(await left()).toEqual(["30.5 days"]);
  delete world.trouble;
  await sweep();
  expect([world.given, await left()]).toEqual([["access0"], []]);
});

test("tokens that cannot be given back keep none from it that can", async () => {
  const { world, sweep, parts } = await caretaker(Array.from({ length: 150 }, (_, at) => 200 - at));
  const stuck = (token: Secret) => Number(token.reveal().slice("access".length)) < 120;
  const revoke = (token: Secret) => (stuck(token) ? Promise.reject(refused) : parts.oauth.revoke(token));
  const refused = new Problem("refused", "github_sign_in", "No.");
  const halting = createVisitSweep({ ...parts, oauth: { ...parts.oauth, revoke } });
  for (let times = 0; times < 8; times += 1) await halting();
  expect(world.given).toHaveLength(30);
  await sweep();
  expect(world.given).toHaveLength(130);
});

test("tokens that have expired at GitHub by themselves are forgotten, and the log says so", async () => {
  const refreshUntil = new VirtualClock().now();
  const { world, left, sweep, parts, lines } = await caretaker([31], { ...spent, refreshUntil });
  const oauth = { ...parts.oauth, refresh: () => Promise.reject(later) };
  await createVisitSweep({ ...parts, oauth })();
  expect(await left()).toEqual(["31 days"]);
  await parts.clock.advance(dayMs + 1);
  await createVisitSweep({ ...parts, oauth })();
  expect([world.given, await left()]).toEqual([[], []]);
  expect(lines.map(({ msg }) => msg)).toEqual([
    "the tokens of a visit expired at GitHub without being given back",
  ]);
  expect(await sweep()).toBe(true);
});

test("an end that comes after another has replaced the tokens forgets none of them", async () => {
  const { world, left, sweep, another } = await caretaker([31], spent);
  world.before = async () => {
    // The other has replaced the tokens, and GitHub fails when they are to be given back.
    world.trouble = later;
    await another();
  };
  await sweep();
  expect(await left()).toEqual(["31 days"]);
  delete world.trouble;
  await sweep();
  expect([world.given, await left()]).toEqual([["after refresh"], []]);
});

test("an end whose row goes while it replaces the tokens writes them down elsewhere", async () => {
  const { world, left, sweep, another } = await caretaker([31], spent);
  world.after = async () => {
    await another();
    world.trouble = later;
  };
  await sweep();
  expect([world.given, await left()]).toEqual([[], ["31 days"]]);
  delete world.trouble;
  await sweep();
  expect([world.given, await left()]).toEqual([["after refresh"], []]);
});

test("tokens that cannot be written down are given back at once", async () => {
  const { world, sweep } = await caretaker([31], spent);
  world.after = () => store.close();
  await expect(sweep()).rejects.toThrow();
  expect(world.given).toEqual(["after refresh"]);
});

/** A browser's visit whose token is to be replaced, and what looks after it. */
async function visiting() {
  const all = await caretaker([]);
  const visits = createVisits({ ...all.parts, random: randomBytes });
  const cookie = "cookie";
  const id = createHash("sha256").update(cookie).digest("hex");
  const row = { id, person_id: 7, login: "mona", began_at: all.parts.clock.now() };
  const tokens = { access: new Secret("access"), ...spent };
  await addVisit(store.db, { ...row, sealed: sealTokens(seal, row, tokens) });
  return { ...all, visits, cookie };
}

test("a sign-out that meets the replacement of the token leaves none behind", async () => {
  const { world, left, sweep, visits, cookie } = await visiting();
  world.after = () => visits.end(cookie);
  expect(await visits.audience(cookie)).toBeUndefined();
  expect(await visits.audience(cookie)).toBeUndefined();
  await sweep();
  expect([world.given, await left()]).toEqual([["after refresh"], []]);
});

test("a token that is replaced while it is sealed anew goes on with its visit", async () => {
  const { world, parts, cookie } = await visiting();
  const keys = [new Uint8Array(32).fill(1), new Uint8Array(32)];
  world.after = createVisitSweep({ ...parts, seal: sealWith(keys, randomBytes) });
  const both = createVisits({ ...parts, seal: sealWith(keys, randomBytes), random: randomBytes });
  await expect(both.audience(cookie)).rejects.toThrow(later);
  const rows = await store.db.selectFrom("visits").selectAll().execute();
  expect(rows.map(({ login }) => login)).toEqual(["mona"]);
  expect(world.given).toEqual([]);
  await both.end(cookie);
  expect(world.given).toEqual(["after refresh"]);
});

test("a hundred visits are ended in one pass, and the rest in the next", async () => {
  const { world, left, sweep } = await caretaker(Array.from({ length: 103 }, () => 31));
  expect([await sweep(), world.given.length]).toEqual([false, 100]);
  expect([await sweep(), await left()]).toEqual([true, []]);
});
