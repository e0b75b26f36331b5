/** The model that the bench of limits measures by knows every call of a run. */
import { expect, test } from "vitest";
import { openModel } from "./limits/model.ts";

test("a label comes to its pull request", async () => {
  const world = await openModel({ agentMs: 60_000 });
  await world.label(1, 1, ["first"]);
  await world.clock.advance(10 * 60_000);
  expect([...world.github.pulls.values()]).toEqual([1]);
  expect(world.github.violations).toBe(0);
  await world.close();
});
