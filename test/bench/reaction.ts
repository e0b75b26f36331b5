/**
 * Our own time from a delivery to the reaction people see: the service in its own process, simulators that
 * answer at once, real loopback. Every label is on an issue of its own and comes when the one before has been
 * dealt with. Sessions are refused, so that no git runs beside the measurement.
 */
import { once } from "node:events";
import { get } from "node:http";
import { pause, systemClock } from "../../src/clock.ts";
import { type BenchWorld, openWorld } from "./bench-world.ts";
import { percentile } from "./figures.ts";
import { type Served, serve } from "./process.ts";

/** Labels of one installation: more within a minute would wait for its turn at GitHub, and that is not our time. */
const labelsEach = 12;
/** The first of them finds nothing of the installation warm. */
const warmUpEach = 2;
const reactionRoute = "/repos/{owner}/{repo}/issues/{issue_number}/reactions";
/** What a label sets off besides the reaction ends within this. */
const restMs = 20;
const reactionMsMax = 60_000;

/** Measures and prints. */
export async function printReactions({ labels }: { labels: number }): Promise<void> {
  const world = await openWorld();
  const server = await serve(world.service());
  try {
    world.github.setWebhook(`${server.url}/api/github/webhooks`);
    const every = Number.POSITIVE_INFINITY;
    world.claude.fault({ on: "POST /v1/sessions", times: every, trouble: { kind: "status", status: 400 } });
    const [own, bare]: [number[], number[]] = [[], []];
    let shop = "";
    // The first installation warms up the process.
    for (let turn = 0; own.length < labels; turn += 1) {
      const place = turn % labelsEach;
      if (place === 0) shop = await openShop(world, turn);
      const [reactedMs, answeredMs] = [await reaction(world, shop), await roundTrip(server)];
      if (turn < labelsEach || place < warmUpEach) continue;
      own.push(reactedMs);
      bare.push(answeredMs);
    }
    const words = (samples: number[]) =>
      `p50 ${percentile(samples, 0.5).toFixed(1)} ms, p99 ${percentile(samples, 0.99).toFixed(1)} ms`;
    console.log(
      `\nFrom delivery to reaction at simulators without latency (${labels} labels, one issue each)`,
    );
    console.log(`  own time: ${words(own)} (aim: p50 25 ms, p99 150 ms)`);
    console.log(`  noise: the same processes answer GET /healthz in ${words(bare)}`);
  } finally {
    await server.stop();
    await world.close();
  }
}

/** A repository of an owner who has just installed the App. Resolves with its full name. */
async function openShop({ github }: BenchWorld, turn: number): Promise<string> {
  const owner = `acme-${turn}`;
  const shop = `${owner}/shop`;
  github.addOrganization(owner);
  await github.addRepository({ owner, name: "shop", files: { "README.md": "# shop\n" } });
  github.setRole(shop, "mona", "write");
  github.install(owner);
  return shop;
}

/** From the moment the delivery is sent to the moment the reaction's request arrives. */
async function reaction({ github }: BenchWorld, shop: string): Promise<number> {
  const number = github.openIssue(shop, {
    title: "Add is wrong",
    body: "`add(1, 2)` gives 4.",
    author: "mona",
  });
  await pause(systemClock, restMs);
  const arrived = new Promise<number>((resolve) => {
    const off = github.onRequest((phase, { method, route, path }) => {
      if (phase !== "before" || method !== "POST" || route !== reactionRoute) return;
      if (!path.endsWith(`/issues/${number}/reactions`)) return;
      off();
      resolve(performance.now());
    });
  });
  const began = performance.now();
  github.label(shop, number, { label: "agent", by: "mona" });
  const enough = new AbortController();
  const late = pause(systemClock, reactionMsMax, enough.signal);
  const ended = await Promise.race([arrived, late]);
  enough.abort();
  if (ended === undefined) throw new Error(`no reaction on issue ${number}`);
  await pause(systemClock, restMs);
  return ended - began;
}

async function roundTrip({ url }: Served): Promise<number> {
  const began = performance.now();
  const [response] = await once(get(`${url}/healthz`), "response");
  response.resume();
  await once(response, "end");
  return performance.now() - began;
}
