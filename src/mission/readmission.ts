/**
 * Asked again: a round that waited its turn begins by the settings as they are then, and only while the one who
 * asked for it may still do so; held work is let through only while the one who approved it may.
 */
import type { Met } from "../domain/ending.ts";
import { askerOf, type Person, type Run } from "../domain/run.ts";
import { disabledText } from "../domain/settings-words.ts";
import { keepAffordable } from "../store/run-settings.ts";
import { flawText, settingsBy } from "./rulebook.ts";
import type { Tools } from "./tools.ts";

/**
 * What a round that waited meets when its turn has come: the ending where it may not begin any more, otherwise
 * nothing, and a run's first round holds the settings of this moment. After a long wait (`isLong`) the
 * one who asked for the round is asked of GitHub again. `later` while it does not say.
 */
export async function readmit(tools: Tools, { isLong }: { isLong: boolean }): Promise<Met | undefined> {
  const { run } = tools.held;
  const rules = await tools.rulebook.at(run.place);
  if (rules.flaw) return { kind: "refused", words: flawText(rules.flaw) };
  const { settings, notes } = settingsBy(rules, run.origin.label);
  if (!settings.enabled) return { kind: "refused", words: disabledText() };
  const { sender, viaApp } = askerOf(run);
  const decision = isLong ? await tools.permits.decide({ where: run.place, sender, viaApp }) : undefined;
  if (decision?.kind === "refused") return { kind: "refused", words: `${sender.login} ${decision.words}.` };
  if (run.session !== undefined) return undefined;
  const isPlain = rules.at.repository === undefined && rules.at.organisation === undefined;
  const { settings: _, ...origin } = run.origin;
  run.origin = isPlain && notes.length === 0 ? origin : { ...origin, settings: { ...rules.at, notes } };
  run.settings = { ...settings, ...raised(run) };
  const dear = await keepAffordable(tools.store, tools.held, tools.clock.now());
  return dear === undefined ? undefined : { kind: "refused", words: dear };
}

/** A budget that was set by a command meanwhile stands. */
function raised({ settings }: Run): Partial<Run["settings"]> {
  const { budget_usd, usual_budget_usd } = settings;
  return usual_budget_usd === undefined ? {} : { budget_usd, usual_budget_usd };
}

/** May the one who approved a held head still do so? */
export async function mayStillApprove(tools: Tools, approver: Person): Promise<boolean> {
  const where = tools.held.run.place;
  return (await tools.permits.decide({ where, sender: approver, who: "maintain" })).kind === "allowed";
}
