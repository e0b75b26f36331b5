/**
 * Two servers on one database: one is killed, or stands still and comes back, at a moment of a run; the other
 * takes over within half a minute, nothing is done twice, and who comes back changes nothing.
 */
import { describe, expect, test } from "vitest";
import { pause, systemClock } from "../../src/clock.ts";
import { serverUrl } from "../store/server.ts";
import {
  type Blow,
  build,
  entryAfter,
  expectOneOfEverything,
  type House,
  type Moment,
  type Struck,
  shop,
} from "./house.ts";

const takeOverMsMax = 30_000;
/** Long enough for whatever was under way in a server that stood still to come to its end. */
const afterMs = 4_000;

const events = "/v1/sessions/:id/events";
const resource = "/v1/sessions/:id/resources/:resource";
const pulls = "/repos/{owner}/{repo}/pulls";
const comments = "/repos/{owner}/{repo}/issues/{issue_number}/comments";

/** `workMs`: a run that is to see a token replaced lasts beyond the take-over in the middle of it. */
const plays: { blow: Blow; what: string; moment: Moment; workMs: number }[] = [
  {
    blow: "killed",
    what: "after the prompt",
    moment: { phase: "after", method: "POST", route: events },
    workMs: 4_000,
  },
  {
    blow: "stopped",
    what: "after the prompt",
    moment: { phase: "after", method: "POST", route: events },
    workMs: 4_000,
  },
  {
    blow: "stopped",
    what: "before its first comment",
    moment: { phase: "before", method: "POST", route: comments },
    workMs: 4_000,
  },
  {
    blow: "killed",
    what: "before the hand-over",
    moment: { phase: "before", method: "POST", route: resource },
    workMs: 64_000,
  },
  {
    blow: "stopped",
    what: "after the hand-over",
    moment: { phase: "after", method: "POST", route: resource },
    workMs: 64_000,
  },
  {
    blow: "killed",
    what: "before the pull request",
    moment: { phase: "before", method: "POST", route: pulls },
    workMs: 2_000,
  },
  {
    blow: "stopped",
    what: "after the pull request",
    moment: { phase: "after", method: "POST", route: pulls },
    workMs: 2_000,
  },
];

/** Which writes left for GitHub and the platform since `since`. */
function writesSince({ github, claude }: House, since: number): string[] {
  const all = [...github.log, ...claude.log].filter(({ at, method }) => at >= since && method !== "GET");
  return all
    .filter(({ path }) => !/access_tokens|installation\/token/.test(path))
    .map(({ method, path }) => `${method} ${path}`);
}

async function takeOver(house: House, { at, other }: Struck): Promise<number> {
  await house.until("the other has taken over", () => entryAfter(other, at) !== undefined);
  return (entryAfter(other, at) ?? 0) - at;
}

describe.skipIf(!serverUrl)("a server that holds a run", () => {
  test.each(plays)("$blow $what: the other takes over", async ({ blow, moment, workMs }) => {
    const house = await build(workMs);
    const blown = house.strikes(blow, moment);
    const issue = house.label();
    const struck = await blown;
    const tookMs = await takeOver(house, struck);
    console.log(`take-over ${moment.phase} ${moment.method} ${moment.route}, ${blow}: ${tookMs} ms`);
    expect(tookMs).toBeLessThan(takeOverMsMax);
    // Half of those who stood still come back while the other is at work, half after all is done.
    const isEarly = moment.phase === "before" || moment.route === resource;
    if (blow === "stopped" && isEarly) struck.server.signal("SIGCONT");
    await house.until("the ending is shown", () =>
      house.github.comments(shop, issue).some(({ body }) => body.includes("opened #")),
    );
    await pause(systemClock, afterMs);
    const restingAt = systemClock.now();
    if (blow === "stopped" && !isEarly) struck.server.signal("SIGCONT");
    await pause(systemClock, afterMs);
    expect(writesSince(house, restingAt)).toEqual([]);
    expectOneOfEverything(house, issue);
    const alive = blow === "killed" ? [struck.other] : house.servers;
    expect(await Promise.all(alive.map((server) => server.end()))).toEqual(
      alive.map(() => ({ code: 0, signal: null })),
    );
  });
});
