/**
 * What the mission works with: the rooms below, bound to one held run. Built once per entry.
 */
import type { Agents } from "../agent/agent.ts";
import type { Streams } from "../agent/stream.ts";
import type { Clock } from "../clock.ts";
import type { Config } from "../config.ts";
import type { Note, Run } from "../domain/run.ts";
import type { Engine } from "../engine/engine.ts";
import type { Attachments } from "../github/attachments.ts";
import type { GitHub } from "../github/client.ts";
import { type ReactionTarget, targetOfSaid } from "../github/issue.ts";
import type { Repositories } from "../github/repository.ts";
import type { Logger } from "../log.ts";
import type { Metrics } from "../metrics.ts";
import type { Store } from "../store/database.ts";
import type { HeldRun } from "../store/runs.ts";
import type { Seal } from "../store/seal.ts";
import type { Backlog } from "./backlog.ts";
import type { Ledger } from "./ledger.ts";
import type { Permits } from "./permits.ts";
import type { Rulebook } from "./rulebook.ts";
import type { Strays } from "./strays.ts";

/** The rooms, the same for every run. */
export interface Rooms {
  github: GitHub;
  repositories: Repositories;
  attachments: Attachments;
  agents: Agents;
  rulebook: Rulebook;
  permits: Permits;
  streams: Streams;
  store: Store;
  engine: Pick<Engine, "wake" | "knock">;
  seal: Seal;
  strays: Strays;
  backlog: Backlog;
  clock: Clock;
  /** Unpredictable bytes. */
  random: (bytes: number) => Uint8Array;
  log: Logger;
  metrics: Metrics;
  config: Pick<Config, "limits" | "mcp" | "pollMs" | "server">;
}

/** The rooms and what belongs to one held run. */
export interface Tools extends Rooms {
  held: HeldRun;
  ledger: Ledger;
}

/** What a run's reactions go on: the comment that asked for it, or the issue. */
export function targetOf({ origin: { trigger } }: Pick<Run, "origin">): ReactionTarget {
  return trigger.kind === "label"
    ? { kind: "issue" }
    : targetOfSaid({ id: trigger.commentId, as: trigger.as });
}

/** What a note's reactions go on; undefined where it was not said by anybody in particular. */
export function targetOfNote({ source }: Note): ReactionTarget | undefined {
  if (source.kind === "comment") return targetOfSaid(source);
  if (source.kind !== "review") return undefined;
  return source.remark === undefined
    ? { kind: "review", id: source.id }
    : { kind: "remark", id: source.remark };
}

/** Notes how long after its request the run has come so far. */
export function noteReached(
  { metrics, clock, held: { run } }: Tools,
  what: "reply" | "session" | "pull",
): void {
  metrics.reached.observe({ what }, (clock.now() - run.origin.at) / 1_000);
}
