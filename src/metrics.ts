/**
 * What is counted, for Prometheus. Every label has a bounded set of values and none names a person, nor, unless the
 * operator asks for it, a repository; one set of instruments belongs to one running service. It does not know who
 * may read it.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import { endingKinds } from "./domain/ending.ts";
import { moveKinds } from "./domain/move.ts";

/** The instruments, each fed where the thing it counts is logged. */
export interface Metrics {
  /** Deliveries worked off, by event and by what they came to. */
  deliveries: Counter<"event" | "verdict">;
  /** Answers given to GitHub (`github`) and the Claude platform (`claude`), by status. */
  answers: Counter<"door" | "status">;
  /** Knocks that are not what they claim: a wrong `signature`, `headers` that contradict the body, an `id` of another body. */
  suspects: Counter<"door" | "what">;
  /** Rounds of runs that ended. */
  rounds: Counter<"ending" | "repository">;
  /** Pushes by our tokens outside the branch of a run, by what was moved. */
  alarms: Counter<"what">;
  /** Seconds from the request to the first reply, the session (`session`), the pull request (`pull`). */
  reached: Histogram<"what">;
  /** Waits on people that began: for an `answer`, for the approval of a `plan` or a `head`. */
  waits: Counter<"kind">;
  /** Installation tokens handed to sessions: `minted`, `replaced`, `revoked`, `unopened`. */
  tokens: Counter<"what">;
  /** US cents spent in sessions. */
  cost: Counter<"repository">;
  /** The label that names a repository (`owner/name`) where the operator asks for it; empty otherwise. */
  at(repository: string): { repository?: string };
  /** A call was made, by route template; `none` where there was no answer. */
  called(call: Called, status: number | "none"): void;
  /** Does work of a run: the calls made meanwhile count as the run's. */
  forRun<T>(work: () => T): T;
  /** GitHub said what is left of one of its limits; told until the limit is renewed. */
  limitNoted(limit: Limit): void;
  /** Seconds between the time a wake was due and its entry. */
  wakeLag: Histogram<"kind">;
  /** Wakes whose worker failed and is tried again, by the problem's code. */
  wakeFailures: Counter<"kind" | "code">;
  /** A token was replaced in a session with this much life left, milliseconds: the least ever is kept. */
  tokenReplaced(leftMs: number): void;
  /**
   * Everything in Prometheus text, with how the store stands at `now`, milliseconds since the epoch; `contentType`
   * goes with it.
   */
  text(census: Census, now: number): Promise<string>;
  contentType: string;
}

/** A call to `github` or `claude`. */
export interface Called {
  to: string;
  method: string;
  route: string;
}

/** A limit of GitHub's. */
export interface Limit {
  /** Whose it is: an installation's, or of the App's own calls. */
  installation: number | "app";
  resource: string;
  /** Requests left. */
  left: number;
  /** Milliseconds since the epoch. */
  renewedAt: number;
}

/** How many of each the store holds, whichever process asks. */
export interface Census {
  /** Runs that have not ended, by phase. */
  runs: Record<string, number>;
  /** Runs among them that wait for their turn. */
  queued: number;
  /** Deliveries that are stored and not worked off. */
  deliveriesWaiting: number;
}

/** From a reply in half a second to a pull request after half a day. */
const reachedSeconds = [0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600, 1_200, 2_400, 4_800, 14_400, 43_200];
/** A token is replaced when a quarter of its hour is left. */
const marginSeconds = [0, 60, 300, 600, 840, 960, 1_200, 1_800, 3_600];
const lagSeconds = [0.005, 0.02, 0.1, 0.5, 1, 2, 5, 15, 60, 300];

type Labels<L extends string> = Partial<Record<L, string | number>>;

const answersKnown = ["github", "claude"].flatMap((door) =>
  [202, 400, 401, 413, 415, 500, 503].map((status) => ({ door, status })),
);
const suspicions = [
  { door: "claude", what: "signature" },
  ...["signature", "headers", "id"].map((what) => ({ door: "github", what })),
];
const tokenFates = ["minted", "replaced", "revoked", "unopened"].map((what) => ({ what }));
const waitKinds = ["answer", "plan", "head"].map((kind) => ({ kind }));
const endings = endingKinds.map((ending) => ({ ending }));

/** A fresh set of instruments; `repositories`: some of them name repositories. */
export function createMetrics({ repositories = false }: { repositories?: boolean } = {}): Metrics {
  const instruments = new Registry();
  const registers = [instruments];
  const counter = <L extends string>(name: string, help: string, labelNames: L[], all: Labels<L>[] = []) => {
    const made = new Counter({ name: `patchwright_${name}_total`, help, labelNames, registers });
    // From the beginning: a series that begins with its first event has no increase that a rule could see.
    for (const labels of all) made.inc(labels, 0);
    return made;
  };
  const seconds = <L extends string>(name: string, help: string, labelNames: L[], buckets: number[]) =>
    new Histogram({ name: `patchwright_${name}_seconds`, help, labelNames, buckets, registers });
  const tokens = counter("tokens", "Tokens of sessions, by what became of them", ["what"], tokenFates);
  const margin = seconds(
    "token_margin",
    "Life a token had left when its session was given the next one",
    [],
    marginSeconds,
  );
  const tokenReplaced = replacements(instruments, { tokens, margin });
  const limits = limitGauge(instruments);
  const gauge = <L extends string>(name: string, help: string, labelNames: L[]) =>
    new Gauge({ name: `patchwright_${name}`, help, labelNames, registers });
  const standing = {
    runs: gauge("runs", "Runs that have not ended, by phase", ["phase"]),
    queued: gauge("runs_queued", "Runs that wait for their turn", []),
    deliveries: gauge("deliveries_waiting", "Deliveries stored and not worked off yet", []),
  };
  const named = repositories ? (["repository"] as const) : [];
  return {
    ...callCounters(instruments),
    at: repositories ? repositoryLabels() : () => ({}),
    deliveries: counter("deliveries", "Deliveries worked off", ["event", "verdict"]),
    answers: counter("webhook_answers", "Answers to webhooks", ["door", "status"], answersKnown),
    suspects: counter(
      "webhook_suspects",
      "Webhooks that are not what they claim",
      ["door", "what"],
      suspicions,
    ),
    // Where repositories are named, which there are is not known beforehand.
    rounds: counter(
      "rounds",
      "Rounds that ended, by ending",
      ["ending", ...named],
      repositories ? [] : endings,
    ),
    alarms: counter(
      "alarms",
      "Pushes by our tokens outside the branch of a run",
      ["what"],
      moveKinds.map((what) => ({ what })),
    ),
    reached: seconds("reached", "From the request to the first of each", ["what"], reachedSeconds),
    waits: counter("waits", "Waits on people that began", ["kind"], waitKinds),
    tokens,
    cost: counter("cost_cents", "US cents spent in sessions", [...named]),
    limitNoted: limits.note,
    wakeLag: seconds("wake_lag", "From the time a wake was due to its entry", ["kind"], lagSeconds),
    wakeFailures: counter("wake_failures", "Wakes that failed and are tried again", ["kind", "code"]),
    tokenReplaced,
    text: async ({ runs, queued, deliveriesWaiting }, now) => {
      limits.dropRenewed(now);
      // All phases every time: a phase that nobody is in any more would keep its last figure.
      for (const [phase, count] of Object.entries(runs)) standing.runs.set({ phase }, count);
      standing.queued.set(queued);
      standing.deliveries.set(deliveriesWaiting);
      return instruments.metrics();
    },
    contentType: instruments.contentType,
  };
}

/** Calls of everybody by what came of them; and those that runs made, which divided by runs is what one takes. */
function callCounters(instruments: Registry): Pick<Metrics, "called" | "forRun"> {
  const registers = [instruments];
  const labels = ["to", "method", "route"] as const;
  const calls = new Counter({
    name: "patchwright_calls_total",
    help: "Calls to GitHub and Claude",
    labelNames: [...labels, "status"],
    registers,
  });
  const runCalls = new Counter({
    name: "patchwright_run_calls_total",
    help: "Calls to GitHub and Claude that runs made",
    labelNames: [...labels],
    registers,
  });
  const run = new AsyncLocalStorage<true>();
  return {
    called: ({ to, method, route }, status) => {
      calls.inc({ to, method, route, status });
      if (run.getStore()) runCalls.inc({ to, method, route });
    },
    forRun: (work) => run.run(true, work),
  };
}

/** Repositories that are named in labels; all later ones are `other`. */
const repositoriesMax = 1_000;

function repositoryLabels(): Metrics["at"] {
  const known = new Set<string>();
  return (repository) => {
    if (known.size < repositoriesMax) known.add(repository);
    return { repository: known.has(repository) ? repository : "other" };
  };
}

/**
 * What was left of a limit says nothing once it is renewed, and nobody may ask for days: a low figure that stood
 * on would be an alarm that never ends.
 */
function limitGauge(instruments: Registry) {
  const left = new Gauge({
    name: "patchwright_github_limit_left",
    help: "Requests left until GitHub's limit is renewed",
    labelNames: ["installation", "resource"],
    registers: [instruments],
  });
  const noted = new Map<string, Limit>();
  const labelsOf = ({ installation, resource }: Limit) => ({ installation, resource });
  return {
    note: (limit: Limit) => {
      const key = `${limit.installation} ${limit.resource}`;
      // Answers come out of order.
      if ((noted.get(key)?.renewedAt ?? 0) > limit.renewedAt) return;
      noted.set(key, limit);
      left.set(labelsOf(limit), limit.left);
    },
    dropRenewed: (now: number) => {
      for (const [key, limit] of noted) {
        if (limit.renewedAt > now) continue;
        noted.delete(key);
        left.remove(labelsOf(limit));
      }
    },
  };
}

/**
 * The least life left is shown only once there was a replacement: a zero would be an alarm. It never rises again; how
 * it was lately the histogram tells.
 */
function replacements(
  instruments: Registry,
  { tokens, margin }: { tokens: Counter<"what">; margin: Histogram },
): Metrics["tokenReplaced"] {
  const least = new Gauge({
    name: "patchwright_token_life_left_least_seconds",
    help: "The least life a token had left when its session was given the next one",
    registers: [],
  });
  let leastMs = Number.POSITIVE_INFINITY;
  return (leftMs) => {
    if (leastMs === Number.POSITIVE_INFINITY) instruments.registerMetric(least);
    leastMs = Math.min(leastMs, leftMs);
    least.set(leastMs / 1000);
    margin.observe(leftMs / 1000);
    tokens.inc({ what: "replaced" });
  };
}
