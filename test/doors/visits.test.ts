/** Visits that ran out while their browser stayed away: the caretaker gives their tokens back and forgets them. */
import { randomBytes } from "node:crypto";
import { afterEach, expect, test } from "vitest";
import { Problem } from "../../src/domain/errors.ts";
import { Secret } from "../../src/domain/secret.ts";
import type { VisitorTokens } from "../../src/github/visitor-token.ts";
import { createLogger } from "../../src/log.ts";
import { sweepVisits } from "../../src/mission/sweep-visits.ts";
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

/** A caretaker with visits of these ages in days, whose tokens live for ever unless said otherwise. */
async function caretaker(ages: number[], tokens: Partial<VisitorTokens> = {}) {
  const clock = new VirtualClock();
  store = await openStore({ kind: "lent", connection: new Disk().open() });
  for (const [person_id, age] of ages.entries()) {
    const row = {
      id: `visit${person_id}`,
      person_id,
      login: `${age} days`,
      began_at: clock.now() - age * dayMs,
    };
    const own = { access: new Secret(`access${person_id}`), ...tokens };
    await addVisit(store.db, { ...row, sealed: sealTokens(seal, row, own) });
  }
  const world: { given: string[]; trouble?: Problem } = { given: [] };
  const used = new Set<string>();
  const oauth = {
    // Good once, as GitHub's are.
    refresh: async (token: Secret) => {
      if (used.has(token.reveal())) throw new Problem("refused", "github_sign_in", "It was used before.");
      used.add(token.reveal());
      return { access: new Secret(`after ${token.reveal()}`) };
    },
    revoke: async (token: Secret) => {
      if (world.trouble) throw world.trouble;
      world.given.push(token.reveal());
    },
  };
  const parts = { store, seal, clock, log: createLogger("silent") };
  const left = async () =>
    (await store.db.selectFrom("visits").select("login").execute()).map((row) => row.login);
  return { world, left, sweep: () => sweepVisits({ ...parts, oauth: { ...unasked, ...oauth } }), parts };
}

const unasked = {
  authorizeUrl: () => "",
  exchange: () => Promise.reject(later),
  as: () => {
    throw later;
  },
};

test("a token that lives is given back, a younger visit left alone", async () => {
  const { world, left, sweep } = await caretaker([29.9, 30.1, 80]);
  expect(await sweep()).toBe(true);
  expect([world.given, await left()]).toEqual([["access2", "access1"], ["29.9 days"]]);
});

test("of a token that has expired, what it is replaced by is given back", async () => {
  const refresh = new Secret("refresh");
  const { world, left, sweep } = await caretaker([31], { accessUntil: 0, refresh });
  await sweep();
  expect([world.given, await left()]).toEqual([["after refresh"], []]);
});

test("what an expired token was replaced by is not lost with a GitHub that fails just then", async () => {
  const { world, left, sweep } = await caretaker([30.5], { accessUntil: 0, refresh: new Secret("refresh") });
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

test("a GitHub that is unwell is waited for, for a day and no longer", async () => {
  const { world, left, sweep } = await caretaker([30.5, 31.5]);
  world.trouble = later;
  expect(await sweep()).toBe(true);
  expect([world.given, await left()]).toEqual([[], ["30.5 days"]]);
  delete world.trouble;
  await sweep();
  expect([world.given, await left()]).toEqual([["access0"], []]);
});

test("what GitHub refuses to take, or nobody signs in for any more, is forgotten at once", async () => {
  const { world, left, sweep, parts } = await caretaker([30.5]);
  world.trouble = new Problem("refused", "github_refused", "No.");
  await sweep();
  expect(await left()).toEqual([]);
  await store.close();
  const other = await caretaker([30.5]);
  await sweepVisits({ ...parts, store, oauth: undefined });
  expect(await other.left()).toEqual([]);
});

test("a hundred visits are ended in one pass, and the rest in the next", async () => {
  const { world, left, sweep } = await caretaker(Array.from({ length: 103 }, () => 31));
  expect([await sweep(), world.given.length]).toEqual([false, 100]);
  expect([await sweep(), await left()]).toEqual([true, []]);
});
