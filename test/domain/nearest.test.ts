/** The word somebody probably meant. */
import { expect, test } from "vitest";
import { nearest } from "../../src/domain/nearest.ts";

const words = ["files", "lines", "minutes", "budget_usd", "who", "ci"];

test.each([
  ["flies", "files"],
  ["line", "lines"],
  ["Budget_USD", "budget_usd"],
  ["budgetusd", "budget_usd"],
  ["minuets", "minutes"],
  ["woh", "who"],
  ["how", undefined],
  ["repository", undefined],
  ["", undefined],
  ["f".repeat(5_000), undefined],
])("%s", (word, meant) => {
  expect(nearest(word, words)).toBe(meant);
});
