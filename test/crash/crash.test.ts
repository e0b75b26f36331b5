/**
 * A small sample of the crash sweep for every run of the tests: the places where most is at stake. The whole
 * of it is `npm run test:crash`.
 */
import { readFileSync } from "node:fs";
import { expect, test, vi } from "vitest";
import { shareOf, spread } from "./chance.ts";
import type { Lateness } from "./late.ts";
import { latesOf, pointsOf } from "./plan.ts";
import { plants } from "./plants.ts";
import { play } from "./play.ts";
import { report, type Said } from "./report.ts";
import { longWork, main } from "./stories.ts";
import type { Story } from "./story.ts";
import type { Return } from "./strokes.ts";

vi.mock("../sim/program.ts", () => import("./git/program.ts"));

const sample: [point: string, back: Return][] = [
  ["before write insert deliveries #1", "at once"],
  ["after POST /v1/sessions #1", "two hours later"],
  ["after POST /api/v3/repos/acme/shop/issues/N/comments #1", "another takes over"],
  ["after POST /v1/sessions/ID/events #1", "at once"],
  ["after POST /api/v3/repos/acme/shop/pulls #1", "another takes over"],
];

test.each(sample)("dies %s and comes back %s: it ends as if nothing had happened", async (point, back) => {
  const { unplayed, flaws } = await play(main, [{ point, blow: "crash", back }]);
  expect({ unplayed, flaws }).toEqual({ unplayed: undefined, flaws: [] });
});

test("a clean run of the main story has the points that are on record", async () => {
  expect(pointsOf(await play(main, []))).toHaveLength(main.points);
});

const lates: ({ story: Story } & Lateness)[] = [
  { story: main, delivery: "issues.labeled by mona #1", by: "a minute", meanwhile: "says stop" },
  { story: main, delivery: "issues.labeled by mona #1", by: "the next one", meanwhile: "closes the issue" },
  {
    story: longWork,
    ...{ delivery: "issue_comment.created by mona #1", by: "12 seconds", meanwhile: "says stop and labels" },
  },
  {
    story: longWork,
    ...{ delivery: "issues.unlabeled by mona #1", by: "a minute" },
    meanwhile: "takes the label off and puts it on",
  },
];

test.each(lates)(
  "$story.name, somebody $meanwhile, $delivery late by $by: the last word counts",
  async ({ story, ...late }) => {
    const { unplayed, flaws } = await play(story, [], { late });
    expect({ unplayed, flaws }).toEqual({ unplayed: undefined, flaws: [] });
  },
);

test("each delivery of a story is held back in turn, and of further words people's own", async () => {
  const { deliveries } = await play(main, []);
  const names = latesOf(main, undefined, deliveries).map(({ late }) => `${late?.delivery}, ${late?.by}`);
  expect(names).toHaveLength(4 * deliveries.length);
  expect(names).toContain("pull_request.opened by patchwright[bot] #1, twenty minutes");
  const words = latesOf(main, "says stop", deliveries).map(({ late }) => late?.delivery);
  expect([...new Set(words)]).toEqual(["issues.opened by mona #1", "issues.labeled by mona #1"]);
});

test("a delivery that never leaves is told", async () => {
  const { unplayed } = await play(main, [], {
    late: { delivery: "issues.closed by mona #1", by: "a minute" },
  });
  expect(unplayed).toMatch(/^issues\.closed by mona #1 was not among the \d+ deliveries$/);
});

test("a blow that finds nobody is told with its reason, and no good play", async () => {
  const strike = { point: "after POST /v1/sessions #2", blow: "crash", back: "at once" } as const;
  const { unplayed, flaws } = await play(main, [strike]);
  expect(flaws).toEqual([]);
  expect(unplayed).toMatch(
    /^after POST \/v1\/sessions came 1 times in \d+ points, and the blow was due at .* #2$/,
  );
  const lines: string[] = [];
  const { hear, sum } = report("1", { isSample: true, print: (line) => void lines.push(line) });
  const plan = { story: "main", strikes: [strike] };
  hear({ kind: "planned", plays: 101 });
  for (let at = 0; at < 100; at += 1) hear({ kind: "played", what: "death" });
  expect(sum()).toBe(0);
  hear({ kind: "unplayed", what: "death", plan, why: String(unplayed) });
  expect(sum()).toBe(1);
  expect(lines.join("\n")).toContain(`NOT PLAYED (death): ${unplayed}`);
});

test.each([
  [195, 1],
  [196, 0],
  [197, 1],
])("a story whose clean run has %i points instead of 196 is told: %i", (points, failures) => {
  const { hear, sum } = report("1", { isSample: true, print: () => undefined });
  hear({ kind: "story", name: "main", points, least: 196, most: 196 });
  expect(sum()).toBe(failures);
});

test("a whole sweep that plays less than it planned fails", () => {
  const { hear, sum } = report("1", { isSample: false, print: () => undefined });
  hear({ kind: "planned", plays: 2 });
  hear({ kind: "played", what: "kill" });
  expect(sum()).toBe(1);
  hear({ kind: "played", what: "kill" });
  expect(sum()).toBe(0);
});

test("a planted bug is caught by a play that ends well without it, and by no other", () => {
  const proof = { story: "main", strikes: [] };
  const bug = { what: "a bug", proof, flaw: "runs: 2, not 1" };
  const failures = (...said: Said[]) => {
    const { hear, sum } = report("1", { isSample: true, print: () => undefined });
    for (const one of said) hear(one);
    return sum();
  };
  expect(failures({ kind: "shown", ...bug })).toBe(1);
  expect(failures({ kind: "missed", ...bug }, { kind: "fine", proof })).toBe(1);
  expect(failures({ kind: "shown", ...bug }, { kind: "fine", proof })).toBe(0);
});

test.each([
  [4, 0],
  [5, 1],
])("planted bugs without a turn are named, and more than a few fail: %i", (count, failures) => {
  const lines: string[] = [];
  const { hear, sum } = report("1", { isSample: true, print: (line) => void lines.push(line) });
  for (let at = 0; at < count; at += 1) hear({ kind: "turnless", what: `bug ${at}` });
  expect(sum()).toBe(failures);
  expect(lines.filter((line) => line.startsWith("NO TURN  bug"))).toHaveLength(count);
});

test("a sample has one of each kind before a second of any, and every play has one share", () => {
  const plays = Array.from({ length: 60 }, (_, at) => `${at < 40 ? "often" : "seldom"} ${at}`);
  const kindOf = (play: string) => play.split(" ")[0] ?? "";
  const kinds = spread(plays, kindOf, 7).map(kindOf);
  expect(kinds.slice(0, 40).filter((kind) => kind === "seldom")).toHaveLength(20);
  expect(spread(plays, kindOf, 7)).not.toEqual(spread(plays, kindOf, 8));
  const shares = plays.map((play) => shareOf(play, 2));
  expect(shares.filter((share) => share === 0).length).toBeGreaterThan(20);
  expect(shares.filter((share) => share === 1).length).toBeGreaterThan(20);
});

test("what the planted bugs change is in the source, exactly once", () => {
  const root = new URL("../../", import.meta.url);
  const astray = plants.flatMap(({ what, edits }) =>
    edits
      .filter(({ file, from }) => readFileSync(new URL(file, root), "utf8").split(from).length !== 2)
      .map(({ file }) => `${what}: ${file}`),
  );
  expect(astray).toEqual([]);
});
