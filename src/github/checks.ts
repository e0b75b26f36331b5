/**
 * Check runs: ours, which shows that the agent works on a pull request's head, and the failed ones of
 * others, read for the agent to repair.
 */
import type { Act } from "../domain/act.ts";
import { isProblem } from "../domain/errors.ts";
import type { Place } from "../domain/run.ts";
import type { GitHub } from "./client.ts";

/** Name of our check run. */
const ownName = "patchwright";
/** GitHub's limit for a check run's summary is 65,535 characters. */
const summaryCharactersMax = 60_000;
const failed: ReadonlySet<string> = new Set(["failure", "timed_out"]);
const failuresMax = 10;
const annotationsMax = 20;
const logLinesMax = 150;
const logCharactersMax = 12_000;

/** What our check run says. */
export type OwnCheck = { title: string; summary: string } & (
  | { kind: "working" }
  | { kind: "done"; conclusion: "success" | "neutral" | "action_required" | "cancelled" }
);

/** Puts our check run on a commit, or finds the one an earlier attempt put there. */
export function ownCheck(github: GitHub, place: Place, sha: string, check: OwnCheck): Act<{ id: number }> {
  const { owner, repo } = place;
  const { checks } = github.of(place.installation).rest;
  return {
    find: async () => {
      const { data } = await checks.listForRef({ owner, repo, ref: sha, check_name: ownName });
      const { appId } = await github.self(place.installation);
      const wanted = check.kind === "working" ? "in_progress" : "completed";
      const own = data.check_runs.find((one) => one.app?.id === appId && one.status === wanted);
      return own && { id: own.id };
    },
    make: async () => {
      const { data } = await checks.create({ owner, repo, name: ownName, head_sha: sha, ...bodyOf(check) });
      return { id: data.id };
    },
  };
}

/** Says that our check run has come to its end. */
export async function finishCheck(github: GitHub, place: Place, id: number, check: OwnCheck): Promise<void> {
  const { owner, repo } = place;
  await github.of(place.installation).rest.checks.update({ owner, repo, check_run_id: id, ...bodyOf(check) });
}

function bodyOf(check: OwnCheck) {
  const output = { title: check.title, summary: check.summary.slice(0, summaryCharactersMax) };
  return check.kind === "working"
    ? { status: "in_progress" as const, output }
    : { status: "completed" as const, conclusion: check.conclusion, output };
}

/** A failed check, as much of it as helps to repair it. */
export interface FailedCheck {
  name: string;
  summary: string;
  annotations: string[];
  /** The tail of the job's log; empty where there is none to be had. */
  log: string;
}

/** Failed checks of a suite that do not fail on the base commit as well. */
export async function newFailures(
  github: GitHub,
  place: Place,
  { suite, base }: { suite: number; base: string },
): Promise<FailedCheck[]> {
  const { owner, repo } = place;
  const { checks } = github.of(place.installation).rest;
  const { data } = await checks.listForSuite({ owner, repo, check_suite_id: suite, per_page: 100 });
  const { data: onBase } = await checks.listForRef({ owner, repo, ref: base, per_page: 100 });
  const old = new Set(onBase.check_runs.filter(isFailed).map(({ name }) => name));
  const fresh = data.check_runs.filter((run) => isFailed(run) && !old.has(run.name)).slice(0, failuresMax);
  const read: FailedCheck[] = [];
  for (const { id, name, output } of fresh) {
    const summary = [output.title, output.summary].filter((part) => part).join("\n");
    const annotations = output.annotations_count > 0 ? await annotationsOf(github, place, id) : [];
    read.push({ name, summary, annotations, log: await logTail(github, place, id) });
  }
  return read;
}

function isFailed({ conclusion }: { conclusion: string | null }): boolean {
  return failed.has(conclusion ?? "");
}

async function annotationsOf(
  github: GitHub,
  { installation, owner, repo }: Place,
  id: number,
): Promise<string[]> {
  const { checks } = github.of(installation).rest;
  const { data } = await checks.listAnnotations({ owner, repo, check_run_id: id, per_page: annotationsMax });
  return data.map((one) => `${one.path}:${one.start_line}: ${one.message ?? ""}`);
}

/** For GitHub Actions a check run's id is its job's; other Apps have no log here. */
async function logTail(github: GitHub, { installation, owner, repo }: Place, job: number): Promise<string> {
  const { actions } = github.of(installation).rest;
  try {
    const { data } = await actions.downloadJobLogsForWorkflowRun({ owner, repo, job_id: job });
    return String(data).split("\n").slice(-logLinesMax).join("\n").slice(-logCharactersMax);
  } catch (error) {
    // The log is an extra: gone, expired or not for us, the names and annotations still help.
    if (isProblem(error, "gone", "refused", "fault")) return "";
    throw error;
  }
}
