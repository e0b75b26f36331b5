/**
 * What a run waits on people for, read from facts and notes, and what follows from it: whether the agent
 * may push. Asks nobody and changes nothing.
 */
import { isPlanned, type Note, type Run } from "../domain/run.ts";
import type { State } from "../domain/words.ts";
import type { Facts } from "./facts.ts";
import { type Ledger, toldAs } from "./ledger.ts";
import type { Tools } from "./tools.ts";

/** What a run waits on people for, and what they said to it. */
export interface Pause {
  call: string;
  since: number;
  /** The note that answers; undefined while nobody has. */
  note?: Note;
  waiting: boolean;
  state: State;
}

/** The question or plan that is open, as far as facts and notes tell. */
export function pausedFor({ ledger, held: { run } }: Pick<Tools, "ledger" | "held">): Pause | undefined {
  for (const { id } of run.progress.calls) {
    if (!(ledger.read(`question ${id}`) || ledger.read(`plan ${id}`)) || ledger.read(`answer ${id}`))
      continue;
    const since = ledger.begunAt(`question ${id}`) ?? ledger.begunAt(`plan ${id}`) ?? run.roundAt;
    const note = noteSince({ ledger, run }, since);
    const plan = ledger.read(`plan ${id}`)?.text;
    const state: State =
      plan === undefined
        ? { kind: "waiting for an answer" }
        : { kind: "waiting for approval", of: "plan", plan };
    return { call: id, since, waiting: note === undefined, state, ...(note ? { note } : {}) };
  }
  return undefined;
}

/** The first note since then that the agent has not been told yet. */
export function noteSince({ ledger, run }: { ledger: Ledger; run: Run }, since: number): Note | undefined {
  return run.notes.find((one) => one.at >= since && toldAs(ledger, one.id) === undefined);
}

/**
 * May the agent push, as far as a plan has to be approved first? An approval counts as the answer to the
 * plan it was given for: written down as that, or about to be given.
 */
export function mayPush({ ledger, held: { run } }: Pick<Tools, "ledger" | "held">): boolean {
  if (!isPlanned(run)) return true;
  const approvals = new Set(run.notes.flatMap(({ kind, id }) => (kind === "approval" ? [id] : [])));
  const answers = ledger.all<Facts[`answer ${string}`]>("answer ");
  if (answers.some(({ value }) => value.note !== undefined && approvals.has(value.note))) return true;
  const open = ledger
    .all("plan ")
    .filter(({ name }) => !ledger.read(`answer ${name.slice(name.indexOf(" ") + 1)}`));
  return open.some(({ begunAt }) => noteSince({ ledger, run }, begunAt)?.kind === "approval");
}
