/**
 * SIGTERM while deliveries stream in: status 0 within ten seconds, and every delivery that was acknowledged is
 * in the database, on either store.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import pg from "pg";
import { describe, expect, onTestFinished, test } from "vitest";
import { pause, systemClock } from "../../src/clock.ts";
import { environmentOf, startServer } from "../process.ts";
import { sendLoad } from "../replicas/load.ts";
import { startClaude } from "../sim/claude/claude.ts";
import { startGitHub } from "../sim/github/github.ts";
import { freshDatabase, serverUrl } from "../store/server.ts";

const perSecond = 300;
const loadMs = 4_000;
const exitMsMax = 10_000;

/** A place to store: what the server is told of it, and the ids of the deliveries in it. */
interface Place {
  environment: Record<string, string>;
  ids(): Promise<string[]>;
}

async function directory(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "patchwright-stopping-"));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}

async function embedded(): Promise<Place> {
  const dataDir = await directory();
  return {
    environment: { DATA_DIR: dataDir },
    ids: async () => {
      const database = new DatabaseSync(join(dataDir, "patchwright.db"));
      const rows = database.prepare("select id from deliveries").all();
      database.close();
      return rows.map(({ id }) => String(id));
    },
  };
}

async function postgres(): Promise<Place> {
  const { url, drop } = await freshDatabase();
  onTestFinished(drop);
  return {
    environment: { DATABASE_URL: url },
    ids: async () => {
      const client = new pg.Client({ connectionString: url });
      await client.connect();
      const { rows } = await client.query<{ id: string }>("select id from deliveries");
      await client.end();
      return rows.map(({ id }) => id);
    },
  };
}

describe.each([
  { store: "the embedded store", open: embedded, skip: false },
  { store: "PostgreSQL", open: postgres, skip: !serverUrl },
])("on $store", ({ open, skip }) => {
  test.skipIf(skip)("SIGTERM under load loses no acknowledged delivery", async () => {
    const github = await startGitHub();
    onTestFinished(() => github.stop());
    const claude = await startClaude({ gitHosts: [github.host] });
    onTestFinished(() => claude.stop());
    const place = await open();
    const surroundings = environmentOf({ github, claude, dataDir: await directory() });
    const server = startServer({ ...surroundings, ...place.environment });
    onTestFinished(async () => void (await server.end("SIGKILL")));
    const url = await server.ready();
    const load = sendLoad(github, { url: () => url, perSecond });
    await pause(systemClock, loadMs);
    const began = systemClock.now();
    const exit = await server.end("SIGTERM", exitMsMax + 5_000);
    const tookMs = systemClock.now() - began;
    await load.stop();
    expect(exit).toEqual({ code: 0, signal: null });
    expect(tookMs).toBeLessThan(exitMsMax);
    expect(load.acknowledged.length).toBeGreaterThan(perSecond);
    const stored = new Set(await place.ids());
    expect(load.acknowledged.filter((id) => !stored.has(id))).toEqual([]);
    // Whoever came too late was sent away or found nobody, and was never told that all is well.
    expect([...load.others.keys()].filter((answer) => answer !== "none" && answer !== "503")).toEqual([]);
    console.log(`stopped in ${tookMs} ms; ${load.acknowledged.length} acknowledged; others:`, load.others);
  });
});
