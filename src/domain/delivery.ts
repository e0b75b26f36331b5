/**
 * What GitHub's deliveries say, translated at the door: one row per kind we act on. The body must have the
 * shape its event header claims, because the header is not under the signature. Everything else is ignored.
 */
import { z } from "zod";
import { isMembers, kindOf } from "./delivery-kind.ts";
import type { Person, Place } from "./run.ts";
import { upheavalKinds } from "./upheaval.ts";

const account = z.object({ login: z.string(), id: z.number(), type: z.string().default("User") });

/** Whom a push is by when GitHub names no sender, which it must do for everything else. */
const unnamed = { login: "", id: 0, type: "Unknown" };

const repository = z.object({
  id: z.number(),
  name: z.string(),
  private: z.boolean(),
  archived: z.boolean().default(false),
  disabled: z.boolean().default(false),
  fork: z.boolean().default(false),
  is_template: z.boolean().default(false),
  mirror_url: z.string().nullish(),
  default_branch: z.string(),
  html_url: z.string(),
  owner: account,
});

/** The caretaker, who finds a labelling late, does not know its number. */
const labelShape = z.object({ name: z.string(), id: z.number().optional() });
const issue = z.object({
  id: z.number(),
  number: z.number(),
  title: z.string(),
  body: z.string().nullish(),
  comments: z.number().default(0),
  html_url: z.string(),
  user: account.nullish(),
  pull_request: z.object({}).nullish(),
});

const scope = { repository, sender: account, installation: z.object({ id: z.number() }) };

const comment = z.object({
  id: z.number(),
  created_at: z.string().nullish(),
  body: z.string().nullish(),
  user: account.nullish(),
  performed_via_github_app: z.object({ id: z.number(), slug: z.string().optional() }).nullish(),
  author_association: z.string().default("NONE"),
});

const pull = z.object({
  number: z.number(),
  merged: z.boolean().default(false),
  html_url: z.string(),
  title: z.string(),
  user: account.nullish(),
});

const named = { ref: z.string(), ref_type: z.string() };
const proposal = z.object({
  ...scope,
  pull_request: pull.extend({
    head: z.object({ sha: z.string() }),
    base: z.object({ ref: z.string() }),
  }),
});

const shapes = {
  "issues.labeled": z.object({
    ...scope,
    issue,
    label: labelShape,
    /** Of the caretaker, who finds a labelling late: the text is not the one of that moment. */
    edited_since: z.boolean().default(false),
  }),
  "issues.unlabeled": z.object({ ...scope, issue, label: labelShape }),
  "issues.closed": z.object({ ...scope, issue: issue.extend({ closed_at: z.string().nullish() }) }),
  "issues.edited": z.object({
    ...scope,
    issue,
    changes: z.object({ title: z.object({}).optional(), body: z.object({}).optional() }).default({}),
  }),
  "issues.deleted": z.object({ ...scope, issue }),
  "issues.locked": z.object({ ...scope, issue }),
  "issues.transferred": z.object({
    ...scope,
    issue,
    changes: z.object({
      new_issue: z.object({ number: z.number() }),
      new_repository: repository.pick({ id: true, name: true, owner: true }),
    }),
  }),
  "issue_comment.created": z.object({ ...scope, issue, comment }),
  "pull_request.closed": z.object({
    ...scope,
    pull_request: pull.extend({ closed_at: z.string().nullish() }),
  }),
  "pull_request.opened": proposal,
  "pull_request.reopened": proposal,
  "pull_request.synchronize": proposal,
  "pull_request_review.submitted": z.object({
    ...scope,
    pull_request: pull,
    review: comment
      .pick({ id: true, body: true, author_association: true })
      .extend({ state: z.string(), html_url: z.string(), submitted_at: z.string().nullish() }),
  }),
  "pull_request_review_comment.created": z.object({
    ...scope,
    pull_request: pull,
    comment: comment.extend({ pull_request_review_id: z.number().nullish() }),
  }),
  "check_suite.completed": z.object({
    ...scope,
    check_suite: z.object({
      id: z.number(),
      head_sha: z.string(),
      head_branch: z.string().nullish(),
      conclusion: z.string().nullish(),
      updated_at: z.string().nullish(),
      app: z.object({ id: z.number(), slug: z.string().default("") }).nullish(),
      pull_requests: z.array(z.object({ number: z.number() })).default([]),
    }),
  }),
  push: z.object({
    ...scope,
    sender: account.nullish().transform((sender) => sender ?? unnamed),
    repository: repository.extend({ pushed_at: z.union([z.number(), z.string()]).nullish() }),
    ref: z.string(),
    after: z.string(),
    deleted: z.boolean().default(false),
  }),
  create: z.object({ ...scope, ...named }),
  delete: z.object({ ...scope, ...named }),
};

/** Bodies that are never found under another event's header, by the member that gives them away. */
const tells: Record<string, string[]> = {
  issues: ["comment", "pull_request", "check_suite"],
  issue_comment: ["pull_request", "label"],
  pull_request: ["issue", "comment", "review"],
  pull_request_review: ["issue", "comment"],
  pull_request_review_comment: ["issue", "review"],
  check_suite: ["issue", "pull_request"],
  push: ["issue", "pull_request"],
  create: ["issue", "after"],
  delete: ["issue", "after"],
};

type Shapes = typeof shapes;
/** `event.action` of the deliveries we act on. */
export type DeliveryKind = keyof Shapes;
/** A delivery we act on, reduced to the members we use. */
export type Delivery = { [K in DeliveryKind]: { kind: K } & z.infer<Shapes[K]> }[DeliveryKind];
/** GitHub's account as deliveries carry it. */
export type Account = z.infer<typeof account>;

/** Events the inbox stores; deliveries of all others are answered and forgotten. */
export const storedEvents: ReadonlySet<string> = new Set(
  [...Object.keys(shapes), ...upheavalKinds].map((kind) => kind.split(".")[0] ?? kind),
);

/** The result of reading a delivery. */
export type Reading =
  | { kind: "delivery"; delivery: Delivery }
  | { kind: "ignored"; why: "action not used" | "body contradicts its event header" };

/** Reads a delivery's JSON under the event name its header claims. */
export function readDelivery(event: string, payload: unknown): Reading {
  const kind = kindOf(event, payload);
  if (kind === undefined || !isKind(kind)) return { kind: "ignored", why: "action not used" };
  const read = shapes[kind].safeParse(payload);
  const foreign = isMembers(payload) && tells[event]?.some((member) => Object.hasOwn(payload, member));
  if (!read.success || foreign) return { kind: "ignored", why: "body contradicts its event header" };
  // The cast ties `kind` to the shape it selected, which the compiler cannot follow through the index.
  return { kind: "delivery", delivery: { kind, ...read.data } as Delivery };
}

/** Is a delivery of this event and action (empty where the event has none) one we act on? */
export function isUsed(event: string, action: string): boolean {
  const kind = action === "" ? event : `${event}.${action}`;
  return isKind(kind) || upheavalKinds.includes(kind);
}

const owned = z.object({
  repository: z.object({ owner: z.object({ login: z.string() }) }).optional(),
  installation: z.object({ account: z.object({ login: z.string() }).optional() }).optional(),
  // Of an account that was renamed only its old name can be one that is served.
  changes: z.object({ login: z.object({ from: z.string() }).optional() }).optional(),
  account: z.object({ login: z.string() }).optional(),
});

/** Whose repository or installation a payload is about: the lower-case login, where the payload tells. */
export function ownerOf(payload: unknown): string | undefined {
  const { data } = owned.safeParse(payload);
  const { repository, installation, changes, account } = data ?? {};
  const login =
    repository?.owner.login ??
    installation?.account?.login ??
    (account && (changes?.login?.from ?? account.login));
  return login?.toLowerCase();
}

function isKind(kind: string): kind is DeliveryKind {
  return Object.hasOwn(shapes, kind);
}

/** A time of GitHub's, milliseconds since the epoch in whole seconds; undefined where there is none. */
export function timeOf(text: string | null | undefined): number | undefined {
  return Date.parse(text ?? "") || undefined;
}

/** The number of a label, where it is told. */
export function idOf({ id }: z.infer<typeof labelShape>): { id?: number } {
  return id === undefined ? {} : { id };
}

/** An account as the person it belongs to. */
export function personOf({ login, id, type }: Account): Person {
  return { login, id, type };
}

/** The issue or pull request of that number in the repository a delivery is about. */
export function placeOf({ repository, installation }: Delivery, issue: number): Place {
  return {
    installation: installation.id,
    repositoryId: repository.id,
    owner: repository.owner.login,
    repo: repository.name,
    issue,
  };
}
