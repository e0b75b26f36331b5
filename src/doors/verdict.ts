/**
 * What a delivery came to, written together with what it changed: a verdict, a change and the wake it
 * causes are one transaction, so a delivery is worked off exactly once.
 */
import type { Clock } from "../clock.ts";
import type { Config } from "../config.ts";
import type { Place } from "../domain/run.ts";
import type { Engine, Tx } from "../engine/engine.ts";
import type { GitHub } from "../github/client.ts";
import type { Logger } from "../log.ts";
import type { Metrics } from "../metrics.ts";
import type { Backlog } from "../mission/backlog.ts";
import type { Rulebook } from "../mission/rulebook.ts";
import type { Store } from "../store/database.ts";
import type { Inbox } from "../store/deliveries.ts";
import type { RunKey } from "../store/runs.ts";
import type { Admission } from "./admission.ts";
import type { Finding } from "./findings.ts";
import type { Hourly } from "./hourly.ts";
import { giveOwed, type Owed, owe } from "./owed.ts";

/** What the intake works with. */
export interface IntakeParts {
  config: Pick<Config, "app" | "github" | "limits">;
  github: GitHub;
  store: Store;
  engine: Engine;
  box: Inbox;
  admission: Admission;
  rulebook: Rulebook;
  backlog: Pick<Backlog, "untilReadSince">;
  /** Heads of pull requests that may still be looked at this hour, by installation. */
  looks: Hourly;
  clock: Clock;
  random: (bytes: number) => Uint8Array;
  log: Logger;
  metrics: Pick<Metrics, "deliveries" | "suspects" | "alarms">;
  /** Replies that come with the next change that is written. */
  owed?: Owed[];
  /** The doctor, for one repository. */
  examine: (place: Place) => Promise<Finding[]>;
}

/** What a change came to, and the runs it wakes. */
export interface Change {
  verdict: string;
  wake?: string | string[];
  /** What is said about it afterwards. */
  replies?: Owed[];
}

/** Writes the verdict alone. */
export async function conclude({ box }: IntakeParts, delivery: string, verdict: string): Promise<string> {
  await box.finish(delivery, verdict);
  return verdict;
}

/** The engine takes so many at once. */
const wakesMax = 500;

/** Writes a change, the wake of its run, the verdict and what is owed for it together; then says that. */
export async function written(
  parts: IntakeParts,
  delivery: string,
  change: (tx: Tx) => Promise<Change>,
): Promise<string> {
  const { store, engine, box, clock, owed = [] } = parts;
  const { verdict, replies = [] } = await store.db.transaction().execute(async (tx) => {
    const done = await change(tx);
    const at = clock.now();
    for (let runs = [done.wake ?? []].flat(); runs.length > 0; runs = runs.slice(wakesMax))
      await engine.wake(tx, ...runs.slice(0, wakesMax).map((id) => ({ kind: "run" as const, id, at })));
    await owe(tx, delivery, [...owed, ...(done.replies ?? [])]);
    await box.finish(delivery, done.verdict, tx);
    return done;
  });
  engine.knock();
  if (owed.length + replies.length > 0) await giveOwed(parts, delivery);
  return verdict;
}

/** The run of a thread: an issue, or the pull request it opened. */
export function keyOf(kind: "issue" | "pull", { repositoryId, issue }: Place): RunKey {
  return kind === "issue" ? { kind, repositoryId, issue } : { kind, repositoryId, pull: issue };
}

/** First words of verdicts and the kind each is counted under. */
const verdictKinds: [start: RegExp, kind: string][] = [
  [/^ignored/, "ignored"],
  [/^refused/, "refused"],
  [/^answered/, "answered"],
  [/^checked/, "checked"],
  [/^run \S+ started/, "run started"],
  [/^round /, "round opened"],
  [/^alarm/, "alarm"],
  [/^stop /, "stop"],
  [/^(told|kept|approval|budget|new head|edit) /, "told"],
];

/** A verdict without what is particular in it: one of ten kinds. */
export function verdictKind(verdict: string): string {
  return verdictKinds.find(([start]) => start.test(verdict))?.[1] ?? "other";
}
