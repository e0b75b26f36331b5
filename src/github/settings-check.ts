/**
 * The check run that says whether the settings a pull request proposes are valid. It reads nothing and knows
 * no settings.
 */
import type { Act } from "../domain/act.ts";
import { settingsPath } from "../domain/settings.ts";
import type { GitHub } from "./client.ts";
import type { Where } from "./settings-files.ts";

const checkName = "patchwright settings";
/** GitHub takes fifty annotations at a time. */
const annotationsMax = 50;

/** What is said of a head. */
export interface SettingsVerdict {
  isValid: boolean;
  title: string;
  summary: string;
  /** Lines from 1. */
  notes: { line: number; message: string }[];
}

/** Puts the check run on a commit, or finds the one that an earlier attempt put there. */
export function settingsCheckRun(
  github: GitHub,
  { installation, owner, repo }: Where,
  { head, verdict }: { head: string; verdict: SettingsVerdict },
): Act<{ id: number }> {
  const { checks } = github.of(installation).rest;
  const { isValid, title, summary, notes } = verdict;
  const annotations = notes.slice(0, annotationsMax).map(({ line, message }) => ({
    ...{ path: settingsPath, start_line: line, end_line: line, message },
    annotation_level: "failure" as const,
  }));
  return {
    find: async () => {
      const { data } = await checks.listForRef({ owner, repo, ref: head, check_name: checkName });
      const { appId } = await github.self(installation);
      const own = data.check_runs.find((one) => one.app?.id === appId);
      return own && { id: own.id };
    },
    make: async () => {
      const { data } = await checks.create({
        ...{ owner, repo, name: checkName, head_sha: head, status: "completed" },
        conclusion: isValid ? "success" : "failure",
        output: { title, summary, annotations },
      });
      return { id: data.id };
    },
  };
}
