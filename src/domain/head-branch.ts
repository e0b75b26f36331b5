/**
 * The branch a run proposes from, by its settings. What the agent itself pushes to is the session's alone.
 */
import type { Run } from "./run.ts";
import { oneLine } from "./sanitize.ts";

/** The pull request's head by the `branch` setting. */
export function headBranch(run: Pick<Run, "origin" | "settings" | "session" | "place">): string {
  const slug = oneLine(run.origin.title, 60)
    .normalize("NFKD")
    .replace(/\p{M}+/gu, "")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, 40);
  return run.settings.branch
    .replaceAll("{session}", run.session ?? "")
    .replaceAll("{issue}", String(run.place.issue))
    .replaceAll("{slug}", slug || "work");
}
