/**
 * PORT: an agent backend as the mission sees it. Sessions, messages and answers are acts that can be found
 * again; looking is a read; a token goes to one resource by the id it was given at creation.
 */
import type { Act } from "../domain/act.ts";
import type { Progress } from "../domain/progress.ts";
import type { Secret } from "../domain/secret.ts";
import type { McpTools, Network } from "./definition.ts";

/** A repository to mount, with the token the platform's git proxy uses for it. */
export interface Mount {
  /** `owner/name`. */
  name: string;
  /** Web address without `.git`. */
  url: string;
  /** What is checked out; the default branch when left out. */
  branch?: string;
  token: Secret;
}

/** Everything a new session is opened with. */
export interface SessionOrder {
  runId: string;
  title: string;
  metadata: Record<string, string>;
  mounts: Mount[];
  /** Whole US cents. */
  budgetCents: number;
  model: string;
  servers: McpTools[];
  /** The vault with what opens the servers. */
  vault?: string;
}

/** What opens an MCP server, on its way into a vault. */
export interface VaultCredential {
  /** The server's name. */
  server: string;
  url: string;
  token: Secret;
}

/** A vault that exists. */
export interface OpenVault {
  id: string;
  /** Ids of its credentials by server. */
  credentials: Record<string, string>;
}

/** A vault of ours as a list shows it. */
export interface SeenVault {
  id: string;
  /** The run it was made for, as its metadata says. */
  run: string;
}

/** The run a session is for. */
export interface SessionRun {
  id: string;
  /** Its earlier sessions. */
  known: string[];
  /** What its sandbox may reach. */
  network: Network;
}

/** A session that exists. */
export interface OpenSession {
  id: string;
  /** Resource ids by repository name; what each later token is handed to. */
  resources: Record<string, string>;
  /** The cap it was opened with, in whole US cents. */
  budgetCents: number;
}

/** A session as a list shows it. */
export interface SeenSession {
  id: string;
  /** The run it was opened for, and the installation, as its metadata says. */
  run?: string;
  installation?: number;
}

/** Which sessions to list; all that are not closed when nothing is said. */
export interface SessionFilter {
  /** Closed ones as well. */
  closed?: true;
  /** Only those that work at this moment. */
  working?: true;
  /** Only those opened since then, milliseconds since the epoch. */
  since?: number;
}

/** A picture the agent is shown. */
export interface Picture {
  /** Text before it: where it is from. */
  caption: string;
  type: "image/png" | "image/jpeg" | "image/gif" | "image/webp";
  bytes: Buffer;
}

/** Something the agent is told, found again by its marker. Pictures the backend does not take are left out and named. */
export interface Message {
  marker: string;
  text: string;
  pictures?: Picture[];
}

/** The result of a tool call of the agent. */
export interface Answer {
  call: string;
  text: string;
  isError: boolean;
}

/** A file the agent may read. */
export interface Attachment {
  /** Letters, digits, dots and dashes; the only one of that name in its session. */
  name: string;
  text: string;
}

/** An agent backend. Every method throws problems of the four kinds only. */
export interface Agents {
  /** Finds or makes what sessions need (agent, environment). Called at start and again until it works. */
  prepare(): Promise<void>;
  /**
   * Opens a session, or adopts the oldest one that carries the run's id and is not known yet. `order` is only
   * asked when one is made.
   */
  session(run: SessionRun, order: () => Promise<SessionOrder>): Act<OpenSession>;
  message(session: string, message: Message): Act<{ id: string }>;
  answer(session: string, answer: Answer): Act<{ id: string }>;
  /** Puts a file into a session that is not closed, for its agent to read at `path`. */
  attach(session: string, attachment: Attachment): Act<{ path: string }>;
  /** What has happened since `progress`. A session that is gone throws `gone`. */
  look(session: string, progress: Progress): Promise<Progress>;
  /** Makes a run's vault for its session of that number, or adopts and completes the one that carries both. */
  vault(run: { id: string; number: number }, order: () => Promise<VaultCredential[]>): Act<OpenVault>;
  /** Archives a vault with all it holds. One already closed or gone is success. */
  closeVault(id: string): Promise<void>;
  /** Deletes a vault. One already gone is success. */
  removeVault(id: string): Promise<void>;
  /** Our vaults, newest first, a page at a time; archived ones as well with `closed`. */
  vaults(filter: { closed?: true }): AsyncIterable<SeenVault[]>;
  /** Leaves a session at rest with these MCP servers only. */
  equip(session: string, servers: McpTools[]): Promise<void>;
  /** Puts a new token in the place of a resource's old one; `VAULT/CREDENTIAL` names what a vault holds. */
  handOver(session: string, resource: { id: string; token: Secret }): Promise<void>;
  /**
   * Replaces a session's cap (whole US cents); one paused at its cap goes on. Where it has cost as much already:
   * the fault `claude_budget_spent`.
   */
  setBudget(session: string, cents: number): Promise<void>;
  /** Ends the current turn. Nothing to interrupt is success. */
  interrupt(session: string): Promise<void>;
  /** Closes a session for good. One already closed or gone is success; `later` while it still runs. */
  archive(session: string): Promise<void>;
  /** Deletes a session with everything said in it. One already gone is success; `later` while it still runs. */
  remove(session: string): Promise<void>;
  /** Our agent's sessions (see `SessionFilter`), oldest first, a page of at most a hundred at a time. */
  sessions(filter: SessionFilter): AsyncIterable<SeenSession[]>;
  /** Where a person can watch the session. */
  url(session: string): string;
}
