/**
 * The guarded settings: where an organisation has a settings file, its repositories can only narrow them.
 * One rule per key; a key without a rule may be set freely. Knows nothing of files or of the operator's ceilings.
 */

import { roles } from "./permission.ts";
import { type LabelChange, labelOf, type Settings, type SettingsFile } from "./settings.ts";

/** What the organisation's file comes to, what it says itself, and what the repository's would make of it. */
export interface Narrowing {
  organisation: Settings;
  given: SettingsFile;
  wished: Settings;
}

/** The settings the repository gets, and the keys on which it wished for more. */
export function narrowed({ organisation, given, wished }: Narrowing): { settings: Settings; keys: string[] } {
  const within: Settings = {
    ...wished,
    who: stricter(roles, organisation.who, wished.who),
    bots: common(organisation.bots, wished.bots),
    approval: stricter(["anyone", "other"], organisation.approval, wished.approval),
    budget_usd: Math.min(organisation.budget_usd, wished.budget_usd),
    repositories: common(organisation.repositories, wished.repositories),
    network: {
      hosts: wished.network.hosts.filter((host) =>
        organisation.network.hosts.some((own) => covers(own, host)),
      ),
      package_managers: organisation.network.package_managers && wished.network.package_managers,
    },
    // Here less is more: a repository can only add to what is kept back.
    paths: { deny: [...new Set([...organisation.paths.deny, ...wished.paths.deny])] },
    ci: {
      repair: wished.ci.repair,
      attempts: Math.min(organisation.ci.attempts, wished.ci.attempts),
      apps: common(organisation.ci.apps, wished.ci.apps),
    },
    github_mcp: stricter(["read", "off"], organisation.github_mcp, wished.github_mcp),
    mcp: common(organisation.mcp, wished.mcp),
    limits: lowest(organisation.limits, wished.limits),
    plan: wished.plan || given.plan === true,
    draft: wished.draft || given.draft === true,
    labels: Object.fromEntries(
      Object.entries(wished.labels).map(([name, changes]) => [
        name,
        narrowedLabel(name, changes, { organisation, given }),
      ]),
    ),
  };
  // A list of further paths to keep back asked for nothing that was not granted.
  return { settings: within, keys: differences({ ...wished, paths: within.paths }, within) };
}

/** A label's budget stays under what the organisation gives that label, its switches stay on where it turned them on. */
function narrowedLabel(
  name: string,
  changes: LabelChange,
  { organisation, given }: Pick<Narrowing, "organisation" | "given">,
): LabelChange {
  const own = given.labels === undefined ? undefined : labelOf({ labels: given.labels }, name)?.changes;
  const budgetMax = own?.budget_usd ?? organisation.budget_usd;
  return {
    ...changes,
    ...(changes.budget_usd !== undefined && { budget_usd: Math.min(changes.budget_usd, budgetMax) }),
    ...(changes.plan !== undefined && { plan: changes.plan || (own?.plan ?? given.plan) === true }),
    ...(changes.draft !== undefined && { draft: changes.draft || (own?.draft ?? given.draft) === true }),
  };
}

/** The later of two words in a list that goes from wide to narrow. */
function stricter<T>(fromWide: readonly T[], one: T, other: T): T {
  return fromWide.indexOf(one) > fromWide.indexOf(other) ? one : other;
}

function common(allowed: string[], wished: string[]): string[] {
  const known = new Set(allowed.map((word) => word.toLowerCase()));
  return wished.filter((word) => known.has(word.toLowerCase()));
}

/** Does the allowed host (`api.example.com`, `*.example.com`) take in the wished one? */
function covers(allowed: string, wished: string): boolean {
  const [one, other] = [allowed.toLowerCase(), wished.toLowerCase()];
  return one === other || (one.startsWith("*.") && other.endsWith(one.slice(1)));
}

function lowest(one: Settings["limits"], other: Settings["limits"]): Settings["limits"] {
  return {
    active_runs: Math.min(one.active_runs, other.active_runs),
    runs_per_day: Math.min(one.runs_per_day, other.runs_per_day),
    budget_usd_per_day: Math.min(one.budget_usd_per_day, other.budget_usd_per_day),
    minutes: Math.min(one.minutes, other.minutes),
    files: Math.min(one.files, other.files),
    lines: Math.min(one.lines, other.lines),
    session_days: Math.min(one.session_days, other.session_days),
  };
}

/** Keys of the leaves on which two values differ, dotted. */
function differences(one: unknown, other: unknown, key = ""): string[] {
  if (isMap(one) && isMap(other)) {
    return Object.keys(other).flatMap((name) =>
      differences(one[name], other[name], key === "" ? name : `${key}.${name}`),
    );
  }
  return JSON.stringify(one) === JSON.stringify(other) ? [] : [key];
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
