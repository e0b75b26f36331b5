/** Labelled issues of an account, where they are more than GitHub shows of a search, and change meanwhile. */
import { afterEach, expect, test } from "vitest";
import type { GitHub } from "../../src/github/client.ts";
import { labelledIssues, type SearchPlace } from "../../src/github/labels.ts";
import { openScene, type Scene } from "../sim/github/scene.ts";
import { VirtualClock } from "../sim/virtual-clock.ts";

let scene: Scene;
let clock: VirtualClock;
afterEach(() => scene.sim.stop());

const shop = "acme/shop";

/** So many labelled issues, `perSecond` of them created in one second. Resolves with their numbers. */
async function opened(count: number, perSecond: number): Promise<number[]> {
  clock = new VirtualClock();
  scene = await openScene({ clock });
  const numbers: number[] = [];
  for (let number = 1; number <= count; number += 1) {
    const issue = scene.sim.openIssue(shop, { title: "Add", author: "mona" });
    scene.sim.label(shop, issue, { label: "agent", by: "mona" });
    numbers.push(issue);
    if (number % perSecond === 0) await clock.advance(1_000);
  }
  return numbers;
}

/** Everything the search brings, page by page; `between` is done after each. */
async function found(between: (page: number) => void = () => undefined) {
  const { octokit } = await scene.token();
  // The cast: the search asks for no more than a client.
  const github = { of: () => octokit } as unknown as GitHub;
  const installation = { id: 1, account: "acme", createdAt: 0, suspended: false };
  const seen = new Set<number>();
  let isCut = false;
  let place: SearchPlace | undefined = { page: 1 };
  let pages = 0;
  for (; place; pages += 1) {
    const { issues, next, cut } = await labelledIssues(github, installation, { label: "agent", place });
    for (const { issue } of issues) seen.add(issue.number);
    isCut ||= cut ?? false;
    place = next;
    between(pages);
  }
  return { seen: [...seen].toSorted((one, other) => one - other), isCut, pages };
}

test("more than a thousand are all found", async () => {
  const numbers = await opened(1_150, 40);
  const { seen, isCut, pages } = await found();
  expect(seen).toEqual(numbers);
  expect(isCut).toBe(false);
  expect(pages).toBeLessThan(24);
});

test("of two hundred and fifty, created in one second, all are found", async () => {
  const numbers = await opened(250, 1_000);
  expect((await found()).seen).toEqual(numbers);
});

test("one that is closed or spoken of between two pages hides no other", async () => {
  const numbers = await opened(350, 20);
  const { seen } = await found((page) => {
    for (const number of numbers.slice(page * 10, page * 10 + 10))
      scene.sim.closeIssue(shop, number, { by: "mona" });
    scene.sim.comment(shop, numbers.at(-1 - page) ?? 0, { body: "And?", by: "mona" });
  });
  expect(seen).toEqual(numbers);
});

test("of more than a thousand in one second those that GitHub shows are found, and all that came later", async () => {
  const numbers = await opened(1_010, 1_005);
  const { seen, isCut } = await found();
  expect(isCut).toBe(true);
  expect(seen).toEqual([...numbers.slice(0, 1_000), ...numbers.slice(1_005)]);
});
