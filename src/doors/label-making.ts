/**
 * `npm run labels -- OWNER`: the labels of the settings in every repository of an account's installation, so
 * that people find them. What is there is left as it is; creating is paced below GitHub's limits on content.
 */
import { type Clock, pause } from "../clock.ts";
import { isProblem, Problem } from "../domain/errors.ts";
import { type LabelChange, type Settings, sameLabel, settingsPath } from "../domain/settings.ts";
import { parseSettings } from "../domain/settings-file.ts";
import { type Operator, resolveSettings } from "../domain/settings-layers.ts";
import type { GitHub } from "../github/client.ts";
import { createLabel, labelNames, repositoriesOf } from "../github/label-creation.ts";
import { installationsOf } from "../github/labels.ts";
import { type FoundFile, findSettingsFiles, type Where } from "../github/settings-files.ts";

/** What it works with; `say` gets a line for each repository. */
export interface LabelMaking {
  github: GitHub;
  clock: Clock;
  operator: Operator;
  say: (line: string) => void;
}

/** GitHub takes about five hundred creations an hour, and the runs want theirs: one every nine seconds. */
const gapMs = 9_000;
const triesMax = 5;
const laterMs = 60_000;
const color = "5319e7";
const descriptionMax = 100;

/** Creates what is missing. Throws `refused` when the account has no installation; a flawed repository is only told. */
export async function makeLabels(parts: LabelMaking, owner: string): Promise<void> {
  const all = await installationsOf(parts.github);
  const installation = all.find(({ account }) => account.toLowerCase() === owner.toLowerCase());
  if (!installation || installation.suspended) {
    throw new Problem(
      "refused",
      "labels_no_installation",
      `The App is ${installation ? "suspended" : "not installed"} on ${owner}. An owner can change that in the account's settings.`,
    );
  }
  for await (const where of repositoriesOf(parts.github, installation.id)) {
    parts.say(`${where.owner}/${where.repo}: ${await inRepository(parts, where)}`);
  }
}

/** What became of one repository, in words. */
async function inRepository(parts: LabelMaking, where: Where): Promise<string> {
  try {
    const labels = await patiently(parts, () => labelsOf(parts, where));
    if (typeof labels === "string") return labels;
    const there = await patiently(parts, () => labelNames(parts.github, where));
    const missing = Object.entries(labels).filter(([name]) => !there.some((other) => sameLabel(name, other)));
    const created: string[] = [];
    for (const [name, changes] of missing) {
      const label = { name, color, description: descriptionOf(changes) };
      if (await patiently(parts, () => createLabel(parts.github, where, label))) created.push(name);
      await pause(parts.clock, gapMs);
    }
    return created.length === 0 ? "has them all" : `created ${created.join(", ")}`;
  } catch (error) {
    if (!isProblem(error)) throw error;
    return `left out: ${error.message}`;
  }
}

/** The labels of the settings there, or why nothing is made. */
async function labelsOf(
  { github, operator }: LabelMaking,
  where: Where,
): Promise<Settings["labels"] | string> {
  const { repository, organisation } = await findSettingsFiles(github, where);
  const given = (found: FoundFile | undefined) => {
    if (!found || found.kind === "none") return undefined;
    const reading = found.kind === "file" && parseSettings(found.text, { file: settingsPath });
    if (!reading || reading.kind === "invalid")
      throw new Problem("refused", "settings_invalid", "its settings are not valid");
    return reading.given;
  };
  const { settings } = resolveSettings({
    organisation: given(organisation?.file),
    repository: given(repository),
    operator,
  });
  return settings.enabled ? settings.labels : "left out: turned off by its settings";
}

/** What the label does, for those who look for one. */
function descriptionOf({ model, budget_usd: budget, plan }: LabelChange): string {
  const details = [
    ...(plan ? ["plans first"] : []),
    ...(model === undefined ? [] : [model]),
    ...(budget === undefined ? [] : [`up to $${budget}`]),
  ];
  const detail = details.length === 0 ? "" : ` (${details.join(", ")})`;
  return `Lets an agent work on this issue and open a pull request${detail}`.slice(0, descriptionMax);
}

/** Tries again while GitHub says *later*, as long as it asks to wait. */
async function patiently<T>({ clock }: LabelMaking, act: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await act();
    } catch (error) {
      if (!isProblem(error, "later") || tries >= triesMax) throw error;
      await pause(clock, error.retryAfterMs ?? laterMs);
    }
  }
}
