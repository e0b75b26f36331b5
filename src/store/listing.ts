/**
 * Runs as lists show them: a line each, from columns alone, for those repositories that somebody may see.
 */
import type { Expression, ExpressionBuilder, SqlBool } from "kysely";
import type { Origin, Stop } from "../domain/run.ts";
import type { Settings } from "../domain/settings.ts";
import type { Db, RunRow, Schema } from "./schema.ts";

/** A run in a list. Times in milliseconds since the epoch, money in whole US cents. */
export interface RunLine {
  id: string;
  repositoryId: number;
  owner: string;
  repo: string;
  issue: number;
  title: string;
  person: string;
  /** The label that asked; absent for a command. */
  label?: string;
  model: string;
  state: string;
  phase: RunRow["phase"];
  pull?: number;
  fate?: string;
  costCents: number;
  createdAt: number;
  /** When it came to its state. */
  stateAt: number;
  pullAt?: number;
}

/** Which runs. */
export interface Wanted {
  /** Ids of the repositories that may be seen; all when left out. */
  repositories?: readonly number[];
  state?: string;
  /** `owner/name`. */
  repository?: string;
  owner?: string;
  person?: string;
  label?: string;
  /** Begun at or after. */
  since?: number;
}

const columns = [
  "id",
  "repository_id",
  "owner",
  "repo",
  "issue",
  "title",
  "person",
  "label",
  "model",
  "state",
  "phase",
  "pull",
  "fate",
  "cost_cents",
  "created_at",
  "state_at",
  "pull_at",
] as const;

/** Runs, newest first. */
export async function listRuns(
  db: Db,
  wanted: Wanted,
  { offset = 0, limit }: { offset?: number; limit: number },
): Promise<RunLine[]> {
  if (wanted.repositories?.length === 0) return [];
  const rows = await db
    .selectFrom("runs")
    .select(columns)
    .where(isWanted(wanted))
    .orderBy("created_at", "desc")
    .orderBy("id")
    .offset(offset)
    .limit(limit)
    .execute();
  return rows.map(lineOf);
}

/** How many runs there are, counted up to `limit`. */
export async function countRuns(db: Db, wanted: Wanted, { limit }: { limit: number }): Promise<number> {
  if (wanted.repositories?.length === 0) return 0;
  const some = db.selectFrom("runs").select("id").where(isWanted(wanted)).limit(limit).as("some");
  const { count } = await db
    .selectFrom(some)
    .select(({ fn }) => fn.countAll().as("count"))
    .executeTakeFirstOrThrow();
  return Number(count);
}

function isWanted(wanted: Wanted) {
  return ({ eb, and }: ExpressionBuilder<Schema, "runs">) => {
    const [owner, repo] = wanted.repository?.split("/") ?? [];
    const conditions: Expression<SqlBool>[] = [];
    const equal = (column: "state" | "owner" | "repo" | "person" | "label", value: string | undefined) => {
      if (value !== undefined) conditions.push(eb(column, "=", value));
    };
    // What became of its pull request is what is shown of a run, and so what it is found by.
    if (wanted.state === "merged" || wanted.state === "closed") {
      conditions.push(eb("fate", "=", wanted.state), eb("pull", "is not", null));
    } else if (wanted.state !== undefined) {
      equal("state", wanted.state);
      conditions.push(eb.or([eb("fate", "is", null), eb("pull", "is", null)]));
    }
    equal("person", wanted.person);
    equal("label", wanted.label);
    equal("owner", wanted.repository === undefined ? wanted.owner : owner);
    equal("repo", wanted.repository === undefined ? undefined : (repo ?? ""));
    if (wanted.repositories) conditions.push(eb("repository_id", "in", wanted.repositories));
    if (wanted.since !== undefined) conditions.push(eb("created_at", ">=", wanted.since));
    return and(conditions);
  };
}

/** One run; undefined when there is none. */
export async function runLine(db: Db, id: string): Promise<RunLine | undefined> {
  const row = await db.selectFrom("runs").select(columns).where("id", "=", id).executeTakeFirst();
  return row && lineOf(row);
}

/** Columns that the run's holder changes for lists alone. */
export type ListedColumn = "state" | "state_at" | "cost_cents" | "pull_at";

/** What lists show of a new run. */
export function listed({
  origin: { trigger, sender, title },
  settings: { model },
  now,
}: {
  origin: Origin;
  settings: Settings;
  now: number;
}): Partial<RunRow> {
  const label = trigger.kind === "label" ? trigger.label : null;
  return { person: sender.login, label, model, title, state: "starting", state_at: now };
}

/** What a stop says of the pull request's fate, if anything. */
export function fateOf({ why }: Pick<Stop, "why">): Partial<RunRow> {
  const fate = /^pull request (merged|closed)$/.exec(why)?.[1];
  return fate === undefined ? {} : { fate };
}

/** Has a repository a run that has not ended, or only since `since` (milliseconds since the epoch)? */
export async function hasRunSince(
  db: Db,
  { repositoryId, since }: { repositoryId: number; since: number },
): Promise<boolean> {
  const row = await db
    .selectFrom("runs")
    .select("id")
    .where("repository_id", "=", repositoryId)
    .where((is) => is.or([is("phase", "!=", "ended"), is("ended_at", ">=", since)]))
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

/** What can be chosen from. */
export interface Choices {
  repositories: string[];
  people: string[];
  labels: string[];
}

const choicesMax = 200;

/** The repositories, people and labels of these repositories' runs, in order, at most 200 each. */
export async function choices(db: Db, repositories?: readonly number[]): Promise<Choices> {
  if (repositories?.length === 0) return { repositories: [], people: [], labels: [] };
  const runs = repositories
    ? db.selectFrom("runs").where("repository_id", "in", repositories)
    : db.selectFrom("runs");
  const places = await runs
    .select(["owner", "repo"])
    .distinct()
    .orderBy("owner")
    .orderBy("repo")
    .limit(choicesMax)
    .execute();
  const people = await runs.select("person").distinct().orderBy("person").limit(choicesMax).execute();
  const labels = await runs.select("label").distinct().orderBy("label").limit(choicesMax).execute();
  return {
    repositories: places.map(({ owner, repo }) => `${owner}/${repo}`),
    people: people.flatMap(({ person }) => person || []),
    labels: labels.flatMap(({ label }) => label ?? []),
  };
}

function lineOf(row: Pick<RunRow, (typeof columns)[number]>): RunLine {
  return {
    id: row.id,
    repositoryId: row.repository_id,
    owner: row.owner,
    repo: row.repo,
    issue: row.issue,
    // The words of an old run are forgotten, its title among them.
    title: row.title || `#${row.issue}`,
    person: row.person ?? "",
    model: row.model ?? "",
    state: row.state ?? row.phase,
    phase: row.phase,
    costCents: row.cost_cents ?? 0,
    createdAt: row.created_at,
    stateAt: row.state_at ?? row.created_at,
    ...(row.label === null ? {} : { label: row.label }),
    ...(row.pull === null ? {} : { pull: row.pull }),
    ...(row.fate === null ? {} : { fate: row.fate }),
    ...(row.pull_at === null ? {} : { pullAt: row.pull_at }),
  };
}
