/**
 * Checks that failed on what the session pushed: looked at when the run rests, and repaired in a round of their
 * own where they are ours to repair. What was heard only knocks; GitHub is asked what fails by then.
 * Invariants: never for a head that is not ours and the pull request's; once a head; no oftener than the settings say.
 */
import { isProblem } from "../domain/errors.ts";
import { commentMarker } from "../domain/ids.ts";
import { may } from "../domain/permission.ts";
import { checksText, type ToldCheck } from "../domain/prompt.ts";
import { exhaustedText } from "../domain/repair-words.ts";
import { baseBranch, type Note, type Run, repairedApps, threadsOf } from "../domain/run.ts";
import { type CheckReport, checkReport, type FailedCheck, newFailures } from "../github/failed-checks.ts";
import { comment } from "../github/issue.ts";
import { headOf } from "../github/pull.ts";
import { stopAt } from "../store/memos.ts";
import { reopenRound } from "../store/rounds.ts";
import type { Facts } from "./facts.ts";
import { sessionEndsAt } from "./session.ts";
import type { Tools } from "./tools.ts";

/** A run at rest, with a pull request and the head its session left there. */
interface Resting {
  pull: number;
  head: string;
}

/** Has a failed suite been heard of that nobody has looked at yet? */
export function hasUnseenChecks(tools: Pick<Tools, "ledger">): boolean {
  return unseen(tools).length > 0;
}

/** Looks at the failed suites that were heard of. True when a round to repair them was opened. */
export async function repairChecks(tools: Tools): Promise<boolean> {
  const heard = unseen(tools);
  if (heard.length === 0) return false;
  const { run } = tools.held;
  const stoppedAt = await lastStop(tools);
  const counts = heard.filter(({ value: { completedAt } }) => !(completedAt && completedAt <= stoppedAt));
  const isOfHead = counts.some(({ value }) => value.head === run.head);
  const outcome = isOfHead
    ? await repairHead(tools).catch(notReadable)
    : counts.length === 0
      ? "it was stopped since"
      : "not the head our session pushed last";
  if (outcome === "opened") return true;
  for (const { name, value } of heard) await tools.ledger.write(name, { ...value, outcome });
  tools.log.info({ run_id: run.id, outcome }, "failed checks are not repaired");
  return false;
}

/** When people last stopped the work on the issue or its pull request, by GitHub's clock; 0 where nobody has. */
async function lastStop({ store, held: { run } }: Tools): Promise<number> {
  const { repositoryId, issue, pull = issue } = threadsOf(run);
  const stops = [issue, pull].map((thread) => stopAt(store.db, { repositoryId, issue: thread }, "written"));
  return Math.max(...(await Promise.all(stops)).map((at) => at ?? 0));
}

/** Where GitHub refuses to tell what fails, there is nothing to repair; *later* goes to the engine. */
function notReadable(error: unknown): string {
  if (!isProblem(error) || error.kind === "later") throw error;
  return error.code;
}

type SuiteName = `suite ${number}`;

function unseen({ ledger }: Pick<Tools, "ledger">) {
  return ledger
    .all<Facts[SuiteName]>("suite ")
    .filter(({ value }) => value.outcome === undefined)
    .map(({ name, value }) => ({ name: name as SuiteName, value }));
}

const attemptPrefix = "checks:";

/** The notes that had failed checks repaired, oldest first. */
export function repairsOf({ notes }: Pick<Run, "notes">): Note[] {
  return notes.filter(({ id }) => id.startsWith(attemptPrefix));
}

/** "opened", or why not. */
async function repairHead(tools: Tools): Promise<string> {
  const { github, held, store, clock } = tools;
  const { run } = held;
  const { pull, head } = run;
  if (pull === undefined || head === undefined || run.ending?.kind !== "opened")
    return "the last round did not end with an open pull request";
  const id = `${attemptPrefix}${head}`;
  if (run.notes.some((note) => note.id === id)) return "this head was repaired already";
  if (!(await requesterMay(tools))) return "the requester may not any more";
  if ((await headOf(github, run.place, pull)) !== head) return "others have pushed since";
  const apps = { slugs: repairedApps(run.settings), base: baseBranch(run) };
  const failures = await newFailures(github, run.place, { head, ...apps });
  if (failures.length === 0) return "nothing fails that passes on the base";
  if (repairsOf(run).length >= run.settings.ci.attempts) return giveUp(tools, { pull, head }, failures);
  const text = checksText(await reports(tools, failures));
  const note = { id, kind: "said" as const, author: authorOf(run), text, at: clock.now() };
  const opened = await reopenRound(store, held, { ...note, source: { kind: "checks", pull } });
  return opened ? "opened" : "another run is at work on the issue";
}

/** Whose checks they are, as the agent reads it. */
function authorOf({ settings }: Run): string {
  return repairedApps(settings).join(", ");
}

/** A person who asked for the run, asked about anew; of an App the door has asked when it heard of the checks. */
async function requesterMay({ github, repositories, held: { run } }: Tools): Promise<boolean> {
  const { sender } = run.origin;
  if (sender.type !== "User") return true;
  const answer = await repositories.permission(run.place, sender);
  const { appId, botId } = await github.self(run.place.installation);
  const asking = { sender, answer, who: run.settings.who, bots: [], own: { appId, botId } };
  return may(asking).kind === "allowed";
}

/** What the checks say; of a long log the tail stands in the message and more in a file, while a session is open. */
async function reports(tools: Tools, failures: FailedCheck[]): Promise<ToldCheck[]> {
  const told: ToldCheck[] = [];
  for (const failure of failures) {
    const report = await checkReport(tools.github, tools.held.run.place, failure);
    const file = await attached(tools, failure.id, report);
    told.push({ ...report, ...(file === undefined ? {} : { file }) });
  }
  return told;
}

async function attached(tools: Tools, check: number, { log }: CheckReport): Promise<string | undefined> {
  const { ledger, agents, held, clock } = tools;
  const { session } = held.run;
  if (log.whole === undefined || session === undefined) return undefined;
  if ((sessionEndsAt(tools) ?? 0) <= clock.now()) return undefined;
  const isSecondTry = ledger.begunAt(`log ${check}`) !== undefined;
  try {
    const attachment = { name: `check-${check}.log`, text: log.whole };
    return (await ledger.once(`log ${check}`, agents.attach(session, attachment))).path;
  } catch (error) {
    // The file is an extra and holds no repair up: where the platform does not take it, the tail has to do.
    if (!isProblem(error) || (error.kind === "later" && !isSecondTry)) throw error;
    return undefined;
  }
}

/** As often as allowed: people are told once that the rest is theirs. */
async function giveUp(tools: Tools, { pull, head }: Resting, failures: FailedCheck[]): Promise<string> {
  const { ledger, github, held } = tools;
  const { run } = held;
  const marker = commentMarker(run.id, "checks");
  const words = exhaustedText({
    head,
    attempts: run.settings.ci.attempts,
    names: failures.map(({ name }) => name),
  });
  const place = { ...run.place, issue: pull };
  const body = `${words}\n\n${marker}`;
  await ledger.once("exhausted", comment(github, place, { marker, body, since: run.roundAt }));
  return "repaired as often as allowed";
}
