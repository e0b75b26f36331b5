/**
 * Stopping a run and starting one again, as the commands do it and for those whom GitHub lets: asked again at
 * the moment of the act, whatever the page showed.
 */
import type { Person, Run } from "../../domain/run.ts";
import { isClosed } from "../../domain/run.ts";
import type { Course } from "../../store/course.ts";
import { notesOf } from "../../store/notes.ts";
import { latestRun } from "../../store/runs.ts";
import { askToStop, startAgain } from "../commands.ts";
import { type IntakeParts, keyOf } from "../verdict.ts";
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

/** May somebody do what can be done to it? */
export function mayAct({ person, mayAct: where }: Audience, { line }: Pick<Course, "line">): boolean {
  return person !== undefined && (where?.has(line.repositoryId) ?? false);
}

/** What can be done to a run as it stands, by whoever may. */
export async function actsOn({ store }: Pick<IntakeParts, "store">, run: Run): Promise<Act[]> {
  if (run.phase === "working") return run.stop ? [] : ["stop"];
  if (!isRetried(run)) return [];
  const newest = await latestRun(store.db, keyOf("issue", run.place));
  return newest?.id === run.id ? ["retry"] : [];
}

/** An ending that was not a success, of a matter that is still open. */
function isRetried(run: Run): boolean {
  return run.phase === "ended" && run.ending !== undefined && run.ending.kind !== "opened" && !isClosed(run);
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
  { run, person }: { run: Run; person: Person },
): Promise<Done> {
  const at = parts.clock.now();
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
  // One page starts one run, however often its button is pressed.
  const verdict = await startAgain(parts, id, { run, origin, triggerKey: id });
  const started = /^run (\S+) started$/.exec(verdict)?.[1];
  if (verdict.startsWith("refused:"))
    return { isDone: false, words: "The settings let nothing begin here now; the issue says why." };
  if (started === undefined) return { isDone: false, words: "Another run of this issue has begun already." };
  return { isDone: true, words: "A new run has begun.", started };
}
