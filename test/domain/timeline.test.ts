/** A run's journal stays short and without secrets; its timeline says in words what is written down. */
import { expect, test } from "vitest";
import { entriesOf, type Journaled } from "../../src/domain/journal.ts";
import { noProgress, type Progress } from "../../src/domain/progress.ts";
import type { Run } from "../../src/domain/run.ts";
import { defaultSettings } from "../../src/domain/settings.ts";
import { costsOf, type Moment, timelineOf, type WrittenFact } from "../../src/domain/timeline.ts";

const start = Date.UTC(2026, 10, 25);
const sender = { login: "mona", id: 7, type: "User" };

function runWith(changes: Partial<Run> = {}): Run {
  return {
    id: "run_1",
    place: { installation: 1, repositoryId: 2, owner: "acme", repo: "shop", issue: 3 },
    origin: {
      trigger: { kind: "label", label: "agent" },
      sender,
      at: start,
      title: "Add is wrong",
      body: "See there.",
      comments: 0,
      issueUrl: "https://github.com/acme/shop/issues/3",
      defaultBranch: "main",
      private: true,
    },
    settings: defaultSettings,
    round: 1,
    phase: "working",
    progress: noProgress,
    notes: [],
    createdAt: start,
    roundAt: start,
    ...changes,
  };
}

const fact = (name: string, value: unknown, seconds: number, round = 1): WrittenFact => ({
  round,
  name,
  value_json: value === undefined ? null : JSON.stringify(value),
  begun_at: start + seconds * 1_000,
  done_at: start + seconds * 1_000,
});

function told({ run = runWith(), facts = [], journal = [] }: Partial<Told> = {}): Moment[] {
  return timelineOf({ run, facts, journal, sessionUrl: (id) => `https://claude.test/${id}` });
}
interface Told {
  run: Run;
  facts: WrittenFact[];
  journal: Journaled[];
}

test("a look that finds nothing new leaves no entry", () => {
  expect(entriesOf(runWith(), noProgress, start)).toEqual([]);
});

test("four hours of work, looked at every second, leave a few hundred entries", () => {
  const names = new Set<string>();
  let before: Progress = noProgress;
  for (let second = 0; second < 4 * 3_600; second += 1) {
    const progress = { ...before, costCents: second, words: `step ${second}` };
    const now = start + second * 1_000;
    for (const { name } of entriesOf(runWith({ progress }), before, now)) names.add(name);
    before = progress;
  }
  expect(names.size).toBeGreaterThan(200);
  expect(names.size).toBeLessThan(400);
});

test("what the agent says is cut, and secrets are taken out, before it is written down", () => {
  const words = `ghs_12345_${"a".repeat(60)} ${"x".repeat(5_000)}`;
  const [entry] = entriesOf(runWith({ progress: { ...noProgress, words } }), noProgress, start);
  expect(JSON.stringify(entry)).not.toContain("ghs_");
  expect(JSON.stringify(entry).length).toBeLessThan(1_000);
});

test("a question is kept, because the platform forgets an answered call", () => {
  const calls = [{ id: "call_1", name: "ask_maintainer", input: { question: "Which one?" } }];
  const run = runWith({ progress: { ...noProgress, calls } });
  const journal = entriesOf(run, noProgress, start + 1_000);
  expect(journal).toContainEqual({
    name: "question call_1",
    at: start + 1_000,
    entry: { kind: "question", text: "Which one?" },
  });
  const moments = told({ journal, facts: [fact("question call_1", { id: 1, url: "https://g.test/c" }, 2)] });
  expect(moments).toContainEqual(
    expect.objectContaining({
      title: "Asked a question and waits for the answer",
      text: "Which one?",
      link: { url: "https://g.test/c", words: "on GitHub" },
    }),
  );
});

test("what was begun and not done is not told", () => {
  expect(told({ facts: [fact("pull", undefined, 5)] }).map(({ title }) => title)).toEqual([
    "mona asked by the label “agent”",
  ]);
});

test("held work is told with its reasons, an approval with who gave it, an ending with its words", () => {
  const reasons = [{ code: "path", path: ".github/workflows/ci.yml", words: "is guarded", approvable: true }];
  const moments = told({
    facts: [
      fact("held 0123456789abcdef", { reasons, more: 2 }, 1),
      fact("held fedcba9876543210", true, 2),
      fact("approval", { head: "0123456", by: "rita" }, 3),
      fact("ending", { kind: "failed", words: "The session broke." }, 4),
    ],
  });
  expect(moments[1]).toMatchObject({
    code: "0123456789ab",
    text: ".github/workflows/ci.yml: is guarded\nand 2 more",
  });
  expect(moments[2]?.text).toBeUndefined();
  expect(moments[3]?.title).toBe("rita approved what was held back");
  expect(moments[4]).toMatchObject({ title: "Ended: failed", text: "The session broke." });
});

test("what a later round pushed is told as screened, with no second word where it is held back", () => {
  const reasons = [{ kind: "path", path: ".github/workflows/ci.yml", words: "is kept back" }];
  const moments = told({
    facts: [
      fact("checked 0123456789abcdef", { id: 1 }, 1, 2),
      fact("held fedcba9876543210", { reasons, more: 0 }, 2, 3),
      fact("checked fedcba9876543210", { id: 2 }, 3, 3),
    ],
  });
  const proposals = moments.filter(({ who }) => who === "proposal");
  expect(proposals.map(({ title, code }) => [title, code])).toEqual([
    ["Screened what was pushed to the pull request", "0123456789ab"],
    ["Held back by the screening, waits for approval", "fedcba987654"],
  ]);
});

test("what people say stands in its round, and a stop names who asked", () => {
  const note = { id: "comment:1", kind: "said" as const, author: "rita", text: "Faster." };
  const notes = [{ ...note, round: 2, source: { kind: "comment" as const, id: 1 }, at: start + 60_000 }];
  const stop = { why: "command" as const, by: "mona", at: start + 90_000 };
  const titles = told({ run: runWith({ notes, stop, round: 2, roundAt: start + 60_000 }) }).map(
    ({ title }) => title,
  );
  expect(titles.slice(1)).toEqual(["Round 2 began", "rita said", "mona asked to stop"]);
});

test("of a token the timeline tells its steps and our own id, and which was the first", () => {
  const step = (token: string, name: "minted" | "handed over" | "revoked", seconds: number): Journaled => ({
    name: `token ${token} ${name}`,
    at: start + seconds * 1_000,
    entry: { kind: "token", step: name, token, resource: "acme/shop", contents: "write", expiresAt: start },
  });
  const journal = [
    step("aaaaaaaaaaaa", "minted", 1),
    step("aaaaaaaaaaaa", "handed over", 2),
    step("bbbbbbbbbbbb", "minted", 3),
    step("bbbbbbbbbbbb", "handed over", 4),
    step("aaaaaaaaaaaa", "revoked", 5),
  ];
  expect(told({ journal }).map(({ title, code }) => [title, code])).toEqual([
    ["mona asked by the label “agent”", undefined],
    ["Minted a token for acme/shop, contents: write", "aaaaaa"],
    ["Gave the session the token of acme/shop", "aaaaaa"],
    ["Minted a token for acme/shop, contents: write", "bbbbbb"],
    ["Replaced the token of acme/shop", "bbbbbb"],
    ["Revoked the token of acme/shop", "aaaaaa"],
  ]);
});

test("costs never fall, and begin with nothing", () => {
  const work = (cents: number, seconds: number): Journaled => ({
    name: `work 1 ${seconds}`,
    at: start + seconds * 1_000,
    entry: { kind: "work", words: "", counts: noProgress.counts, cents },
  });
  expect(
    costsOf({ run: runWith(), journal: [work(5, 1), work(3, 2), work(9, 3)] }).map(({ cents }) => cents),
  ).toEqual([0, 5, 5, 9]);
});
