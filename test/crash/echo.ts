/**
 * An echo: when a story has come to rest, whatever GitHub ever delivered comes again, under its own id and under
 * new ones, at once and hours later.
 */
import { play } from "./play.ts";
import type { Story } from "./story.ts";
import type { World } from "./world.ts";

const hoursMs = 2 * 3_600_000;

/** What was changed outside so far, tokens aside: a permission may be asked for with a new one. */
function changes({ github, claude }: World): string[] {
  return [...github.log, ...claude.log]
    .filter(({ method, path }) => method !== "GET" && !/token|graphql|git-|hook/.test(path))
    .map(({ method, path }) => `${method} ${path}`);
}

/** Resolves with the answers that were not a yes. */
async function again(world: World, age: string): Promise<number[]> {
  const { github } = world;
  const answers: number[] = [];
  for (const { guid, requestHeaders, payload } of new Map(
    github.deliveries.map((each) => [each.guid, each]),
  ).values()) {
    await github.redeliver(guid);
    const headers = { ...requestHeaders, "X-GitHub-Delivery": `${guid}-${age}` };
    const body = JSON.stringify(payload);
    answers.push((await fetch(world.door ?? "", { method: "POST", headers, body })).status);
  }
  return answers.filter((status) => status !== 202);
}

/** Plays a story and its echo. Resolves with all that is wrong, and with what the echo did. */
export async function echo(story: Story): Promise<string[]> {
  const more: string[] = [];
  const { flaws } = await play(story, [], {
    encore: async (world) => {
      const before = changes(world).length;
      for (const age of ["soon", "late"]) {
        more.push(...(await again(world, age)).map((status) => `answered ${status}`));
        await world.clock.advance(hoursMs);
      }
      more.push(...changes(world).slice(before));
    },
  });
  return [...flaws, ...more];
}
