/** GitHub's log has GitHub's times: a clock of ours that is wrong, or was, loses nothing that the log holds. */
import { afterEach, expect, test } from "vitest";
import type { GitHubSim } from "../sim/github/github.ts";
import { VirtualClock } from "../sim/virtual-clock.ts";
import { setCaretaker } from "./caretaker.ts";

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const shop = "acme/shop";
let github: GitHubSim;
afterEach(() => github.stop());

/** A caretaker whose clock is ahead of GitHub's by what `skew` says at the time. */
async function setUp(skew: { aheadMs: number }) {
  const clock = new VirtualClock();
  const caretaker = await setCaretaker(clock, { now: () => clock.now() + skew.aheadMs });
  github = caretaker.github;
  return { clock, ...caretaker };
}

const ask = () => void github.openIssue(shop, { title: "Bug", author: "mona", labels: ["agent"] });
const turnsOf = [25 * minuteMs, hourMs, 48 * hourMs, 100 * hourMs, -hourMs, -100 * hourMs];

test.each(turnsOf)("our clock %i ms ahead: every missed delivery is found", async (aheadMs) => {
  const { clock, round, issues } = await setUp({ aheadMs });
  for (const asked of [1, 2, 3]) {
    ask();
    await clock.advance(5 * minuteMs);
    await round();
    expect(await issues()).toBe(asked);
  }
});

test.each(turnsOf)(
  "our clock was %i ms ahead and is set right: every missed delivery is found",
  async (aheadMs) => {
    const skew = { aheadMs };
    const { clock, round, issues } = await setUp(skew);
    await round();
    skew.aheadMs = 0;
    for (const asked of [1, 2, 3]) {
      ask();
      await clock.advance(20 * minuteMs);
      await round();
      expect(await issues()).toBe(asked);
    }
  },
);

test("a mark that an older version wrote by a clock that was ahead keeps nothing from being found", async () => {
  const { clock, round, issues, remember } = await setUp({ aheadMs: 0 });
  await clock.advance(hourMs);
  ask();
  await clock.advance(hourMs);
  await remember("deliveries", JSON.stringify({ at: clock.now() + 48 * hourMs, tries: {} }));
  await round();
  expect(await issues()).toBe(1);
  await clock.advance(hourMs);
  ask();
  await clock.advance(hourMs);
  await round();
  expect(await issues()).toBe(2);
  const before = github.log.length;
  await round();
  expect(github.log.length - before).toBe(1);
});
