/** A sample of the hostile texts; `npm run bench:limits` plays them all. */
import { expect, test } from "vitest";
import { hostileDifferential } from "./differential.ts";
import { payloads } from "./payloads.ts";

test("there are enough texts, each of its own", () => {
  expect(payloads.length).toBeGreaterThanOrEqual(500);
  expect(new Set(payloads.map(({ text }) => text)).size).toBeGreaterThanOrEqual(500);
});

test("no hostile text changes anything but what stands between the fences", async () => {
  const { payloads: played, differences } = await hostileDifferential({ step: 61 });
  expect(played).toBeGreaterThanOrEqual(10);
  expect(differences).toEqual([]);
});
