/**
 * Doctor, pause and resume beside replicas of another version: nothing of their tables is changed, and what keeps
 * the operator from being served is said.
 */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sql } from "kysely";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { systemClock } from "../../src/clock.ts";
import { readConfig } from "../../src/config.ts";
import { examineBeside, examineFromOutside } from "../../src/doors/examining.ts";
import { pauseOrResume } from "../../src/doors/pausing.ts";
import { openStore, type Store, storeBeside, storeOptions } from "../../src/store/database.ts";
import { type ClaudeSim, startClaude } from "../sim/claude/claude.ts";
import { type GitHubSim, startGitHub } from "../sim/github/github.ts";
import { freshDatabase, serverUrl } from "../store/server.ts";
import { settingsOn } from "./service.ts";

let github: GitHubSim;
let claude: ClaudeSim;
beforeAll(async () => {
  github = await startGitHub();
  claude = await startClaude({ gitHosts: [github.host] });
});
afterAll(() => Promise.all([github.stop(), claude.stop()]));

let dataDir: string;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), "patchwright-beside-"));
});
afterEach(() => rmSync(dataDir, { recursive: true }));

interface Place {
  env: Record<string, string>;
  drop: () => Promise<void>;
}

const places: [what: string, make: () => Promise<Place>][] = [
  ["a file", async () => ({ env: { DATA_DIR: dataDir }, drop: async () => undefined })],
];
if (serverUrl)
  places.push([
    "PostgreSQL",
    async () => {
      const { url, drop } = await freshDatabase();
      return { env: { DATA_DIR: dataDir, DATABASE_URL: url }, drop };
    },
  ]);

describe.each(places)("beside %s", (_what, make) => {
  let place: Place;
  beforeEach(async () => {
    place = await make();
  });
  afterEach(() => place.drop());

  const environment = () => ({ ...settingsOn(github, claude), PORT: "9", ...place.env });
  const config = () => readConfig(environment());
  const said = (...words: string[]) => pauseOrResume(environment(), words);

  async function on<T>(store: Promise<Store>, act: (store: Store) => Promise<T>): Promise<T> {
    const own = await store;
    return act(own).finally(() => own.close());
  }
  /** What a service of this version leaves, with `changes` to it. */
  const start = (changes: (db: Store["db"]) => Promise<unknown> = async () => undefined) =>
    on(openStore(storeOptions(config().store, systemClock)), ({ db }) => changes(db));
  const read = (table: string) =>
    on(openStore(storeBeside(config().store)), async ({ db }) => {
      const { rows } = await sql<Record<string, string>>`select * from ${sql.table(table)}`.execute(db);
      return rows;
    });
  const names = async () => (await read("kysely_migration")).map(({ name }) => name).sort();
  const undo = (from: string) => (db: Store["db"]) =>
    sql`delete from kysely_migration where name >= ${from}`.execute(db);
  const tomorrow = (db: Store["db"]) =>
    sql`insert into kysely_migration values ('9999_of_tomorrow', '2099-01-01T00:00:00Z')`.execute(db);
  const look = async () => {
    const findings = await examineFromOutside(config(), { clock: systemClock });
    return findings.filter(({ what }) => what === "store" || what === "pauses");
  };

  test("of this version", async () => {
    await start();
    expect(await look()).toMatchObject([
      { grade: "pass", found: "opens, and its tables are up to date" },
      { grade: "pass" },
    ]);
  });

  test("of an older version: looked at and left alone, and pauses are written", async () => {
    await start(undo("0008"));
    const before = await names();
    expect(await said("pause", "acme")).toMatchObject({ status: 0 });
    expect(await read("pauses")).toMatchObject([{ owner: "acme" }]);
    expect(await look()).toMatchObject([
      {
        grade: "warn",
        found: "opens, and 3 migrations are pending (0008_askers, 0009_bodies, 0010_attempts)",
        todo: expect.stringContaining("start the new version"),
      },
      { grade: "warn", found: "new runs are held back for acme" },
    ]);
    expect(await said("resume", "acme")).toMatchObject({ status: 0 });
    expect(await names()).toEqual(before);
  });

  test("from before there were pauses", async () => {
    await start(undo("0002"));
    expect(await said("pause", "acme")).toEqual({
      status: 1,
      words: "The database has no tables for this yet: start the service once. Nothing was changed.\n",
    });
    expect(await names()).toEqual(["0001_first_tables"]);
    expect(await read("pauses")).toEqual([]);
  });

  test("that does not let the pauses be read: nobody is told that there are none", async () => {
    await start((db) => db.schema.dropTable("pauses").execute());
    expect((await look())[1]).toMatchObject({
      grade: "fail",
      found: "The database does not let the pauses be read.",
      todo: "where the store is well, restore a backup: its table of paused accounts cannot be read",
    });
  });

  test("of a newer version: neither calls it up to date, nor writes what it may read otherwise", async () => {
    await start(tomorrow);
    for (const verb of ["pause", "resume"])
      expect(await said(verb, "acme")).toMatchObject({
        status: 1,
        words: expect.stringMatching(/newer version \(it has 9999_of_tomorrow\).*Nothing was changed/),
      });
    expect(await read("pauses")).toEqual([]);
    expect((await look())[0]).toMatchObject({ grade: "fail", found: /newer version/ });
  });

  test("before the first start nothing is made", async () => {
    expect(await look()).toMatchObject([{ grade: "pass", found: /the start makes it/ }, { grade: "pass" }]);
    expect(await said("pause", "acme")).toMatchObject({ status: 1, words: /[Ss]tart the service once/ });
    if (place.env["DATABASE_URL"]) await expect(names()).rejects.toThrow(/does not exist/);
    else expect(existsSync(join(dataDir, "patchwright.db"))).toBe(false);
  });
});

test("before there is an App the doctor names the set-up", async () => {
  const { words, status } = await examineBeside({ DATA_DIR: dataDir });
  expect(status).toBe(1);
  expect(words).toContain("APP_ID is not set");
  expect(words).toContain("run `npm start` and open the set-up page that it prints");
  expect((await examineBeside({ DATA_DIR: dataDir, APP_ID: "1" })).words).not.toContain("set-up page");
});
