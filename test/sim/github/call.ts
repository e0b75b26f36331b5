/**
 * One REST call on its way to an answer: what a route gets, what it gives back, and the checks all routes share.
 * Knows GitHub's conventions (paging, validation messages), no particular route.
 */
import type { z } from "zod";
import type { Permission } from "./access.ts";
import type { Actor } from "./announcement.ts";
import type { Caller } from "./auth.ts";
import { gone, moved, notFound, Refusal, unprocessable } from "./refusal.ts";
import {
  type Comment,
  type Issue,
  type Json,
  nextId,
  type Post,
  type Repository,
  type ReviewComment,
  repositoryOf,
  type World,
} from "./world.ts";

/** A request with its credentials checked and its repository found. */
export interface Call {
  world: World;
  method: string;
  /** Where the request went, without its query: `/api/v3/repos/…`. */
  path: string;
  params: Record<string, string>;
  query: URLSearchParams;
  accept: string;
  /** The parsed body, `undefined` when there was none. */
  body: unknown;
  caller: Caller;
}

/** What a route answers. */
export interface Reply {
  status: number;
  body?: unknown;
  /** Sent as it is instead of `body`. */
  raw?: { type: string; bytes: Buffer };
  headers?: Record<string, string>;
}

/** One operation of GitHub's REST API. */
export interface Route {
  method: "GET" | "POST" | "PATCH" | "PUT" | "DELETE";
  /** As the OpenAPI description writes it: `/repos/{owner}/{repo}/issues/{issue_number}`. */
  template: string;
  /** Who may call it; an installation when absent. */
  as?: "app" | "anyone" | "user" | "client";
  /** Any one of these permissions suffices. */
  needs?: Permission[] | ((call: RepositoryCall) => Permission[]);
  /** Counts against the limit on content creation. */
  createsContent?: true;
  answer(call: RepositoryCall): Reply | Promise<Reply>;
}

/** A call whose template names a repository. Routes without one never read `repository`. */
export interface RepositoryCall extends Call {
  repository: Repository;
}

/** 200 with a body. */
export function ok(body: unknown): Reply {
  return { status: 200, body };
}

/** 201 with a body. */
export function created(body: unknown): Reply {
  return { status: 201, body };
}

/** 204. */
export const noContent: Reply = { status: 204 };

/** What a text looks like, where the caller asks for that as well (`application/vnd.github.full+json`). */
export function looks(call: Call, post: Post): Json {
  return /application\/vnd\.github\.(v3\.)?full/.test(call.accept) ? call.world.render(post) : {};
}

/** The body as the schema wants it; 400 for no JSON object, 422 otherwise. */
export function bodyOf<Schema extends z.ZodType>(call: Call, schema: Schema): z.output<Schema> {
  const body = call.body ?? {};
  if (typeof body !== "object" || Array.isArray(body)) throw new Refusal(400, "Body should be a JSON object");
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const [first] = parsed.error.issues;
  throw unprocessable(
    `Invalid request.\n\nFor 'properties/${first?.path.join("/") ?? ""}', ${first?.message ?? ""}.`,
  );
}

/** A parameter of the path; empty when the template has none of that name. */
export function param(call: Call, name: string): string {
  const given: string | undefined = call.params[name];
  return given ?? "";
}

/** What the bot of the App does when an installation calls. */
export function actorOf(call: Call): Actor {
  return { account: call.world.app.bot, via: call.world.app };
}

/** The repository the parameters name, 404 when there is none, a redirect when it has another name now. */
export function repositoryNamed(
  world: World,
  { method, params, rest }: { method: string; params: Record<string, string>; rest: string },
): Repository {
  const { owner = "", repo = "" } = params;
  const repository = repositoryOf(world, owner, repo);
  if (repository) return repository;
  const id = world.formerNames.get(`${owner}/${repo}`.toLowerCase());
  if (id === undefined) throw notFound();
  throw moved(method, `${world.url}/api/v3/repositories/${id}${rest}`);
}

/** The issue (or pull request) the parameters name; 404, or 410 when it was deleted. */
export function issueOf(call: RepositoryCall): Issue {
  const issue = call.repository.issues.get(Number(call.params["issue_number"]));
  if (!issue) throw notFound();
  if (issue.deleted) throw gone();
  if (issue.movedTo) {
    const { repository, number } = issue.movedTo;
    const below = call.path.replace(/^.*\/issues\/\d+/, "");
    throw moved(
      call.method,
      `${call.world.url}/api/v3/repositories/${repository.id}/issues/${number}${below}`,
    );
  }
  return issue;
}

/** The pull request the parameters name. */
export function pullOf(call: RepositoryCall): { issue: Issue; pull: NonNullable<Issue["pull"]> } {
  const issue = call.repository.issues.get(Number(call.params["pull_number"]));
  if (!issue?.pull) throw notFound();
  return { issue, pull: issue.pull };
}

/** The conversation comment the parameters name. */
export function commentOf(call: RepositoryCall): Comment {
  const id = Number(call.params["comment_id"]);
  for (const issue of call.repository.issues.values()) {
    const comment = issue.comments.find((each) => each.id === id);
    if (comment && !issue.deleted) return comment;
  }
  throw notFound();
}

/** The review comment the parameters name. */
export function remarkOf(call: RepositoryCall): ReviewComment {
  const id = Number(call.params["comment_id"]);
  const remarks = [...call.repository.issues.values()].flatMap(({ pull }) =>
    (pull?.reviews ?? []).flatMap(({ comments }) => comments),
  );
  const found = remarks.find((each) => each.id === id);
  if (!found) throw notFound();
  return found;
}

/** On a pull request its own permission serves for the issue half too (GitHub's permission tables). */
export function conversation(level: "read" | "write"): (call: RepositoryCall) => Permission[] {
  return (call) => {
    const issue = call.params["comment_id"]
      ? commentOf(call).issue
      : call.repository.issues.get(Number(call.params["issue_number"]));
    return issue?.pull ? [`issues:${level}`, `pull_requests:${level}`] : [`issues:${level}`];
  };
}

const pageSizeMax = 100;

/** Where in a list the caller is: sizes above 100 count as 100, and nonsense as the default. */
export function pageOf(call: Call): { page: number; size: number } {
  const number = (name: string, fallback: number) => {
    const value = Number(call.query.get(name));
    return Number.isInteger(value) && value > 0 ? value : fallback;
  };
  return { page: number("page", 1), size: Math.min(number("per_page", 30), pageSizeMax) };
}

/** The `Link` header of a page of a list with `total` items. */
export function linkOf(call: Call, total: number): Record<string, string> {
  const { page, size } = pageOf(call);
  const last = Math.max(1, Math.ceil(total / size));
  const to = (target: number, rel: string) => {
    const query = new URLSearchParams(call.query);
    query.set("page", String(target));
    return `<${call.world.url}${call.path}?${query}>; rel="${rel}"`;
  };
  const links = [
    ...(page > 1 ? [to(page - 1, "prev")] : []),
    ...(page < last ? [to(page + 1, "next"), to(last, "last")] : []),
    ...(page > 1 ? [to(1, "first")] : []),
  ];
  return links.length > 0 ? { link: links.join(", ") } : {};
}

/** The page of a list that the caller asked for. */
export function slice<Item>(call: Call, items: Item[]): Item[] {
  const { page, size } = pageOf(call);
  return items.slice((page - 1) * size, page * size);
}

/** 200 with a page of a list. */
export function listed<Item>(call: Call, items: Item[], write: (item: Item) => Json): Reply {
  return { status: 200, body: slice(call, items).map(write), headers: linkOf(call, items.length) };
}

/** A request id in GitHub's form. */
export function requestId(): string {
  return `SIM0:${nextId().toString(16).toUpperCase()}`;
}
