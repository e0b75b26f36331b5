/**
 * A pull request that changes the settings file is told on its head whether the file is valid. GitHub is asked
 * once for each head, and so often an hour in an installation at most; nothing of the pull request is run.
 */
import type { Intent } from "../domain/intent.ts";
import { settingsPath } from "../domain/settings.ts";
import { parseSettings, type SettingsProblem } from "../domain/settings-file.ts";
import { problemLines, validText } from "../domain/settings-words.ts";
import { type SettingsVerdict, settingsCheckRun } from "../github/settings-check.ts";
import { type FoundFile, settingsProposed } from "../github/settings-files.ts";
import { type Rules, settingsBy } from "../mission/rulebook.ts";
import { wasApproved } from "../store/facts.ts";
import { ownersRepository } from "../store/settings-files.ts";
import { once } from "./replies.ts";
import { conclude, type IntakeParts } from "./verdict.ts";

type Proposed = Extract<Intent, { kind: "proposed" }>;

/** A pull request to the default branch has a new head. */
export async function hearProposed(parts: IntakeParts, delivery: string, intent: Proposed): Promise<string> {
  const { github, rulebook, store, looks, log } = parts;
  const { place, head, sender } = intent;
  const { botId } = await github.self(place.installation);
  // What we push ourselves holds no settings, unless a maintainer has let them through.
  if (sender.id === botId && !(await wasApproved(store.db, { repositoryId: place.repositoryId, head })))
    return conclude(parts, delivery, "ignored: our own pull request");
  if (!looks(place.installation)) {
    log.warn(
      { installation_id: place.installation },
      "pull requests are not looked at for settings this hour",
    );
    return conclude(parts, delivery, "ignored: enough heads were looked at this hour");
  }
  const found = await settingsProposed(github, place, { pull: place.issue, head });
  if (!found || found.kind === "none") return conclude(parts, delivery, "ignored: no change of settings");
  const verdict = verdictOn(found, await rulebook.at(place), place.repo.toLowerCase() === ownersRepository);
  const act = settingsCheckRun(github, place, { head, verdict });
  await once(parts, place, { key: `settings-check:${place.repositoryId}:${head}`, act });
  return conclude(parts, delivery, `checked: settings ${verdict.isValid ? "valid" : "not valid"}`);
}

/** What is to be said of a file under the rules that hold now. */
function verdictOn(
  found: Exclude<FoundFile, { kind: "none" }>,
  rules: Rules,
  isOwners: boolean,
): SettingsVerdict {
  const reading =
    found.kind === "file"
      ? parseSettings(found.text, { file: settingsPath })
      : { kind: "invalid" as const, problems: [{ line: 1, column: 1, message: found.why }] };
  if (reading.kind === "settings") {
    const { given } = reading;
    const layers = isOwners ? { organisation: given } : { ...rules.layers, repository: given };
    const { notes } = settingsBy({ layers: { operator: rules.layers.operator, ...layers } });
    return { isValid: true, title: "The settings are valid", summary: validText(notes), notes: [] };
  }
  const problems: SettingsProblem[] = reading.problems;
  const notes = problems.map(({ line, key, message }) => ({
    line,
    message: key === undefined ? `The file ${message}` : `${key} ${message}`,
  }));
  const title =
    problems.length === 1 ? "The settings are not valid" : `The settings have ${problems.length} mistakes`;
  return { isValid: false, title, summary: problemLines(problems), notes };
}
