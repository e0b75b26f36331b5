/** What a day still allows, in words that say when it may be tried again. */
import { expect, test } from "vitest";
import { refusal } from "../../src/domain/allowance.ts";

const now = Date.UTC(2026, 10, 22, 20, 30);
const today = { runs: 3, spent: 1_000, setAside: 500 };
const wanted = { isRun: true, cents: 500, runsPerDay: 200, dayCents: 2_000 };

test("up to the limit it is allowed, and a cent beyond it is not", () => {
  expect(refusal(today, wanted, now)).toBeUndefined();
  expect(refusal(today, { ...wanted, cents: 501 }, now)).toContain("It may be tried again");
  expect(refusal(today, { ...wanted, runsPerDay: 4 }, now)).toBeUndefined();
});

test("the runs of a day are told with the time of the next", () => {
  expect(refusal(today, { ...wanted, runsPerDay: 3 }, now)).toBe(
    "3 runs were started here today, and `limits.runs_per_day` allows 3. It may be tried again after 00:00 UTC (in 3 h 30 min). The organisation's settings and the operator of this service set this limit.",
  );
  expect(refusal(today, { ...wanted, isRun: false, runsPerDay: 3 }, now)).toBeUndefined();
});

test("money that is only set aside may come free sooner", () => {
  expect(refusal({ ...today, setAside: 501 }, wanted, now)).toContain(
    "$10.00 are spent and $5.01 are set aside for runs at work; this run may cost $5.00. It may be tried again when runs at work have ended, at the latest after 00:00 UTC",
  );
  expect(refusal({ ...today, spent: 1_501, setAside: 0 }, wanted, now)).toContain(
    "It may be tried again after 00:00 UTC",
  );
});

test("what no day allows is not put off to the next", () => {
  const words = refusal({ runs: 0, spent: 0, setAside: 0 }, { ...wanted, cents: 2_001 }, now);
  expect(words).toContain("A smaller `budget_usd` lets it start.");
  expect(words).not.toContain("tried again");
});
