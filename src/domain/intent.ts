/**
 * What a delivery asks of us: a pure reading. Whether the sender may, and what becomes of it, is decided
 * where GitHub and the store can be asked.
 */
import { type CommandReading, parseCommand } from "./command.ts";
import { type Delivery, idOf, personOf, placeOf, timeOf } from "./delivery.ts";
import { isSessionBranch } from "./ids.ts";
import { isBranch, type Move, moveOf } from "./move.ts";
import type { Origin, Person, Place, Stop } from "./run.ts";
import { type Said, saidIn } from "./said.ts";

/** What is asked. */
export type Intent =
  | { kind: "start"; place: Place; origin: Origin; label: string }
  | {
      kind: "command";
      place: Place;
      origin: Origin;
      said: Said;
      reading: Exclude<CommandReading, { kind: "none" }>;
      onPull: boolean;
      /** Of a remark: the review it came with, whose time is its own. */
      review?: number;
    }
  | { kind: "said"; place: Place; origin: Origin; said: Said }
  | { kind: "edited"; place: Place; title: string; body: string; at: number }
  /** `writtenAt`: when it was closed, by GitHub's clock; of other stops no delivery tells. */
  | { kind: "stop"; place: Place; stop: Stop; writtenAt?: number }
  | { kind: "unlabelled"; place: Place; stop: Stop; label: string; id?: number }
  /** `writtenAt`: as above; absent of a merge, which nobody takes back. */
  | { kind: "pull closed"; place: Place; stop: Stop; writtenAt?: number }
  | { kind: "review"; place: Place; origin: Origin; said: Said; review: number; isCommand: boolean }
  | { kind: "proposed"; place: Place; head: string; sender: Person }
  | { kind: "checks failed"; place: Place; suite: Suite }
  | { kind: "pushed"; place: Place; move: Move; sender: Person; defaultBranch: string; at: number }
  | { kind: "nothing"; why: string };

/** A check suite that failed on the head of a pull request, or on a branch that may get one. */
export interface Suite {
  id: number;
  headSha: string;
  branch: string;
  /** Numbers of the pull requests it was run for, at most 100. */
  pulls: number[];
  app: { id: number; slug: string };
  /** When it was completed, by GitHub's clock; absent where the delivery does not tell. */
  at?: number;
}

/** Reads a delivery received at `now`. Whether a label is one of ours is for the settings to say. */
export function intentOf(delivery: Delivery, now: number): Intent {
  if (delivery.repository.archived) return { kind: "nothing", why: "repository is archived" };
  if (delivery.repository.disabled) return { kind: "nothing", why: "repository is disabled" };
  switch (delivery.kind) {
    case "issues.labeled":
      return labelled(delivery, now);
    case "issues.unlabeled":
      return unlabelled(delivery, now);
    case "issues.closed": {
      const { number, closed_at } = delivery.issue;
      const writtenAt = timeOf(closed_at);
      const at = Math.min(now, writtenAt ?? now);
      const asked = stop(delivery, number, { why: "issue closed", by: delivery.sender.login, at });
      return { ...asked, ...(writtenAt === undefined ? {} : { writtenAt }) };
    }
    case "issues.edited": {
      const { title, body } = delivery.issue;
      if (!delivery.changes.title && !delivery.changes.body)
        return { kind: "nothing", why: "no text was edited" };
      return {
        kind: "edited",
        place: placeOf(delivery, delivery.issue.number),
        title,
        body: body ?? "",
        at: now,
      };
    }
    case "issues.deleted":
    case "issues.locked":
    case "issues.transferred":
      return stop(delivery, delivery.issue.number, {
        ...upset(delivery),
        by: delivery.sender.login,
        at: now,
      });
    case "issue_comment.created":
      return commented(delivery, now);
    case "pull_request.closed": {
      const why = delivery.pull_request.merged ? "pull request merged" : "pull request closed";
      const { number, closed_at } = delivery.pull_request;
      const writtenAt = timeOf(closed_at);
      const stop = { why, by: delivery.sender.login, at: Math.min(now, writtenAt ?? now) } as const;
      const at = delivery.pull_request.merged || writtenAt === undefined ? {} : { writtenAt };
      return { kind: "pull closed", place: placeOf(delivery, number), stop, ...at };
    }
    case "pull_request.opened":
    case "pull_request.reopened":
    case "pull_request.synchronize": {
      const { number, head, base } = delivery.pull_request;
      // Settings count on the default branch only.
      if (base.ref !== delivery.repository.default_branch)
        return { kind: "nothing", why: "not for the default branch" };
      const sender = personOf(delivery.sender);
      return { kind: "proposed", place: placeOf(delivery, number), head: head.sha, sender };
    }
    case "pull_request_review.submitted":
      return reviewed(delivery, now);
    case "pull_request_review_comment.created":
      return remarked(delivery, now);
    case "check_suite.completed":
      return checked(delivery);
    case "push":
    case "create":
    case "delete": {
      const move = moveOf(delivery, now);
      const sender = personOf(delivery.sender);
      // What people do to tags, or take away, is their own affair; a bot may be ours.
      if (sender.type !== "Bot" && !(delivery.kind === "push" && move.to && isBranch(move.ref)))
        return { kind: "nothing", why: "not a push to a branch" };
      const defaultBranch = delivery.repository.default_branch;
      return { kind: "pushed", place: placeOf(delivery, 0), move, sender, defaultBranch, at: now };
    }
    default:
      return delivery satisfies never;
  }
}

/** What became of an issue that cannot be talked on any more. */
function upset(
  delivery: Of<"issues.deleted"> | Of<"issues.locked"> | Of<"issues.transferred">,
): Pick<Stop, "why" | "moved"> {
  if (delivery.kind === "issues.deleted") return { why: "issue deleted" };
  if (delivery.kind === "issues.locked") return { why: "issue locked" };
  const { new_repository: to, new_issue: issue } = delivery.changes;
  const moved = { repositoryId: to.id, owner: to.owner.login, repo: to.name, issue: issue.number };
  return { why: "issue transferred", moved };
}

type Remarked = Of<"pull_request_review.submitted"> | Of<"pull_request_review_comment.created">;

/** A review that asks for changes, or whose own text says so, is one wish; its remarks come with it. */
function reviewed(delivery: Of<"pull_request_review.submitted">, now: number): Intent {
  const { review } = delivery;
  const asks = review.state.toLowerCase() === "changes_requested";
  const said = { ...saidIn(review, timeOf(review.submitted_at) ?? now), as: "review" as const };
  return wish(delivery, { review: review.id, asks, said, now });
}

/** A remark that asks to go on asks for its whole review, so that N remarks are one message. */
function remarked(delivery: Of<"pull_request_review_comment.created">, now: number): Intent {
  const { comment } = delivery;
  const review = comment.pull_request_review_id ?? 0;
  // Its own time is that of the draft: it is said when the review is submitted, which the delivery does not tell.
  const said = { ...saidIn(comment, now), as: "remark" as const };
  return wish(delivery, { review, asks: false, said, now });
}

/** Only *fix* hands the review to the agent; every other command means what it means in the conversation. */
function wish(
  delivery: Remarked,
  { review, asks, said, now }: { review: number; asks: boolean; said: Said; now: number },
): Intent {
  const reading = parseCommand(said.body);
  const isFix = reading.kind === "command" && reading.command.kind === "fix";
  const place = placeOf(delivery, delivery.pull_request.number);
  const origin = remarkOrigin(delivery, said, now);
  if (reading.kind !== "none" && !isFix)
    return { kind: "command", place, origin, said, reading, onPull: true, ...(review ? { review } : {}) };
  if (review !== 0 && (asks || isFix))
    return { kind: "review", place, origin, said, review, isCommand: isFix };
  return { kind: "nothing", why: "review asks for nothing" };
}

function remarkOrigin(
  { pull_request, repository, sender }: Remarked,
  { id, as, at: askedAt, viaApp }: Said,
  now: number,
): Origin {
  return {
    ...(viaApp ? { viaApp } : {}),
    trigger: { kind: "command", commentId: id, as, instructions: "" },
    sender: personOf(sender),
    at: now,
    askedAt,
    title: pull_request.title,
    body: "",
    comments: 0,
    issueUrl: pull_request.html_url,
    defaultBranch: repository.default_branch,
    private: repository.private,
    ...unfitness(repository),
  };
}

/** Forks, mirrors and templates have their work done elsewhere, or would hand it on to everybody. */
function unfitness({ fork, mirror_url, is_template }: Delivery["repository"]): Pick<Origin, "unfit"> {
  if (fork) return { unfit: "a fork" };
  if (mirror_url) return { unfit: "a mirror" };
  return is_template ? { unfit: "a template" } : {};
}

const suitePullsMax = 100;
const failures: ReadonlySet<string> = new Set(["failure", "timed_out"]);

/** Checks may be done before the pull request is there: then the branch tells whose they are. */
function checked(delivery: Of<"check_suite.completed">): Intent {
  const {
    id,
    head_sha: headSha,
    head_branch,
    conclusion,
    app,
    pull_requests,
    updated_at,
  } = delivery.check_suite;
  const pulls = pull_requests.slice(0, suitePullsMax).map(({ number }) => number);
  const branch = head_branch ?? "";
  const isOfRun = pulls.length > 0 || isSessionBranch(branch);
  if (!failures.has(conclusion ?? "") || !isOfRun || !app) {
    return { kind: "nothing", why: "no failed checks on a pull request" };
  }
  const at = timeOf(updated_at);
  const suite = { id, headSha, branch, pulls, app, ...(at === undefined ? {} : { at }) };
  return { kind: "checks failed", place: placeOf(delivery, pulls[0] ?? 0), suite };
}

type Of<K extends Delivery["kind"]> = Extract<Delivery, { kind: K }>;

function labelled(delivery: Of<"issues.labeled">, now: number): Intent {
  const { issue, label } = delivery;
  if (issue.pull_request) return { kind: "nothing", why: "label on a pull request" };
  const trigger = { kind: "label" as const, label: label.name, ...idOf(label) };
  return {
    kind: "start",
    label: label.name,
    place: placeOf(delivery, issue.number),
    origin: {
      ...originOf(delivery, now),
      ...(delivery.edited_since ? { unfit: "an issue edited since" } : {}),
      trigger,
    },
  };
}

function unlabelled(delivery: Of<"issues.unlabeled">, now: number): Intent {
  const { issue, label, sender } = delivery;
  const stop: Stop = { why: "label removed", by: sender.login, at: now };
  return {
    kind: "unlabelled",
    label: label.name,
    ...idOf(label),
    place: placeOf(delivery, issue.number),
    stop,
  };
}

function commented(delivery: Of<"issue_comment.created">, now: number): Intent {
  const { issue, comment } = delivery;
  const said = saidIn(comment, timeOf(comment.created_at) ?? now);
  const place = placeOf(delivery, issue.number);
  const reading = parseCommand(said.body);
  const instructions =
    reading.kind === "command" && "instructions" in reading.command ? reading.command.instructions : "";
  const origin = {
    ...originOf(delivery, now),
    askedAt: said.at,
    trigger: { kind: "command" as const, commentId: comment.id, instructions },
    ...(said.viaApp ? { viaApp: said.viaApp } : {}),
  };
  if (reading.kind === "none") return { kind: "said", place, origin, said };
  return { kind: "command", place, origin, said, reading, onPull: Boolean(issue.pull_request) };
}

function stop(delivery: Delivery, issue: number, asked: Stop): Extract<Intent, { kind: "stop" }> {
  return { kind: "stop", place: placeOf(delivery, issue), stop: asked };
}

function originOf(
  { issue, repository, sender }: Of<"issues.labeled"> | Of<"issue_comment.created">,
  now: number,
): Omit<Origin, "trigger"> {
  return {
    sender: personOf(sender),
    at: now,
    title: issue.title,
    body: issue.body ?? "",
    ...(issue.user ? { author: personOf(issue.user) } : {}),
    comments: issue.comments,
    issueUrl: issue.html_url,
    defaultBranch: repository.default_branch,
    private: repository.private,
    ...unfitness(repository),
  };
}
