/** The pace of calls to the Claude platform, held to the simulator's own limiter. */
import { expect, test } from "vitest";
import { createGate } from "../../src/agent/gate.ts";
import { openStore, type Store } from "../../src/store/database.ts";
import { RateLimiter } from "../sim/claude/rate.ts";
import { VirtualClock } from "../sim/virtual-clock.ts";
import { Disk } from "../store/disk.ts";

const minute = 60_000;
const limits = { create: 300, read: 600 };
const sessions = "https://api.example.com/v1/sessions";

/** A platform that keeps `limits` and counts what it let through. */
function platform(clock: VirtualClock, allowed = limits) {
  const limiter = new RateLimiter(clock, allowed);
  const seen = { create: 0, read: 0, refused: 0 };
  const fetch: typeof globalThis.fetch = async (_input, init) => {
    const kind = init?.method === "POST" ? "create" : "read";
    try {
      limiter.count(kind);
      seen[kind] += 1;
      return Response.json({});
    } catch {
      seen.refused += 1;
      return new Response("{}", { status: 429, headers: { "retry-after": "30" } });
    }
  };
  return { fetch, seen };
}

test("two replicas stay below the platform's limits together, and use nearly all of them", async () => {
  const clock = new VirtualClock();
  const store = await openStore({ kind: "lent", connection: new Disk().open() });
  const { fetch, seen } = platform(clock);
  const replicas = [createGate(clock, store)(fetch), createGate(clock, store)(fetch)];
  for (let second = 0; second < 5 * 60; second += 1) {
    for (const call of replicas) {
      for (let count = 0; count < 5; count += 1) await call(`${sessions}/s/events`, { method: "POST" });
      for (let count = 0; count < 8; count += 1) await call(sessions, { method: "GET" });
    }
    await clock.advance(1_000);
  }
  expect(seen.refused).toBe(0);
  expect(seen.create).toBeGreaterThanOrEqual(0.95 * 5 * 300);
  expect(seen.read).toBeGreaterThanOrEqual(0.95 * 5 * 600);
  await store.close();
});

test("new sessions leave room for what keeps others alive", async () => {
  const clock = new VirtualClock();
  const { fetch, seen } = platform(clock);
  const call = createGate(clock)(fetch);
  for (let count = 0; count < 300; count += 1) await call(sessions, { method: "POST" });
  expect(seen.create).toBe(240);
  expect((await call(`${sessions}/s/resources/r`, { method: "POST" })).status).toBe(200);
  const held = await call(sessions, { method: "POST" });
  expect([held.status, held.headers.get("x-should-retry")]).toEqual([429, "false"]);
  expect(Number(held.headers.get("retry-after-ms"))).toBeGreaterThan(minute);
});

test("a slow down halves the pace, which grows again", async () => {
  const clock = new VirtualClock();
  const { fetch, seen } = platform(clock, { create: 100, read: 100 });
  const call = createGate(clock)(fetch);
  const ask = async (seconds: number) => {
    const before = seen.read + seen.refused;
    for (let second = 0; second < seconds; second += 1) {
      for (let count = 0; count < 20; count += 1) await call(sessions, { method: "GET" });
      await clock.advance(1_000);
    }
    return seen.read + seen.refused - before;
  };
  expect(await ask(60)).toBeLessThanOrEqual(102);
  expect(seen.refused).toBeLessThanOrEqual(2);
  await clock.advance(20 * minute);
  await ask(10 * 60);
  expect(seen.refused).toBeLessThan(40);
});

test("what one process was told keeps a new one and other replicas away as well, of that kind alone", async () => {
  const clock = new VirtualClock();
  const store = await openStore({ kind: "lent", connection: new Disk().open() });
  const { fetch, seen } = platform(clock, { create: 2, read: 100 });
  const replica = () => createGate(clock, store)(fetch);
  const [first, second] = [replica(), replica()];
  const create = (call: typeof fetch) => call(`${sessions}/s/events`, { method: "POST" });
  for (const call of [first, second]) expect((await create(call)).status).toBe(200);
  expect((await create(first)).status).toBe(429);
  expect(seen).toEqual({ create: 2, read: 0, refused: 1 });
  await clock.advance(1_000);
  for (const call of [second, replica()]) {
    const held = await create(call);
    expect([held.status, held.headers.get("retry-after-ms")]).toEqual([429, "29000"]);
    expect((await call(sessions, { method: "GET" })).status).toBe(200);
  }
  expect(seen).toEqual({ create: 2, read: 2, refused: 1 });
  await clock.advance(minute);
  expect((await create(second)).status).toBe(200);
  await store.close();
});

test("a store that takes and tells nothing keeps no call from its answer", async () => {
  const clock = new VirtualClock();
  const store = await openStore({ kind: "lent", connection: new Disk().open() });
  const { fetch, seen } = platform(clock, { create: 1, read: 100 });
  const call = createGate(clock, store)(fetch);
  const create = () => call(`${sessions}/s/events`, { method: "POST" });
  expect((await create()).status).toBe(200);
  await store.close();
  await clock.advance(1_000);
  for (let count = 0; count < 2; count += 1) expect((await create()).status).toBe(429);
  expect(seen).toEqual({ create: 1, read: 0, refused: 1 });
});

test("a change whose process stood still on its way out is not sent, and the next needs no store", async () => {
  const clock = new VirtualClock();
  let asked = 0;
  const slow: Pick<Store, "together"> = {
    together: async (write) => {
      asked += 1;
      const granted = await store.together(write);
      await clock.advance(minute);
      return granted;
    },
  };
  const store = await openStore({ kind: "lent", connection: new Disk().open() });
  const { fetch, seen } = platform(clock);
  const call = createGate(clock, { ...store, ...slow })(fetch);
  expect((await call(`${sessions}/s/events`, { method: "POST" })).status).toBe(429);
  expect(seen.create).toBe(0);
  expect((await call(`${sessions}/s/events`, { method: "POST" })).status).toBe(200);
  expect({ asked, sent: seen.create }).toEqual({ asked: 1, sent: 1 });
  await store.close();
});

test("nor is one for which the store gave no answer in time", async () => {
  const clock = new VirtualClock();
  const store = await openStore({ kind: "lent", connection: new Disk().open() });
  const together = async (): Promise<never> => {
    await clock.advance(40_000);
    throw new Error("query read timeout");
  };
  const { fetch, seen } = platform(clock);
  const call = createGate(clock, { ...store, together })(fetch);
  expect((await call(`${sessions}/s/events`, { method: "POST" })).status).toBe(429);
  expect(seen.create).toBe(0);
  await store.close();
});
