/**
 * The tables, as Kysely sees them: one shape for SQLite and PostgreSQL.
 * Times are milliseconds since the epoch; columns named *_json hold JSON text; no column holds a secret in clear.
 */
import type { Kysely, Transaction } from "kysely";
import type { DayRow, PaceRow, PauseRow, PlaceRow, TurnRow } from "./limits-tables.ts";

/** What GitHub sent, as it was sent. */
export interface DeliveryRow {
  /** `X-GitHub-Delivery`, opaque, at most 128 characters. */
  id: string;
  event: string;
  /** The body's bytes as the text they are; emptied when the row has aged out. */
  body: string;
  /** SHA-256 of the body in hex: the same body under another id is a replay, not a second wish. Empty where it asks nothing. */
  body_hash: string;
  received_at: number;
  state: "waiting" | "done" | "failed";
  done_at: number | null;
  /** One word for people who look: `run started`, `ignored`, `refused` … */
  verdict: string | null;
}

/** One run: from a request to the end of its pull request. The row is the one truth about it. */
export interface RunRow {
  id: string;
  /** What started it, unique over all time: a trigger that comes again finds its run. */
  trigger_key: string;
  installation_id: number;
  repository_id: number;
  owner: string;
  repo: string;
  issue: number;
  /** `Origin` of domain/run.ts: sender, trigger, title and text as they stood at the trigger. */
  origin_json: string;
  /** `Settings` of domain/settings.ts as they stood at the start. */
  settings_json: string;
  round: number;
  phase: "working" | "resting" | "ended";
  /** `Ending` of the round that ended last. */
  ending_json: string | null;
  /** `Stop`: who asked for the stop, why and when; null while nobody did. */
  stop_json: string | null;
  /** The Claude session, copied out of its fact so that a webhook finds the run. */
  session: string | null;
  /** The pull request, copied out of its fact so that a delivery about it finds the run. */
  pull: number | null;
  /** Head commit of the pull request as our session left it: whose failed checks are ours to repair. */
  head: string | null;
  /** Head commit that is held back and waits for an approval. */
  held: string | null;
  /** `Progress` of domain/progress.ts: how far the session's events have been read, and what they came to. */
  progress_json: string;
  /** Fencing number: each holder raises it, and a write under an older one is refused. */
  epoch: number;
  created_at: number;
  round_at: number;
  /** When its session was looked at last, while it waits for nothing else; null while there is nothing to look for. */
  looked_at: number | null;
  ended_at: number | null;
  /** When title or body of the issue were edited last while the run worked; null while they were not. */
  edited_at: number | null;
  /** What lists show and filter by; null in what was never listed. `State` of domain/words.ts, or the ending's kind. */
  state: string | null;
  state_at: number | null;
  /** Login of who asked. */
  person: string | null;
  /** The label that asked; null for a command. */
  label: string | null;
  model: string | null;
  title: string | null;
  /** What the run has cost so far, in whole US cents. */
  cost_cents: number | null;
  /** When its pull request was opened. */
  pull_at: number | null;
  /** What became of the pull request: `merged` or `closed`. */
  fate: string | null;
  /** When the words of people and agents were taken out of it; null while they are there. */
  forgotten_at: number | null;
}

/** One entry of a run's journal (`JournalEntry` of domain/journal.ts). */
export interface JournalRow {
  run_id: string;
  name: string;
  at: number;
  entry_json: string;
}

/** One browser in which a person has signed in. */
export interface VisitRow {
  /** SHA-256 of the cookie in hex: who reads the table cannot visit. */
  id: string;
  person_id: number;
  login: string;
  /** Their tokens, sealed: `VisitorTokens` of github/visitor-token.ts. */
  sealed: string;
  began_at: number;
}

/** A written fact: `once(name, find, make)` of a run. */
export interface FactRow {
  run_id: string;
  round: number;
  name: string;
  /** Null while the act has begun and its result is not written. */
  value_json: string | null;
  begun_at: number;
  /** When the last attempt began or was given up; null where only `begun_at` tells, as in rows older than the column. */
  tried_at: number | null;
  done_at: number | null;
}

/** What was said to a run: by a person, or by the checks on its pull request. */
export interface NoteRow {
  /** `comment:ID`, `review:ID`, `checks:ID`: one note per thing said. */
  id: string;
  run_id: string;
  /** The round it was said to, or which it opened. */
  round: number;
  kind: "said" | "approval";
  author: string;
  /** `Asker` of domain/run.ts: the author's account; null of checks, and of notes older than the column. */
  asker_json: string | null;
  text: string;
  /** `NoteSource` of domain/run.ts: where it was said. */
  source_json: string;
  at: number;
}

/** One installation token in the life of a run. */
export interface TokenRow {
  id: string;
  run_id: string;
  /** Full name of the repository the token serves; one token, one resource. */
  resource: string;
  /** What it may do to the repository's contents. */
  contents: "read" | "write";
  state: "recorded" | "held" | "retired";
  /** AES-256-GCM under the seal key: version, nonce, ciphertext, tag. */
  sealed: string;
  minted_at: number;
  expires_at: number;
  /** When it was handed over, and when its successor was. */
  held_at: number | null;
  retired_at: number | null;
}

/** A reply that is given once: a refusal per person and thread, an answer per command. */
export interface ReplyRow {
  key: string;
  repository_id: number;
  /** When it was given; the negative of when it began, while nobody knows how that ended. */
  at: number;
}

/** Alarms of the embedded engine. */
export interface WakeRow {
  /** `run:ID`, `delivery:ID` or `sweep`. */
  key: string;
  at: number;
  /** Raised by every wake, so that one arriving while the key is held is not overwritten. */
  pokes: number;
  /** Failures in a row. */
  tries: number;
}

/** Small things the process remembers: the provisioned agent, high-water marks. */
export interface MemoRow {
  name: string;
  value: string;
}

/** A settings file as it was read last: a repository's, or the one in its owner's `.github` repository. */
export interface SettingsFileRow {
  /** `repository ID` or `owner LOGIN`. */
  key: string;
  installation_id: number;
  /** The repository it lies in; null while that cannot be read. */
  repository_id: number | null;
  /** What was found, of github/settings-files.ts; null before the first reading. */
  found_json: string | null;
  /** When it was read; 0 when it has to be read again. */
  read_at: number;
  /** Raised by every push to its default branch: what was read before is not kept as if it came after. */
  pushes: number;
  /** 1 when there was a file at the last successful reading. */
  seen: number;
}

/** All tables. */
export interface Schema {
  deliveries: DeliveryRow;
  runs: RunRow;
  facts: FactRow;
  notes: NoteRow;
  tokens: TokenRow;
  replies: ReplyRow;
  wakes: WakeRow;
  memos: MemoRow;
  places: PlaceRow;
  turns: TurnRow;
  days: DayRow;
  pauses: PauseRow;
  journal: JournalRow;
  visits: VisitRow;
  settings_files: SettingsFileRow;
  paces: PaceRow;
}

/** A connection or a transaction. */
export type Db = Kysely<Schema> | Transaction<Schema>;
