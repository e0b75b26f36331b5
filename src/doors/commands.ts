/**
 * What people say in comments, carried out: one function a verb. Each answers once, to those who may; a
 * comment without a command is the answer where a run waits for one, and nothing elsewhere.
 */
import type { CommandReading } from "../domain/command.ts";
import { sessionBranch } from "../domain/ids.ts";
import type { Intent } from "../domain/intent.ts";
import { answers, malformedText, unknownText } from "../domain/replies.ts";
import { type Origin, type Run, type Stop, spentCents, type Trigger } from "../domain/run.ts";
import { endingText } from "../domain/words.ts";
import { writeApproval } from "../store/facts.ts";
import { waitingOn } from "../store/notes.ts";
import { latestRun, liveRun, resettle, stopRun } from "../store/runs.ts";
import { findingsComment } from "./findings.ts";
import { replyOnce } from "./replies.ts";
import { deadPull, helpFor, standing, whyKept } from "./standing.ts";
import { beginRun, tell } from "./starting.ts";
import { conclude, type IntakeParts, keyOf, written } from "./verdict.ts";

type Said = Extract<Intent, { kind: "said" }>;
type Commanded = Extract<Intent, { kind: "command" }>;

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
  if (!(await parts.admission.allowed({ place, origin, said }))) {
    return conclude(parts, delivery, "ignored: the answer of somebody who may not");
  }
  return written(parts, delivery, (tx) =>
    tellComment(tx, parts, { run, intent: { place, origin, said }, text: said.body }),
  );
}

function tellComment(
  tx: Parameters<typeof tell>[0],
  parts: IntakeParts,
  {
    run,
    intent: { origin, said, place },
    text,
  }: { run: Run; intent: Pick<Said, "origin" | "said" | "place">; text: string },
) {
  const pull = place.issue === run.pull ? { pull: run.pull } : {};
  const source = { kind: "comment" as const, id: said.id, ...pull };
  return tell(tx, parts, run, {
    id: `comment:${said.id}`,
    kind: "said",
    author: origin.sender.login,
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
  return byVerb(parts, delivery, intent, reading.command);
}

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
      return intent.onPull
        ? fix(parts, delivery, intent, command.instructions)
        : plan(parts, delivery, intent);
    case "retry":
      return retry(parts, delivery, intent);
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

async function reply(
  parts: IntakeParts,
  delivery: string,
  { place, said, origin }: Commanded,
  text: string,
): Promise<string> {
  await replyOnce(parts, place, { key: `command:${said.id}`, text, since: origin.at });
  return conclude(parts, delivery, "answered");
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
  const { place, origin, said, onPull } = intent;
  const run = await liveRun(parts.store.db, keyOf(onPull ? "pull" : "issue", place));
  const kept = run && (await whyKept(parts, run));
  if (kept) await replyOnce(parts, place, { key: `command:${said.id}`, text: kept, since: origin.at });
  if (!onPull) {
    const before = run ? undefined : await leftByAPerson(parts, intent);
    const start = { place, origin: { ...origin, ...(before ? { before } : {}) } };
    return beginRun(parts, delivery, { ...start, triggerKey: `comment:${said.id}` });
  }
  if (!run) return reply(parts, delivery, intent, await deadPull(parts, place));
  const text = instructions === "" ? "Go on." : instructions;
  return written(parts, delivery, (tx) => tellComment(tx, parts, { run, intent, text }));
}

/** What the issue's last run came to, where a person's push ended it: the next one goes on on top of that. */
async function leftByAPerson(parts: IntakeParts, { place }: Commanded): Promise<Origin["before"]> {
  const last = await latestRun(parts.store.db, keyOf("issue", place));
  if (last?.stop?.why !== "a person pushed to the branch" || last.session === undefined || !last.ending)
    return undefined;
  return { ending: endingText(last.ending), branch: sessionBranch(last.session), onTop: true };
}

function plan(parts: IntakeParts, delivery: string, intent: Commanded): Promise<string> {
  const { place, origin, said } = intent;
  const instructions = origin.trigger.kind === "command" ? origin.trigger.instructions : "";
  const trigger = { kind: "command" as const, commentId: said.id, instructions, plan: true };
  const planned = { ...origin, trigger };
  return beginRun(parts, delivery, { place, origin: planned, triggerKey: `comment:${said.id}` });
}

async function retry(parts: IntakeParts, delivery: string, intent: Commanded): Promise<string> {
  const { place, origin, said, onPull } = intent;
  const run = await latestRun(parts.store.db, keyOf(onPull ? "pull" : "issue", place));
  if (!run) return reply(parts, delivery, intent, onPull ? answers.foreignPull : answers.noRun);
  if (run.phase === "working") return reply(parts, delivery, intent, answers.stillWorking);
  if (!run.ending || run.ending.kind === "opened")
    return reply(parts, delivery, intent, answers.retrySuccess);
  if (run.phase === "resting" && run.ending.kind === "budget reached")
    return reply(parts, delivery, intent, answers.retryBudget);
  const before = {
    ending: endingText(run.ending),
    ...(run.session === undefined ? {} : { branch: sessionBranch(run.session) }),
  };
  // On the pull request's thread the delivery tells of the pull request, and the work is the issue's.
  const asked = onPull ? { ...run.origin, sender: origin.sender, at: origin.at } : origin;
  const again = { ...asked, trigger: triggerAgain(run, origin, said.id), before };
  const label = run.origin.trigger.kind === "label" ? { label: run.origin.trigger.label } : {};
  const start = { place: run.place, origin: again, triggerKey: `comment:${said.id}`, ...label };
  return beginRun(parts, delivery, start);
}

/** What was asked for the first time stands, unless the retry says something else. */
function triggerAgain({ origin: { trigger: first } }: Run, { trigger }: Origin, commentId: number): Trigger {
  const said = trigger.kind === "command" ? trigger.instructions : "";
  if (first.kind === "label") return { kind: "command", commentId, instructions: said };
  return { ...first, commentId, instructions: said === "" ? first.instructions : said };
}

async function stop(parts: IntakeParts, delivery: string, intent: Commanded): Promise<string> {
  const { place, origin, onPull } = intent;
  const run = await liveRun(parts.store.db, keyOf(onPull ? "pull" : "issue", place));
  if (run?.phase !== "working") return reply(parts, delivery, intent, answers.nothingToStop);
  const asked: Stop = { why: "command", by: origin.sender.login, at: parts.clock.now() };
  return written(parts, delivery, async (tx) => {
    await stopRun(tx, run.id, asked);
    return { verdict: `stop asked of ${run.id}`, wake: run.id };
  });
}

/** The plan as it is shown: an approval written before it was shown was meant for another. */
async function approvePlan(parts: IntakeParts, delivery: string, intent: Commanded): Promise<string> {
  const { place, origin, said, onPull } = intent;
  const run = await liveRun(parts.store.db, keyOf(onPull ? "pull" : "issue", place));
  const waits = run?.phase === "working" ? await waitingOn(parts.store.db, run.id) : undefined;
  if (!run || waits?.what !== "plan") {
    return reply(
      parts,
      delivery,
      intent,
      run?.held ? answers.approveWith(run.held.slice(0, 12)) : answers.nothingToApprove,
    );
  }
  if (said.at + clockSlackMs < waits.since) return reply(parts, delivery, intent, answers.planChanged);
  const source = { kind: "comment" as const, id: said.id };
  const note = {
    id: `comment:${said.id}`,
    kind: "approval" as const,
    author: origin.sender.login,
    text: "",
    source,
  };
  return written(parts, delivery, (tx) => tell(tx, parts, run, note));
}

/** GitHub's times have whole seconds, and its clock is not ours. */
const clockSlackMs = 2_000;

async function approveHead(
  parts: IntakeParts,
  delivery: string,
  intent: Commanded,
  sha: string,
): Promise<string> {
  const { place, origin, said, onPull } = intent;
  const refused = await parts.admission.refusal({ place, origin, said, who: "maintain" });
  if (refused) return conclude(parts, delivery, refused);
  const run = await liveRun(parts.store.db, keyOf(onPull ? "pull" : "issue", place));
  if (!run?.held) return reply(parts, delivery, intent, answers.nothingToApprove);
  if (!run.held.startsWith(sha)) return reply(parts, delivery, intent, answers.wrongHead(run.held));
  if (run.settings.approval === "other" && run.origin.sender.id === origin.sender.id) {
    return reply(parts, delivery, intent, answers.notYourOwn);
  }
  return written(parts, delivery, async (tx) => {
    await writeApproval(tx, run, { sha: run.held ?? sha, by: origin.sender.login, at: parts.clock.now() });
    return { verdict: `approval told to ${run.id}`, wake: run.id };
  });
}

async function budget(
  parts: IntakeParts,
  delivery: string,
  intent: Commanded,
  cents: number,
): Promise<string> {
  const { place, origin, said, onPull } = intent;
  const run = await liveRun(parts.store.db, keyOf(onPull ? "pull" : "issue", place));
  if (!run) return reply(parts, delivery, intent, answers.noRun);
  if (cents <= spentCents(run))
    return reply(parts, delivery, intent, answers.budgetTooSmall(spentCents(run)));
  const most = parts.config.limits.budgetCentsMax;
  if (cents > most) return reply(parts, delivery, intent, answers.budgetTooLarge(most));
  const usual = Math.max(parts.config.limits.budgetCents, Math.round(run.settings.budget_usd * 100));
  if (cents > usual) {
    const refused = await parts.admission.refusal({ place, origin, said, who: "maintain" });
    if (refused) return conclude(parts, delivery, refused);
  }
  await replyOnce(parts, place, {
    key: `command:${said.id}`,
    text: answers.budgetRaised(cents),
    since: origin.at,
  });
  return written(parts, delivery, async (tx) => {
    await resettle(tx, run.id, { ...run.settings, budget_usd: cents / 100 });
    if (run.phase !== "resting" || run.ending?.kind !== "budget reached") {
      return { verdict: `budget of ${run.id} changed`, wake: run.id };
    }
    const source = { kind: "budget" as const };
    return tell(tx, parts, run, {
      id: `budget:${said.id}`,
      kind: "said",
      author: origin.sender.login,
      text: "",
      source,
    });
  });
}
