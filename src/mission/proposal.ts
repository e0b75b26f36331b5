/**
 * A diff on its way to a pull request: what was pushed → screened → opened, adopted or held.
 * Invariants: tokens of the run are revoked before this is entered, so the agent can add nothing to what is
 * screened; nothing is opened once somebody asked to stop; a run has one pull request.
 */
import { setImmediate as turn } from "node:timers/promises";
import type { Act } from "../domain/act.ts";
import type { Ending } from "../domain/ending.ts";
import { isProblem, Problem } from "../domain/errors.ts";
import { headBranch } from "../domain/head-branch.ts";
import { sessionBranch } from "../domain/ids.ts";
import { baseBranch, type Run, type Stop } from "../domain/run.ts";
import { publicTexts, type Reason, screen, screenedCharsMax } from "../domain/screening.ts";
import { ruleFindings } from "../domain/secret-rules.ts";
import { pullBody, pullTitle } from "../domain/words.ts";
import { pointBranch } from "../github/branch.ts";
import { type Changes, pushedChanges } from "../github/changes.ts";
import { defaultBranchOf } from "../github/installation.ts";
import { type Pull, pullRequest, reviewRequest } from "../github/pull.ts";
import { type RunChange, stopOf } from "../store/runs.ts";
import type { FactRow } from "../store/schema.ts";
import { lastSubmission } from "./answers.ts";
import type { Facts } from "./facts.ts";
import { mayStillApprove } from "./readmission.ts";
import type { Tools } from "./tools.ts";

/** What became of what was pushed. */
export type Proposed =
  | { kind: "opened"; pull: Facts["pull"] }
  | { kind: "nothing" }
  | { kind: "called off"; stop: Stop }
  | Held;

/** A head that is held back, and why. */
export interface Held {
  kind: "held";
  head: string;
  reasons: Reason[];
  more: number;
}

/** How soon a run that waits for what was missed looks again. */
const backlogPauseMs = 1_000;

/** Proposes what the session's branch holds. `unfinished` marks work that was cut off. */
export async function propose(tools: Tools, { unfinished }: { unfinished: boolean }): Promise<Proposed> {
  const opened = tools.ledger.read("pull");
  if (opened) await askForReview(tools, opened);
  else await untilRead(tools);
  const news = await newsOf(tools);
  if (news && "kind" in news) return news;
  if (news) return opened ? carryOver(tools, opened, news) : open(tools, news, unfinished);
  return opened ? { kind: "opened", pull: opened } : { kind: "nothing" };
}

/** What the run's row repeats of its pull request. */
function rowOf({ clock }: Tools, { number }: Pull): RunChange {
  return { pull: number, held: null, pull_at: clock.now() };
}

/**
 * The pull request that this round has opened, found again where the reply was lost: whatever became of it or of the
 * run meanwhile, it is the run's. Undefined when the round has opened none.
 */
export async function openedBefore(
  tools: Tools,
  { unfinished }: { unfinished: boolean },
): Promise<Facts["pull"] | undefined> {
  const { ledger, github } = tools;
  const { run } = tools.held;
  const begunAt = ledger.begunAt("pull");
  if (begunAt === undefined || begunAt < run.roundAt) return undefined;
  const wanted = { base: baseBranch(run), head: headBranch(run), title: "", body: "", draft: false };
  const act = pullRequest(github, run.place, wanted);
  const pull = await ledger.settle("pull", unfinished ? marked(act) : act, (found) => rowOf(tools, found));
  if (pull) run.pull = pull.number;
  return pull;
}

/** Somebody may have asked to stop while no process of ours was there to hear it. */
async function untilRead({ backlog }: Tools): Promise<void> {
  if (await backlog.isRead()) return;
  const words = "Deliveries that were missed are being read before anything is proposed.";
  throw new Problem("later", "backlog_unread", words, { retryAfterMs: backlogPauseMs, undone: true });
}

/** What the session has pushed onto the open pull request and may not stand there; undefined when nothing. */
export async function heldOnPull(tools: Tools): Promise<Held | undefined> {
  const { session } = tools.held.run;
  const branch = tools.ledger.read("pull")?.branch;
  if (session === undefined || branch !== sessionBranch(session)) return undefined;
  const news = await newsOf(tools);
  return news && "kind" in news ? news : undefined;
}

/** What was pushed since, screened: fit to be proposed, or held back. Undefined when there is nothing new. */
async function newsOf(tools: Tools): Promise<Changes | Held | undefined> {
  const { run } = tools.held;
  if (run.session === undefined) return undefined;
  const changes = await changesOf(tools, sessionBranch(run.session));
  if (!changes || changes.headSha === run.head || isOthers(tools, changes.headSha)) return undefined;
  const verdict = await screenChanges(tools, changes);
  switch (verdict.kind) {
    case "nothing":
      return undefined;
    case "clean":
      return changes;
    case "held": {
      if (verdict.approvable && (await isApproved(tools, changes.headSha))) return changes;
      return { kind: "held", head: changes.headSha, reasons: verdict.reasons, more: verdict.more };
    }
    default:
      return verdict satisfies never;
  }
}

/** Was that head on the pull request when the round began, and the session had left another, screened one there? */
function isOthers({ ledger, held }: Tools, head: string): boolean {
  const isLast = ({ name, round }: FactRow) => name === "ending" && round === held.run.round - 1;
  const last = held.facts.find(isLast)?.value_json ?? "{}";
  return head === ledger.read("check")?.sha && (JSON.parse(last) as Partial<Ending>).kind === "opened";
}

/** Was that head approved, by somebody who still may? */
async function isApproved(tools: Tools, head: string): Promise<boolean> {
  const approval = tools.ledger.read("approval");
  if (!approval || !head.startsWith(approval.head)) return false;
  return approval.person === undefined || mayStillApprove(tools, approval.person);
}

/** What was pushed; a default branch that has another name meanwhile is followed. */
async function changesOf({ github, ledger, held: { run } }: Tools, head: string) {
  try {
    return await pushedChanges(github, run.place, { base: baseBranch(run), head });
  } catch (error) {
    if (!isProblem(error) || error.code !== "base_gone" || run.settings.base !== "") throw error;
    const defaultBranch = await defaultBranchOf(github, run.place);
    if (defaultBranch === run.origin.defaultBranch) throw error;
    run.origin = { ...run.origin, defaultBranch };
    await ledger.change({ origin_json: JSON.stringify(run.origin) });
    return pushedChanges(github, run.place, { base: defaultBranch, head });
  }
}

/** A later push, screened: it is on the pull request already, or is carried over from a new session's branch. */
async function carryOver(tools: Tools, pull: Facts["pull"], changes: Changes): Promise<Proposed> {
  const { run } = tools.held;
  if (run.session !== undefined && pull.branch !== sessionBranch(run.session)) {
    await pointBranch(tools.github, run.place, { branch: pull.branch, sha: changes.headSha });
  }
  // What the round found there is not ours: a person pushed it while the run was at rest.
  if (changes.headSha === tools.ledger.read("check")?.sha) return { kind: "opened", pull };
  await tools.ledger.change({ head: changes.headSha, held: null });
  run.head = changes.headSha;
  return { kind: "opened", pull };
}

async function screenChanges(tools: Tools, changes: Changes) {
  const { run } = tools.held;
  const submission = lastSubmission(tools);
  const proposal = {
    base: changes.baseSha,
    head: changes.headSha,
    title: submission?.title ?? run.origin.title,
    // What the body will say: without a submission that is the agent's last words.
    summary: submission ? [submission.summary, submission.checks ?? ""].join("\n\n") : run.progress.words,
    commits: changes.commits,
    net: changes.net,
    total: changes.total,
  };
  const found = await ruleFindings(publicTexts(proposal), { charsMax: screenedCharsMax, breathe: turn });
  return screen(proposal, run.settings, found);
}

async function open(tools: Tools, changes: Changes, unfinished: boolean): Promise<Proposed> {
  const { ledger, github, agents, repositories, store } = tools;
  const { run } = tools.held;
  const template = await repositories.pullTemplate(run.place);
  const head = headBranch(run);
  const submission = lastSubmission(tools);
  const stop = await stopOf(store.db, run.id);
  if (stop) {
    run.stop = stop;
    return { kind: "called off", stop };
  }
  if (run.session !== undefined && head !== sessionBranch(run.session)) {
    await pointBranch(github, run.place, { branch: head, sha: changes.headSha });
  }
  const wanted = {
    base: baseBranch(run),
    head,
    title: pullTitle(run, submission),
    body: pullBody(run, {
      unfinished,
      ...(submission ? { submission } : {}),
      ...(template === undefined ? {} : { template }),
      ...(run.session === undefined ? {} : { sessionUrl: agents.url(run.session) }),
    }),
    draft: run.settings.draft || unfinished,
  };
  const act = pullRequest(github, run.place, wanted);
  const pull = await ledger
    .once("pull", unfinished ? marked(act) : act, (made) => ({
      ...rowOf(tools, made),
      head: changes.headSha,
    }))
    .catch(unlessEmpty);
  if (!pull) return { kind: "nothing" };
  run.pull = pull.number;
  run.head = changes.headSha;
  // Somebody pushed between the screening and the opening, and what they added is screened like a later push.
  if (pull.headSha !== changes.headSha) return propose(tools, { unfinished });
  await askForReview(tools, pull);
  return { kind: "opened", pull };
}

/** Remembers of a pull request that its body calls it unfinished. */
function marked({ find, make }: Act<Pull>): Act<Facts["pull"]> {
  const mark = (pull: Pull) => ({ ...pull, unfinished: true as const });
  return {
    find: async (begunAt) => {
      const found = await find(begunAt);
      return found && mark(found);
    },
    make: async () => mark(await make()),
  };
}

/** What was screened has come into the base by another way meanwhile. */
function unlessEmpty(error: unknown): undefined {
  if (!isProblem(error) || error.code !== "pull_empty") throw error;
}

/** Once in a run, also when the round is entered again between the opening and this. */
export async function askForReview({ ledger, github, held: { run } }: Tools, pull: Pull): Promise<void> {
  const logins = reviewersOf(run);
  if (logins.length > 0)
    await ledger.once("reviewers", reviewRequest(github, run.place, { pull: pull.number, logins }));
}

function reviewersOf({ settings, origin }: Run): string[] {
  if (settings.review === "none") return [];
  if (settings.review !== "requester") return settings.review;
  return origin.sender.type === "User" ? [origin.sender.login] : [];
}
