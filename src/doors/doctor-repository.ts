/**
 * Checks of the one repository that was named: whether the App reaches it with all it asks for, whom it serves
 * there, and what the settings in force come to.
 */
import { fullName } from "../domain/run.ts";
import { settingsPath } from "../domain/settings.ts";
import { notesLine, problemsLine } from "../domain/settings-words.ts";
import { flawText, type Rules, settingsBy } from "../mission/rulebook.ts";
import { ownersRepository } from "../store/settings-files.ts";
import type { Check, Examined } from "./check.ts";
import { pushWorkflows } from "./doctor-workflows.ts";
import { fail, pass, warn } from "./findings.ts";
import { missingPermissions } from "./manifest.ts";

/** In the order they are told. */
export const repositoryChecks: Check[] = [
  {
    what: "repository",
    todo: "see how it is spelled (OWNER/REPO); an owner installs the App and chooses its repositories",
    look: repository,
  },
  {
    what: "settings",
    todo: "see what was found about the repository",
    look: settings,
  },
  {
    what: "push workflows",
    todo: "see what was found about the repository; the App needs contents: read",
    look: async ({ reached, github }) => {
      const there = await reached;
      return there ? pushWorkflows(github, there) : pass("no repository was named");
    },
  },
];

async function repository({ reached, manifest, config }: Examined) {
  const there = await reached;
  if (!there) return pass("none was named");
  const name = fullName(there);
  const missing = missingPermissions(manifest, there.permissions);
  if (missing !== "")
    return fail(
      `${name}: the installation has not accepted ${missing}`,
      `an owner of ${there.owner} accepts it: ${there.installationUrl}`,
    );
  if (config.owners && !config.owners.includes(there.owner.toLowerCase()))
    return fail(`${name}: its deliveries do nothing`, `add ${there.owner} to PATCHWRIGHT_OWNERS`);
  if (there.isArchived) return fail(`${name} is archived, nothing can be pushed`, "unarchive it");
  return pass(`${name}, ${there.visibility}, in installation ${there.installation}`);
}

async function settings({ reached, named }: Examined) {
  const there = await reached;
  if (!there || !named) return pass("no repository was named");
  const rules = await named.rules(there);
  const layers = layersText(rules, there);
  if (rules.flaw?.kind === "invalid") {
    const { repository: file, problems } = rules.flaw;
    return fail(
      `${settingsPath} in ${file} is not valid: ${problemsLine(problems)}`,
      "mend it on the default branch; until then nothing starts here",
    );
  }
  if (rules.flaw)
    return fail(flawText(rules.flaw), "let the App see it again, or delete it where the App sees that");
  const { settings: inForce, notes } = settingsBy(rules);
  if (!inForce.enabled)
    return warn(`${layers}: turned off by \`enabled: false\``, `set it to true in ${settingsPath}`);
  const { labels, who, model, budget_usd: budget, limits } = inForce;
  const result = [
    `labels ${Object.keys(labels).join(", ")}`,
    `who ${who}`,
    `model ${model}`,
    `$${budget} a run`,
    `${limits.active_runs} at once`,
  ];
  const words = `${layers}: ${result.join("; ")}`;
  return notes.length === 0
    ? pass(words)
    : warn(
        `${words}; not granted in full: ${notesLine(notes)}`,
        "nothing, or change the file that asks for it",
      );
}

/** Which files hold, the stronger first. */
function layersText({ at }: Rules, there: { owner: string; repo: string }): string {
  const files = [
    ...(at.repository === undefined ? [] : [`${fullName(there)} at ${at.repository.slice(0, 7)}`]),
    ...(at.organisation === undefined
      ? []
      : [`${there.owner}/${ownersRepository} at ${at.organisation.slice(0, 7)}`]),
  ];
  return files.length === 0 ? "valid, the defaults" : `valid, ${files.join(" over ")}`;
}
