/**
 * `/agent budget USD`: what a run may cost. Above its usual budget a maintainer decides, above the operator's
 * ceiling nobody does.
 */
import { answers } from "../domain/replies.ts";
import { askerIn, budgetCents, endedAtCap, type Run, spentCents, threadsOf } from "../domain/run.ts";
import type { Tx } from "../engine/engine.ts";
import { tooDear } from "../store/days.ts";
import { rememberBudget } from "../store/memos.ts";
import { resettle } from "../store/run-settings.ts";
import { liveRun, seizeRun } from "../store/runs.ts";
import { type Commanded, reply, replyTo } from "./commanded.ts";
import { isStoppedSince } from "./precedence.ts";
import { whyNothing } from "./standing.ts";
import { stoppedMeanwhile, tellRun } from "./starting.ts";
import { refusedTerms } from "./terms.ts";
import { conclude, type IntakeParts, keyOf, written } from "./verdict.ts";

/** Raises or lowers what a run may cost; one that rests at its cap goes on. */
export async function budget(
  parts: IntakeParts,
  delivery: string,
  intent: Commanded,
  cents: number,
): Promise<string> {
  const { place, origin, said, onPull } = intent;
  const run = await liveRun(parts.store.db, keyOf(onPull ? "pull" : "issue", place));
  if (!run) return reply(parts, delivery, intent, await whyNothing(parts, intent));
  if (cents <= spentCents(run))
    return reply(parts, delivery, intent, answers.budgetTooSmall(spentCents(run)));
  const most = parts.config.limits.budgetCentsMax;
  if (cents > most) return reply(parts, delivery, intent, answers.budgetTooLarge(most));
  // What a maintainer has raised once is no usual budget: the next raise takes a maintainer again.
  const usualUsd = run.settings.usual_budget_usd ?? run.settings.budget_usd;
  if (cents > Math.round(usualUsd * 100)) {
    const refused = await parts.admission.refusal({ place, origin, said, who: "maintain" });
    if (refused) return conclude(parts, delivery, refused);
  }
  // It opens a round, as `/agent fix` would.
  if (endedAtCap(run)) {
    const refused = await refusedTerms(parts, { place, origin });
    if (refused) return conclude(parts, delivery, refused);
  }
  return written(parts, delivery, async (tx) => {
    const now = await seizeRun(tx, run.id);
    const answered = (text: string) => [replyTo(intent, { text })];
    if (!now) return { verdict: "ignored: the run has ended", replies: answered(answers.runOver) };
    if (await isStoppedSince(tx, threadsOf(now), said.at)) return { ...stoppedMeanwhile, wake: run.id };
    if (!(await rememberBudget(tx, run.id, said.at)))
      return { verdict: "ignored: another budget was given since" };
    const dear = await overDay(parts, tx, { run: now, cents });
    if (dear !== undefined) return { verdict: "answered", wake: run.id, replies: answered(dear) };
    await resettle(tx, run.id, { ...now.settings, budget_usd: cents / 100, usual_budget_usd: usualUsd });
    if (!endedAtCap(now)) {
      const replies = answered(answers.budgetRaised(cents));
      return { verdict: `budget of ${run.id} changed`, wake: run.id, replies };
    }
    const source = { kind: "budget" as const, writtenAt: said.at };
    const by = { author: origin.sender.login, asker: askerIn(origin) };
    const note = { id: `budget:${said.id}`, kind: "said" as const, text: "", source };
    const told = await tellRun(tx, parts, run, { ...note, ...by });
    const raised = answers.budgetRaised(cents);
    const isOpened = told.verdict.startsWith("round ");
    return { ...told, replies: answered(isOpened ? raised : `${raised} ${answers.otherAtWork}`) };
  });
}

/** What the day says against a larger budget; undefined when it allows it. */
function overDay(
  { clock }: Pick<IntakeParts, "clock">,
  tx: Tx,
  { run, cents }: { run: Run; cents: number },
): Promise<string | undefined> | undefined {
  if (cents <= budgetCents(run.settings) && run.phase === "working") return undefined;
  const { id, place, settings } = run;
  const costing = { run: id, place, settings, spentCents: spentCents(run), now: clock.now() };
  return tooDear(tx, costing, cents);
}
