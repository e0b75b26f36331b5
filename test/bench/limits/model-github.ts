/**
 * GitHub as far as a run asks it, from a table of answers: with the simulator's limiter, which counts and refuses,
 * and besides it the points of a minute that GitHub documents (a read 1, a write 5, 900 in all).
 */

import { documentedLimits, Limiter } from "../../sim/github/limits.ts";
import { Refusal } from "../../sim/github/refusal.ts";
import type { VirtualClock } from "../../sim/virtual-clock.ts";

/** What it saw. */
export interface ModelGitHub {
  fetch: typeof globalThis.fetch;
  /** Refused for a limit. */
  violations: number;
  /** Calls that created content, by installation. */
  content: Map<string, number>;
  /** Pull requests opened, by installation. */
  pulls: Map<string, number>;
}

const minuteMs = 60_000;
const pointsMax = 900;
const sha = "0123456789012345678901234567890123456789";
const base = "9876543210987654321098765432109876543210";

/** Answers by method and path; `content` as the simulator has it. */
const table: { call: RegExp; content?: true; answer: (count: number) => unknown }[] = [
  { call: /^GET \/app$/, answer: () => ({ id: 1, slug: "patchwright" }) },
  { call: /^GET \/users\//, answer: () => ({ id: 2, login: "patchwright[bot]" }) },
  { call: /^GET .*\/permission$/, answer: () => ({ permission: "write", role_name: "write" }) },
  { call: /^GET .*\/issues\/\d+\/events$/, answer: () => [] },
  { call: /^POST .*\/reactions$/, answer: (id) => ({ id }) },
  {
    call: /^POST .*\/issues\/\d+\/comments$/,
    content: true,
    answer: (id) => ({ id, html_url: "https://github.com/c" }),
  },
  { call: /^PATCH .*\/issues\/comments\/\d+$/, content: true, answer: (id) => ({ id }) },
  { call: /^POST \/graphql$/, answer: () => ({ data: { repository: { pullRequestTemplates: [] } } }) },
  { call: /^GET .*\/compare\//, answer: comparison },
  {
    call: /^POST .*\/pulls$/,
    content: true,
    answer: (number) => ({ number, html_url: "https://github.com/p", head: { sha } }),
  },
  { call: /^POST .*\/requested_reviewers$/, content: true, answer: () => ({}) },
];

function comparison() {
  const file = {
    sha,
    filename: "add.js",
    status: "modified",
    patch: "@@ -1,2 +1,2 @@\n-a\n+b\n c",
    additions: 1,
    deletions: 1,
    changes: 2,
  };
  return {
    ...{ ahead_by: 1, total_commits: 1, base_commit: { sha: base }, merge_base_commit: { sha: base } },
    ...{ commits: [{ sha, commit: { message: "Fix" }, parents: [{ sha: base }] }], files: [file] },
  };
}

/** A GitHub that answers from the table. */
export function modelGitHub(clock: VirtualClock): ModelGitHub {
  const limiter = new Limiter(clock, documentedLimits);
  const points = new Map<string, { at: number; points: number }[]>();
  let count = 0;
  const seen: ModelGitHub = {
    violations: 0,
    content: new Map(),
    pulls: new Map(),
    fetch: async () => new Response(),
  };
  const add = (to: Map<string, number>, who: string) => to.set(who, (to.get(who) ?? 0) + 1);
  seen.fetch = async (input, init) => {
    count += 1;
    const call = `${init?.method ?? "GET"} ${new URL(String(input)).pathname}`;
    const minted = /^POST \/app\/installations\/(\d+)\/access_tokens$/.exec(call);
    const expires_at = new Date(clock.now() + 3_600_000).toISOString();
    if (minted) return Response.json({ token: `ghs_${minted[1]}x${count}`, expires_at }, { status: 201 });
    const who = /ghs_(\d+)x/.exec(new Headers(init?.headers).get("authorization") ?? "")?.[1] ?? "app";
    const row = table.find((one) => one.call.test(call));
    if (!row && call !== "DELETE /installation/token") throw new Error(`the model does not know ${call}`);
    if (who !== "app") {
      try {
        limiter.count(who);
        countPoints(points, who, { at: clock.now(), points: call.startsWith("GET") ? 1 : 5 });
        if (row?.content) limiter.countContent(who);
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        seen.violations += 1;
        return Response.json({ message: error.message }, { status: 403, headers: { "retry-after": "60" } });
      }
      if (row?.content) add(seen.content, who);
      if (call.endsWith("/pulls")) add(seen.pulls, who);
    }
    const headers = who === "app" ? {} : limiter.headers(who);
    return row ? Response.json(row.answer(count), { headers }) : new Response(null, { status: 204, headers });
  };
  return seen;
}

function countPoints(
  all: Map<string, { at: number; points: number }[]>,
  who: string,
  call: { at: number; points: number },
) {
  const recent = (all.get(who) ?? []).filter(({ at }) => at > call.at - minuteMs);
  all.set(who, recent);
  if (recent.reduce((sum, { points }) => sum + points, call.points) > pointsMax)
    throw new Refusal(403, "You have exceeded a secondary rate limit.");
  recent.push(call);
}
