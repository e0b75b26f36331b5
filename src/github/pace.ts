/**
 * The pace of calls to GitHub. For each installation GitHub counts requests by the hour (GraphQL's and searches by
 * themselves), which its headers tell; points by the minute (a read 1, a write 5); and calls that create content, 80 a minute and 500 an hour (its
 * documentation of rate limits). We count the last two ourselves, in the store, with all replicas together, and
 * stay below. What must be done goes first: news of progress may use a part of each limit, a backlog's a smaller one.
 */
import type { Clock } from "../clock.ts";
import { isProblem, Problem } from "../domain/errors.ts";
import type { Store } from "../store/database.ts";
import { type Need, type Paced, Pacer } from "../store/pacer.ts";

/**
 * How urgent a call is: `needed` for work and its endings, `early` for first words and progress that the ending
 * will say as well, `backlog` for what waits its turn anyhow.
 */
export type Urgency = "needed" | "early" | "backlog";

/** A call that wants to leave: method, Octokit's route template, urgency. */
export interface Departure {
  method: string;
  route: string;
  urgency: Urgency;
}

/** Lets calls of one party leave in time. */
export interface Pace {
  /** Resolves when the call may leave now; throws `later` `github_paced` with the time. */
  admit(departure: Departure): Promise<void>;
  /** A call that was let leave did not. */
  unused(departure: Departure): void;
  /** What GitHub's headers say is left. */
  note(headers: Headers): void;
  /** GitHub wants no calls until then, milliseconds since the epoch. */
  close(until: number): Promise<void>;
}

type Headers = Record<string, string | number | undefined>;

/** Counted a little below GitHub's 900, for what was taken ahead and is used late. */
const pointsMax = 840;
const paced: Record<"content" | "points", Paced> = {
  content: {
    bucket: {
      slotMs: 5_000,
      rules: [
        { spanMs: 60_000, max: 80 },
        { spanMs: 3_600_000, max: 500 },
      ],
    },
    batch: 1,
  },
  points: { bucket: { slotMs: 5_000, rules: [{ spanMs: 60_000, max: pointsMax }] }, batch: 60 },
};

/** The part of each limit that calls may use: all of it what is needed, less what can wait. */
const shares: Record<Urgency, { content: number; points: number; requestsLeft: number }> = {
  // A little is kept for calls on their way, here and in other replicas.
  needed: { content: 1, points: 1, requestsLeft: 0.02 },
  early: { content: 0.5, points: 0.8, requestsLeft: 0.2 },
  backlog: { content: 0.1, points: 0.5, requestsLeft: 0.5 },
};

/** Calls that create or change what people are told of; GitHub's list is not public, so edits count as well. */
const creates: [method: string, route: RegExp][] = [
  ["POST", /\/(comments|pulls|issues|reviews|replies|requested_reviewers)$/],
  ["PATCH", /\/(comments\/\{comment_id\}|pulls\/\{pull_number\}|issues\/\{issue_number\})$/],
];

function needOf({ method, route, urgency }: Departure): Need {
  const share = shares[urgency];
  const isContent = creates.some(([verb, pattern]) => verb === method && pattern.test(route));
  return {
    points: { count: method === "GET" ? 1 : 5, share: share.points },
    ...(isContent ? { content: { count: 1, share: share.content } } : {}),
  };
}

/** Whose budget a call draws on, as `x-ratelimit-resource` names it. Octokit names GraphQL in full on an Enterprise Server. */
function resourceOf(route: string): string {
  if (route.endsWith("/graphql")) return "graphql";
  return route.startsWith("/search/") ? "search" : "core";
}

/** The pace of an installation. Without a store this process counts alone. */
export function installationPace(
  installation: number,
  { store, clock }: { store?: Store | undefined; clock: Clock },
): Pace {
  const pacer = new Pacer(store, `github:${installation}`, paced);
  const budgets = new Map<string, { limit: number; left: number; resetAt: number }>();
  return {
    admit: async ({ method, route, urgency }) => {
      const share = shares[urgency];
      const now = clock.now();
      const requests = budgets.get(resourceOf(route));
      if (requests && requests.resetAt > now && requests.left <= requests.limit * share.requestsLeft)
        throw tooSoon(requests.resetAt - now);
      const leave = await pacer.ask(needOf({ method, route, urgency }), now);
      if (leave.kind === "later") throw tooSoon(leave.at - now);
      if (requests) requests.left -= 1;
    },
    unused: (departure) => pacer.giveBack(needOf(departure), clock.now()),
    note: (headers) => {
      const resource = String(headers["x-ratelimit-resource"] ?? "core");
      const [limit, left, reset] = ["limit", "remaining", "reset"].map((name) =>
        Number(headers[`x-ratelimit-${name}`]),
      );
      if (!limit || left === undefined || !reset || Number.isNaN(left)) return;
      const known = budgets.get(resource);
      // Answers come out of order: within an hour, what is left only shrinks.
      const least = known?.resetAt === reset * 1_000 ? Math.min(left, known.left) : left;
      budgets.set(resource, { limit, left: least, resetAt: reset * 1_000 });
    },
    close: (until) => pacer.close(until),
  };
}

/**
 * The pace of whoever GitHub publishes no such limits for: only told to wait, it waits. `name` says who, beside the
 * numbers of installations. Without a store this process alone knows of it.
 */
export function plainPace(name: string, { store, clock }: { store?: Store | undefined; clock: Clock }): Pace {
  const pacer = new Pacer(store, `github:${name}`, {});
  return {
    admit: async () => {
      const now = clock.now();
      const leave = await pacer.ask({}, now);
      if (leave.kind === "later") throw tooSoon(leave.at - now);
    },
    unused: () => pacer.giveBack({}, clock.now()),
    note: () => undefined,
    close: (until) => pacer.close(until),
  };
}

/** Was the call held back by our own pace, with no other trouble? */
export function isPaced(error: unknown): error is Problem {
  return isProblem(error, "later") && error.code === paceCode;
}

const paceCode = "github_paced";

function tooSoon(retryAfterMs: number): Problem {
  return new Problem("later", paceCode, "GitHub's limits leave no room for this call yet.", {
    retryAfterMs,
    undone: true,
  });
}
