/**
 * Issues, their labels and their history.
 */
import { z } from "zod";
import { addLabels, editIssue, labelOf, openIssue, removeLabel, setState } from "./acts-issue.ts";
import { closePull, reopenPull } from "./acts-pull.ts";
import {
  actorOf,
  bodyOf,
  conversation,
  created,
  issueOf,
  listed,
  looks,
  noContent,
  ok,
  param,
  type Reply,
  type RepositoryCall,
  type Route,
} from "./call.ts";
import { issueEventJson, issueJson, labelJson } from "./payload-issue.ts";
import { invalid, notFound } from "./refusal.ts";
import type { Issue } from "./world.ts";

/** Longest body of an issue, pull request or comment, in characters. */
export const bodyCharsMax = 65_536;
const titleCharsMax = 256;

const labelNames = z.array(
  z.union([z.string(), z.object({ name: z.string() }).transform((label) => label.name)]),
);
const issuePatch = z.object({
  title: z.string().optional(),
  body: z.string().nullish(),
  state: z.enum(["open", "closed"]).optional(),
  state_reason: z.enum(["completed", "not_planned", "duplicate", "reopened"]).nullish(),
  labels: labelNames.optional(),
});
const issueDraft = z.object({ title: z.string(), body: z.string().nullish(), labels: labelNames.optional() });
const labelDraft = z.object({
  name: z.string().min(1).max(50),
  color: z
    .string()
    .regex(/^[0-9a-fA-F]{6}$/)
    .optional(),
  description: z.string().max(100).nullish(),
});

const root = "/repos/{owner}/{repo}";
const one = `${root}/issues/{issue_number}`;

/** Routes of issues and labels. */
export const issueRoutes: Route[] = [
  { method: "GET", template: `${root}/issues`, needs: ["issues:read"], answer: list },
  { method: "POST", template: `${root}/issues`, needs: ["issues:write"], createsContent: true, answer: open },
  {
    method: "GET",
    template: one,
    needs: conversation("read"),
    answer: (call) => ok({ ...issueJson(call.world, issueOf(call)), ...looks(call, issueOf(call)) }),
  },
  { method: "PATCH", template: one, needs: conversation("write"), createsContent: true, answer: change },
  {
    method: "GET",
    template: `${one}/events`,
    needs: conversation("read"),
    answer: (call) =>
      listed(call, issueOf(call).events, (event) => issueEventJson(call.world, issueOf(call), event)),
  },
  {
    method: "GET",
    template: `${one}/labels`,
    needs: conversation("read"),
    answer: (call) => labelsOf(call, issueOf(call)),
  },
  { method: "POST", template: `${one}/labels`, needs: conversation("write"), answer: label },
  { method: "DELETE", template: `${one}/labels/{name}`, needs: conversation("write"), answer: unlabel },
  {
    method: "GET",
    template: `${root}/labels`,
    needs: ["issues:read", "pull_requests:read"],
    answer: (call) =>
      listed(call, [...call.repository.labels.values()], (each) =>
        labelJson(call.world, call.repository, each),
      ),
  },
  {
    method: "POST",
    template: `${root}/labels`,
    needs: ["issues:write", "pull_requests:write"],
    answer: createLabel,
  },
  {
    method: "GET",
    template: `${root}/labels/{name}`,
    needs: ["issues:read", "pull_requests:read"],
    answer: oneLabel,
  },
  {
    method: "DELETE",
    template: `${root}/labels/{name}`,
    needs: ["issues:write", "pull_requests:write"],
    answer: dropLabel,
  },
];

function list(call: RepositoryCall): Reply {
  const { world, query, repository } = call;
  const state = query.get("state") ?? "open";
  if (!["open", "closed", "all"].includes(state))
    throw invalid({ resource: "Issue", field: "state", code: "invalid" });
  const names = (query.get("labels") ?? "").split(",").filter(Boolean);
  const since = Date.parse(query.get("since") ?? "1970-01-01T00:00:00Z");
  const found = [...repository.issues.values()]
    .filter(
      (issue) => !issue.deleted && (state === "all" || issue.state === state) && issue.updatedAt >= since,
    )
    .filter((issue) => names.every((name) => hasLabel(issue, name)));
  return listed(call, sorted(found, query), (issue) => issueJson(world, issue));
}

function sorted(issues: Issue[], query: URLSearchParams): Issue[] {
  const key = query.get("sort") === "updated" ? "updatedAt" : "createdAt";
  const sign = query.get("direction") === "asc" ? 1 : -1;
  return issues.sort((a, b) => sign * (a[key] - b[key] || a.number - b.number));
}

/** Does the issue carry the label? GitHub's labels know no case. */
export function hasLabel(issue: Issue, name: string): boolean {
  return issue.labels.some((each) => each.name.toLowerCase() === name.toLowerCase());
}

/** Refuses titles and bodies GitHub would not take. */
export function checkTexts(
  resource: string,
  texts: { title?: string | undefined; body?: string | null | undefined },
): void {
  if (texts.title === "") throw invalid({ resource, field: "title", code: "missing_field" });
  if ((texts.title?.length ?? 0) > titleCharsMax) {
    throw invalid({
      resource,
      field: "title",
      code: "custom",
      message: `title is too long (maximum is ${titleCharsMax} characters)`,
    });
  }
  if ((texts.body?.length ?? 0) > bodyCharsMax) {
    throw invalid({
      resource,
      field: "body",
      code: "custom",
      message: `body is too long (maximum is ${bodyCharsMax} characters)`,
    });
  }
}

function open(call: RepositoryCall): Reply {
  const { title, body, labels = [] } = bodyOf(call, issueDraft);
  checkTexts("Issue", { title, body });
  const issue = openIssue(call.world, call.repository, {
    title,
    body: body ?? "",
    labels,
    actor: actorOf(call),
  });
  return created(issueJson(call.world, issue));
}

function change(call: RepositoryCall): Reply {
  const { world } = call;
  const issue = issueOf(call);
  const patch = bodyOf(call, issuePatch);
  checkTexts("Issue", patch);
  const actor = actorOf(call);
  const texts = {
    ...(patch.title !== undefined && { title: patch.title }),
    ...(patch.body !== undefined && { body: patch.body ?? "" }),
  };
  editIssue(world, issue, { ...texts, actor });
  if (patch.labels) {
    const wanted = patch.labels;
    for (const each of issue.labels.filter((held) => !wanted.includes(held.name)))
      removeLabel(world, issue, { name: each.name, actor });
    addLabels(world, issue, { names: wanted, actor });
  }
  if (patch.state && issue.pull) (patch.state === "open" ? reopenPull : closePull)(world, issue, actor);
  else if (patch.state)
    setState(world, issue, { state: patch.state, reason: patch.state_reason ?? null, actor });
  return ok(issueJson(world, issue));
}

function labelsOf(call: RepositoryCall, issue: Issue): Reply {
  return ok(issue.labels.map((each) => labelJson(call.world, call.repository, each)));
}

function label(call: RepositoryCall): Reply {
  const issue = issueOf(call);
  const body = Array.isArray(call.body) ? { labels: call.body } : call.body;
  const { labels } = bodyOf({ ...call, body }, z.object({ labels: labelNames }));
  addLabels(call.world, issue, { names: labels, actor: actorOf(call) });
  return labelsOf(call, issue);
}

function unlabel(call: RepositoryCall): Reply {
  const issue = issueOf(call);
  if (!removeLabel(call.world, issue, { name: param(call, "name"), actor: actorOf(call) })) throw notFound();
  return labelsOf(call, issue);
}

function createLabel(call: RepositoryCall): Reply {
  const { name, color, description } = bodyOf(call, labelDraft);
  if (call.repository.labels.has(name.toLowerCase()))
    throw invalid({ resource: "Label", field: "name", code: "already_exists" });
  const made = Object.assign(labelOf(call.repository, name), {
    color: color ?? "ededed",
    description: description ?? null,
  });
  return created(labelJson(call.world, call.repository, made));
}

function oneLabel(call: RepositoryCall): Reply {
  const held = call.repository.labels.get(param(call, "name").toLowerCase());
  if (!held) throw notFound();
  return ok(labelJson(call.world, call.repository, held));
}

function dropLabel(call: RepositoryCall): Reply {
  if (!call.repository.labels.delete(param(call, "name").toLowerCase())) throw notFound();
  return noContent;
}
