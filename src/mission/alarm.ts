/**
 * An alarm is told in a comment of its own, on the issue and on the pull request: an edit of the status
 * comment would notify nobody.
 */
import { commentMarker } from "../domain/ids.ts";
import { comment } from "../github/issue.ts";
import type { Tools } from "./tools.ts";

/** Tells what a stop was an alarm about, once on each thread of the run. */
export async function raiseAlarm({ ledger, github, held: { run } }: Tools): Promise<void> {
  const alarm = run.stop?.alarm;
  if (run.stop === undefined || alarm === undefined) return;
  const since = run.stop.at;
  for (const issue of [run.place.issue, ...(run.pull === undefined ? [] : [run.pull])]) {
    const marker = commentMarker(run.id, `alarm-${since}-${issue}`);
    const body = `${alarm}\n\n${marker}`;
    await ledger.once(`alarm ${issue}`, comment(github, { ...run.place, issue }, { marker, body, since }));
  }
}
