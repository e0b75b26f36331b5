/**
 * The search for issues. Knows a little of GitHub's search language, and refuses the rest.
 */
import { reaches } from "./access.ts";
import { listed, pageOf, type Reply, type RepositoryCall, type Route } from "./call.ts";
import { issueJson } from "./payload-issue.ts";
import { invalid, unprocessable } from "./refusal.ts";
import { hasLabel } from "./routes-issue.ts";
import { type Issue, type Json, type Repository, repositoryOf, type World } from "./world.ts";

/** The route. */
export const searchRoutes: Route[] = [
  { method: "GET", template: "/search/issues", needs: ["metadata:read"], answer: search },
];

/** GitHub shows no more of a search. */
const foundMax = 1_000;

/**
 * Of the search language only `repo:`, `user:`, `is:`, `state:`, `label:` and `created:>=`; anything else is refused
 * rather than ignored.
 */
function search(call: RepositoryCall): Reply {
  const { world, query } = call;
  const terms = [...(query.get("q") ?? "").matchAll(/([a-z]+):("[^"]*"|\S+)|(\S+)/g)];
  if (terms.length === 0) throw invalid({ resource: "Search", field: "q", code: "missing" });
  const repositories: Repository[] = [];
  const tests: ((issue: Issue) => boolean)[] = [];
  for (const [, name = "", quoted = ""] of terms) {
    const value = quoted.replace(/^"|"$/g, "");
    if (name === "repo") repositories.push(...repositoryOfTerm(world, value));
    else if (name === "user") repositories.push(...repositoriesOfUser(call, value));
    else tests.push(testOf(name, value));
  }
  const found = repositories
    .flatMap((each) => [...each.issues.values()])
    .filter((issue) => !issue.deleted && tests.every((test) => test(issue)));
  const { page: number, size } = pageOf(call);
  if (number * size > foundMax) throw unprocessable("Only the first 1000 search results are available");
  const page = listed(
    call,
    inOrder(found, query),
    (issue): Json => ({ ...issueJson(world, issue), score: 1 }),
  );
  return {
    ...page,
    body: { total_count: found.length, incomplete_results: false, search_type: "lexical", items: page.body },
  };
}

function repositoryOfTerm(world: World, name: string): Repository[] {
  const [owner = "", repo = ""] = name.split("/");
  const repository = repositoryOf(world, owner, repo);
  if (!repository)
    throw unprocessable(
      "The listed users and repositories cannot be searched either because the resources do not exist or you do not have permission to view them.",
    );
  return [repository];
}

/** Those of an account that the caller may see; GitHub finds nothing where there is nothing. */
function repositoriesOfUser({ world, caller }: RepositoryCall, login: string): Repository[] {
  if (caller.kind !== "installation") return [];
  return [...world.repositories.values()].filter(
    (each) => each.owner.login.toLowerCase() === login.toLowerCase() && reaches(caller, each),
  );
}

function testOf(name: string, value: string): (issue: Issue) => boolean {
  if (name === "label") return (issue) => hasLabel(issue, value);
  if (name === "is" && value === "issue") return (issue) => !issue.pull;
  if (name === "is" && value === "pr") return (issue) => issue.pull !== undefined;
  if ((name === "is" || name === "state") && ["open", "closed"].includes(value))
    return (issue) => issue.state === value;
  const since =
    name === "created"
      ? Date.parse(/^>=(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)$/.exec(value)?.[1] ?? "")
      : Number.NaN;
  // GitHub's times have whole seconds.
  if (!Number.isNaN(since)) return (issue) => Math.floor(issue.createdAt / 1_000) * 1_000 >= since;
  throw invalid({ resource: "Search", field: "q", code: "invalid" });
}

function inOrder(issues: Issue[], query: URLSearchParams): Issue[] {
  const key = query.get("sort") === "updated" ? "updatedAt" : "createdAt";
  const sign = query.get("order") === "asc" ? 1 : -1;
  return issues.toSorted((a, b) => sign * (a[key] - b[key] || a.number - b.number));
}
