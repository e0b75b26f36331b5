/**
 * What one run calls, counted at the simulators on a virtual clock, so that every figure is exact: calls by
 * name, and how many remote calls follow each other until the session is prompted. The second run of a
 * process is measured: what is asked once per process (who are we, our own token) has been asked by then.
 */
import { pause, systemClock } from "../../src/clock.ts";
import type { LoggedRequest } from "../sim/claude/journal.ts";
import { fixAndSubmit } from "../sim/claude/scripts.ts";
import { type Stage, setStage } from "../stories/stage.ts";

/** What issue and manual promise for a run without rotation on an issue without comments. */
const githubCallsMax = 12;
const contentMax = 2;
const mintsMax = 1;
const sessionsMax = 1;
const otherClaudeCallsMax = 5;
const seriesMax = 5;

const mint = "POST /app/installations/{installation_id}/access_tokens";
const createSession = "POST /v1/sessions";
const send = "POST /v1/sessions/:id/events";
/** Calls that write something people read. */
const content = [
  "POST /repos/{owner}/{repo}/issues/{issue_number}/comments",
  "POST /repos/{owner}/{repo}/pulls",
];
/** Long enough for the short-lived answers (permissions) to be forgotten, short enough for our own token to live. */
const betweenRunsMs = 5 * 60_000;
/** Every call takes this much real time while calls in series are counted: far more than what lies between. */
const callMs = 200;
const promptMsMax = 60_000;

/** Counts, prints, and returns what is too much, in words. */
export async function printCalls(): Promise<string[]> {
  const stage = await setStage();
  try {
    stage.plays(fixAndSubmit({ path: "add.js", content: "export const add = (a, b) => a + b;\n" }));
    await run(stage);
    await stage.pass(betweenRunsMs);
    const { github, claude } = await run(stage);
    await stage.pass(betweenRunsMs);
    const series = await callsInSeries(stage);

    console.log("Calls of a run (second run of the process, no rotation, no comments)");
    table("GitHub", github);
    table("Claude", claude);
    console.log(`  in series from the delivery to the prompted session: ${series}`);

    const count = (calls: string[], ...names: string[]) =>
      calls.filter((name) => names.includes(name)).length;
    const limits = [
      { what: "GitHub calls", is: github.length, max: githubCallsMax },
      {
        what: "GitHub calls that create a comment or pull request",
        is: count(github, ...content),
        max: contentMax,
      },
      { what: "tokens minted", is: count(github, mint), max: mintsMax },
      { what: "sessions created", is: count(claude, createSession), max: sessionsMax },
      {
        what: "other Claude calls",
        is: claude.length - count(claude, createSession),
        max: otherClaudeCallsMax,
      },
      { what: "calls in series", is: series, max: seriesMax },
    ];
    for (const { what, is, max } of limits) console.log(`  ${what}: ${is}, at most ${max}`);
    return limits
      .filter(({ is, max }) => is > max)
      .map(({ what, is, max }) => `${is} ${what}, at most ${max}`);
  } finally {
    await stage.close();
  }
}

/** One run from label to report. Resolves with the names of its calls; git belongs to the agent, not to us. */
async function run(stage: Stage): Promise<{ github: string[]; claude: string[] }> {
  const [githubBefore, claudeBefore] = [stage.github.log.length, stage.claude.log.length];
  const issue = stage.labelled();
  await stage.until("the pull request is reported", () => stage.status(issue).includes("opened #"));
  await stage.pass(0);
  return {
    github: stage.github.log
      .slice(githubBefore)
      .filter(({ route }) => !route.startsWith("git-"))
      .map(({ method, route }) => `${method} ${route}`),
    claude: stage.claude.log.slice(claudeBefore).map(({ method, route }) => `${method} ${route}`),
  };
}

/** A call on its way: when it arrived and when it was answered, in milliseconds of real time. */
interface Span {
  from: number;
  to: number;
}

/**
 * The most calls that follow each other until the session is prompted. Every call is held up for the same real
 * time, so that calls made together overlap and calls that wait for one another do not.
 */
async function callsInSeries(stage: Stage): Promise<number> {
  const spans: Span[] = [];
  const watch = async (phase: "before" | "after", open: Map<object, number>, request: object) => {
    if (phase === "before") {
      open.set(request, performance.now());
      await pause(systemClock, callMs);
    } else spans.push({ from: open.get(request) ?? 0, to: performance.now() });
    return undefined;
  };
  const [atGitHub, atClaude] = [new Map<object, number>(), new Map<object, number>()];
  const prompted = stage.claude.log.filter(isPrompt).length;
  const off = [
    stage.github.onRequest((phase, request) =>
      request.route.startsWith("git-") ? undefined : watch(phase, atGitHub, request),
    ),
    stage.claude.onRequest(({ phase, request }) => watch(phase, atClaude, request)),
  ];
  const issue = stage.labelled();
  for (let waitedMs = 0; stage.claude.log.filter(isPrompt).length === prompted; waitedMs += callMs) {
    if (waitedMs > promptMsMax) throw new Error("the session is not prompted");
    await pause(systemClock, callMs);
  }
  for (const end of off) end();
  await stage.until("the pull request is reported", () => stage.status(issue).includes("opened #"));
  const prompt = [...atClaude].find(([request]) => isPrompt(request as LoggedRequest));
  return longestChain(spans.filter(({ from }) => from <= (prompt?.[1] ?? 0)));
}

/** A message that was taken; the first of a run is its prompt. */
function isPrompt({ method, route, status }: LoggedRequest): boolean {
  return `${method} ${route}` === send && status === 200;
}

/** The most spans of which none overlaps another: always the next one that ends first. */
function longestChain(spans: Span[]): number {
  let [count, end] = [0, Number.NEGATIVE_INFINITY];
  for (const { from, to } of spans.toSorted((a, b) => a.to - b.to)) {
    if (from < end) continue;
    count += 1;
    end = to;
  }
  return count;
}

function table(who: string, calls: string[]): void {
  console.log(`  ${who}: ${calls.length}`);
  for (const name of new Set(calls)) {
    console.log(`    ${calls.filter((one) => one === name).length} × ${name}`);
  }
}
