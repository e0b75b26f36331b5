/** What the door knows of labels: never more than the rulebook said a moment ago, and nothing after a push. */
import { beforeEach, expect, test } from "vitest";
import { createLabelMemory, type LabelMemory } from "../../src/doors/label-memory.ts";
import type { Rules } from "../../src/mission/rulebook.ts";
import { VirtualClock } from "../sim/virtual-clock.ts";

const place = { installation: 1, repositoryId: 7, owner: "acme", repo: "shop" };
const operator = { budgetUsdMax: 50, dayUsdMax: 500, defaultActiveRuns: 25, defaultBudgetUsd: 5 };
const rulesWith = (label: string): Rules => ({
  layers: { operator, repository: { labels: { [label]: {} } } },
  at: {},
});

let clock: VirtualClock;
let memory: LabelMemory;
let answer: () => Promise<Rules>;
let asked: number;

beforeEach(() => {
  clock = new VirtualClock();
  asked = 0;
  answer = () => Promise.resolve(rulesWith("agent"));
  const at = () => {
    asked += 1;
    return answer();
  };
  memory = createLabelMemory({ rulebook: { at }, clock });
});

const isForeign = (label: string) => memory.isForeign({ place, label });
const settled = () => new Promise((resolve) => setImmediate(resolve));

test("nothing is foreign before it was learnt, and one question is asked for all", async () => {
  expect([isForeign("bug"), isForeign("bug"), isForeign("docs")]).toEqual([false, false, false]);
  await settled();
  expect([isForeign("bug"), isForeign("docs")]).toEqual([true, true]);
  expect(asked).toBe(1);
});

test("a label of ours is never foreign, however it is spelled", async () => {
  isForeign("agent");
  await settled();
  expect([isForeign("agent"), isForeign("Agent")]).toEqual([false, false]);
});

test("after five seconds it is asked again", async () => {
  isForeign("bug");
  await settled();
  answer = () => Promise.resolve(rulesWith("bug"));
  await clock.advance(4_999);
  expect(isForeign("bug")).toBe(true);
  await clock.advance(1);
  expect(isForeign("bug")).toBe(false);
  await settled();
  expect([isForeign("bug"), isForeign("docs")]).toEqual([false, true]);
});

test("a push makes everything unsure, also an answer that is on its way", async () => {
  const { promise, resolve } = Promise.withResolvers<Rules>();
  answer = () => promise;
  isForeign("bug");
  memory.forget();
  resolve(rulesWith("agent"));
  await settled();
  answer = () => Promise.resolve(rulesWith("bug"));
  expect(isForeign("bug")).toBe(false);
  await settled();
  expect([isForeign("bug"), isForeign("agent")]).toEqual([false, true]);
});

test("where the rulebook cannot tell, the intake is left to ask", async () => {
  answer = () => Promise.reject(new Error("GitHub does not answer"));
  expect(isForeign("bug")).toBe(false);
  await settled();
  expect(isForeign("bug")).toBe(false);
});
