/**
 * Which settings hold: defaults, then the organisation's file, then the repository's, then the label's, under
 * the operator's ceilings. Where the organisation has a file, what the repository's says on the guarded keys
 * can only narrow it. Files are read elsewhere; a wish that was narrowed is a note, not an error.
 */
import {
  defaultSettings,
  type LabelChange,
  labelOf,
  type Settings,
  type SettingsFile,
  settingsPath,
} from "./settings.ts";
import { narrowed } from "./settings-narrowing.ts";

/** What the operator's environment says, in US dollars and runs. The maxima stand above all files. */
export interface Operator {
  budgetUsdMax: number;
  dayUsdMax: number;
  defaultActiveRuns: number;
  defaultBudgetUsd: number;
}

/** The files that were found, already read, and the operator's word. */
export interface Layers {
  organisation?: SettingsFile | undefined;
  repository?: SettingsFile | undefined;
  operator: Operator;
}

/** A wish that was not granted in full; the run starts with what is left of it. */
export interface SettingsNote {
  /** `limits.files`, `labels.agent.budget_usd`. */
  key: string;
  /** A clause to follow the key. */
  message: string;
}

/** The settings for a run started by `label` (by a command when there is none), and what was narrowed. */
export function resolveSettings(
  { organisation, repository, operator }: Layers,
  label?: string,
): { settings: Settings; problems: SettingsNote[] } {
  const problems: SettingsNote[] = [];
  const organisational = over(startOf(operator), organisation ?? {});
  const wished = over(organisational, repository ?? {});
  const { settings: guarded, keys } =
    organisation === undefined
      ? { settings: wished, keys: [] }
      : narrowed({ organisation: organisational, given: organisation, wished });
  problems.push(
    ...keys.map((key) => ({ key, message: "can only narrow what the organisation's settings say" })),
  );
  const capped = underCeilings(guarded, operator);
  problems.push(
    ...capped.keys.map((key) => ({ key, message: "is above what the operator of this App allows" })),
  );
  const changes = label === undefined ? undefined : labelOf(capped.settings, label)?.changes;
  return { settings: { ...capped.settings, ...given(changes ?? {}) }, problems };
}

function startOf(operator: Operator): Settings {
  return {
    ...defaultSettings,
    budget_usd: Math.min(operator.defaultBudgetUsd, operator.budgetUsdMax),
    limits: {
      ...defaultSettings.limits,
      active_runs: operator.defaultActiveRuns,
      budget_usd_per_day: Math.min(defaultSettings.limits.budget_usd_per_day, operator.dayUsdMax),
    },
  };
}

/**
 * What `file` gives, over `below`: key by key inside the maps of settings, lists as a whole. The labels are
 * those of the file where it names any; one that is also named below keeps what the file does not change.
 */
function over(below: Settings, file: SettingsFile): Settings {
  const { network, paths, ci, limits, labels, ...plain } = file;
  return {
    ...below,
    ...given(plain),
    network: { ...below.network, ...given(network ?? {}) },
    paths: { ...below.paths, ...given(paths ?? {}) },
    ci: { ...below.ci, ...given(ci ?? {}) },
    limits: { ...below.limits, ...given(limits ?? {}) },
    labels: labels === undefined ? below.labels : labelsOver(below, labels),
  };
}

function labelsOver(below: Settings, labels: Settings["labels"]): Settings["labels"] {
  const entries = Object.entries(labels).map(([name, changes]): [string, LabelChange] => [
    name,
    { ...labelOf(below, name)?.changes, ...given(changes) },
  ]);
  return Object.fromEntries(entries);
}

/** The keys that have a value: an undefined one must not cover the layer below. */
function given<T extends object>(file: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(file).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}

/** The settings under the operator's ceilings, and the keys that were lowered. */
function underCeilings(settings: Settings, operator: Operator): { settings: Settings; keys: string[] } {
  const keys: string[] = [];
  const atMost = (key: string, value: number, max: number) => {
    if (value > max) keys.push(key);
    return Math.min(value, max);
  };
  const labels = Object.entries(settings.labels).map(([name, changes]): [string, LabelChange] => {
    if (changes.budget_usd === undefined) return [name, changes];
    const key = `labels.${name}.budget_usd`;
    return [name, { ...changes, budget_usd: atMost(key, changes.budget_usd, operator.budgetUsdMax) }];
  });
  const capped: Settings = {
    ...settings,
    labels: Object.fromEntries(labels),
    budget_usd: atMost("budget_usd", settings.budget_usd, operator.budgetUsdMax),
    limits: {
      ...settings.limits,
      budget_usd_per_day: atMost(
        "limits.budget_usd_per_day",
        settings.limits.budget_usd_per_day,
        operator.dayUsdMax,
      ),
    },
    paths: { deny: [...new Set([...settings.paths.deny, settingsPath])] },
  };
  return { settings: capped, keys };
}
