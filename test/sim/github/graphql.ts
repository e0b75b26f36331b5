/**
 * Answers GraphQL: queries over `graphql-objects.ts`, and three mutations that REST has not.
 * Everything else gives an `errors` array, with status 200 as at GitHub.
 */
import { holds, permissionsNow, reaches } from "./access.ts";
import { tellPull } from "./acts-pull.ts";
import type { Caller } from "./auth.ts";
import { FieldProblem, type GraphqlObject, isObject } from "./graphql-field.ts";
import { commentObject, issueObject, queryObject } from "./graphql-objects.ts";
import { type Field, operationOf, type Selection, SyntaxProblem } from "./graphql-query.ts";
import { type Comment, type Issue, type Json, nodeId, type Pull, type World } from "./world.ts";

type Installed = Caller & { kind: "installation" };
type Path = (string | number)[];

/** Answers a parsed request body `{query, variables}`. */
export async function answerGraphql(world: World, caller: Installed, body: unknown): Promise<Json> {
  const { query, variables } = { query: undefined, variables: undefined, ...(body as Json) };
  if (typeof query !== "string")
    return { errors: [{ message: "A query attribute must be specified and must be a string." }] };
  const errors: Json[] = [];
  try {
    const operation = operationOf(query, { ...(variables as Json | undefined) });
    const root = operation.kind === "query" ? queryObject(world, caller) : mutationObject(world, caller);
    const data = await choose(root, { selections: operation.selections, path: [], errors });
    return errors.length > 0 ? { data, errors } : { data };
  } catch (problem) {
    if (problem instanceof SyntaxProblem) return { errors: [{ message: problem.message }] };
    throw problem;
  }
}

/** The fields that were asked for, one after the other; a refused one is null and noted. */
async function choose(
  source: GraphqlObject,
  { selections, path, errors }: { selections: Selection[]; path: Path; errors: Json[] },
): Promise<Json> {
  const chosen: Json = {};
  for (const selection of selections) {
    if (selection.kind === "fragment") {
      const fits =
        selection.on === undefined || selection.on === source.typename || interfaces.includes(selection.on);
      if (fits)
        Object.assign(chosen, await choose(source, { selections: selection.selections, path, errors }));
      continue;
    }
    const here = [...path, selection.alias];
    try {
      chosen[selection.alias] = await complete(await fieldOf(source, selection), {
        field: selection,
        path: here,
        errors,
      });
    } catch (problem) {
      if (!(problem instanceof FieldProblem)) throw problem;
      chosen[selection.alias] = null;
      errors.push({ type: problem.type, path: here, message: problem.message });
    }
  }
  return chosen;
}

const interfaces = ["Actor", "Node", "Comment"];

function fieldOf(source: GraphqlObject, field: Field): unknown {
  if (field.name === "__typename") return source.typename;
  const get = source.fields[field.name];
  if (!get) throw new SyntaxProblem(`Field '${field.name}' doesn't exist on type '${source.typename}'`);
  return get(field.args);
}

async function complete(
  value: unknown,
  { field, path, errors }: { field: Field; path: Path; errors: Json[] },
): Promise<unknown> {
  if (Array.isArray(value)) {
    const items: unknown[] = [];
    for (const [index, item] of value.entries())
      items.push(await complete(item, { field, path: [...path, index], errors }));
    return items;
  }
  if (!isObject(value)) {
    if (field.selections && value !== null)
      throw new SyntaxProblem(`Selections can't be made on scalars (field '${field.name}')`);
    return value;
  }
  if (!field.selections)
    throw new SyntaxProblem(`Field must have selections (field '${field.name}' returns ${value.typename})`);
  return choose(value, { selections: field.selections, path, errors });
}

const classifiers = ["SPAM", "ABUSE", "OFF_TOPIC", "OUTDATED", "DUPLICATE", "RESOLVED"];

function mutationObject(world: World, caller: Installed): GraphqlObject {
  const actor = { account: world.app.bot, via: world.app };
  const setDraft = (draft: boolean) => (args: Json) => {
    const { issue, pull } = pullOf(world, caller, inputOf(args)["pullRequestId"]);
    if (pull.draft !== draft) {
      pull.draft = draft;
      tellPull(world, issue, { action: draft ? "converted_to_draft" : "ready_for_review", actor });
    }
    return payload({ pullRequest: () => issueObject(world, issue) });
  };
  return {
    typename: "Mutation",
    fields: {
      minimizeComment: (args) => {
        const { subjectId, classifier } = inputOf(args);
        const comment = commentOf(world, caller, subjectId);
        if (!classifiers.includes(String(classifier)))
          throw new SyntaxProblem(
            "Argument 'classifier' on InputObject 'MinimizeCommentInput' has an invalid value",
          );
        comment.minimized = String(classifier).toLowerCase().replace("_", "-");
        return payload({ minimizedComment: () => commentObject(world, comment) });
      },
      markPullRequestReadyForReview: setDraft(false),
      convertPullRequestToDraft: setDraft(true),
    },
  };
}

function payload(fields: GraphqlObject["fields"]): GraphqlObject {
  return { typename: "Payload", fields: { clientMutationId: () => null, ...fields } };
}

function inputOf(args: Json): Json {
  if (typeof args["input"] !== "object" || args["input"] === null)
    throw new SyntaxProblem("Field is missing required arguments: input");
  return { ...args["input"] };
}

/** Issues in reach, each with whether the caller may write there. */
function issuesIn(world: World, caller: Installed): { issue: Issue; mayWrite: boolean }[] {
  const granted = permissionsNow(caller.token, caller.installation);
  const write = (issue: Issue) =>
    holds(granted, "issues:write") || (issue.pull !== undefined && holds(granted, "pull_requests:write"));
  return [...world.repositories.values()]
    .filter((repository) => reaches(caller, repository))
    .flatMap((repository) => [...repository.issues.values()])
    .map((issue) => ({ issue, mayWrite: write(issue) }));
}

function commentOf(world: World, caller: Installed, id: unknown): Comment {
  for (const { issue, mayWrite } of issuesIn(world, caller)) {
    const comment = issue.comments.find((each) => nodeId("IssueComment", each.id) === id);
    if (comment && !mayWrite) throw forbidden();
    if (comment) return comment;
  }
  throw notResolved(id);
}

function pullOf(world: World, caller: Installed, id: unknown): { issue: Issue; pull: Pull } {
  for (const { issue, mayWrite } of issuesIn(world, caller)) {
    const { pull } = issue;
    if (!pull || nodeId("PullRequest", pull.id) !== id) continue;
    if (!mayWrite) throw forbidden();
    return { issue, pull };
  }
  throw notResolved(id);
}

function forbidden(): FieldProblem {
  return new FieldProblem("FORBIDDEN", "Resource not accessible by integration");
}

function notResolved(id: unknown): FieldProblem {
  return new FieldProblem("NOT_FOUND", `Could not resolve to a node with the global id of '${id}'`);
}
