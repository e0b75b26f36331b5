/**
 * Small things the process remembers between its starts: how far a sweep has come, when a label came off.
 * It does not know what the texts mean.
 */
import type { Transaction } from "kysely";
import type { Db, Schema } from "./schema.ts";

/** The text under a name; undefined when there is none. */
export async function readMemo(db: Db, name: string): Promise<string | undefined> {
  const row = await db.selectFrom("memos").select("value").where("name", "=", name).executeTakeFirst();
  return row?.value;
}

/** Puts a text under a name, in the place of what was there. */
export async function writeMemo(db: Db, name: string, value: string): Promise<void> {
  await db
    .insertInto("memos")
    .values({ name, value })
    .onConflict((conflict) => conflict.column("name").doUpdateSet({ value }))
    .execute();
}

/** Forgets a name. */
export async function dropMemo(db: Db, name: string): Promise<void> {
  await db.deleteFrom("memos").where("name", "=", name).execute();
}

/** A label of an issue, whoever calls it by which case. */
export interface IssueLabel {
  repositoryId: number;
  issue: number;
  label: string;
}

/** When a label last came off an issue that had no run to stop, milliseconds since the epoch. */
export async function unlabelledAt(db: Db, label: IssueLabel): Promise<number | undefined> {
  const memo = await readMemo(db, unlabelledName(label));
  return memo === undefined ? undefined : Number(memo);
}

/** Remembers that a label came off an issue that had no run to stop: it may be one that starts runs. */
export async function rememberUnlabelled(db: Db, label: IssueLabel, at: number): Promise<void> {
  await writeMemo(db, unlabelledName(label), String(at));
}

/** An issue, whatever it is called by now. */
export type IssueKey = Pick<IssueLabel, "repositoryId" | "issue">;

/**
 * When the newest stop of an issue's work was `written`, by GitHub's clock, or, of those that do not tell, was
 * `heard` of, by ours. The two are not compared. `gone`: when it was heard that the issue is no longer there.
 */
export type StopTime = "written" | "heard" | "gone";

/** That time in milliseconds since the epoch; undefined where there was no such stop. */
export async function stopAt(db: Db, issue: IssueKey, which: StopTime): Promise<number | undefined> {
  const memo = await readMemo(db, issueName(stopPrefixes[which], issue));
  return memo === undefined ? undefined : Number(memo);
}

/** Remembers a stop of an issue's work, whether or not there was any: what it was about may be on its way. */
export async function rememberStop(
  db: Db,
  issue: IssueKey,
  { which, at }: { which: StopTime; at: number },
): Promise<void> {
  const before = (await stopAt(db, issue, which)) ?? 0;
  if (at > before) await writeMemo(db, issueName(stopPrefixes[which], issue), String(at));
}

/** When it was last heard that something ends all work in a repository; undefined where nothing did. */
export function repositoryStopAt(
  db: Db,
  { repositoryId }: Pick<IssueKey, "repositoryId">,
): Promise<number | undefined> {
  return stopAt(db, { repositoryId, issue: whole }, "heard");
}

/** Remembers that of repositories, for what is asked for before and heard after it. */
export async function rememberRepositoryStops(db: Db, repositoryIds: number[], at: number): Promise<void> {
  const rows = repositoryIds
    .toSorted((one, other) => one - other)
    .map((repositoryId) => {
      return { name: issueName(stopPrefixes.heard, { repositoryId, issue: whole }), value: String(at) };
    });
  for (let from = 0; from < rows.length; from += rowsAtOnce)
    await db
      .insertInto("memos")
      .values(rows.slice(from, from + rowsAtOnce))
      .onConflict((conflict) => conflict.column("name").doUpdateSet({ value: String(at) }))
      .execute();
}

/** SQLite takes so many in one statement, and many more. */
const rowsAtOnce = 500;

/** No issue has this number. */
const whole = 0;

/** When a working run of an issue was last asked to go on by what left no other trace, by GitHub's clock. */
export async function askedAt(db: Db, issue: IssueKey): Promise<number | undefined> {
  const memo = await readMemo(db, issueName(askedPrefix, issue));
  return memo === undefined ? undefined : Number(memo);
}

/** Remembers a label or a command that found its run at work: word of a stop before it may be on its way. */
export async function rememberAsked(db: Db, issue: IssueKey, at: number): Promise<void> {
  const before = (await askedAt(db, issue)) ?? 0;
  if (at > before) await writeMemo(db, issueName(askedPrefix, issue), String(at));
}

/** Remembers when a run was given a budget, by GitHub's clock. False where it was given another one after that. */
export async function rememberBudget(db: Db, run: string, at: number): Promise<boolean> {
  const name = `${budgetPrefix}${run}`;
  if (at < Number((await readMemo(db, name)) ?? 0)) return false;
  await writeMemo(db, name, String(at));
  return true;
}

/**
 * Waits until nobody else decides about an issue, and keeps others waiting until `tx` is over. A start that looks for
 * a stop, and a stop that looks for a run, would on PostgreSQL each miss what the other has not committed yet.
 */
export async function takeDecision(tx: Transaction<Schema>, issue: IssueKey, now: number): Promise<void> {
  await writeMemo(tx, issueName(decisionPrefix, issue), String(now));
}

/** Forgets labels that came off, stops and requests that came, and decisions that were taken, before `before`. */
export async function forgetStops(db: Db, before: number): Promise<void> {
  // One after the other: a stop locks its decision and then its own row, and whoever held both kinds would meet it.
  for (const prefix of [
    unlabelledPrefix,
    askedPrefix,
    budgetPrefix,
    ...Object.values(stopPrefixes),
    decisionPrefix,
  ])
    await db
      .deleteFrom("memos")
      .where("name", "like", `${prefix}%`)
      // As text: times have had thirteen digits since 2001 and will until 2286.
      .where("value", "<", String(before))
      .execute();
}

const unlabelledPrefix = "unlabelled ";
const stopPrefixes: Record<StopTime, string> = {
  written: "stop written ",
  heard: "stop heard ",
  gone: "stop gone ",
};
const askedPrefix = "asked ";
const budgetPrefix = "budget of ";
const decisionPrefix = "decision on ";

function issueName(prefix: string, { repositoryId, issue }: IssueKey): string {
  return `${prefix}${repositoryId} ${issue}`;
}

function unlabelledName(label: IssueLabel): string {
  return `${issueName(unlabelledPrefix, label)} ${label.label.normalize("NFC").toLowerCase()}`;
}
