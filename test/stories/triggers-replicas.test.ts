/** The same trigger to two replicas at once, under one id and under many: one run. */
import { randomBytes } from "node:crypto";
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

test.skipIf(!serverUrl)(
  "replays to two replicas, shuffled, are one run an issue",
  async () => {
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
    const waitOptions = { timeout: 45_000, interval: 200 };
    await vi.waitFor(async () => expect(await atWork()).toEqual([]), waitOptions);
    // Whatever has been processed comes once more, to either: it is read, and nothing comes of it.
    await postAll("late-");
    await vi.waitFor(async () => expect(await atWork()).toEqual([]), waitOptions);
    expect(claude.sessions.map(({ metadata }) => metadata["issue"]).toSorted()).toEqual(["1", "2", "3"]);
  },
  120_000,
);
