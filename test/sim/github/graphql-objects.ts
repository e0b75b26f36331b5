/**
 * The part of GitHub's GraphQL schema this simulator knows: repositories, issues, pull requests, comments,
 * their edits and their authors. A field that is not here is refused by name.
 */

import { holds, permissionsNow, reaches } from "./access.ts";
import type { Caller } from "./auth.ts";
import { type Args, FieldProblem, type GraphqlObject, graphqlObject } from "./graphql-field.ts";
import { defaultBranchObject, expressedObject } from "./graphql-git.ts";
import { issuePage } from "./payload-issue.ts";
import { fileAt } from "./tree.ts";
import {
  type Account,
  type Comment,
  type Edit,
  fullName,
  type Issue,
  isoTime,
  nodeId,
  type Post,
  type Repository,
  repositoryOf,
  type World,
} from "./world.ts";

const pageSizeMax = 100;

/** A page of a list; `first` or `last` has to be given, cursors are positions. */
function connection<Item>(
  items: Item[],
  args: Args,
  { name, write }: { name: string; write: (item: Item) => GraphqlObject },
): GraphqlObject {
  const { first, last, after, before } = args;
  const size = first ?? last;
  if (typeof size !== "number") {
    throw new FieldProblem(
      "MISSING_PAGINATION_BOUNDARIES",
      `You must provide a \`first\` or \`last\` value to properly paginate the \`${name}\` connection.`,
    );
  }
  if (size < 1 || size > pageSizeMax) {
    throw new FieldProblem(
      "EXCESSIVE_PAGINATION",
      `Requesting ${size} records on the \`${name}\` connection exceeds the \`first\` limit of 100 records.`,
    );
  }
  const position = (cursor: unknown, fallback: number) =>
    typeof cursor === "string"
      ? Number(Buffer.from(cursor, "base64").toString().replace("cursor:", ""))
      : fallback;
  const low = position(after, -1) + 1;
  const high = position(before, items.length);
  const start = typeof first === "number" ? low : Math.max(low, high - size);
  const end = typeof first === "number" ? Math.min(high, low + size) : high;
  const cursorOf = (index: number) =>
    start < end ? Buffer.from(`cursor:${index}`).toString("base64") : null;
  return graphqlObject(`${name}Connection`, {
    totalCount: () => items.length,
    nodes: () => items.slice(start, end).map(write),
    pageInfo: () =>
      graphqlObject("PageInfo", {
        hasNextPage: () => end < items.length,
        hasPreviousPage: () => start > 0,
        startCursor: () => cursorOf(start),
        endCursor: () => cursorOf(end - 1),
      }),
  });
}

function actorObject(world: World, account: Account): GraphqlObject {
  // GraphQL writes a bot's login without the suffix REST gives it.
  const login = account.login.replace(/\[bot\]$/, "");
  return graphqlObject(account.type, {
    login: () => login,
    id: () => nodeId(account.type, account.id),
    databaseId: () => account.id,
    url: () => `${world.url}/${account.type === "Bot" ? `apps/${login}` : login}`,
  });
}

function editObject(world: World, edit: Edit): GraphqlObject {
  return graphqlObject("UserContentEdit", {
    id: () => nodeId("UserContentEdit", edit.id),
    createdAt: () => isoTime(edit.at),
    editedAt: () => isoTime(edit.at),
    diff: () => edit.before,
    editor: () => actorObject(world, edit.editor),
  });
}

function postFields(world: World, post: Post): GraphqlObject["fields"] {
  const last = post.edits.at(-1);
  return {
    databaseId: () => post.id,
    body: () => post.body,
    author: () => actorObject(world, post.author),
    createdAt: () => isoTime(post.createdAt),
    updatedAt: () => isoTime(post.updatedAt),
    lastEditedAt: () => (last ? isoTime(last.at) : null),
    includesCreatedEdit: () => last !== undefined,
    userContentEdits: (args) =>
      connection([...post.edits].reverse(), args, {
        name: "userContentEdits",
        write: (edit) => editObject(world, edit),
      }),
  };
}

/** A conversation comment. */
export function commentObject(world: World, comment: Comment): GraphqlObject {
  return graphqlObject("IssueComment", {
    ...postFields(world, comment),
    id: () => nodeId("IssueComment", comment.id),
    url: () => `${issuePage(world, comment.issue)}#issuecomment-${comment.id}`,
    isMinimized: () => comment.minimized !== undefined,
    minimizedReason: () => comment.minimized ?? null,
  });
}

/** An issue, or a pull request as one. */
export function issueObject(world: World, issue: Issue): GraphqlObject {
  const { pull } = issue;
  const typename = pull ? "PullRequest" : "Issue";
  return graphqlObject(typename, {
    ...postFields(world, issue),
    id: () => (pull ? nodeId("PullRequest", pull.id) : nodeId("Issue", issue.id)),
    databaseId: () => pull?.id ?? issue.id,
    number: () => issue.number,
    title: () => issue.title,
    url: () => issuePage(world, issue),
    state: () => (pull?.mergedAt === undefined ? issue.state.toUpperCase() : "MERGED"),
    locked: () => issue.locked,
    comments: (args) =>
      connection(issue.comments, args, {
        name: "comments",
        write: (comment) => commentObject(world, comment),
      }),
    labels: (args) =>
      connection(issue.labels, args, {
        name: "labels",
        write: (label) => graphqlObject("Label", { name: () => label.name }),
      }),
    ...(pull && {
      isDraft: () => pull.draft,
      headRefName: () => pull.headRef,
      headRefOid: () => pull.headSha,
      baseRefName: () => pull.baseRef,
    }),
  });
}

const templatePlaces = [
  "PULL_REQUEST_TEMPLATE.md",
  ".github/PULL_REQUEST_TEMPLATE.md",
  "docs/PULL_REQUEST_TEMPLATE.md",
];

async function templates(repository: Repository): Promise<GraphqlObject[]> {
  const found: GraphqlObject[] = [];
  for (const path of templatePlaces.flatMap((place) => [
    place,
    place.replace("PULL_REQUEST_TEMPLATE", "pull_request_template"),
  ])) {
    const body = (
      await fileAt(repository.directory, `refs/heads/${repository.defaultBranch}`, path)
    )?.toString();
    if (body !== undefined)
      found.push(graphqlObject("PullRequestTemplate", { body: () => body, filename: () => path }));
  }
  return found;
}

function repositoryObject(
  world: World,
  repository: Repository,
  caller: Caller & { kind: "installation" },
): GraphqlObject {
  const withContents =
    <Given>(read: (args: Args) => Given) =>
    (args: Args) => {
      if (holds(permissionsNow(caller.token, caller.installation), "contents:read")) return read(args);
      throw new FieldProblem("FORBIDDEN", "Resource not accessible by integration");
    };
  const numbered = (wanted: "Issue" | "PullRequest" | "issue or pull request", { number }: Args) => {
    const issue = repository.issues.get(Number(number));
    const fits =
      issue && !issue.deleted && (wanted === "Issue" ? !issue.pull : wanted !== "PullRequest" || issue.pull);
    if (issue && fits) return issueObject(world, issue);
    throw new FieldProblem("NOT_FOUND", `Could not resolve to an ${wanted} with the number of ${number}.`);
  };
  return graphqlObject("Repository", {
    id: () => nodeId("Repository", repository.id),
    databaseId: () => repository.id,
    name: () => repository.name,
    nameWithOwner: () => fullName(repository),
    isPrivate: () => repository.private,
    isArchived: () => repository.archived,
    issue: (args) => numbered("Issue", args),
    pullRequest: (args) => numbered("PullRequest", args),
    issueOrPullRequest: (args) => numbered("issue or pull request", args),
    pullRequestTemplates: () => templates(repository),
    defaultBranchRef: withContents(() => defaultBranchObject(repository)),
    object: withContents((args) => expressedObject(repository, args)),
  });
}

/** Where queries start. */
export function queryObject(world: World, caller: Caller & { kind: "installation" }): GraphqlObject {
  return graphqlObject("Query", {
    repository: ({ owner, name, followRenames }) => {
      const former = world.formerNames.get(`${owner}/${name}`.toLowerCase());
      const renamed =
        former !== undefined && followRenames !== false ? world.repositories.get(former) : undefined;
      const repository = repositoryOf(world, String(owner), String(name)) ?? renamed;
      if (repository && reaches(caller, repository)) return repositoryObject(world, repository, caller);
      throw new FieldProblem(
        "NOT_FOUND",
        `Could not resolve to a Repository with the name '${owner}/${name}'.`,
      );
    },
  });
}
