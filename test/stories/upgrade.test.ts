/**
 * A newer version starts on an older one's database with a run in flight and continues it; the older one, put
 * back, says that it cannot. The newer version is a copy of this code with one more migration.
 */
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { pause, systemClock } from "../../src/clock.ts";
import { connect, environmentOf, projectDir, startServer } from "../process.ts";
import { startClaude } from "../sim/claude/claude.ts";
import { fixAndSubmit } from "../sim/claude/scripts.ts";
import { startGitHub } from "../sim/github/github.ts";

const shop = "acme/shop";
const patienceMs = 45_000;

async function temporary(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "patchwright-upgrade-"));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}

/** A copy of the project whose tables have one column more. */
async function newerVersion(): Promise<string> {
  const copy = await temporary();
  await cp(join(projectDir, "src"), join(copy, "src"), { recursive: true });
  for (const file of ["package.json", "app.yml"]) await cp(join(projectDir, file), join(copy, file));
  await symlink(join(projectDir, "node_modules"), join(copy, "node_modules"));
  const path = join(copy, "src/store/migrations.ts");
  const text = await readFile(path, "utf8");
  const more = `  "9999_priority": {
    up: async (db) => {
      await db.schema.alterTable("runs").addColumn("priority", "integer", (column) => column.notNull().defaultTo(0)).execute();
    },
  },
};
`;
  // The table of migrations is the file's last.
  expect(text.endsWith("\n};\n")).toBe(true);
  await writeFile(path, text.replace(/};\n$/, more));
  return copy;
}

async function until(what: string, so: () => boolean): Promise<void> {
  const end = systemClock.now() + patienceMs;
  while (!so()) {
    if (systemClock.now() > end) throw new Error(`never: ${what}`);
    await pause(systemClock, 50);
  }
}

test("a newer version continues the runs of an older one", async () => {
  const github = await startGitHub();
  onTestFinished(() => github.stop());
  const claude = await startClaude({ gitHosts: [github.host] });
  onTestFinished(() => claude.stop());
  claude.script(() => async (agent) => {
    await agent.wait(5_000);
    await fixAndSubmit()(agent);
  });
  github.addOrganization("acme");
  github.addUser("mona");
  await github.addRepository({ owner: "acme", name: "shop" });
  github.setRole(shop, "mona", "write");
  github.install("acme");
  const environment = environmentOf({ github, claude, dataDir: await temporary() });
  const older = startServer(environment);
  onTestFinished(async () => void (await older.end("SIGKILL")));
  connect({ github, claude }, await older.ready());
  const issue = github.openIssue(shop, { title: "Add is wrong", author: "mona" });
  github.label(shop, issue, { label: "agent", by: "mona" });
  await until("the agent works", () => claude.sessions[0]?.status === "running");
  expect(await older.end()).toEqual({ code: 0, signal: null });

  const newer = startServer(environment, { directory: await newerVersion() });
  onTestFinished(async () => void (await newer.end("SIGKILL")));
  connect({ github, claude }, await newer.ready());
  await until("the ending is shown", () =>
    github.comments(shop, issue).some(({ body }) => body.includes("opened #2")),
  );
  expect(github.comments(shop, issue)).toHaveLength(1);
  expect(claude.sessions).toHaveLength(1);
  expect(claude.sessions[0]?.log.filter(({ type }) => type === "user.message")).toHaveLength(1);
  expect(await newer.end()).toEqual({ code: 0, signal: null });

  const back = startServer(environment);
  expect(await back.ended()).toEqual({ code: 2, signal: null });
  expect(back.words()).toContain("9999_priority");
});
