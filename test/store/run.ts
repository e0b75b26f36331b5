/** One run at its beginning, in a store that is given or in one in memory. */
import type { Origin } from "../../src/domain/run.ts";
import { defaultSettings } from "../../src/domain/settings.ts";
import { openStore, type Store } from "../../src/store/database.ts";
import { startRun } from "../../src/store/runs.ts";
import { Disk } from "./disk.ts";

const origin: Origin = {
  trigger: { kind: "label", label: "agent" },
  sender: { login: "mona", id: 7, type: "User" },
  at: 0,
  title: "Add is wrong",
  body: "",
  comments: 0,
  issueUrl: "https://github.com/acme/shop/issues/1",
  defaultBranch: "main",
  private: true,
};

/** Starts the run in a store. Resolves with its id. */
export async function beginRun(store: Store, now: number): Promise<string> {
  const place = { installation: 1, repositoryId: 2, owner: "acme", repo: "shop", issue: 1 };
  const id = "run_00000000000000000000";
  const start = { id, triggerKey: "label:1", place, origin, settings: defaultSettings, now };
  await store.db.transaction().execute((tx) => startRun(tx, start));
  return id;
}

/** The store with the run, and the run's id. */
export async function withRun(now: number): Promise<{ store: Store; disk: Disk; id: string }> {
  const disk = new Disk();
  const store = await openStore({ kind: "lent", connection: disk.open() });
  return { store, disk, id: await beginRun(store, now) };
}
