/**
 * Stopping a run and starting one again, as the commands do it and for those whom GitHub lets: asked again at
 * the moment of the act, whatever the page showed.
 */
import { atLeast } from "../../domain/permission.ts";
import {
  askerIn,
  endedAtCap,
  isClosed,
  type Origin,
  type Person,
  type Run,
  threadsOf,
} from "../../domain/run.ts";
import type { Course } from "../../store/course.ts";
import { stopAt } from "../../store/memos.ts";
import { notesOf } from "../../store/notes.ts";
import { latestRun, seizeRun } from "../../store/runs.ts";
import type { Db } from "../../store/schema.ts";
import { askToStop, startAgain } from "../commands.ts";
import { tellRun } from "../starting.ts";
import { refusedTerms } from "../terms.ts";
import { type IntakeParts, keyOf, written } from "../verdict.ts";
import type { Audience } from "./audience.ts";

/** What can be done to a run from its page. */
export type Act = "stop" | "retry";

/** What somebody may do to a run as it stands, as far as is known without asking. */
export async function actsFor(
  parts: Pick<IntakeParts, "store">,
  course: Course,
  audience: Audience,
): Promise<Act[]> {
  return mayAct(audience, course) ? actsOn(parts, course.run) : [];
}

/** May somebody do what can be done to it, by the settings it works by? */
export function mayAct({ person, levels }: Audience, { run, line }: Pick<Course, "run" | "line">): boolean {
  return person !== undefined && atLeast(levels?.get(line.repositoryId) ?? "none", run.settings.who);
}

/** What can be done to a run as it stands, by whoever may. */
export async function actsOn({ store }: Pick<IntakeParts, "store">, run: Run): Promise<Act[]> {
  if (run.phase === "working") return run.stop ? [] : ["stop"];
  if (!isRetried(run)) return [];
  const newest = await latestRun(store.db, keyOf("issue", run.place));
  return newest?.id === run.id ? ["retry"] : [];
}

/** By the rule of `/agent retry`: an ending that was not a success, of a matter that is still open. */
function isRetried(run: Run): boolean {
  if (run.phase === "working" || !run.ending || run.ending.kind === "opened") return false;
  // At its cap it takes a raised budget. After the retention nobody knows what was asked for: a command tells it anew.
  return !isClosed(run) && !endedAtCap(run) && run.origin.title !== "";
}

/** What came of an act, in one sentence, and whether it was done. */
export interface Done {
  isDone: boolean;
  words: string;
  /** The run that it started. */
  started?: string;
}

/** Carries an act out for a person. */
export async function carryOut(
  parts: IntakeParts,
  act: Act,
  { course, person }: { course: Course; person: Person },
): Promise<Done> {
  const { run } = course;
  const at = parts.clock.now();
  const stops = await stopsOf(parts, run);
  // Whoever asked before by an App, it is a person who asks now.
  const { viaApp: _app, askedAt: _at, ...first } = run.origin;
  const origin = { ...first, sender: person, at };
  if (!(await parts.admission.allowed({ place: run.place, origin })))
    return { isDone: false, words: "GitHub says that you may not do this in this repository." };
  // No delivery asks for it: the id is that of what was done.
  const id = `dashboard:${act}:${run.id}`;
  if (act === "stop") {
    const now = await latestRun(parts.store.db, { kind: "id", id: run.id });
    if (now?.phase !== "working") return { isDone: false, words: "The run is over already." };
    const { length: notes } = await notesOf(parts.store.db, run.id);
    const target = { run: now, notes, isOlder: false };
    const stop = { why: "dashboard" as const, by: person.login, at };
    const times = { receivedAt: at };
    await askToStop(parts, id, { key: { kind: "id", id: run.id }, target, stop, times });
    return { isDone: true, words: "The run is being stopped." };
  }
  if (!isRetried(run)) return { isDone: false, words: "This run cannot be started again." };
  if (run.phase === "resting") return goOn(parts, id, { course, origin, stops });
  // One page starts one run, however often its button is pressed.
  const verdict = await startAgain(parts, id, { run, origin, triggerKey: id });
  const started = /^run (\S+) started$/.exec(verdict)?.[1];
  if (verdict.startsWith("refused:")) return nothingBegins;
  if (started === undefined) return { isDone: false, words: "Another run of this issue has begun already." };
  return { isDone: true, words: "A new run has begun.", started };
}

const nothingBegins: Done = {
  isDone: false,
  words: "The settings let nothing begin here now; the issue says why.",
};

const goneOn = "ignored: the run has gone on already";
const stoppedSince = "ignored: it was stopped meanwhile";

/** When the work on the run's threads was stopped last, as one text to be compared. */
async function stopsOf({ store }: { store: { db: Db } }, run: Run): Promise<string> {
  const { repositoryId, issue, pull = issue } = threadsOf(run);
  const stops = [issue, pull].flatMap((thread) =>
    (["written", "heard"] as const).map((which) => stopAt(store.db, { repositoryId, issue: thread }, which)),
  );
  return (await Promise.all(stops)).join();
}

/** Opens the next round of a run whose pull request is open. */
async function goOn(
  parts: IntakeParts,
  id: string,
  { course: { run, facts }, origin, stops }: { course: Course; origin: Origin; stops: string },
): Promise<Done> {
  if ((await refusedTerms(parts, { place: run.place, origin })) !== undefined) return nothingBegins;
  const shown = facts.find(({ name, value_json }) => name === "comment" && value_json !== null);
  if (!shown) return { isDone: false, words: "Ask for it on the pull request: write `/agent retry`." };
  // Nobody wrote a comment: that it was taken in is shown on the run's own one.
  const { id: comment } = JSON.parse(shown.value_json ?? "") as { id: number };
  const pull = run.pull === undefined ? {} : { pull: run.pull };
  const verdict = await written(parts, id, async (tx) => {
    const now = await seizeRun(tx, run.id);
    if (now?.phase !== "resting" || now.round !== run.round) return { verdict: goneOn, wake: run.id };
    // A stop since the button was pressed is the last word, by whatever clock.
    if ((await stopsOf({ store: { db: tx } }, run)) !== stops) return { verdict: stoppedSince, wake: run.id };
    return tellRun(tx, parts, run, {
      // One page opens one round, however often its button is pressed.
      id: `${id}:${run.round}`,
      kind: "said",
      author: origin.sender.login,
      asker: askerIn(origin),
      text: "Go on.",
      source: { kind: "comment", id: comment, ...pull },
    });
  });
  if (verdict.startsWith("round ")) return { isDone: true, words: "The run goes on." };
  if (verdict === goneOn) return { isDone: false, words: "The run has gone on already." };
  if (verdict === stoppedSince) return { isDone: false, words: "It was stopped meanwhile." };
  return { isDone: false, words: "The run cannot go on now. Its page says where it stands." };
}
