/** Two replicas that count calls together, held to the GitHub simulator's own limiter; on both databases. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { installationPace, isPaced, plainPace } from "../../src/github/pace.ts";
import { openStore, type Store } from "../../src/store/database.ts";
import { type Leave, Pacer } from "../../src/store/pacer.ts";
import { documentedLimits, Limiter } from "../sim/github/limits.ts";
import { VirtualClock } from "../sim/virtual-clock.ts";
import { Disk } from "./disk.ts";
import { freshDatabase, serverUrl } from "./server.ts";

const minute = 60_000;
const hour = 60 * minute;
const comment = { method: "POST", route: "/repos/{owner}/{repo}/issues/{issue_number}/comments" };
const read = { method: "GET", route: "/repos/{owner}/{repo}" };

function suite(make: () => Promise<{ store: Store; drop(): Promise<void> }>): void {
  let store: Store;
  let drop: () => Promise<void>;
  let clock: VirtualClock;
  beforeEach(async () => {
    ({ store, drop } = await make());
    clock = new VirtualClock();
  });
  afterEach(async () => {
    await store.close();
    await drop();
  });
  const replica = () => installationPace(7, { store, clock });
  const tries = async (
    pace: ReturnType<typeof replica>,
    urgency: "needed" | "early" | "backlog" = "needed",
  ) => {
    try {
      await pace.admit({ ...comment, urgency });
      return 0;
    } catch (error) {
      if (!isPaced(error)) throw error;
      return error.retryAfterMs ?? 0;
    }
  };

  test("what was let leave and did not serves the next call, and is not counted again", async () => {
    const pace = replica();
    for (let count = 0; count < 80; count += 1) expect(await tries(pace)).toBe(0);
    pace.unused({ ...comment, urgency: "needed" });
    expect(await tries(pace)).toBe(0);
    expect(await tries(pace)).toBeGreaterThan(0);
  });

  test("together they never exceed GitHub's limits on content and use nearly all of them", async () => {
    const limiter = new Limiter(clock, documentedLimits);
    const replicas = [replica(), replica()];
    const until = clock.now() + 3 * hour;
    let created = 0;
    const dueAt = replicas.map(() => clock.now());
    while (clock.now() < until) {
      for (const [at, pace] of replicas.entries()) {
        while ((dueAt[at] ?? 0) <= clock.now()) {
          const waitMs = await tries(pace);
          if (waitMs === 0) {
            limiter.countContent("7");
            created += 1;
          } else dueAt[at] = clock.now() + waitMs;
        }
      }
      await clock.advance(Math.max(Math.min(...dueAt) - clock.now(), 1));
    }
    expect(created).toBeGreaterThanOrEqual(0.95 * 3 * 500);
  });

  test("what is needed goes on where progress has to wait, and a backlog waits sooner", async () => {
    const pace = replica();
    for (let count = 0; count < 8; count += 1) expect(await tries(pace, "backlog")).toBe(0);
    expect(await tries(pace, "backlog")).toBeGreaterThan(0);
    for (let count = 8; count < 40; count += 1) expect(await tries(pace, "early")).toBe(0);
    expect(await tries(pace, "early")).toBeGreaterThan(0);
    for (let count = 40; count < 80; count += 1) expect(await tries(pace)).toBe(0);
    const waitMs = await tries(pace);
    expect(waitMs).toBeGreaterThan(minute);
    expect(waitMs).toBeLessThanOrEqual(minute + 10_000);
  });

  test("the counts outlive the process, and what GitHub asked for reaches other replicas", async () => {
    const first = replica();
    for (let count = 0; count < 80; count += 1) await tries(first);
    expect(await tries(replica())).toBeGreaterThan(0);
    await clock.advance(2 * minute);
    await first.close(clock.now() + hour);
    expect(await tries(replica())).toBe(hour);
  });

  test("what GitHub asked for is heard by a replica that took calls ahead, within a second and without a write", async () => {
    const [first, second] = [replica(), replica()];
    for (const pace of [first, second]) await pace.admit({ ...read, urgency: "needed" });
    await first.close(clock.now() + hour);
    await clock.advance(1_000);
    const takings = () => store.db.selectFrom("paces").select("takings").executeTakeFirst();
    const before = await takings();
    await expect(second.admit({ ...read, urgency: "needed" })).rejects.toMatchObject({
      retryAfterMs: hour - 1_000,
    });
    expect(await takings()).toEqual(before);
  });

  test("what GitHub asked the App for outlives the process; what is not counted writes nothing", async () => {
    const app = () => plainPace("app", { store, clock });
    const [first, second] = [app(), app()];
    for (const pace of [first, second]) await pace.admit({ ...read, urgency: "needed" });
    expect(await store.db.selectFrom("paces").selectAll().execute()).toEqual([]);
    await first.close(clock.now() + hour);
    await clock.advance(1_000);
    const held = { retryAfterMs: hour - 1_000 };
    for (const pace of [second, app()])
      await expect(pace.admit({ ...read, urgency: "needed" })).rejects.toMatchObject(held);
    await plainPace("anybody", { store, clock }).admit({ ...read, urgency: "needed" });
    await clock.advance(hour);
    await second.admit({ ...read, urgency: "needed" });
  });

  test("reads are taken in batches: a hundred calls in a minute cost two writes", async () => {
    const pace = replica();
    for (let count = 0; count < 100; count += 1) await pace.admit({ ...read, urgency: "needed" });
    const row = await store.db.selectFrom("paces").select("takings").executeTakeFirst();
    expect(row?.takings).toBe(2);
  });

  test("no more than the points of a minute leave, and those who wait come one after the other", async () => {
    const pacer = new Pacer(store, "test", {
      calls: { bucket: { slotMs: 1_000, rules: [{ spanMs: minute, max: 10 }] }, batch: 4 },
    });
    const answers: Leave[] = [];
    for (let count = 0; count < 30; count += 1)
      answers.push(await pacer.ask({ calls: { count: 1, share: 1 } }, clock.now()));
    expect(answers.filter(({ kind }) => kind === "now")).toHaveLength(10);
    const times = answers.flatMap((one) => (one.kind === "later" ? [one.at - clock.now()] : []));
    expect(times.filter((at) => at <= 62_000)).toHaveLength(10);
    expect(times.filter((at) => at > 62_000 && at <= 122_000)).toHaveLength(10);
  });

  test("what GitHub's headers say is left is kept for what is needed", async () => {
    const pace = replica();
    const reset = Math.ceil(clock.now() / 1000) + 600;
    const left = (remaining: number) =>
      pace.note({
        "x-ratelimit-limit": 5000,
        "x-ratelimit-remaining": remaining,
        "x-ratelimit-reset": reset,
      });
    left(2_000);
    await expect(pace.admit({ ...read, urgency: "backlog" })).rejects.toSatisfy(isPaced);
    await pace.admit({ ...read, urgency: "early" });
    left(900);
    await expect(pace.admit({ ...read, urgency: "early" })).rejects.toMatchObject({ retryAfterMs: 600_000 });
    await pace.admit({ ...read, urgency: "needed" });
    left(100);
    await expect(pace.admit({ ...read, urgency: "needed" })).rejects.toSatisfy(isPaced);
    await clock.advance(600_000);
    await pace.admit({ ...read, urgency: "backlog" });
  });

  test.each(["/graphql", "https://ghe.acme.example/api/graphql"])(
    "%s waits for its own budget alone",
    async (route) => {
      const pace = replica();
      const ask = { method: "POST", route, urgency: "needed" } as const;
      pace.note({
        "x-ratelimit-limit": 5000,
        "x-ratelimit-remaining": 0,
        "x-ratelimit-reset": Math.ceil(clock.now() / 1000) + 600,
        "x-ratelimit-resource": "graphql",
      });
      await pace.admit({ ...read, urgency: "needed" });
      await expect(pace.admit(ask)).rejects.toMatchObject({ retryAfterMs: 600_000 });
      await clock.advance(600_000);
      await pace.admit(ask);
    },
  );
}

describe("in memory", () => {
  suite(async () => ({
    store: await openStore({ kind: "lent", connection: new Disk().open() }),
    drop: async () => undefined,
  }));
});

describe.skipIf(!serverUrl)("on PostgreSQL", () => {
  suite(async () => {
    const { url, drop } = await freshDatabase();
    return { store: await openStore({ kind: "postgres", url }), drop };
  });
});
