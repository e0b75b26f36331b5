/** How often the store is read for pages that live: once for all who look at the same, and where something changed. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { defaultSettings } from "../../src/domain/settings.ts";
import { createDashboard, type DashboardParts } from "../../src/doors/dashboard/dashboard.ts";
import { createViews } from "../../src/doors/dashboard/views.ts";
import { courseMark } from "../../src/store/course-mark.ts";
import { openStore, type Store } from "../../src/store/database.ts";
import { writeJournal } from "../../src/store/journal.ts";
import { addNote } from "../../src/store/notes.ts";
import { VirtualClock } from "../sim/virtual-clock.ts";
import { Disk } from "../store/disk.ts";

const incoming = { headers: { host: "localhost" }, socket: { remoteAddress: "127.0.0.1" } };
const id = "run_1";
const viewers = 20;

let clock: VirtualClock;
let store: Store;
let asked: string[];
let halts: (() => unknown)[];
beforeEach(async () => {
  clock = new VirtualClock();
  [asked, halts] = [[], []];
  store = await openStore({ kind: "lent", connection: new Disk().open((sql) => void asked.push(sql)) });
  const now = clock.now();
  const origin = {
    sender: { login: "mona" },
    trigger: { kind: "label", label: "agent" },
    title: "",
    body: "",
  };
  await store.db
    .insertInto("runs")
    .values({
      ...{ id, trigger_key: id, installation_id: 1, repository_id: 2, owner: "acme", repo: "shop", issue: 3 },
      ...{ origin_json: JSON.stringify(origin), settings_json: JSON.stringify(defaultSettings) },
      ...{ round: 1, phase: "working", epoch: 0, progress_json: "{}", title: "Add is wrong" },
      ...{ state: "working", person: "mona", created_at: now, round_at: now, state_at: now },
    })
    .execute();
  for (let at = 0; at < 700; at += 1) await work(at);
});
afterEach(async () => {
  await Promise.all(halts.map((halt) => halt()));
  await store.close();
});

/** The agent's work as the journal has it. */
function work(at: number) {
  const counts = { read: at, edited: 0, commands: 0 };
  const entry = { kind: "work" as const, words: `Step ${at}`, counts, cents: at };
  return writeJournal(store.db, id, [{ name: `work ${at}`, at: clock.now(), entry }]);
}

/** Readers of a live page; what each of them has heard. */
async function watched(path: string): Promise<string[]> {
  const parts = { config: { server: {}, github: { webUrl: "" } }, store, clock, intake: { store } };
  const app = createDashboard({ ...parts, sessionUrl: () => "" } as unknown as DashboardParts);
  const heard = Array.from({ length: viewers }, () => "");
  for (const at of heard.keys()) {
    const { body } = await app.request(path, {}, { incoming });
    const reader = body?.pipeThrough(new TextDecoderStream()).getReader();
    halts.push(() => reader?.cancel());
    const listen = async () => {
      for (let part = await reader?.read(); part && !part.done; part = await reader?.read())
        heard[at] += part.value;
    };
    void listen().catch(() => undefined);
  }
  await clock.advance(1);
  return heard;
}

/** Statements since the last time that begin like this. */
function count(start: string): number {
  return asked.filter((sql) => sql.startsWith(start)).length;
}

const journal = 'select "name", "at", "entry_json" from "journal"';

test("a run that many look at is looked at once a tick, and read where it has changed", async () => {
  const heard = await watched(`/runs/${id}/live`);
  for (const text of heard) expect(text).toContain("Step 699");
  expect(count(journal)).toBe(1);
  asked.length = 0;
  for (let seconds = 0; seconds < 5; seconds += 1) await clock.advance(1_000);
  expect([count('select * from "runs"'), count(journal)]).toEqual([5, 0]);
  await work(700);
  asked.length = 0;
  await clock.advance(1_000);
  expect([count('select * from "runs"') > 0, count(journal)]).toEqual([true, 1]);
  for (const text of heard) expect(text).toContain("Step 700");
});

test("a list that many look at is read once a tick", async () => {
  const heard = await watched("/live");
  for (const text of heard) expect(text).toContain("Add is wrong");
  asked.length = 0;
  for (let seconds = 0; seconds < 5; seconds += 1) await clock.advance(1_000);
  expect(count("select ")).toBe(5);
});

test("what takes longer than a tick is read by one at a time, and what failed is read again", async () => {
  const views = createViews<number>(clock);
  let reads = 0;
  const slow = (before: number | undefined) => {
    reads += 1;
    return new Promise<number>((resolve) => clock.after(5_000, () => resolve((before ?? 0) + 1)));
  };
  const first = views.look("a", slow);
  await clock.advance(4_000);
  const second = views.look("a", slow);
  await clock.advance(1_500);
  expect([await first, await second, reads]).toEqual([1, 1, 1]);
  const third = views.look("a", slow);
  await clock.advance(5_000);
  expect([await third, reads]).toEqual([1, 1]);
  const failed = views.look("b", () => Promise.reject(new Error("busy")));
  await expect(failed).rejects.toThrow("busy");
  expect(await views.look("b", async () => 7)).toBe(7);
});

test.each<[string, () => Promise<unknown>]>([
  ["a note", () => addNote(store.db, id, { ...noteOf("comment:1"), round: 1, at: clock.now() })],
  ["an entry of the journal in the place of another", () => work(699)],
  ["a fact", () => store.db.insertInto("facts").values(factOf(null)).execute()],
  ["the row", () => store.db.updateTable("runs").set({ cost_cents: 5 }).execute()],
])("%s changes the mark of a course", async (_what, change) => {
  const before = await courseMark(store.db, id);
  expect(await courseMark(store.db, id)).toBe(before);
  await clock.advance(1);
  await change();
  expect(await courseMark(store.db, id)).not.toBe(before);
});

test("so does the result of a fact, and a run that is not there has none", async () => {
  await store.db.insertInto("facts").values(factOf(null)).execute();
  const before = await courseMark(store.db, id);
  await store.db.updateTable("facts").set({ value_json: "{}", done_at: clock.now() }).execute();
  expect(await courseMark(store.db, id)).not.toBe(before);
  expect(await courseMark(store.db, "run_2")).toBeUndefined();
});

function noteOf(note: string) {
  return {
    id: note,
    kind: "said" as const,
    author: "mona",
    text: "x",
    source: { kind: "comment" as const, id: 1 },
  };
}

function factOf(value_json: string | null) {
  return { run_id: id, round: 0, name: "comment", value_json, begun_at: clock.now(), done_at: null };
}
