/**
 * What an installation may still begin today: runs and money. A day is a day of UTC. Money that runs at work may
 * still spend is set aside, so that a new run never takes what an earlier one was promised.
 */
import { dollars, span } from "./words.ts";

const dayMs = 24 * 60 * 60_000;

/** The day of UTC, counted from the epoch. */
export function dayOf(at: number): number {
  return Math.floor(at / dayMs);
}

/** What has been begun and spent today, in whole cents; `setAside`: what rounds that were let in may still spend. */
export interface Today {
  runs: number;
  spent: number;
  setAside: number;
}

/** What a new run or round asks for, and the limits it stands under, in whole cents. */
export interface Wanted {
  /** Is it a run, or a later round of one, which counts as no run? */
  isRun: boolean;
  cents: number;
  runsPerDay: number;
  dayCents: number;
}

/** Why it cannot begin, in words for people, with when it may be tried again; undefined when it can. */
export function refusal(today: Today, wanted: Wanted, now: number): string | undefined {
  const midnight = (dayOf(now) + 1) * dayMs;
  const when = `after 00:00 UTC (in ${span(midnight - now)})`;
  const remedy = "The organisation's settings and the operator of this service set this limit.";
  if (wanted.isRun && today.runs >= wanted.runsPerDay) {
    const runs = `${today.runs} ${today.runs === 1 ? "run was" : "runs were"} started here today, and \`limits.runs_per_day\` allows ${wanted.runsPerDay}.`;
    return `${runs} It may be tried again ${when}. ${remedy}`;
  }
  if (today.spent + today.setAside + wanted.cents <= wanted.dayCents) return undefined;
  if (wanted.cents > wanted.dayCents) {
    return `This run may cost ${dollars(wanted.cents)}, which is more than a whole day may (${dollars(wanted.dayCents)}, \`limits.budget_usd_per_day\`). A smaller \`budget_usd\` lets it start. ${remedy}`;
  }
  const used = `Of the ${dollars(wanted.dayCents)} that \`limits.budget_usd_per_day\` allows, ${dollars(today.spent)} are spent and ${dollars(today.setAside)} are set aside for runs at work; this run may cost ${dollars(wanted.cents)}.`;
  const sooner =
    today.spent + wanted.cents <= wanted.dayCents ? "when runs at work have ended, at the latest " : "";
  return `${used} It may be tried again ${sooner}${when}. ${remedy}`;
}
