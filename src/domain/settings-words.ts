/**
 * What people read about settings: why nothing starts, which wishes were narrowed, which commits they are from.
 * Words only; who gets them and how often is decided elsewhere.
 */
import { visible } from "./hidden.ts";
import type { Origin, Unfit } from "./run.ts";
import { oneLine } from "./sanitize.ts";
import { settingsPath } from "./settings.ts";
import type { SettingsProblem } from "./settings-file.ts";
import type { SettingsNote } from "./settings-layers.ts";

const messageMax = 300;
const notesMax = 10;
const linesMax = 1_000;

/** A key from a file as code that nothing in it can leave. */
function code(key: string): string {
  return `\`${visible(key, messageMax)}\``;
}

/** Problems as a list, each with its line and key. */
export function problemLines(problems: SettingsProblem[]): string {
  return problems
    .map(({ line, key, message }) => {
      const what = key === undefined ? "the file" : code(key);
      return `- line ${line}: ${what} ${oneLine(message, messageMax)}`;
    })
    .join("\n");
}

/** The same in one line, for a terminal. */
export function problemsLine(problems: SettingsProblem[]): string {
  return oneLine(problemLines(problems).replaceAll(/^- /gm, "").replaceAll("\n", "; "), linesMax);
}

/** What was not granted in full, in one line. */
export function notesLine(notes: SettingsNote[]): string {
  return notes
    .slice(0, notesMax)
    .map(({ key, message }) => `${code(key)} ${message}`)
    .join("; ");
}

/** A file that is not valid. `repository` is `owner/name`. */
export function invalidText(repository: string, problems: SettingsProblem[]): string {
  return [
    `I start nothing here, because \`${settingsPath}\` in ${repository} is not valid:`,
    problemLines(problems),
    "Whoever maintains that file can mend it on the default branch; then put the label on again, or comment `/agent fix`.",
  ].join("\n\n");
}

/** The owner's file was there and cannot be read any more. */
export function unreadableText(repository: string): string {
  return [
    `I start nothing here, because \`${settingsPath}\` in ${repository} was there before and I cannot read it any more.`,
    `An owner can give this App access to ${repository} again. If that file is meant to be gone, delete it while the App can see that.`,
  ].join("\n\n");
}

/** Nothing can start before there is a commit. */
export function emptyText(): string {
  return "I start nothing here, because this repository has no commit on its default branch yet. Push a first one; then put the label on again, or comment `/agent fix`.";
}

const unfitWords: Record<Unfit, string> = {
  "a fork":
    "this repository is a fork. Ask in the repository that it was forked from, where the App is installed there.",
  "a mirror":
    "this repository is a mirror, and what I push would be lost with its next update. Ask where it is mirrored from.",
  "a template":
    "this repository is a template, and what I push would go into every repository made from it. An admin can turn *Template repository* off in its settings.",
  "an issue edited since":
    "title or text of this issue have changed since the label was put on, and no word of that reached me in time: I cannot tell what was asked for. Take the label off and put it on again, or comment `/agent fix`.",
};

/** Why nothing starts, whatever the settings say. */
export function unfitText(unfit: Unfit): string {
  return `I start nothing here, because ${unfitWords[unfit]}`;
}

/** Turned off. */
export function disabledText(): string {
  return `I am turned off here: the settings say \`enabled: false\`. Whoever maintains \`${settingsPath}\` can change that.`;
}

/** A file that is valid, with what of its wishes will not be granted. */
export function validText(notes: SettingsNote[]): string {
  if (notes.length === 0) return `\`${settingsPath}\` is valid. It counts once it is on the default branch.`;
  const lines = notes.slice(0, notesMax).map(({ key, message }) => `- ${code(key)} ${message}`);
  return [`\`${settingsPath}\` is valid. Not granted in full:`, lines.join("\n")].join("\n\n");
}

/** Which settings a run works by, and what of their wishes was not granted; empty without any file. */
export function settingsLines({ settings }: Pick<Origin, "settings">, repository: string): string[] {
  if (!settings) return [];
  const owner = repository.slice(0, repository.indexOf("/"));
  const files = [
    ...(settings.repository === undefined ? [] : [`${repository} at ${settings.repository.slice(0, 7)}`]),
    ...(settings.organisation === undefined
      ? []
      : [`${owner}/.github at ${settings.organisation.slice(0, 7)}`]),
  ];
  const notes = notesLine(settings.notes);
  return [
    ...(files.length > 0 ? [`Settings: ${files.join(", ")}.`] : []),
    ...(notes === "" ? [] : [`Not granted in full: ${notes}.`]),
  ];
}
