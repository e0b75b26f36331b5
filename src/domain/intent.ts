/**
 * What a delivery asks of us: a pure reading. Whether the sender may, and what becomes of it, is decided
 * where GitHub and the store can be asked.
 */
import { type CommandReading, parseCommand } from "./command.ts";
import type { Account, Delivery } from "./delivery.ts";
import type { Origin, Person, Place, Stop } from "./run.ts";
import { labelOf, type Settings } from "./settings.ts";

/** A comment as a delivery carries it. */
export interface Said {
  id: number;
  body: string;
  /** The App it was written through, where it was. */
  viaApp?: { id: number; slug: string };
}

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
    }
  | { kind: "said"; place: Place; origin: Origin; said: Said }
  | { kind: "stop"; place: Place; stop: Stop }
  | { kind: "pull closed"; place: Place; stop: Stop }
  | { kind: "nothing"; why: string };

/** Reads a delivery received at `now`. Only the labels of `settings` start or stop anything. */
export function intentOf(delivery: Delivery, settings: Settings, now: number): Intent {
  if (delivery.repository.archived) return { kind: "nothing", why: "repository is archived" };
  switch (delivery.kind) {
    case "issues.labeled":
      return labelled(delivery, settings, now);
    case "issues.unlabeled":
      return labelOf(settings, delivery.label.name)
        ? stop(delivery, delivery.issue.number, { why: "label removed", by: delivery.sender.login, at: now })
        : { kind: "nothing", why: "not a label of ours" };
    case "issues.closed":
      return stop(delivery, delivery.issue.number, {
        why: "issue closed",
        by: delivery.sender.login,
        at: now,
      });
    case "issue_comment.created":
      return commented(delivery, now);
    case "pull_request.closed": {
      const why = delivery.pull_request.merged ? "pull request merged" : "pull request closed";
      const number = delivery.pull_request.number;
      return {
        kind: "pull closed",
        place: placeOf(delivery, number),
        stop: { why, by: delivery.sender.login, at: now },
      };
    }
    default:
      return delivery satisfies never;
  }
}

type Of<K extends Delivery["kind"]> = Extract<Delivery, { kind: K }>;

function labelled(delivery: Of<"issues.labeled">, settings: Settings, now: number): Intent {
  const { issue, label } = delivery;
  if (issue.pull_request) return { kind: "nothing", why: "label on a pull request" };
  if (!labelOf(settings, label.name)) return { kind: "nothing", why: "not a label of ours" };
  if (issue.state !== "open") return { kind: "nothing", why: "issue is closed" };
  const trigger = { kind: "label" as const, label: label.name };
  return {
    kind: "start",
    label: label.name,
    place: placeOf(delivery, issue.number),
    origin: { ...originOf(delivery, now), trigger },
  };
}

function commented(delivery: Of<"issue_comment.created">, now: number): Intent {
  const { issue, comment } = delivery;
  const app = comment.performed_via_github_app;
  const said: Said = {
    id: comment.id,
    body: comment.body ?? "",
    ...(app ? { viaApp: { id: app.id, slug: app.slug ?? "" } } : {}),
  };
  const place = placeOf(delivery, issue.number);
  const reading = parseCommand(said.body);
  const instructions =
    reading.kind === "command" && "instructions" in reading.command ? reading.command.instructions : "";
  const origin = {
    ...originOf(delivery, now),
    trigger: { kind: "command" as const, commentId: comment.id, instructions },
  };
  if (reading.kind === "none") return { kind: "said", place, origin, said };
  return { kind: "command", place, origin, said, reading, onPull: Boolean(issue.pull_request) };
}

function stop(delivery: Delivery, issue: number, asked: Stop): Intent {
  return { kind: "stop", place: placeOf(delivery, issue), stop: asked };
}

function placeOf({ repository, installation }: Delivery, issue: number): Place {
  return {
    installation: installation.id,
    repositoryId: repository.id,
    owner: repository.owner.login,
    repo: repository.name,
    issue,
  };
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
  };
}

function personOf({ login, id, type }: Account): Person {
  return { login, id, type };
}
