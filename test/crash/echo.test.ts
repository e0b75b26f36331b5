/**
 * Whatever GitHub ever delivered comes again when all is done, under its own id and under new ones, at once and
 * hours later: nothing happens. Every story of the crash sweep is held to it.
 */
import { expect, test } from "vitest";
import { play } from "./play.ts";
import { stories } from "./stories.ts";
import type { World } from "./world.ts";

const hoursMs = 2 * 3_600_000;

/** What was changed outside so far, tokens aside: a permission may be asked for with a new one. */
function changes({ github, claude }: World): string[] {
  return [...github.log, ...claude.log]
    .filter(({ method, path }) => method !== "GET" && !/token|graphql|git-|hook/.test(path))
    .map(({ method, path }) => `${method} ${path}`);
}

async function again(world: World, age: string): Promise<void> {
  const { github } = world;
  const first = new Map(github.deliveries.map((each) => [each.guid, each]));
  for (const { guid, requestHeaders, payload } of first.values()) {
    await github.redeliver(guid);
    const headers = { ...requestHeaders, "X-GitHub-Delivery": `${guid}-${age}` };
    const answer = await fetch(world.door ?? "", { method: "POST", headers, body: JSON.stringify(payload) });
    expect(answer.status).toBe(202);
  }
}

test.each(stories)("$name: what was done is not done again", async (story) => {
  let before: string[] = [];
  let after: string[] = [];
  const { flaws } = await play(story, [], async (world) => {
    before = changes(world);
    await again(world, "soon");
    await world.clock.advance(hoursMs);
    await again(world, "late");
    await world.clock.advance(hoursMs);
    after = changes(world);
  });
  expect({ flaws, more: after.slice(before.length) }).toEqual({ flaws: [], more: [] });
});
