/**
 * A small sample of the crash sweep for every run of the tests: the places where most is at stake. The whole
 * of it is `npm run test:crash`.
 */
import { readFileSync } from "node:fs";
import { expect, test, vi } from "vitest";
import { pointsOf } from "./plan.ts";
import { plants } from "./plants.ts";
import { play } from "./play.ts";
import { report } from "./report.ts";
import { main } from "./stories.ts";
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

test("what the planted bugs change is in the source, exactly once", () => {
  const root = new URL("../../", import.meta.url);
  const astray = plants.flatMap(({ what, edits }) =>
    edits
      .filter(({ file, from }) => readFileSync(new URL(file, root), "utf8").split(from).length !== 2)
      .map(({ file }) => `${what}: ${file}`),
  );
  expect(astray).toEqual([]);
});
