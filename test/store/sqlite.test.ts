/** The embedded database on a real disk: rights, locks, kills, damage. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { sql } from "kysely";
import { afterEach, beforeEach, expect, test } from "vitest";
import { systemClock } from "../../src/clock.ts";
import { openStore } from "../../src/store/database.ts";
import { inbox } from "../../src/store/deliveries.ts";
import { VirtualClock } from "../sim/virtual-clock.ts";
import { Disk } from "./disk.ts";

let dataDir: string;
beforeEach(() => {
  dataDir = join(mkdtempSync(join(tmpdir(), "patchwright-sqlite-")), "data");
});
afterEach(() => rmSync(join(dataDir, ".."), { recursive: true }));

const open = (clock = systemClock) => openStore({ kind: "embedded", dataDir, clock });
const silent = { wake: async () => undefined, knock: () => undefined };

/** A process that stores deliveries until it is killed, and what it has told so far. */
function startWriter(): { child: ChildProcess; told: string[]; tells: (lines: number) => Promise<void> } {
  const script = fileURLToPath(new URL("writer.ts", import.meta.url));
  const child = spawn(process.execPath, [script, dataDir], { stdio: ["ignore", "pipe", "inherit"] });
  const told: string[] = [];
  const lines = createInterface({ input: child.stdout });
  lines.on("line", (line) => told.push(line));
  const tells = async (count: number) => {
    while (told.length < count && child.exitCode === null) await once(lines, "line");
  };
  return { child, told, tells };
}

async function kill(child: ChildProcess): Promise<void> {
  const exit = once(child, "exit");
  child.kill("SIGKILL");
  await exit;
}

test("only the owner can read the files", async () => {
  const store = await open();
  await store.db.insertInto("memos").values({ name: "a", value: "b" }).execute();
  const mode = (name: string) => (statSync(join(dataDir, name)).mode & 0o777).toString(8);
  expect(mode(".")).toBe("700");
  expect(["patchwright.db", "patchwright.db-wal", "lock.db"].map(mode)).toEqual(["600", "600", "600"]);
  await store.close();
});

test("commits are synced to the disk", async () => {
  const store = await open();
  const read = async (name: string) => (await sql.raw(`pragma ${name}`).execute(store.db)).rows;
  expect(await read("journal_mode")).toEqual([{ journal_mode: "wal" }]);
  expect(await read("synchronous")).toEqual([{ synchronous: 2 }]);
  await store.close();
});

test("a second process waits 15 seconds for the first, then says so", async () => {
  const clock = new VirtualClock();
  const store = await open();
  const second = open(clock);
  const told = expect(second).rejects.toMatchObject({ kind: "refused", code: "store_locked" });
  let settled = false;
  second.catch(() => undefined).finally(() => (settled = true));
  await clock.advance(14_900);
  expect(settled).toBe(false);
  await clock.advance(100);
  await told;
  await expect(second).rejects.toThrow(dataDir);
  await store.close();
});

test("a second process gets in as soon as the first has left", async () => {
  const clock = new VirtualClock();
  const first = await open();
  const second = open(clock);
  await clock.advance(5_000);
  await first.close();
  await clock.advance(250);
  await (await second).close();
});

test("a killed process leaves no lock, and what it acknowledged is there with its wake", async () => {
  const acknowledged = new Set<string>();
  for (let round = 1; round <= 4; round += 1) {
    const { child, told, tells } = startWriter();
    await tells(50 * round);
    expect(told[0]).toBe("open");
    await kill(child);
    for (const id of told.slice(1)) acknowledged.add(id);
    const store = await open(new VirtualClock());
    const rows = await store.db.selectFrom("deliveries").select("id").execute();
    const wakes = await store.db.selectFrom("wakes").select("key").execute();
    const stored = new Set(rows.map(({ id }) => id));
    expect([...acknowledged].filter((id) => !stored.has(id))).toEqual([]);
    expect(new Set(wakes.map(({ key }) => key))).toEqual(new Set(rows.map(({ id }) => `delivery:${id}`)));
    expect((await sql`pragma integrity_check`.execute(store.db)).rows).toEqual([{ integrity_check: "ok" }]);
    await store.close();
  }
});

test("while another process lives, nobody else gets in", async () => {
  const { child, told, tells } = startWriter();
  await tells(1);
  expect(told[0]).toBe("open");
  const clock = new VirtualClock();
  const told2 = expect(open(clock)).rejects.toMatchObject({ code: "store_locked" });
  await clock.advance(15_000);
  await told2;
  await kill(child);
});

test("a directory that cannot be written is told", async () => {
  writeFileSync(join(dataDir, "..", "file"), "");
  dataDir = join(dataDir, "..", "file", "data");
  const opening = open();
  await expect(opening).rejects.toMatchObject({ kind: "refused", code: "store_unwritable" });
  await expect(opening).rejects.toThrow(/DATA_DIR/);
  dataDir = join(dataDir, "..", "..", "data");
});

test("a file that is no database is told, and the lock is given up", async () => {
  mkdirSync(dataDir);
  writeFileSync(join(dataDir, "patchwright.db"), "this is not a database, it is a letter".repeat(100));
  await expect(open()).rejects.toMatchObject({ kind: "refused", code: "store_damaged" });
  rmSync(join(dataDir, "patchwright.db"));
  await (await open()).close();
});

test("a full disk is `later`, acknowledges nothing, and passes", async () => {
  const store = await open();
  const box = inbox(store, silent, systemClock);
  const { rows } = await sql<{ page_count: number }>`pragma page_count`.execute(store.db);
  await sql`pragma max_page_count = ${sql.lit(rows[0]?.page_count ?? 0)}`.execute(store.db);
  const body = "x".repeat(1_000_000);
  await expect(box.append({ id: "a", event: "issues", body })).rejects.toMatchObject({ code: "store_full" });
  await sql`pragma max_page_count = 1000000`.execute(store.db);
  expect(await box.load("a")).toBeUndefined();
  expect(await box.append({ id: "a", event: "issues", body })).toBe("new");
  await store.close();
});

test("a migration that fails halfway is undone", async () => {
  const disk = new Disk();
  disk.open().prepare("create table memos (letter text)").run([]);
  await expect(openStore({ kind: "lent", connection: disk.open() })).rejects.toThrow(/memos/);
  const tables = disk
    .open()
    .prepare("select name from sqlite_master where type = 'table' and name not like 'kysely%'");
  expect(tables.all([])).toEqual([{ name: "memos" }]);
});
