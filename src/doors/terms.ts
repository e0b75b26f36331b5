/**
 * The terms a run starts on: the settings in force at that moment, or why there are none. What is in the way
 * is told once per settings and thread, and in a storm of issues on a few of them only; the others get a
 * reaction.
 */
import { isProblem, type Problem } from "../domain/errors.ts";
import type { Origin, Place } from "../domain/run.ts";
import { defaultSettings, type Settings } from "../domain/settings.ts";
import { disabledText, unfitText } from "../domain/settings-words.ts";
import { flawText, type Rules, settingsBy } from "../mission/rulebook.ts";
import { targetOf } from "../mission/tools.ts";
import { reactOnce, replyOrReact } from "./replies.ts";
import type { IntakeParts } from "./verdict.ts";

/** What a run starts with, or the verdict on its trigger. */
export type Terms =
  | { kind: "settings"; settings: Settings; origin: Origin }
  | { kind: "refused"; verdict: string };

/** Somebody's trigger; `label` is the one whose changes apply. */
export interface Trigger {
  place: Place;
  origin: Origin;
  label?: string | undefined;
}

/** Comments on settings an hour in one repository. */
const toldMax = 5;
const reactionsMax = 100;

/** The terms at this moment. Tells nobody; `later` while GitHub does not say. */
export async function termsOf({ rulebook }: Pick<IntakeParts, "rulebook">, trigger: Trigger): Promise<Terms> {
  const { place, label } = trigger;
  const { unfit } = trigger.origin;
  if (unfit !== undefined) return { kind: "refused", verdict: `refused: ${unfit}` };
  const rules = await rulebook.at(place);
  const { settings, notes } = settingsBy(rules, label);
  if (rules.flaw) return { kind: "refused", verdict: `refused: settings ${rules.flaw.kind}` };
  if (!settings.enabled) return { kind: "refused", verdict: "refused: settings disabled" };
  const isPlain = rules.at.repository === undefined && rules.at.organisation === undefined;
  const origin = {
    ...trigger.origin,
    ...(label === undefined ? {} : { label }),
    ...(isPlain && notes.length === 0 ? {} : { settings: { ...rules.at, notes } }),
  };
  return { kind: "settings", settings, origin };
}

/** Why nothing begins here now, told on the thread; undefined when it may. */
export async function refusedTerms(parts: IntakeParts, trigger: Trigger): Promise<string | undefined> {
  const terms = await termsOf(parts, trigger);
  if (terms.kind === "settings") return undefined;
  await tellTerms(parts, trigger);
  return terms.verdict;
}

/** Says on the thread why nothing starts there. */
export async function tellTerms(parts: IntakeParts, trigger: Trigger): Promise<void> {
  const { unfit } = trigger.origin;
  const found = unfit
    ? { id: unfit, text: unfitText(unfit) }
    : obstacle(await parts.rulebook.at(trigger.place));
  await tellObstacle(parts, trigger, found);
}

/**
 * Says on the thread that GitHub allows the App too little. While the settings cannot be read, those may know
 * who could start something by the settings of nobody. Throws *later*; where nobody can be told, that is all.
 */
export async function tellRefused(parts: IntakeParts, trigger: Trigger, refused: Problem): Promise<void> {
  try {
    if (await parts.admission.refusal({ ...trigger, who: defaultSettings.who })) return;
    await tellObstacle(parts, trigger, { id: refused.code, text: refused.message });
  } catch (error) {
    if (!isProblem(error) || error.kind === "later") throw error;
    parts.log.warn({ err: error }, "nobody could be told what the App lacks");
  }
}

async function tellObstacle(
  parts: IntakeParts,
  { place, origin }: Trigger,
  { id, text }: { id: string; text: string },
): Promise<void> {
  const key = `settings:${place.repositoryId}:${place.issue}:${id}`;
  const hourly = { prefix: "settings:", max: toldMax };
  const target = targetOf({ origin });
  if (await replyOrReact(parts, place, { key, text, since: origin.at, hourly, target })) return;
  const reaction = { prefix: "unsettings:", max: reactionsMax };
  await reactOnce(parts, place, { key: `un${key}`, target, content: "confused", hourly: reaction });
}

function obstacle({ flaw, at }: Rules): { id: string; text: string } {
  if (!flaw) return { id: `off:${at.repository ?? at.organisation ?? ""}`, text: disabledText() };
  return { id: flaw.kind === "invalid" ? flaw.blob : flaw.kind, text: flawText(flaw) };
}
