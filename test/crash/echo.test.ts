/** Every story of the crash sweep has an echo, and nothing comes of it. */
import { expect, test, vi } from "vitest";
import { echo } from "./echo.ts";
import { stories } from "./stories.ts";

vi.mock("../sim/program.ts", () => import("./git/program.ts"));

test.each(stories)("$name: what was done is not done again", async (story) => {
  expect(await echo(story)).toEqual([]);
});
