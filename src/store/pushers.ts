/**
 * Whose token may have moved a ref: the runs that were at work in a repository at a time, with the refs each
 * may move. It judges no move.
 */

import { headBranch } from "../domain/head-branch.ts";
import type { OwnRefs } from "../domain/move.ts";
import type { Run } from "../domain/run.ts";
import { runOf } from "./runs.ts";
import type { Db } from "./schema.ts";

/** A run that may have pushed, and what it may push to. */
export interface Pusher {
  run: Run;
  own: OwnRefs;
}

/** Clocks differ, and GitHub learns of a revoked token within seconds. */
const slackMs = 60_000;
/** Runs at work in one repository at a time that are looked at. */
const pushersMax = 500;

/** The runs of a repository that had a session and were at work at `at` (milliseconds since the epoch), ended or not. */
export async function pushersAt(
  db: Db,
  { repositoryId, at }: { repositoryId: number; at: number },
): Promise<Pusher[]> {
  const rows = await db
    .selectFrom("runs")
    .selectAll()
    .where("repository_id", "=", repositoryId)
    // Word of a push comes minutes later at times: what pushed may have ended since.
    .where((is) => is.or([is("phase", "!=", "ended"), is("ended_at", ">=", at - slackMs)]))
    .where("session", "is not", null)
    .where("round_at", "<=", at + slackMs)
    .orderBy("created_at")
    .limit(pushersMax)
    .execute();
  if (rows.length === 0) return [];
  const facts = await db
    .selectFrom("facts")
    .select(["run_id", "round", "name", "value_json", "done_at"])
    .where(
      "run_id",
      "in",
      rows.map(({ id }) => id),
    )
    .where((is) => is.or([is("name", "in", ["pull", "ending"]), is("name", "like", "session%")]))
    .where("done_at", "is not", null)
    .execute();
  return rows.flatMap((row) => {
    const own = facts.filter(({ run_id }) => run_id === row.id);
    const ended = own.find(({ name, round }) => name === "ending" && round === row.round);
    if (row.phase !== "working" && (ended?.done_at ?? 0) < at - slackMs) return [];
    const run = runOf(row, []);
    const sessions = own
      .filter(({ name }) => name.startsWith("session"))
      .map(({ value_json }) => idIn(value_json));
    const pull = own.find(({ name }) => name === "pull");
    const branch = (JSON.parse(pull?.value_json ?? "{}") as { branch?: string }).branch;
    return [
      {
        run,
        own: { sessions, proposed: headBranch(run), ...(branch === undefined ? {} : { pull: branch }) },
      },
    ];
  });
}

function idIn(json: string | null): string {
  return (JSON.parse(json ?? "{}") as { id?: string }).id ?? "";
}
