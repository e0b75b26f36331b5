/** The same trigger to two replicas at once, under one id and under many: one run. */
import { randomBytes } from "node:crypto";
import pg from "pg";
import { afterEach, expect, test, vi } from "vitest";
import { systemClock } from "../../src/clock.ts";
import { readConfig } from "../../src/config.ts";
import { createLogger } from "../../src/log.ts";
import { type App, start } from "../../src/main.ts";
import { openStore } from "../../src/store/database.ts";
import { type ClaudeSim, startClaude } from "../sim/claude/claude.ts";
import { doNothing } from "../sim/claude/scripts.ts";
import { type GitHubSim, startGitHub } from "../sim/github/github.ts";
import { variables } from "../sim/variables.ts";
import { freshDatabase, serverUrl } from "../store/server.ts";

/** Shuffles ten copies, the same way every time. */
const order = (copy: number) => (copy * 7 + 3) % 10;
const shop = "acme/shop";
const waitOptions = { timeout: 60_000, interval: 200 };
const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
});

async function replica(github: GitHubSim, claude: ClaudeSim, url: string): Promise<App> {
  const config = readConfig({
    ...variables(github, claude),
    ...{ DATABASE_URL: url, PATCHWRIGHT_POLL_MS: "500" },
  });
  const app = await start(config, { clock: systemClock, log: createLogger("silent"), random: randomBytes });
  ends.push(() => app.stop());
  return app;
}

/** Two replicas on one fresh database, with simulators that have the repository, its maintainer and the App in it. */
async function twoReplicas(): Promise<{ github: GitHubSim; claude: ClaudeSim; url: string; apps: App[] }> {
  const { url, drop } = await freshDatabase();
  ends.push(drop);
  const github = await startGitHub();
  ends.push(() => github.stop());
  const claude = await startClaude({ gitHosts: [github.host] });
  ends.push(() => claude.stop());
  claude.script(() => doNothing);
  github.addOrganization("acme");
  github.addUser("mona");
  await github.addRepository({ owner: "acme", name: "shop" });
  github.setRole(shop, "mona", "write");
  github.install("acme");
  const apps = await Promise.all([replica(github, claude, url), replica(github, claude, url)]);
  return { github, claude, url, apps };
}

test.skipIf(!serverUrl)(
  "replays to two replicas, shuffled, are one run an issue",
  async () => {
    const { github, claude, url, apps } = await twoReplicas();
    for (const title of ["one", "two", "three"])
      github.openIssue(shop, { title, author: "mona", labels: ["agent"] });
    const sent = github.deliveries.filter(({ action }) => action === "labeled");
    const copies = sent.flatMap((each) => Array.from({ length: 10 }, (_, copy) => ({ each, copy })));
    const postAll = async (age: string) => {
      const posted = copies
        .toSorted((one, other) => order(one.copy) - order(other.copy))
        .map(async ({ each, copy }, place) => {
          const headers = {
            ...each.requestHeaders,
            "X-GitHub-Delivery": copy < 5 ? each.guid : `${each.guid}-${age}${copy}`,
          };
          const answer = await fetch(`${apps[place % 2]?.url}/api/github/webhooks`, {
            ...{ method: "POST", headers, body: JSON.stringify(each.payload) },
          });
          return answer.status;
        });
      expect(new Set(await Promise.all(posted))).toEqual(new Set([202]));
    };
    await postAll("");
    const store = await openStore({ kind: "postgres", url });
    ends.push(() => store.close());
    const atWork = async () => [
      ...(await store.db.selectFrom("deliveries").select("id").where("state", "=", "waiting").execute()),
      ...(await store.db.selectFrom("runs").select("id").where("phase", "=", "working").execute()),
    ];
    await vi.waitFor(async () => expect(await atWork()).toEqual([]), waitOptions);
    // Whatever has been processed comes once more, to either: it is read, and nothing comes of it.
    await postAll("late-");
    await vi.waitFor(async () => expect(await atWork()).toEqual([]), waitOptions);
    expect(claude.sessions.map(({ metadata }) => metadata["issue"]).toSorted()).toEqual(["1", "2", "3"]);
  },
  120_000,
);

/** Sends a delivery as GitHub sent it once before, to one replica. */
async function post(
  app: App | undefined,
  sent: GitHubSim["deliveries"][number] | undefined,
): Promise<number> {
  const { payload, requestHeaders: headers } = sent ?? { payload: undefined, requestHeaders: {} };
  const init = { method: "POST", headers, body: JSON.stringify(payload) };
  return (await fetch(`${app?.url}/api/github/webhooks`, init)).status;
}

async function connected(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  ends.push(() => client.end());
  return client;
}

test.skipIf(!serverUrl)(
  "a run that starts on one replica is stopped by what reaches the other just then",
  async () => {
    const { github, url, apps } = await twoReplicas();
    const [db, gate] = await Promise.all([connected(url), connected(url)]);
    const count = async (what: string) => {
      const { rows } = await db.query<{ n: number }>(`select count(*)::int as n from ${what}`);
      return rows[0]?.n;
    };
    const atLock = "pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()";
    // The caretaker of a replica that has just started would bring by itself what is sent here.
    github.fault({ route: "/app/hook/deliveries", kind: "status", status: 503, times: 1_000 });
    // The start has looked for a stop and comes no further than this lock, which keeps its row from it.
    await gate.query("begin; lock table runs in share mode");
    const issue = github.openIssue(shop, { title: "one", author: "mona", labels: ["agent"] });
    github.closeIssue(shop, issue, { by: "mona" });
    const [labelled, closed] = ["labeled", "closed"].map((of) =>
      github.deliveries.find(({ action }) => action === of),
    );
    expect(await post(apps[0], labelled)).toBe(202);
    await vi.waitFor(async () => expect(await count(atLock)).toBe(1), waitOptions);
    expect(await post(apps[1], closed)).toBe(202);
    // The stop has found no run, or waits for who is before it.
    const worked = async () =>
      ((await count("deliveries where state = 'done'")) ?? 0) + ((await count(atLock)) ?? 0);
    await vi.waitFor(async () => expect(await worked()).toBe(2), waitOptions);
    await gate.query("commit");
    await vi.waitFor(async () => expect(await count("deliveries where state = 'done'")).toBe(2), waitOptions);
    const { rows } = await db.query<{ verdict: string }>(
      "select verdict from deliveries order by received_at",
    );
    expect(rows.map(({ verdict }) => verdict)).toEqual([
      expect.stringMatching(/^run run_\w+ started$/),
      expect.stringMatching(/^stop asked of run_/),
    ]);
  },
);
