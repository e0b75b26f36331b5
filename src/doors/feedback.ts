/**
 * Life after the pull request: reviews, failed checks and pushes, each one word to the run that opened it.
 */
import type { Intent } from "../domain/intent.ts";
import { branchOf } from "../domain/move.ts";
import { reviewText } from "../domain/prompt.ts";
import { askerIn, type Run, repairedApps, threadsOf } from "../domain/run.ts";
import { targetOfSaid } from "../github/issue.ts";
import { readReview } from "../github/review.ts";
import { runProposing, writeSuite } from "../store/facts.ts";
import { notesOf } from "../store/notes.ts";
import { liveRun, runOfBranch, stopRun } from "../store/runs.ts";
import type { DeliveryRow } from "../store/schema.ts";
import { settingsPushed } from "../store/settings-files.ts";
import { owing } from "./commanded.ts";
import { hearOwnPush } from "./own-push.ts";
import { isStoppedSince } from "./precedence.ts";
import { replyOrReact } from "./replies.ts";
import { deadPull, whyKept } from "./standing.ts";
import { stoppedMeanwhile, tellRun } from "./starting.ts";
import { refusedTerms, termsOf } from "./terms.ts";
import { conclude, type IntakeParts, keyOf, written } from "./verdict.ts";

type Of<K extends Intent["kind"]> = Extract<Intent, { kind: K }>;

/** A review that asks for something: one message, however many remarks and deliveries. */
export async function hearReview(
  parts: IntakeParts,
  delivery: string,
  intent: Of<"review">,
): Promise<string> {
  const { place, origin, said, review } = intent;
  const run = await liveRun(parts.store.db, keyOf("pull", place));
  // A review of other people's pull requests is none of our business unless it calls us.
  if (!run && !intent.isCommand) return conclude(parts, delivery, "ignored: not a pull request of ours");
  const asking = { place, origin, said };
  const refusal = intent.isCommand ? await parts.admission.refusal(asking) : undefined;
  if (refusal !== undefined) return conclude(parts, delivery, refusal);
  if (!intent.isCommand && !(await parts.admission.allowed(asking)))
    return conclude(parts, delivery, "ignored: the review of somebody who may not");
  await parts.backlog.untilReadSince(origin.at);
  const answered = { key: `review:${review}`, since: origin.at };
  if (!run) {
    const text = await deadPull(parts, place);
    await replyOrReact(parts, place, { ...answered, text, target: targetOfSaid(said) });
    return conclude(parts, delivery, "ignored: not a pull request of ours");
  }
  const refused = run.phase === "resting" ? await refusedTerms(parts, { place, origin }) : undefined;
  if (refused !== undefined) return conclude(parts, delivery, refused);
  const kept = await whyKept(parts, run);
  const { submittedAt: writtenAt, ...words } = await readReview(parts.github, place, review);
  const text = reviewText(words);
  if (text === "") return conclude(parts, delivery, "ignored: the review says nothing");
  const remark = said.as === "remark" ? said.id : undefined;
  const at = writtenAt === undefined ? {} : { writtenAt };
  const source = { kind: "review" as const, id: review, remark, pull: place.issue, ...at };
  const by = { author: origin.sender.login, asker: askerIn(origin) };
  const note = { id: `review:${review}`, kind: "said" as const, ...by, text, source };
  const owed = kept ? owing(parts, { place, ...answered, text: kept }) : parts;
  return written(owed, delivery, (tx) => tellRun(tx, parts, run, note));
}

/**
 * Failed checks on what our session pushed. They are only noted here: the run looks at them when it rests, which
 * may be at once, and asks GitHub what fails by then.
 */
export async function hearChecks(
  parts: IntakeParts,
  { id: delivery, received_at: receivedAt }: Pick<DeliveryRow, "id" | "received_at">,
  intent: Of<"checks failed">,
): Promise<string> {
  const { suite } = intent;
  const run = await runOfSuite(parts, intent);
  const refused = run ? await notRepaired(parts, run, suite) : "not a pull request of ours";
  if (!run || refused !== undefined) return conclude(parts, delivery, `ignored: ${refused}`);
  await parts.backlog.untilReadSince(receivedAt);
  return written(parts, delivery, async (tx) => {
    if (suite.at !== undefined && (await isStoppedSince(tx, threadsOf(run), suite.at)))
      return stoppedMeanwhile;
    await writeSuite(tx, run, {
      id: suite.id,
      head: suite.headSha,
      completedAt: suite.at,
      at: parts.clock.now(),
    });
    return { verdict: `told to ${run.id}`, wake: run.id };
  });
}

/** By any of its pull requests, of which the first may be anybody's, else by the branch of a session. */
async function runOfSuite(
  { store: { db } }: IntakeParts,
  { place, suite }: Of<"checks failed">,
): Promise<Run | undefined> {
  for (const issue of suite.pulls) {
    const run = await liveRun(db, keyOf("pull", { ...place, issue }));
    if (run) return run;
  }
  return runOfBranch(db, { repositoryId: place.repositoryId, branch: suite.branch });
}

async function notRepaired(
  parts: IntakeParts,
  run: Run,
  suite: Of<"checks failed">["suite"],
): Promise<string | undefined> {
  if (!run.settings.ci.repair || run.settings.ci.attempts === 0) return "repairs are turned off";
  if (!repairedApps(run.settings).includes(suite.app.slug)) return "checks of an App not listed";
  // While it works, the head its round leaves is not known yet.
  if (run.phase === "resting" && run.head !== suite.headSha) return "not the head our session pushed last";
  const { place, origin } = run;
  if (!(await parts.admission.allowed({ place, origin }))) return "the requester may not any more";
  return (await termsOf(parts, run)).kind === "settings" ? undefined : "the settings allow nothing now";
}

/** A person's push to a run's branch wins: the agent stops, and goes on only when asked. */
export async function hearPush(parts: IntakeParts, delivery: string, intent: Of<"pushed">): Promise<string> {
  const { place, move, sender, at } = intent;
  const { db } = parts.store;
  const { botId } = await parts.github.self(place.installation);
  if (sender.id === botId) return hearOwnPush(parts, delivery, intent);
  const branch = branchOf(move.ref);
  if (branch === intent.defaultBranch) await settingsPushed(db, place);
  if (branch === undefined || move.gone) return conclude(parts, delivery, "ignored: not a push to a branch");
  const head = { repositoryId: place.repositoryId, branch };
  const proposing = await runProposing(db, head);
  const run = proposing ? await liveRun(db, { kind: "id", id: proposing }) : await runOfBranch(db, head);
  if (!run) return conclude(parts, delivery, "ignored: not a branch of a run");
  if (run.phase !== "working") return conclude(parts, delivery, "ignored: the run is at rest");
  // Held work has a new head now, which is screened again; an approval names the head it is for.
  if (run.held !== undefined)
    return written(parts, delivery, async () => ({ verdict: `new head of ${run.id}`, wake: run.id }));
  if (sender.type !== "User") return conclude(parts, delivery, "ignored: nobody's own push");
  const asked = (await notesOf(db, run.id)).find(({ round }) => round === run.round)?.source.writtenAt;
  if (at < run.roundAt || (asked !== undefined && move.at < asked))
    return conclude(parts, delivery, "ignored: older than the round");
  const stop = { why: "a person pushed to the branch" as const, by: sender.login, at };
  return written(parts, delivery, async (tx) => {
    await stopRun(tx, run.id, stop);
    return { verdict: `stop asked of ${run.id}`, wake: run.id };
  });
}
