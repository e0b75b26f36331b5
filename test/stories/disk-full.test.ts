/**
 * The disk of the embedded store is full: a delivery is refused and not acknowledged, the log says why, and
 * when there is room again the same delivery is taken and its run goes through.
 */
import { randomBytes } from "node:crypto";
import { expect, onTestFinished, test } from "vitest";
import { pause, systemClock } from "../../src/clock.ts";
import { readConfig } from "../../src/config.ts";
import { createLogger } from "../../src/log.ts";
import { start } from "../../src/main.ts";
import { memoryConnection } from "../../src/store/sqlite.ts";
import { settingsOn } from "../doors/service.ts";
import { startClaude } from "../sim/claude/claude.ts";
import { fixAndSubmit } from "../sim/claude/scripts.ts";
import { startGitHub } from "../sim/github/github.ts";

const shop = "acme/shop";
const patienceMs = 20_000;
/** More than what is left free in the pages that exist. */
const body = "x".repeat(60_000);

async function until(what: string, so: () => boolean): Promise<void> {
  const end = systemClock.now() + patienceMs;
  while (!so()) {
    if (systemClock.now() > end) throw new Error(`never: ${what}`);
    await pause(systemClock, 20);
  }
}

test("a full disk: 503, a clear word, and everything goes on when there is room", async () => {
  const github = await startGitHub();
  onTestFinished(() => github.stop());
  const claude = await startClaude({ gitHosts: [github.host] });
  onTestFinished(() => claude.stop());
  claude.script(() => fixAndSubmit());
  github.addOrganization("acme");
  github.addUser("mona");
  await github.addRepository({ owner: "acme", name: "shop" });
  github.setRole(shop, "mona", "write");
  github.install("acme");
  const lines: Record<string, unknown>[] = [];
  const connection = memoryConnection();
  const pagesMax = (pages: number) => connection.prepare(`pragma max_page_count = ${pages}`).all([]);
  const app = await start(readConfig({ ...settingsOn(github, claude), PATCHWRIGHT_POLL_MS: "1000" }), {
    clock: systemClock,
    log: createLogger("debug", { write: (line: string) => void lines.push(JSON.parse(line)) }),
    random: randomBytes,
    store: { kind: "lent", connection },
  });
  onTestFinished(() => app.stop());
  github.setWebhook(`${app.url}/api/github/webhooks`);
  claude.setWebhook(undefined);

  // SQLite takes no limit below what is in use: the database is full from here on.
  pagesMax(1);
  const issue = github.openIssue(shop, { title: "Add is wrong", body, author: "mona" });
  github.label(shop, issue, { label: "agent", by: "mona" });
  const labelling = () => github.deliveries.filter(({ action }) => action === "labeled");
  await until("GitHub is told to come again", () => labelling()[0]?.statusCode === 503);
  expect(JSON.stringify(lines.findLast(({ msg }) => msg === "delivery could not be stored"))).toContain(
    "store_full",
  );
  expect(claude.sessions).toEqual([]);

  pagesMax(1_000_000);
  await github.redeliver(labelling()[0]?.guid ?? "");
  await until("the ending is shown", () =>
    github.comments(shop, issue).some(({ body: text }) => text.includes("opened #2")),
  );
  expect(github.comments(shop, issue)).toHaveLength(1);
  expect(claude.sessions).toHaveLength(1);
});
