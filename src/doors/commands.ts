/**
 * What people say in comments, carried out: one function a verb. Each answers once, to those who may; a
 * comment without a command is the answer where a run waits for one, and nothing elsewhere.
 */
import { type CommandReading, hasSecondCommand } from "../domain/command.ts";
import { endingText } from "../domain/ending-words.ts";
import { sessionBranch } from "../domain/ids.ts";
import type { Intent } from "../domain/intent.ts";
import { answers, malformedText, unknownText } from "../domain/replies.ts";
import { askerIn, type Origin, type Run, type Stop, type Trigger } from "../domain/run.ts";
import { submittedAt } from "../github/review.ts";
import { rememberAsked } from "../store/memos.ts";
import { waitingOn } from "../store/notes.ts";
import { latestRun, liveRun, type RunKey } from "../store/runs.ts";
import { approveHead, approvePlan } from "./approvals.ts";
import { budget } from "./budget.ts";
import { type Commanded, isOlder, owing, reply, replyTo } from "./commanded.ts";
import { findingsComment } from "./findings.ts";
import { inTime, type StopTimes } from "./precedence.ts";
import { deadPull, helpFor, standing, whyKept } from "./standing.ts";
import { beginRun, stopping, tellRun } from "./starting.ts";
import { askRun, holdTarget, rememberWord, type Target, targetOfStop } from "./stopping.ts";
import { refusedTerms } from "./terms.ts";
import { conclude, type IntakeParts, keyOf, written } from "./verdict.ts";

type Said = Extract<Intent, { kind: "said" }>;

/** A comment without a command. */
export async function hearComment(
  parts: IntakeParts,
  delivery: string,
  { place, origin, said }: Said,
): Promise<string> {
  const { store } = parts;
  const run =
    (await liveRun(store.db, keyOf("issue", place))) ?? (await liveRun(store.db, keyOf("pull", place)));
  const waits = run?.phase === "working" ? await waitingOn(store.db, run.id) : undefined;
  if (!run || !waits) return conclude(parts, delivery, "ignored: not a command");
  const { askedAt, since } = waits;
  // Both by GitHub's clock, where that is known.
  if (askedAt === undefined ? isOlder(said, since) : said.at < askedAt)
    return conclude(parts, delivery, "ignored: older than the question");
  if (!(await parts.admission.allowed({ place, origin, said }))) {
    return conclude(parts, delivery, "ignored: the answer of somebody who may not");
  }
  await parts.backlog.untilReadSince(origin.at);
  return written(parts, delivery, (tx) =>
    tellComment(tx, parts, { run, intent: { place, origin, said }, text: said.body }),
  );
}

function tellComment(
  tx: Parameters<typeof tellRun>[0],
  parts: IntakeParts,
  {
    run,
    intent: { origin, said, place },
    text,
  }: { run: Run; intent: Pick<Said, "origin" | "said" | "place">; text: string },
) {
  const pull = place.issue === run.pull ? { pull: run.pull } : {};
  const source = { kind: "comment" as const, id: said.id, as: said.as, ...pull, writtenAt: said.at };
  return tellRun(tx, parts, run, {
    id: `comment:${said.id}`,
    kind: "said",
    author: origin.sender.login,
    asker: askerIn(origin),
    text,
    source,
  });
}

/** A comment with a command, or with what was meant as one. */
export async function carryOutCommand(
  parts: IntakeParts,
  delivery: string,
  intent: Commanded,
): Promise<string> {
  const { reading, place, origin, said } = intent;
  const refused = await parts.admission.refusal({ place, origin, said });
  if (refused) return conclude(parts, delivery, refused);
  if (reading.kind === "unknown") return reply(parts, delivery, intent, unknownText(reading));
  if (reading.kind === "malformed") return reply(parts, delivery, intent, malformedText(reading));
  const { command } = reading;
  // A stop waits for nothing.
  if (workingVerbs.has(command.kind)) await parts.backlog.untilReadSince(origin.at);
  const isCut = "cut" in command && command.cut;
  const owed = isCut ? owing(parts, replyTo(intent, { about: "cut", text: answers.cut })) : parts;
  const more = { about: "more" as const, text: answers.oneCommand };
  const all = hasSecondCommand(said.body) ? owing(owed, replyTo(intent, more)) : owed;
  return byVerb(all, delivery, intent, command);
}

/** Verbs an agent may work, and be paid for, because of. */
const workingVerbs: ReadonlySet<Command["kind"]> = new Set(["fix", "plan", "retry", "approve", "budget"]);

type Command = Extract<CommandReading, { kind: "command" }>["command"];

// The verb's own data comes last; what all verbs share comes first.
async function byVerb(
  parts: IntakeParts,
  delivery: string,
  intent: Commanded,
  command: Command,
): Promise<string> {
  switch (command.kind) {
    case "fix":
      return fix(parts, delivery, intent, command.instructions);
    case "plan":
      return plan(parts, delivery, intent, command.instructions);
    case "retry":
      return retry(parts, delivery, intent, command.instructions);
    case "stop":
      return stop(parts, delivery, intent);
    case "approve":
      return command.sha === undefined
        ? approvePlan(parts, delivery, intent)
        : approveHead(parts, delivery, intent, command.sha);
    case "budget":
      return budget(parts, delivery, intent, command.cents);
    case "status":
      return reply(parts, delivery, intent, await standing(parts, intent));
    case "help":
      return reply(parts, delivery, intent, await helpFor(parts, intent));
    case "doctor":
      return doctor(parts, delivery, intent);
    default:
      return command satisfies never;
  }
}

async function doctor(parts: IntakeParts, delivery: string, intent: Commanded): Promise<string> {
  const { place, origin, said } = intent;
  const refused = await parts.admission.refusal({ place, origin, said, who: "admin" });
  if (refused) return conclude(parts, delivery, refused);
  return reply(parts, delivery, intent, findingsComment(await parts.examine(place)));
}

async function fix(
  parts: IntakeParts,
  delivery: string,
  intent: Commanded,
  instructions: string,
): Promise<string> {
  const { place, onPull } = intent;
  const run = await liveRun(parts.store.db, keyOf(onPull ? "pull" : "issue", place));
  if (!run && onPull) return reply(parts, delivery, intent, await deadPull(parts, place));
  const kept = run && (await whyKept(parts, run));
  const owed = kept ? owing(parts, replyTo(intent, { text: kept })) : parts;
  return passOn(owed, delivery, intent, { run, instructions });
}

/** To the run of a pull request, or to the one that the issue has or gets. */
async function passOn(
  parts: IntakeParts,
  delivery: string,
  intent: Commanded,
  { run, instructions }: { run: Run | undefined; instructions: string },
): Promise<string> {
  const { place, origin, said, onPull } = intent;
  if (run && onPull) {
    const refused = run.phase === "resting" ? await refusedTerms(parts, { place, origin }) : undefined;
    if (refused !== undefined) return conclude(parts, delivery, refused);
    const text = instructions === "" ? "Go on." : instructions;
    return written(parts, delivery, (tx) => tellComment(tx, parts, { run, intent, text }));
  }
  const before = run ? undefined : await leftByAPerson(parts, intent);
  const start = { place, origin: { ...origin, ...(before ? { before } : {}) } };
  return beginRun(parts, delivery, { ...start, triggerKey: `comment:${said.id}` });
}

/** What the issue's last run came to, where a person's push ended it: the next one goes on on top of that. */
async function leftByAPerson(parts: IntakeParts, { place }: Commanded): Promise<Origin["before"]> {
  const last = await latestRun(parts.store.db, keyOf("issue", place));
  if (last?.stop?.why !== "a person pushed to the branch" || last.session === undefined || !last.ending)
    return undefined;
  return { ending: endingText(last.ending), branch: sessionBranch(last.session), onTop: true };
}

/** A plan comes before the work, so only a new run has one. */
async function plan(
  parts: IntakeParts,
  delivery: string,
  intent: Commanded,
  instructions: string,
): Promise<string> {
  const { place, origin, said, onPull } = intent;
  const run = await liveRun(parts.store.db, keyOf(onPull ? "pull" : "issue", place));
  if (run?.phase === "working")
    return whileAtWork(parts, delivery, intent, { run, text: answers.planNeedsNewRun });
  if (run) return reply(parts, delivery, intent, answers.planNeedsNewRun);
  if (onPull) return reply(parts, delivery, intent, await deadPull(parts, place));
  const trigger = { kind: "command" as const, commentId: said.id, instructions, plan: true };
  const planned = { ...origin, trigger };
  return beginRun(parts, delivery, { place, origin: planned, triggerKey: `comment:${said.id}` });
}

/** For what a run at work has in its way: it goes on, also where word of an earlier stop is still to come. */
async function whileAtWork(
  parts: IntakeParts,
  delivery: string,
  intent: Commanded,
  { run, text }: { run: Run; text: string },
): Promise<string> {
  // When a label came off GitHub's record tells, once the run has ended.
  if (run.stop && (run.stop.why === "label removed" || run.stop.at < intent.said.at)) throw stopping();
  await rememberAsked(parts.store.db, run.place, intent.said.at);
  return reply(parts, delivery, intent, text);
}

async function retry(parts: IntakeParts, delivery: string, intent: Commanded, text: string): Promise<string> {
  const { place, origin, said, onPull } = intent;
  const run = await latestRun(parts.store.db, keyOf(onPull ? "pull" : "issue", place));
  if (!run) return reply(parts, delivery, intent, onPull ? answers.foreignPull : answers.noRun);
  if (run.phase === "working")
    return whileAtWork(parts, delivery, intent, { run, text: answers.stillWorking });
  if (!run.ending || run.ending.kind === "opened")
    return reply(parts, delivery, intent, answers.retrySuccess);
  if (run.phase === "resting" && run.ending.kind === "budget reached") {
    if (text === "") return reply(parts, delivery, intent, answers.retryBudget);
    return fix(parts, delivery, intent, text);
  }
  // On the pull request's thread the delivery tells of the pull request, and the work is the issue's.
  const asked = onPull ? againOn(run.origin, origin) : origin;
  const again = { ...asked, trigger: triggerAgain(run, text, said) };
  return startAgain(parts, delivery, { run, origin: again, triggerKey: `comment:${said.id}` });
}

/** Starts the work of a run that has ended again; `origin` says who asks now, and for what. */
export function startAgain(
  parts: IntakeParts,
  delivery: string,
  { run, origin, triggerKey }: { run: Run; origin: Origin; triggerKey: string },
): Promise<string> {
  const before = {
    ending: run.ending ? endingText(run.ending) : "",
    ...(run.session === undefined ? {} : { branch: sessionBranch(run.session) }),
  };
  const name =
    run.origin.label ?? (run.origin.trigger.kind === "label" ? run.origin.trigger.label : undefined);
  const label = name === undefined ? {} : { label: name };
  const { place, pull } = run;
  const start = { place, pull, origin: { ...origin, before }, triggerKey, ...label };
  return beginRun(parts, delivery, start);
}

/** The issue as it was asked for, by whoever asks again. */
function againOn({ viaApp: _, ...first }: Origin, { sender, at, askedAt = at, viaApp }: Origin): Origin {
  return { ...first, sender, at, askedAt, ...(viaApp ? { viaApp } : {}) };
}

/** What was asked for the first time stands, unless the retry says something else. */
function triggerAgain({ origin: { trigger: first } }: Run, text: string, { id, as }: Said["said"]): Trigger {
  if (first.kind === "label") return { kind: "command", commentId: id, as, instructions: text };
  return { ...first, commentId: id, as, instructions: text === "" ? first.instructions : text };
}

/** Whatever there is to stop: what it is about may be on its way. */
async function stop(parts: IntakeParts, delivery: string, intent: Commanded): Promise<string> {
  const { place, origin, onPull } = intent;
  const key = keyOf(onPull ? "pull" : "issue", place);
  const times = { writtenAt: await writtenAt(parts, intent), receivedAt: origin.at };
  const target = await targetOfStop(parts, key, times);
  if (!target.run && onPull) return reply(parts, delivery, intent, await deadPull(parts, place));
  const asked: Stop = { why: "command", by: origin.sender.login, at: intent.said.at };
  if (target.run?.phase === "working" && !target.isOlder)
    return askToStop(parts, delivery, { key, target, stop: asked, times });
  await parts.store.db.transaction().execute(async (tx) => {
    const run = await holdTarget(tx, parts, { key, target });
    await rememberWord(tx, { key, run, times });
  });
  return reply(parts, delivery, intent, answers.nothingToStop);
}

/** A remark's delivery does not tell when it was said, and GitHub may not know its review any more. */
async function writtenAt(
  parts: IntakeParts,
  { place, origin, said, review }: Commanded,
): Promise<number | undefined> {
  if (said.as !== "remark") return said.at;
  return review === undefined
    ? undefined
    : inTime(parts, origin.at, submittedAt(parts.github, place, review));
}

/** Writes down that a run is to stop, and wakes it. `later` where it has changed since it was looked at. */
export function askToStop(
  parts: IntakeParts,
  delivery: string,
  { key, target, stop, times }: { key: RunKey; target: Target; stop: Stop; times: StopTimes },
): Promise<string> {
  return written(parts, delivery, async (tx) => {
    const run = await holdTarget(tx, parts, { key, target });
    if (!run) return { verdict: "ignored: no run to stop" };
    await rememberWord(tx, { key, run, times });
    return askRun(tx, run, stop);
  });
}
