/** While much is written the log is copied into the file beside it; nothing of that outlives the store. */
import { existsSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openStore, type Store } from "../../src/store/database.ts";
import { VirtualClock } from "../sim/virtual-clock.ts";

const directory = mkdtempSync(join(tmpdir(), "patchwright-checkpoints-"));
const path = join(directory, "patchwright.db");
let clock: VirtualClock;
let store: Store;

beforeEach(async () => {
  clock = new VirtualClock();
  store = await openStore({ kind: "embedded", dataDir: directory, clock });
});
afterEach(async () => {
  await store.close();
  rmSync(directory, { recursive: true, force: true });
});

/** Writes so many transactions of 100 KB one after the other. */
async function writeTimes(times: number): Promise<void> {
  for (let time = 0; time < times; time += 1) {
    const value = String(time).repeat(100_000).slice(0, 100_000);
    await store.together((tx) =>
      tx
        .insertInto("memos")
        .values({ name: `text ${time}`, value })
        .execute(),
    );
  }
}

/** Turns of the event loop until it is so; the test's own limit ends a wait in vain. */
async function until(so: () => boolean): Promise<void> {
  while (!so()) await new Promise((resolve) => setImmediate(resolve));
}

test("a burst is copied into the file while the store goes on", async () => {
  const before = statSync(path).size;
  await writeTimes(40);
  await until(() => statSync(path).size > before + 1_000_000);
  await writeTimes(0);
  expect(await store.db.selectFrom("memos").select("name").execute()).toHaveLength(40);
});

test("a few writes are left to SQLite", async () => {
  const before = statSync(path).size;
  for (let second = 0; second < 40; second += 1) {
    await store.together((tx) =>
      tx
        .insertInto("memos")
        .values({ name: `${second}`, value: "" })
        .execute(),
    );
    await clock.advance(1_001);
  }
  expect(statSync(path).size).toBe(before);
});

test("a store that is closed in a burst leaves no log behind, and can be opened again", async () => {
  await writeTimes(40);
  await store.close();
  expect(existsSync(`${path}-wal`)).toBe(false);
  store = await openStore({ kind: "embedded", dataDir: directory, clock });
  expect(await store.db.selectFrom("memos").select("name").execute()).toHaveLength(40);
});
