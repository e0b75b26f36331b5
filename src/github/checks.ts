/**
 * Our check run, which shows that the agent works on a pull request's head, and what became of it.
 */
import type { Act } from "../domain/act.ts";
import type { Place } from "../domain/run.ts";
import type { GitHub } from "./client.ts";

/** Name of our check run. */
const ownName = "patchwright";
/** GitHub's limit for a check run's summary is 65,535 characters. */
const summaryCharactersMax = 60_000;

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
