/**
 * The settings in force at a place: what its file and its owner's say, read from GitHub, remembered in the
 * store for all replicas. A push to the default branch makes the next question read again; without word of
 * one, what was read is used for five minutes, and for an hour where only the names of labels are wanted.
 * A file that was seen and cannot be read any more is not taken for none.
 */
import type { Clock } from "../clock.ts";
import type { Config } from "../config.ts";
import { defaultSettings, type Settings, type SettingsFile, settingsPath } from "../domain/settings.ts";
import { parseSettings, type SettingsProblem, type SettingsReading } from "../domain/settings-file.ts";
import { type Layers, type Operator, resolveSettings, type SettingsNote } from "../domain/settings-layers.ts";
import { emptyText, invalidText, unreadableText } from "../domain/settings-words.ts";
import type { GitHub } from "../github/client.ts";
import { type FoundFile, type FoundFiles, findSettingsFiles, type Where } from "../github/settings-files.ts";
import type { Store } from "../store/database.ts";
import type { SettingsFileRow } from "../store/schema.ts";
import {
  foundInInstallation,
  keepSettingsFile,
  ownersRepository,
  settingsKeys,
  settingsRows,
} from "../store/settings-files.ts";

/** Commits of the default branches that the settings were read at; absent where there is no file. */
export interface SettingsAt {
  repository?: string;
  organisation?: string;
}

/** What is in the way of a start. */
export type Flaw =
  /** The file in `repository` is not valid; `blob` names its contents. */
  | { kind: "invalid"; repository: string; blob: string; problems: SettingsProblem[]; labels: string[] }
  /** The file in `repository` was seen before and cannot be read any more. */
  | { kind: "unreadable"; repository: string }
  /** The repository has no commit on its default branch. */
  | { kind: "empty" };

/** The rules at a place. With a flaw, `layers` are those that can be trusted, and nothing starts. */
export interface Rules {
  layers: Layers;
  at: SettingsAt;
  flaw?: Flaw;
}

/** How old an answer may be, in milliseconds, where no push was heard of. */
export interface Patience {
  staleMs?: number;
}

/** Knows the rules. Every method throws problems of the four kinds only. */
export interface Rulebook {
  /** The rules at a place now. Warm, they cost a look into the store. */
  at(where: Where, patience?: Patience): Promise<Rules>;
  /** Names of labels that may start a run somewhere in an installation, as far as its files were read. */
  labels(installation: number): Promise<string[]>;
}

/** What the rulebook is made from. */
export interface RulebookParts {
  github: GitHub;
  store: Store;
  clock: Clock;
  config: Pick<Config, "limits">;
}

const staleMs = 5 * 60_000;
/** Most labels of an organisation are not ours, and to know that one is not need not be asked often. */
export const labelsStaleMs = 60 * 60_000;
const readingsMax = 500;
const labelFilesMax = 500;
const labelsMax = 20;

/** What is kept of a file, as the store has it. */
type Kept = FoundFile | { kind: "out of reach" };

/** A rulebook over the store and GitHub. */
export function createRulebook(parts: RulebookParts): Rulebook {
  const readings = new Map<string, SettingsReading>();
  const reading = new Map<string, Promise<Both>>();
  const read = (found: Extract<FoundFile, { kind: "file" }>): SettingsReading => {
    const known = readings.get(found.blob);
    if (known) return known;
    const made = parseSettings(found.text, { file: settingsPath });
    readings.set(found.blob, made);
    const oldest = readings.keys().next();
    if (readings.size > readingsMax && !oldest.done) readings.delete(oldest.value);
    return made;
  };
  const both = (where: Where, patience: number): Promise<Both> => {
    // One question for all who ask at the same moment.
    const key = `${where.installation} ${where.repositoryId} ${where.owner}/${where.repo} ${patience}`;
    const known = reading.get(key);
    if (known) return known;
    const asked = look(parts, where, patience).finally(() => reading.delete(key));
    reading.set(key, asked);
    return asked;
  };
  return {
    at: async (where, patience = {}) =>
      rulesOf(await both(where, patience.staleMs ?? staleMs), {
        where,
        read,
        operator: operatorOf(parts.config),
      }),
    labels: async (installation) => {
      const kept = await foundInInstallation(parts.store.db, installation, labelFilesMax);
      const named = kept.flatMap((json) => {
        const found = JSON.parse(json) as Kept;
        return found.kind === "file" ? labelsIn(read(found)) : [];
      });
      return [...new Set([...Object.keys(defaultSettings.labels), ...named])].slice(0, labelsMax);
    },
  };
}

/** The rules at a place as its files say now, for whoever has no store to remember them in. */
export async function readRules(github: GitHub, where: Where, operator: Operator): Promise<Rules> {
  const { repository, organisation } = await findSettingsFiles(github, where);
  const read = ({ text }: { text: string }) => parseSettings(text, { file: settingsPath });
  const both: Both = {
    repository,
    organisation: organisation?.file ?? { kind: "out of reach" },
    seen: false,
  };
  return rulesOf(both, { where, read, operator });
}

/** The operator's ceilings as the settings' layers want them. */
export function operatorOf({ limits }: Pick<Config, "limits">): Operator {
  return {
    budgetUsdMax: limits.budgetCentsMax / 100,
    dayUsdMax: limits.dayCentsMax / 100,
    defaultActiveRuns: limits.activeRuns,
    defaultBudgetUsd: limits.budgetCents / 100,
  };
}

/** The settings of the rules for a run that `label` starts, a command where there is none. */
export function settingsBy(
  { layers }: Pick<Rules, "layers">,
  label?: string,
): { settings: Settings; notes: SettingsNote[] } {
  const { settings, problems: notes } = resolveSettings(layers, label);
  return { settings, notes };
}

/** Names of the labels that start a run; with a flawed file also those that it seems to name. */
export function triggerLabels(rules: Rules): Pick<Settings, "labels"> {
  const { labels } = settingsBy(rules).settings;
  const seeming = rules.flaw?.kind === "invalid" ? rules.flaw.labels : [];
  return { labels: { ...Object.fromEntries(seeming.map((name) => [name, {}])), ...labels } };
}

/** A flaw in words for people. */
export function flawText(flaw: Flaw): string {
  switch (flaw.kind) {
    case "invalid":
      return invalidText(flaw.repository, flaw.problems);
    case "unreadable":
      return unreadableText(flaw.repository);
    case "empty":
      return emptyText();
    default:
      return flaw satisfies never;
  }
}

interface Both {
  repository: FoundFile;
  organisation: Kept;
  /** Was there a file in the owner's `.github` repository when it was read last? */
  seen: boolean;
}

async function look(parts: RulebookParts, where: Where, patience: number): Promise<Both> {
  const { store, clock, github } = parts;
  const keys = settingsKeys(where);
  const rows = await settingsRows(store.db, {
    keys: [keys.repository, keys.owner],
    installation: where.installation,
  });
  const [own, owners] = [rows.get(keys.repository), rows.get(keys.owner)];
  const kept = freshOf(own, clock.now() - patience);
  const keptOwners = freshOf(owners, clock.now() - patience);
  const seen = owners?.seen === 1;
  if (kept && kept.kind !== "out of reach" && keptOwners)
    return { repository: kept, organisation: keptOwners, seen };
  const began = clock.now();
  const found = await findSettingsFiles(github, where);
  await keep(parts, { where, found, own, owners, readAt: began });
  return {
    repository: found.repository,
    organisation: found.organisation?.file ?? { kind: "out of reach" },
    seen,
  };
}

function freshOf(row: SettingsFileRow | undefined, since: number): Kept | undefined {
  if (!row || row.found_json === null || row.read_at === 0 || row.read_at <= since) return undefined;
  return JSON.parse(row.found_json) as Kept;
}

async function keep(
  { store: { db } }: RulebookParts,
  {
    where,
    found: { repository, organisation },
    own,
    owners,
    readAt,
  }: {
    where: Where;
    found: FoundFiles;
    own: SettingsFileRow | undefined;
    owners: SettingsFileRow | undefined;
    readAt: number;
  },
): Promise<void> {
  const installation_id = where.installation;
  const is = (file: FoundFile) => (file.kind === "none" ? 0 : 1);
  if (own) {
    await keepSettingsFile(db, {
      ...{ key: own.key, installation_id, repository_id: where.repositoryId, pushes: own.pushes, readAt },
      ...{ found_json: JSON.stringify(repository), seen: is(repository) },
    });
  }
  if (owners) {
    const kept: Kept = organisation?.file ?? { kind: "out of reach" };
    await keepSettingsFile(db, {
      ...{ key: owners.key, installation_id, pushes: owners.pushes, readAt },
      repository_id: organisation?.repositoryId ?? owners.repository_id,
      ...{ found_json: JSON.stringify(kept), seen: organisation ? is(organisation.file) : owners.seen },
    });
  }
}

interface Reader {
  where: Where;
  read: (found: Extract<FoundFile, { kind: "file" }>) => SettingsReading;
  operator: Operator;
}

function rulesOf({ repository, organisation, seen }: Both, { where, read, operator }: Reader): Rules {
  const owners = `${where.owner}/${ownersRepository}`;
  const isOwners = where.repo.toLowerCase() === ownersRepository;
  const layers: Layers = { operator };
  const at: SettingsAt = {};
  if (organisation.kind === "out of reach" && seen && !isOwners)
    return { layers, at, flaw: { kind: "unreadable", repository: owners } };
  const take = (found: Kept, name: string): { given?: SettingsFile; flaw?: Flaw } => {
    if (found.kind === "none" || found.kind === "out of reach") return {};
    if (found.kind === "file") {
      const made = read(found);
      if (made.kind === "settings") return { given: made.given };
      const { problems } = made;
      return {
        flaw: { kind: "invalid", repository: name, blob: found.blob, problems, labels: labelsIn(made) },
      };
    }
    const problems = [{ line: 1, column: 1, message: found.why }];
    return { flaw: { kind: "invalid", repository: name, blob: found.blob, problems, labels: [] } };
  };
  const above = take(isOwners ? repository : organisation, owners);
  if (above.given) {
    layers.organisation = above.given;
    at.organisation = commitOf(isOwners ? repository : organisation);
  }
  if (above.flaw) return { layers, at, flaw: above.flaw };
  // The owner's own repository has one file, which is both.
  const below = isOwners ? {} : take(repository, `${where.owner}/${where.repo}`);
  if (below.given) {
    layers.repository = below.given;
    at.repository = commitOf(repository);
  }
  const isEmpty = repository.kind === "none" && repository.commit === undefined;
  const flaw = below.flaw ?? (isEmpty ? { kind: "empty" as const } : undefined);
  return { layers, at, ...(flaw ? { flaw } : {}) };
}

function commitOf(found: Kept): string {
  return ("commit" in found ? found.commit : undefined) ?? "";
}

/** Labels that a file names, also where it is not valid for another reason. */
function labelsIn(reading: SettingsReading): string[] {
  return reading.kind === "settings" ? Object.keys(reading.given.labels ?? {}) : reading.labels;
}
