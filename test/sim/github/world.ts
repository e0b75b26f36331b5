/**
 * What the simulated GitHub remembers: accounts, installations, repositories, issues, pull requests, tokens.
 * Plain data and look-ups; it knows neither HTTP nor who may see what. Numbers are unique in the process,
 * because @octokit/auth-app keys its in-flight requests by installation id alone.
 */
import type { Clock } from "../../../src/clock.ts";
import type { Emit } from "./occurrence.ts";
import type { Visitors } from "./visitors.ts";

/** A JSON object on its way in or out. */
export type Json = Record<string, unknown>;

/** Roles a person can hold on a repository, weakest first. */
export const roles = ["none", "read", "triage", "write", "maintain", "admin"] as const;
/** One of `roles`. */
export type Role = (typeof roles)[number];

/** Permission name → level, as GitHub writes them. */
export type Permissions = Record<string, "read" | "write" | "admin">;

/** A user, organisation or bot. */
export interface Account {
  id: number;
  login: string;
  type: "User" | "Organization" | "Bot";
  createdAt: number;
  /** A private member of the organisation: no `author_association` tells of it. */
  isPrivate?: boolean;
}

/** An App as issues, comments and check runs name it. */
export interface AppIdentity {
  id: number;
  slug: string;
  owner: Account;
}

/** The App under test, with the secrets its owner holds. */
export interface App extends AppIdentity {
  privateKey: string;
  webhookSecret: string;
  bot: Account;
  events: string[];
  permissions: Permissions;
  /** May strangers see and install it? */
  isPublic: boolean;
}

/** One installation of the App on an account. */
export interface Installation {
  id: number;
  account: Account;
  selection: "all" | "selected";
  selected: Set<number>;
  permissions: Permissions;
  createdAt: number;
  suspendedAt?: number | undefined;
  suspendedBy?: Account | undefined;
}

/** A minted installation token, known by its hash. */
export interface Token {
  sha256: string;
  installationId: number;
  /** `undefined`: every repository of the installation. */
  repositoryIds: number[] | undefined;
  permissions: Permissions;
  createdAt: number;
  expiresAt: number;
  revokedAt?: number;
}

/** A label of a repository. */
export interface Label {
  id: number;
  name: string;
  color: string;
  description: string | null;
}

/** A reaction on an issue or comment. */
export interface Reaction {
  id: number;
  content: string;
  user: Account;
  createdAt: number;
}

/** One change of a text: who, when, and what it said before. */
export interface Edit {
  id: number;
  at: number;
  editor: Account;
  before: string;
}

/** What issues and comments share: words of somebody that can be edited and reacted to. */
export interface Post {
  id: number;
  author: Account;
  via: AppIdentity | undefined;
  body: string;
  createdAt: number;
  updatedAt: number;
  edits: Edit[];
  reactions: Reaction[];
}

/** A conversation comment. */
export interface Comment extends Post {
  issue: Issue;
  minimized?: string;
}

/** An entry of an issue's history. */
export interface IssueEvent {
  id: number;
  event: string;
  actor: Account;
  via: AppIdentity | undefined;
  at: number;
  label?: Label;
}

/** An issue, or a pull request when `pull` is there. */
export interface Issue extends Post {
  repository: Repository;
  number: number;
  title: string;
  labels: Label[];
  state: "open" | "closed";
  stateReason: string | null;
  closedAt: number | undefined;
  closedBy: Account | undefined;
  locked: boolean;
  /** Where it is now, when it was transferred. */
  movedTo?: Issue;
  deleted: boolean;
  comments: Comment[];
  events: IssueEvent[];
  pull?: Pull;
}

/** What a pull request has beyond its issue. `headSha` follows the head branch while it is open. */
export interface Pull {
  id: number;
  headRef: string;
  headSha: string;
  baseRef: string;
  baseSha: string;
  size: PullSize;
  draft: boolean;
  mergedAt?: number;
  mergedBy?: Account;
  mergeSha?: string;
  reviewers: Account[];
  reviews: Review[];
}

/** How much a pull request changes, measured whenever its head or base moves. */
export interface PullSize {
  commits: number;
  additions: number;
  deletions: number;
  files: number;
}

/** A submitted review. */
export interface Review {
  id: number;
  user: Account;
  state: "APPROVED" | "CHANGES_REQUESTED" | "COMMENTED";
  body: string;
  commitId: string;
  submittedAt: number;
  comments: ReviewComment[];
}

/** A comment on a line, part of a review. */
export interface ReviewComment extends Post {
  path: string;
  line: number;
  commitId: string;
}

/** A check run on a commit. `output` texts are `null` until given. */
export interface CheckRun {
  id: number;
  name: string;
  headSha: string;
  app: AppIdentity;
  suiteId: number;
  status: string;
  conclusion: string | null;
  detailsUrl: string | null;
  externalId: string;
  startedAt: number;
  completedAt: number | undefined;
  output: { title: string | null; summary: string | null; text: string | null; annotations: number };
  actions: Json[];
  /** What an Actions job left: notes on lines of files, and its log. Absent on our own runs. */
  notes?: { path: string; line: number; message: string }[];
  log?: string;
}

/** Why the server refuses pushes to a repository: a rule on some refs (GH013). */
export interface PushRule {
  ref: RegExp;
  /** What the rule says, one line: `Changes must be made through a pull request.` */
  says: string;
}

/** A repository; its commits live in a bare git repository at `directory`. */
export interface Repository {
  id: number;
  owner: Account;
  name: string;
  private: boolean;
  archived: boolean;
  /** Drafts need a paid plan on some private repositories. */
  drafts: boolean;
  defaultBranch: string;
  directory: string;
  createdAt: number;
  pushedAt: number;
  collaborators: Map<string, Role>;
  labels: Map<string, Label>;
  issues: Map<number, Issue>;
  checkRuns: CheckRun[];
  rules: PushRule[];
}

/** The whole of it. `url` is set once the server listens. */
export interface World {
  clock: Clock;
  url: string;
  app: App;
  accounts: Map<string, Account>;
  installations: Map<number, Installation>;
  repositories: Map<number, Repository>;
  /** Lower-case `owner/name` a repository once had → its id. */
  formerNames: Map<string, number>;
  tokens: Map<string, Token>;
  visitors: Visitors;
  /** How long a fresh token answers 401, and after that 403. */
  tokenLag: { unknownMs: number; forbiddenMs: number };
  emit: Emit;
  /** A text as readers see it: `body_html` and `body_text`. */
  render: (post: Pick<Post, "body">) => Json;
}

let lastId = 0;

/** The next number, unique in this process, so that two simulators never share an installation id. */
export function nextId(): number {
  lastId += 1;
  return 1_000_000 + lastId;
}

/** GraphQL-style id of a thing: opaque text that holds its kind and number. */
export function nodeId(kind: string, id: number): string {
  return Buffer.from(`${kind}:${id}`).toString("base64url");
}

/** `owner/name`. */
export const fullName = ({ owner, name }: Repository): string => `${owner.login}/${name}`;

/** The account of that login, without regard to case. */
export function accountOf(world: World, login: string): Account | undefined {
  return world.accounts.get(login.toLowerCase());
}

/** The repository of that name now, without regard to case. */
export function repositoryOf(world: World, owner: string, name: string): Repository | undefined {
  const wanted = `${owner}/${name}`.toLowerCase();
  return [...world.repositories.values()].find((each) => fullName(each).toLowerCase() === wanted);
}

/** The installation that covers a repository, suspended or not. */
export function installationFor(world: World, repository: Repository): Installation | undefined {
  return [...world.installations.values()].find((each) => covers(each, repository));
}

/** Does the installation reach the repository? */
export function covers(installation: Installation, repository: Repository): boolean {
  if (installation.account.id !== repository.owner.id) return false;
  return installation.selection === "all" || installation.selected.has(repository.id);
}

/** The role of a person: the owner is admin; on a public repository everyone reads. */
export function roleOf(repository: Repository, account: Account): Role {
  if (repository.owner.id === account.id) return "admin";
  const given = repository.collaborators.get(account.login.toLowerCase());
  return given ?? (repository.private ? "none" : "read");
}

/** Seconds since the epoch as GitHub writes a time: no fraction. */
export function isoTime(at: number): string {
  return new Date(Math.floor(at / 1000) * 1000).toISOString().replace(".000Z", "Z");
}
