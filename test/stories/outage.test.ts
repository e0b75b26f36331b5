/**
 * Three days of silence and ten thousand missed deliveries: the real sweep against GitHub's delivery log,
 * with the inbox and without the runs, which other stories tell of.
 */
import { randomBytes } from "node:crypto";
import { fetch as undiciFetch } from "undici";
import { afterEach, expect, test } from "vitest";
import type { Agents } from "../../src/agent/agent.ts";
import { isProblem } from "../../src/domain/errors.ts";
import { Secret } from "../../src/domain/secret.ts";
import { embeddedEngine } from "../../src/engine/embedded.ts";
import { createGitHub } from "../../src/github/client.ts";
import { createLogger } from "../../src/log.ts";
import { createMetrics } from "../../src/metrics.ts";
import type { Rulebook } from "../../src/mission/rulebook.ts";
import { Strays } from "../../src/mission/strays.ts";
import { createSweep } from "../../src/mission/sweep.ts";
import { openStore } from "../../src/store/database.ts";
import { inbox } from "../../src/store/deliveries.ts";
import type { Seal } from "../../src/store/seal.ts";
import { noTraces } from "../../src/traces.ts";
import { type GitHubSim, startGitHub } from "../sim/github/github.ts";
import { VirtualClock } from "../sim/virtual-clock.ts";
import { Disk } from "../store/disk.ts";

const hourMs = 3_600_000;
const shop = "acme/shop";
let github: GitHubSim;
afterEach(() => github.stop());

async function setUp(clock: VirtualClock) {
  github = await startGitHub({ clock, permissions: { issues: "write", metadata: "read" } });
  github.addOrganization("acme");
  github.addUser("mona");
  await github.addRepository({ owner: "acme", name: "shop" });
  github.install("acme");
  const log = createLogger("silent");
  const store = await openStore({ kind: "lent", connection: new Disk().open() });
  const engine = embeddedEngine({ store, clock, random: () => 0, onFailure: () => {} });
  const app = { id: github.app.id, privateKey: new Secret(github.app.privateKey), webhookSecrets: [] };
  const config = { app, github: { webUrl: github.url, apiUrl: `${github.url}/api/v3` } };
  // The cast: undici's types and the global ones name the same standard objects differently.
  const fetch = undiciFetch as unknown as typeof globalThis.fetch;
  const rooms = {
    github: createGitHub({ config, clock, fetch, log, metrics: createMetrics(), traces: noTraces }),
    clock,
    log,
    store,
    engine,
    metrics: createMetrics(),
    strays: new Strays(),
  };
  const sweep = createSweep({
    ...{ ...rooms, box: inbox(store, engine, clock) },
    config: { pollMs: 30_000, sweepMs: 300_000, textsKeptMs: 30 * 86_400_000 },
    agents: {} as Agents,
    rulebook: { labels: async () => ["agent"] } as unknown as Rulebook,
    seal: {} as Seal,
    oauth: undefined,
  });
  /** Turns until the round is over, waiting as the engine would. */
  const round = async () => {
    for (let turn = 0; turn < 500; turn += 1) {
      try {
        const next = await sweep("deliveries", new AbortController().signal);
        if (next !== undefined && next > clock.now()) return;
      } catch (error) {
        if (!isProblem(error, "later")) throw error;
        await clock.advance(error.retryAfterMs ?? 60_000);
      }
    }
    throw new Error("the round does not end");
  };
  const rows = () => store.db.selectFrom("deliveries").select(["id", "body", "received_at"]).execute();
  return { round, rows };
}

/** How many issues the inbox has word of. */
async function labelledIssues(rows: () => Promise<{ body: string }[]>): Promise<number> {
  const bodies = (await rows()).map(({ body }) => JSON.parse(body) as { issue: { number: number } });
  return new Set(bodies.map(({ issue }) => issue.number)).size;
}

test("72 hours and 10,000 missed deliveries are recovered once, within the budget of calls", async () => {
  const clock = new VirtualClock();
  const { round, rows } = await setUp(clock);
  await round();
  const missed = 10_000;
  for (let hour = 0; hour < 72; hour += 1) {
    await clock.advance(hourMs - 10_000);
    for (
      let place = Math.floor((hour * missed) / 72);
      place < Math.floor(((hour + 1) * missed) / 72);
      place += 1
    ) {
      const issue = github.openIssue(shop, {
        title: `Bug ${randomBytes(4).toString("hex")}`,
        author: "mona",
      });
      github.label(shop, issue, { label: "agent", by: "mona" });
    }
  }
  const before = github.log.length;
  await round();
  const calls = github.log.slice(before).filter(({ route }) => route.startsWith("/app/hook/deliveries"));
  const found = await rows();
  expect([found.length, await labelledIssues(rows)]).toEqual([missed, missed]);
  expect(calls.length).toBeLessThanOrEqual(1.1 * (missed / 100 + missed));
  const again = github.log.length;
  await round();
  expect(github.log.length - again).toBeLessThanOrEqual(5);
  expect((await rows()).length).toBe(missed);
}, 240_000);

test("GitHub being unwell for a while loses nothing; a label whose payload it has forgotten is found on its issue", async () => {
  const clock = new VirtualClock();
  const { round, rows } = await setUp(clock);
  await round();
  for (let place = 0; place < 12; place += 1)
    github.openIssue(shop, { title: "Bug", author: "mona", labels: ["agent"] });
  const route = "/app/hook/deliveries/{delivery_id}";
  github.fault({ route, times: 1, kind: "status", status: 404 });
  github.fault({ route, times: 9, kind: "status", status: 502 });
  github.fault({ route: "/app/hook/deliveries", times: 1, kind: "status", status: 503 });
  await round();
  expect(await labelledIssues(rows)).toBe(12);
  const { length } = await rows();
  await clock.advance(hourMs);
  await round();
  expect((await rows()).length).toBe(length);
});

test("four deliveries of one look that cannot be read keep none of the others lost", async () => {
  const clock = new VirtualClock();
  const { round, rows } = await setUp(clock);
  await round();
  for (let place = 0; place < 9; place += 1)
    github.openIssue(shop, { title: "Bug", author: "mona", labels: ["agent"] });
  const route = "/app/hook/deliveries/{delivery_id}";
  github.fault({ route, times: 4, kind: "status", status: 404 });
  await round();
  const read = (await rows()).filter(({ id }) => !id.startsWith("labeled-"));
  expect([read.length, await labelledIssues(rows)]).toEqual([5, 9]);
});
