/** The matrix of actors and triggers, cell by cell, and what a refusal costs. */
import { expect, test } from "vitest";
import { matrix } from "./who-may.ts";

test("every actor with every trigger gets what is promised, and a refusal costs one question at most", async () => {
  const { cells, wrongStarts, callsPerRefusal, callsPerRefusalMost } = await matrix();
  const wrong = cells.filter(({ wanted, found }) => wanted !== found);
  expect(wrong).toEqual([]);
  expect(cells.length).toBeGreaterThanOrEqual(120);
  expect(wrongStarts).toBe(0);
  expect(callsPerRefusal).toBeLessThanOrEqual(1);
  // Whoever asks first after a while pays for the settings as well.
  expect(callsPerRefusalMost).toBeLessThanOrEqual(2);
}, 600_000);
