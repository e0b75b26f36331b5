/**
 * The run as the mission sees it: what was asked, by whom, how far it has come.
 * Plain data; how it is stored is the store's business.
 */
import type { Ending } from "./ending.ts";
import type { RunId } from "./ids.ts";
import type { Progress } from "./progress.ts";
import type { Settings } from "./settings.ts";
import type { SettingsNote } from "./settings-layers.ts";

/** Somebody on GitHub, by the number that survives a renaming. */
export interface Person {
  login: string;
  id: number;
  /** `User`, `Bot`, `Organization`, `Mannequin`. */
  type: string;
}

/** Said otherwise than in a comment of the conversation: on a line, or as a review's own text. Each has its own numbers. */
export type Aside = "remark" | "review";

/** What started a run. */
export type Trigger =
  /** `id`: GitHub's number of the label, whatever it is called by now; absent of older runs. */
  | { kind: "label"; label: string; id?: number }
  | { kind: "command"; commentId: number; as?: Aside | undefined; instructions: string; plan?: boolean };

/** What lets nothing start, whatever the settings say: what the repository is, or a text nobody knows any more. */
export type Unfit = "a fork" | "a mirror" | "a template" | "an issue edited since";

/** The request as it stood at the trigger; nothing in it changes afterwards. */
export interface Origin {
  trigger: Trigger;
  sender: Person;
  /** When the delivery was received, milliseconds since the epoch. */
  at: number;
  /**
   * When the command was written or the label put on, by GitHub's clock. No delivery tells it of a label: absent
   * unless GitHub's record was asked.
   */
  askedAt?: number;
  title: string;
  body: string;
  /** Who wrote the issue; absent when the account is gone. */
  author?: Person;
  /** How many comments the issue had. */
  comments: number;
  issueUrl: string;
  defaultBranch: string;
  private: boolean;
  /** Where that lets nothing start. */
  unfit?: Unfit;
  /** The App through which the sender acted, where the delivery says so. */
  viaApp?: { id: number; slug: string };
  /** The label whose changes the settings hold, also of a run that was asked for again. */
  label?: string;
  /** Commits the settings were read at, and which of their wishes were narrowed. */
  settings?: { repository?: string; organisation?: string; notes: SettingsNote[] };
  /** What an earlier run on the issue came to, when this one follows it; `onTop`: it begins on that branch. */
  before?: { ending: string; branch?: string; onTop?: true };
}

/** Who asks for something, and the App through which they acted. */
export type Asker = Pick<Origin, "sender" | "viaApp">;

/** Of all that is known of a request, who asks. */
export function askerIn({ sender, viaApp }: Asker): Asker {
  return { sender, ...(viaApp ? { viaApp } : {}) };
}

/** Where the run takes place. The ids survive a renaming, the names do not. */
export interface Place {
  installation: number;
  repositoryId: number;
  owner: string;
  repo: string;
  issue: number;
}

/** Why a run is called off. */
export interface Stop {
  why:
    | "command"
    | "dashboard"
    | "label removed"
    | "issue closed"
    | "pull request closed"
    | "pull request merged"
    | "a person pushed to the branch"
    | "a push outside the run's branch"
    | "issue deleted"
    | "issue transferred"
    | "issue locked"
    | "the App was suspended"
    | "the App was uninstalled"
    | "the repository was taken out of the App's installation"
    | "the repository was archived"
    | "the repository was made public"
    | "the repository was deleted"
    | "the repository was transferred";
  /** Login of the person, where one is known. */
  by?: string;
  at: number;
  /** What is told on the issue besides, in a comment of its own. */
  alarm?: string;
  /** Where the issue is now, when it was transferred. */
  moved?: Pick<Place, "repositoryId" | "owner" | "repo" | "issue">;
}

/**
 * Stops that close the matter, the one that says most last: a merge closes the issue as well. A public
 * repository's session holds what was private.
 */
const finals: readonly Stop["why"][] = [
  "issue closed",
  "pull request closed",
  "pull request merged",
  "issue transferred",
  "issue deleted",
  "the repository was archived",
  "the repository was made public",
  "the repository was transferred",
  "a push outside the run's branch",
  "the repository was taken out of the App's installation",
  "the repository was deleted",
  "the App was uninstalled",
];

/** Is the matter closed with this stop, so that nothing of the run rests any longer? */
export function isFinal(stop: Pick<Stop, "why">): boolean {
  return finals.includes(stop.why);
}

/** Where people talk about a run: its issue, and the pull request it has opened. */
export function threadsOf({ place: { repositoryId, issue }, pull }: Pick<Run, "place" | "pull">): {
  repositoryId: number;
  issue: number;
  pull?: number;
} {
  return { repositoryId, issue, ...(pull === undefined ? {} : { pull }) };
}

/** Is there no issue any more that anything could be asked on? */
export function isGone({ why }: Pick<Stop, "why">): boolean {
  return why === "issue deleted" || why === "issue transferred";
}

/** Is nothing of the run worked on any more, once it has noticed? */
export function isClosed({ stop }: Pick<Run, "stop">): boolean {
  return stop !== undefined && isFinal(stop);
}

/** Does a later stop say more than the one that was asked for before? */
export function outweighs(later: Pick<Stop, "why">, before: Pick<Stop, "why">): boolean {
  return finals.indexOf(later.why) > finals.indexOf(before.why);
}

/**
 * Where a note was said, so that it can be acknowledged and answered there. `writtenAt`: when, by GitHub's clock;
 * absent of what nobody wrote, and of older notes.
 */
export type NoteSource = { writtenAt?: number } & (
  | { kind: "comment"; id: number; as?: Aside | undefined; pull?: number }
  /** `remark`: the one that asked for the whole review. */
  | { kind: "review"; id: number; remark?: number | undefined; pull: number }
  | { kind: "checks"; pull: number }
  | { kind: "budget" }
);

/** Something said to a run. An approval has no text of its own. */
export interface Note {
  id: string;
  round: number;
  kind: "said" | "approval";
  author: string;
  /** The author's account; absent of checks. */
  asker?: Asker;
  text: string;
  source: NoteSource;
  at: number;
}

/** What opened the run's round; undefined for the first one, which the request opened. */
export function openingOf({ notes }: Pick<Run, "notes">, round: number): Note | undefined {
  return round === 1 ? undefined : notes.find((note) => note.round === round);
}

/** Is it theirs? By account; of notes that keep none, by login. */
export function isNoteOf({ author, asker }: Pick<Note, "author" | "asker">, { id, login }: Person): boolean {
  return asker ? asker.sender.id === id : author.toLowerCase() === login.toLowerCase();
}

/** Who asked for the run's round; of one that checks opened, who asked for the run. */
export function askerOf(run: Pick<Run, "notes" | "round" | "origin">): Asker {
  return openingOf(run, run.round)?.asker ?? askerIn(run.origin);
}

/** The settings a run works by; `usual_budget_usd` is what they allowed before a command raised the budget. */
export type RunSettings = Settings & { usual_budget_usd?: number };

/** A run: a row, its facts and its notes. */
export interface Run {
  id: RunId;
  place: Place;
  origin: Origin;
  settings: RunSettings;
  round: number;
  /** `resting`: the pull request is open and the session idle, until feedback or the end. */
  phase: "working" | "resting" | "ended";
  ending?: Ending;
  stop?: Stop;
  session?: string;
  pull?: number;
  /** Head commit our session left on the pull request. */
  head?: string;
  /** Head commit that is held back. */
  held?: string;
  /** When title or body of the issue were edited last since the request; the run keeps the text it was asked with. */
  editedAt?: number;
  progress: Progress;
  notes: Note[];
  createdAt: number;
  /** When this round began. */
  roundAt: number;
}

/** `owner/name` of the run's repository. */
export function fullName(place: { owner: string; repo: string }): string {
  return `${place.owner}/${place.repo}`;
}

/** Does the run propose a plan before it works? */
export function isPlanned({ settings, origin }: Pick<Run, "settings" | "origin">): boolean {
  return settings.plan || (origin.trigger.kind === "command" && origin.trigger.plan === true);
}

/** Slugs of the Apps whose failed checks are repaired: GitHub Actions by itself, others where they are listed. */
export function repairedApps({ ci }: Pick<Settings, "ci">): string[] {
  return ["github-actions", ...ci.apps];
}

/** The run's budget in whole cents. */
export function budgetCents(settings: Settings): number {
  return Math.round(settings.budget_usd * 100);
}

/** What the run has cost so far, in whole cents: this session and those before it. */
export function spentCents({ progress }: Pick<Run, "progress">): number {
  return progress.carriedCents + progress.costCents;
}

/** Does it rest because its budget was reached? */
export function endedAtCap({ phase, ending }: Pick<Run, "phase" | "ending">): boolean {
  return phase === "resting" && ending?.kind === "budget reached";
}

/** Does it rest so, and nobody has raised the budget since? `notes`: all of the run's. */
export function isAtCap(run: Pick<Run, "phase" | "ending" | "round">, notes: Note[]): boolean {
  return endedAtCap(run) && !notes.some(({ source, round }) => source.kind === "budget" && round > run.round);
}

/** Branch the pull request goes to. */
export function baseBranch(run: Pick<Run, "settings" | "origin">): string {
  return run.settings.base || run.origin.defaultBranch;
}

/** Branch the work starts from: the base, or what a person left when they pushed to an earlier run's branch. */
export function startBranch(run: Pick<Run, "settings" | "origin">): string {
  const before = run.origin.before;
  return (before?.onTop && before.branch) || baseBranch(run);
}
