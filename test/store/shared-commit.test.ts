/**
 * Writes that share a transaction share nothing else: each is told its own result, or its own error, and not before
 * the disk has it.
 */
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from "vitest";
import { openStore, type Store } from "../../src/store/database.ts";
import { SharedCommit, type Write } from "../../src/store/shared-commit.ts";
import { turns } from "../contract/engine-world.ts";
import { VirtualClock } from "../sim/virtual-clock.ts";
import { Disk } from "./disk.ts";

let store: Store;
let commits: number;

beforeEach(async () => {
  const connection = new Disk().open((text) => {
    if (text === "commit") commits += 1;
  });
  store = await openStore({ kind: "lent", connection });
  commits = 0;
});
afterEach(() => store.close());

const wake =
  (key: string): Write<string> =>
  async (tx) => {
    await tx.insertInto("wakes").values({ key, at: 1, pokes: 0, tries: 0 }).execute();
    return key;
  };

/** Turns of the event loop until it is so; the test's own limit ends a wait in vain. */
async function until(so: () => boolean): Promise<void> {
  while (!so()) await turns(1);
}

test("writes of one moment are one transaction", async () => {
  const told = await Promise.all(["a", "b", "c"].map((key) => store.together(wake(key))));
  expect(told).toEqual(["a", "b", "c"]);
  expect(commits).toBe(1);
});

test("a refused write takes no other with it", async () => {
  await store.together(wake("b"));
  const told = await Promise.allSettled(["a", "b", "c"].map((key) => store.together(wake(key))));
  expect(told.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
  const rows = await store.db.selectFrom("wakes").select("key").orderBy("key").execute();
  expect(rows.map(({ key }) => key)).toEqual(["a", "b", "c"]);
});

/** A disk whose syncs a test ends, well or not, and writes that say when somebody was told. */
function slowDisk() {
  const syncs: PromiseWithResolvers<void>[] = [];
  const told: string[] = [];
  const shared = new SharedCommit(store.db, () => {
    const sync = Promise.withResolvers<void>();
    syncs.push(sync);
    return sync.promise;
  });
  const add = (key: string) =>
    shared.add(wake(key)).then(
      () => told.push(`${key} is durable`),
      (error: Error) => told.push(`${key}: ${error.message}`),
    );
  return { add, syncs, told };
}

test("nobody is told before the disk has what was committed", async () => {
  const { add, syncs, told } = slowDisk();
  const all = [add("a"), add("b")];
  await until(() => syncs.length === 1);
  await turns(20);
  expect([commits, told]).toEqual([1, []]);
  syncs[0]?.resolve();
  await Promise.all(all);
  expect(told).toEqual(["a is durable", "b is durable"]);
});

test("a sync that began before a commit does not count for it", async () => {
  const { add, syncs, told } = slowDisk();
  const first = add("a");
  await until(() => syncs.length === 1);
  const second = add("b");
  await until(() => commits === 2);
  syncs[0]?.resolve();
  await first;
  await until(() => syncs.length === 2);
  await turns(20);
  expect(told).toEqual(["a is durable"]);
  syncs[1]?.resolve();
  await second;
  expect(told).toEqual(["a is durable", "b is durable"]);
});

test("a disk that fails to sync tells everybody in the transaction", async () => {
  const { add, syncs, told } = slowDisk();
  const all = [add("a"), add("b")];
  await until(() => syncs.length === 1);
  syncs[0]?.reject(new Error("the disk fails"));
  await Promise.all(all);
  expect(told).toEqual(["a: the disk fails", "b: the disk fails"]);
});

test("of a store in a file the log is what is synced", async () => {
  const dataDir = mkdtempSync(join(tmpdir(), "patchwright-sync-"));
  const own = await openStore({ kind: "embedded", dataDir, clock: new VirtualClock() });
  const synced = Promise.withResolvers<void>();
  const files: number[] = [];
  const anyFile = await open(new URL(import.meta.url));
  const datasync = vi.spyOn(Object.getPrototypeOf(anyFile) as FileHandle, "datasync");
  datasync.mockImplementation(async function (this: FileHandle) {
    files.push((await this.stat()).ino);
    await synced.promise;
  });
  onTestFinished(async () => {
    synced.resolve();
    datasync.mockRestore();
    await anyFile.close();
    await own.close();
    rmSync(dataDir, { recursive: true, force: true });
  });
  let isTold: boolean = false;
  const write = own.together(wake("a")).then(() => {
    isTold = true;
  });
  await until(() => files.length === 1 || isTold);
  await turns(20);
  const log = statSync(join(dataDir, "patchwright.db-wal")).ino;
  expect([files, isTold]).toEqual([[log], false]);
  synced.resolve();
  await write;
});
