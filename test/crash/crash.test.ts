/**
 * A small sample of the crash sweep for every run of the tests: the places where most is at stake. The whole
 * of it is `npm run test:crash`.
 */
import { readFileSync } from "node:fs";
import { expect, test, vi } from "vitest";
import { plants } from "./plants.ts";
import { play, type Return } from "./play.ts";
import { main } from "./stories.ts";

vi.mock("../sim/program.ts", () => import("./git/program.ts"));

const sample: [point: string, back: Return][] = [
  ["before write insert deliveries #1", "at once"],
  ["after POST /v1/sessions #1", "two hours later"],
  ["after POST /api/v3/repos/acme/shop/issues/N/comments #1", "another takes over"],
  ["after POST /v1/sessions/ID/events #1", "at once"],
  ["after POST /api/v3/repos/acme/shop/pulls #1", "another takes over"],
];

test.each(sample)("dies %s and comes back %s: it ends as if nothing had happened", async (point, back) => {
  const { struck, flaws } = await play(main, [{ point, blow: "crash", back }]);
  expect({ struck, flaws }).toEqual({ struck: 1, flaws: [] });
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
