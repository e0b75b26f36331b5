/**
 * Does a workflow run when a session pushes its branch? Read from the workflow's own text, as GitHub documents `on`
 * and its branch filters. Such workflows run on what an agent wrote before anybody has screened it. What cannot be
 * told counts as running.
 */
import { parse } from "yaml";

/** `unclear`: the text is no workflow that we can read. */
export type PushRun = "runs" | "does not run" | "unclear";

const textMax = 64 * 1024;
const patternsMax = 100;
const patternMax = 200;
/** Pushes of a branch; the first of them creates it. */
const events = ["push", "create"];

/** Whether the workflow runs for a push to `branch` (`claude/…`). Never throws. */
export function runsOnPush(yamlText: string, branch: string): PushRun {
  const on = triggersOf(yamlText);
  if (on === undefined) return "unclear";
  if (typeof on === "string") return events.includes(on) ? "runs" : "does not run";
  if (Array.isArray(on)) return on.some((name) => events.includes(String(name))) ? "runs" : "does not run";
  if (Object.hasOwn(on, "create")) return "runs";
  if (!Object.hasOwn(on, "push")) return "does not run";
  return isFilteredOut(on["push"], branch) ? "does not run" : "runs";
}

function triggersOf(yamlText: string): string | unknown[] | Record<string, unknown> | undefined {
  if (yamlText.length > textMax) return undefined;
  try {
    const workflow: unknown = parse(yamlText, { schema: "core", maxAliasCount: 20, logLevel: "error" });
    const on = isMap(workflow) ? workflow["on"] : undefined;
    return typeof on === "string" || Array.isArray(on) || isMap(on) ? on : undefined;
  } catch {
    return undefined;
  }
}

function isFilteredOut(filter: unknown, branch: string): boolean {
  if (!isMap(filter)) return false;
  if (filter["branches"] !== undefined) return !covers(filter["branches"], branch, { inDoubt: true });
  if (filter["branches-ignore"] !== undefined)
    return covers(filter["branches-ignore"], branch, { inDoubt: false });
  // Who filters tags alone wants no branches.
  return filter["tags"] !== undefined || filter["tags-ignore"] !== undefined;
}

/**
 * The patterns in their order: each that fits decides anew, one with `!` against. `inDoubt`: what an unclear one
 * says, and what too many come to.
 */
function covers(patterns: unknown, branch: string, { inDoubt }: { inDoubt: boolean }): boolean {
  const all = [patterns].flat().map(String);
  if (all.length > patternsMax) return inDoubt;
  return all.reduce((isIn, pattern) => {
    const isAgainst = pattern.startsWith("!");
    const fit = fits(isAgainst ? pattern.slice(1) : pattern, branch) ?? isAgainst !== inDoubt;
    return fit ? !isAgainst : isIn;
  }, false);
}

/** `*` covers no slash and `**` everything. Undefined for patterns with more than that. */
function fits(pattern: string, branch: string): boolean | undefined {
  if (pattern.length > patternMax || /[?+[\]\\]/.test(pattern)) return undefined;
  // Where in the branch the pattern may have come to so far: at most its length, so this stays small.
  let reached = new Set([0]);
  for (const part of pattern.match(/\*\*|\*|[^*]/gsu) ?? []) {
    const next = new Set<number>();
    for (const from of reached) {
      if (part !== "*" && part !== "**") {
        if (branch.startsWith(part, from)) next.add(from + part.length);
        continue;
      }
      for (let to = from; to <= branch.length; to += 1) {
        next.add(to);
        if (part === "*" && branch[to] === "/") break;
      }
    }
    reached = next;
  }
  return reached.has(branch.length);
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
