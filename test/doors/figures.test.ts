/** The overview's numbers against a calculation by hand. */
import { expect, test } from "vitest";
import { figuresBy, figuresOf } from "../../src/doors/dashboard/figures.ts";
import type { RunLine } from "../../src/store/listing.ts";

const minuteMs = 60_000;

/** A run that was begun at ten past, as it stands by now. */
function line(repo: string, more: Partial<RunLine>): RunLine {
  const createdAt = 10 * minuteMs;
  return {
    ...{
      id: "run_1",
      repositoryId: 1,
      owner: "acme",
      repo,
      issue: 1,
      title: "t",
      person: "mona",
      model: "m",
    },
    ...{ state: "opened", phase: "ended" as const, costCents: 0, createdAt, stateAt: createdAt, ...more },
  };
}

/** Opened a pull request after so many minutes. */
const pull = (minutes: number, more: Partial<RunLine> = {}): Partial<RunLine> => ({
  ...{ pull: 7, pullAt: (10 + minutes) * minuteMs, phase: "resting" as const, ...more },
});

const lines = [
  line("shop", { ...pull(4, { fate: "merged", phase: "ended" }), costCents: 120, label: "agent" }),
  line("shop", { ...pull(10, { fate: "merged", phase: "ended" }), costCents: 205, label: "agent" }),
  line("shop", { ...pull(6, { fate: "closed", phase: "ended" }), costCents: 80, label: "deep" }),
  line("shop", { ...pull(30), costCents: 300, label: "agent" }),
  line("shop", { state: "failed", costCents: 56 }),
  line("shop", { state: "working", phase: "working", costCents: 40 }),
  line("site", { state: "no changes", costCents: 10, label: "agent" }),
];

test("all runs together", () => {
  expect(figuresOf("all", lines)).toEqual({
    name: "all",
    runs: 7,
    // Four of the six that are over.
    successPercent: 67,
    opened: 4,
    merged: 2,
    closed: 1,
    // 4, 6, 10 and 30 minutes: the middle of 6 and 10.
    toPullMs: 8 * minuteMs,
    // 120 + 205 + 80 + 300 + 56 + 40 + 10.
    costCents: 811,
    // 811 by two, rounded.
    mergedCents: 406,
  });
});

test("by repository, label and whatever else they share, the most runs first", () => {
  expect(figuresBy(lines, ({ repo }) => repo)).toEqual([
    {
      ...{ name: "shop", runs: 6, successPercent: 80, opened: 4, merged: 2, closed: 1 },
      ...{ toPullMs: 8 * minuteMs, costCents: 801, mergedCents: 401 },
    },
    { name: "site", runs: 1, successPercent: 0, opened: 0, merged: 0, closed: 0, costCents: 10 },
  ]);
  expect(figuresBy(lines, ({ label }) => label ?? "(command)")).toEqual([
    {
      ...{ name: "agent", runs: 4, successPercent: 75, opened: 3, merged: 2, closed: 0 },
      // 4, 10 and 30 minutes; 120 + 205 + 300 + 10.
      ...{ toPullMs: 10 * minuteMs, costCents: 635, mergedCents: 318 },
    },
    { name: "(command)", runs: 2, successPercent: 0, opened: 0, merged: 0, closed: 0, costCents: 96 },
    {
      ...{ name: "deep", runs: 1, successPercent: 100, opened: 1, merged: 0, closed: 1 },
      ...{ toPullMs: 6 * minuteMs, costCents: 80 },
    },
  ]);
});

test("of nothing, and of what is not over, there is no share and no time", () => {
  const nothing = { opened: 0, merged: 0, closed: 0, costCents: 0 };
  expect(figuresOf("none", [])).toEqual({ name: "none", runs: 0, ...nothing });
  const working = [line("shop", { state: "working", phase: "working" })];
  expect(figuresOf("new", working)).toEqual({ name: "new", runs: 1, ...nothing });
});
