/**
 * PostgreSQL crashes in the middle of commits and is gone for a while: nothing acknowledged is lost, whoever
 * knocks is told to come again, and everything goes on without a restart of ours.
 */
import pg from "pg";
import { expect, onTestFinished, test } from "vitest";
import { pause, systemClock } from "../../src/clock.ts";
import { connect, environmentOf, startServer } from "../process.ts";
import { startClaude } from "../sim/claude/claude.ts";
import { fixAndSubmit } from "../sim/claude/scripts.ts";
import { startGitHub } from "../sim/github/github.ts";
import { serverUrl } from "../store/server.ts";
import { startCluster } from "./cluster.ts";
import { shop } from "./house.ts";
import { sendLoad } from "./load.ts";

const awayMs = 4_000;
const patienceMs = 60_000;

async function until(what: string, so: () => boolean | Promise<boolean>): Promise<void> {
  const end = systemClock.now() + patienceMs;
  while (!(await so())) {
    if (systemClock.now() > end) throw new Error(`never: ${what}`);
    await pause(systemClock, 50);
  }
}

test.skipIf(!serverUrl)("the database crashes and comes back", async () => {
  const cluster = await startCluster();
  if (!cluster) throw new Error("PostgreSQL's programs were there a moment ago");
  onTestFinished(() => cluster.remove());
  const github = await startGitHub();
  onTestFinished(() => github.stop());
  const claude = await startClaude({ gitHosts: [github.host] });
  onTestFinished(() => claude.stop());
  claude.script(() => async (agent) => {
    await agent.wait(6_000);
    await fixAndSubmit()(agent);
  });
  const server = startServer({
    ...environmentOf({ github, claude, dataDir: "unused" }),
    ...{ DATABASE_URL: cluster.url, PATCHWRIGHT_POLL_MS: "1000" },
  });
  onTestFinished(async () => void (await server.end("SIGKILL")));
  const url = await server.ready();
  connect({ github, claude }, url);
  github.addOrganization("acme");
  github.addUser("mona");
  await github.addRepository({ owner: "acme", name: "shop" });
  github.setRole(shop, "mona", "write");
  github.install("acme");
  const issue = github.openIssue(shop, { title: "Add is wrong", author: "mona" });
  github.label(shop, issue, { label: "agent", by: "mona" });
  await until("the agent works", () => claude.sessions[0]?.status === "running");

  const load = sendLoad(github, { url: () => url, perSecond: 100 });
  await pause(systemClock, 1_500);
  cluster.stop("immediate");
  const unready = await fetch(`${url}/readyz`);
  expect(unready.status).toBe(503);
  expect(await unready.text()).toMatch(/PostgreSQL|store/);
  expect((await fetch(`${url}/healthz`)).status).toBe(200);
  await pause(systemClock, awayMs);
  cluster.start();
  const backAt = systemClock.now();
  await until("the server is ready again", async () => (await fetch(`${url}/readyz`)).status === 200);
  console.log(`ready ${systemClock.now() - backAt} ms after the database was`);
  await until("deliveries are taken again", () => load.acknowledged.length > 200);
  await load.stop();
  console.log(`${load.acknowledged.length} acknowledged; others:`, load.others);

  await until("the ending is shown", () =>
    github.comments(shop, issue).some(({ body }) => body.includes("opened #2")),
  );
  expect(claude.sessions).toHaveLength(1);
  expect(github.comments(shop, issue)).toHaveLength(1);
  expect([...load.others.keys()]).toEqual(["503"]);
  const client = new pg.Client({ connectionString: cluster.url });
  await client.connect();
  const { rows } = await client.query<{ id: string }>("select id from deliveries");
  await client.end();
  const stored = new Set(rows.map(({ id }) => id));
  expect(load.acknowledged.filter((id) => !stored.has(id))).toEqual([]);
  expect(await server.end()).toEqual({ code: 0, signal: null });
});
