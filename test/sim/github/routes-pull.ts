/**
 * Pull requests, their reviews and their files.
 */
import { z } from "zod";
import { editIssue } from "./acts-issue.ts";
import { closePull, measured, openPull, reopenPull, requestReviews, tellPull } from "./acts-pull.ts";
import {
  actorOf,
  bodyOf,
  created,
  listed,
  ok,
  param,
  pullOf,
  type Reply,
  type RepositoryCall,
  type Route,
} from "./call.ts";
import { changes, log } from "./diff.ts";
import { mergeBase, resolve } from "./git.ts";
import { commitJson, fileJson } from "./payload-commit.ts";
import { pullJson, reviewCommentJson, reviewJson, simplePullJson } from "./payload-pull.ts";
import { type Flaw, invalid, notFound, unprocessable } from "./refusal.ts";
import { checkTexts } from "./routes-issue.ts";
import { accountOf, fullName, type Issue, type Pull, type Repository, roleOf } from "./world.ts";

const root = "/repos/{owner}/{repo}/pulls";
const one = `${root}/{pull_number}`;
const reads: Route["needs"] = ["pull_requests:read"];
const writes: Route["needs"] = ["pull_requests:write"];

/** Routes of pull requests. */
export const pullRoutes: Route[] = [
  { method: "GET", template: root, needs: reads, answer: list },
  { method: "POST", template: root, needs: writes, createsContent: true, answer: open },
  { method: "GET", template: one, needs: reads, answer: (call) => fullPull(call) },
  { method: "PATCH", template: one, needs: writes, createsContent: true, answer: change },
  {
    method: "POST",
    template: `${one}/requested_reviewers`,
    needs: writes,
    createsContent: true,
    answer: askReview,
  },
  {
    method: "GET",
    template: `${one}/reviews`,
    needs: reads,
    answer: (call) =>
      listed(call, pullOf(call).pull.reviews, (review) => reviewJson(call.world, pullOf(call).issue, review)),
  },
  { method: "GET", template: `${one}/reviews/{review_id}`, needs: reads, answer: oneReview },
  { method: "GET", template: `${one}/reviews/{review_id}/comments`, needs: reads, answer: reviewComments },
  { method: "GET", template: `${one}/comments`, needs: reads, answer: reviewComments },
  { method: "GET", template: `${one}/files`, needs: reads, answer: files },
  { method: "GET", template: `${one}/commits`, needs: reads, answer: commits },
];

function fullPull(call: RepositoryCall): Reply {
  const { issue, pull } = pullOf(call);
  return ok(pullJson(call.world, issue, pull));
}

function pullsOf(repository: Repository): { issue: Issue; pull: Pull }[] {
  return [...repository.issues.values()].flatMap((issue) =>
    issue.pull ? [{ issue, pull: issue.pull }] : [],
  );
}

/** `branch` and `owner:branch` name the same head; forks are not known here. */
function branchOf(repository: Repository, head: string): string | undefined {
  const [, owner, name] = /^(?:([^:]+):)?(.+)$/.exec(head) ?? [];
  return owner && owner.toLowerCase() !== repository.owner.login.toLowerCase() ? undefined : name;
}

function list(call: RepositoryCall): Reply {
  const { world, repository, query } = call;
  const state = query.get("state") ?? "open";
  if (!["open", "closed", "all"].includes(state))
    throw invalid({ resource: "PullRequest", field: "state", code: "invalid" });
  const head = query.get("head");
  const base = query.get("base");
  const found = pullsOf(repository)
    .filter(({ issue }) => state === "all" || issue.state === state)
    // GitHub filters by `owner:branch` only; a bare branch name is ignored.
    .filter(({ pull }) => !head?.includes(":") || pull.headRef === branchOf(repository, head))
    .filter(({ pull }) => base === null || pull.baseRef === base);
  const sign = query.get("direction") === "asc" ? 1 : -1;
  found.sort((a, b) => sign * (a.issue.number - b.issue.number));
  return listed(call, found, ({ issue, pull }) => simplePullJson(world, issue, pull));
}

const draftBody = z.object({
  title: z.string().optional(),
  head: z.string(),
  base: z.string(),
  body: z.string().nullish(),
  draft: z.boolean().default(false),
  maintainer_can_modify: z.boolean().optional(),
});

async function open(call: RepositoryCall): Promise<Reply> {
  const { world, repository } = call;
  const { title = "", body, head, base, draft } = bodyOf(call, draftBody);
  const flaw = (rest: Omit<Flaw, "resource">) => invalid({ resource: "PullRequest", ...rest });
  checkTexts("PullRequest", { title, body });
  const branch = branchOf(repository, head);
  const headSha = branch && (await resolve(repository.directory, `refs/heads/${branch}`));
  const baseSha = await resolve(repository.directory, `refs/heads/${base}`);
  if (!branch || !headSha) throw flaw({ field: "head", code: "invalid" });
  if (!baseSha) throw flaw({ field: "base", code: "invalid" });
  if (draft && !repository.drafts)
    throw unprocessable("Draft pull requests are not supported in this repository.");
  const size = await measured(repository, baseSha, headSha);
  if (size.commits === 0) throw flaw({ code: "custom", message: `No commits between ${base} and ${branch}` });
  const isThere = pullsOf(repository).some(
    ({ issue, pull }) => issue.state === "open" && pull.headRef === branch && pull.baseRef === base,
  );
  if (isThere) {
    const message = `A pull request already exists for ${repository.owner.login}:${branch}.`;
    throw flaw({ code: "custom", message });
  }
  const issue = openPull(world, repository, {
    ...{ title, body: body ?? "", draft, size, actor: actorOf(call) },
    head: { ref: branch, sha: headSha },
    base: { ref: base, sha: baseSha },
  });
  return created(issue.pull && pullJson(world, issue, issue.pull));
}

const patchBody = z.object({
  title: z.string().optional(),
  body: z.string().nullish(),
  state: z.enum(["open", "closed"]).optional(),
  base: z.string().optional(),
});

async function change(call: RepositoryCall): Promise<Reply> {
  const { world, repository } = call;
  const { issue, pull } = pullOf(call);
  const patch = bodyOf(call, patchBody);
  checkTexts("PullRequest", patch);
  const actor = actorOf(call);
  const texts = {
    ...(patch.title !== undefined && { title: patch.title }),
    ...(patch.body !== undefined && { body: patch.body ?? "" }),
  };
  editIssue(world, issue, { ...texts, actor });
  if (patch.base !== undefined && patch.base !== pull.baseRef) {
    const sha = await resolve(repository.directory, `refs/heads/${patch.base}`);
    if (!sha) throw invalid({ resource: "PullRequest", field: "base", code: "invalid" });
    const changed = { base: { ref: { from: pull.baseRef }, sha: { from: pull.baseSha } } };
    const size = await measured(repository, sha, pull.headSha);
    Object.assign(pull, { baseRef: patch.base, baseSha: sha, size });
    tellPull(world, issue, { action: "edited", actor, fields: { changes: changed } });
  }
  if (patch.state) (patch.state === "open" ? reopenPull : closePull)(world, issue, actor);
  return fullPull(call);
}

function askReview(call: RepositoryCall): Reply {
  const { world, repository } = call;
  const { issue, pull } = pullOf(call);
  const body = bodyOf(
    call,
    z.object({ reviewers: z.array(z.string()).default([]), team_reviewers: z.array(z.string()).default([]) }),
  );
  const accounts = body.reviewers.map((login) => {
    const account = accountOf(world, login);
    if (account && account.id === issue.author.id)
      throw unprocessable("Review cannot be requested from pull request author.");
    const isCollaborator =
      account?.type === "User" &&
      (repository.collaborators.has(login.toLowerCase()) || roleOf(repository, account) === "admin");
    if (isCollaborator) return account;
    throw unprocessable(
      `Reviews may only be requested from collaborators. One or more of the users or teams you specified is not a collaborator of the ${fullName(repository)} repository.`,
    );
  });
  requestReviews(world, issue, { reviewers: accounts, actor: actorOf(call) });
  return created(simplePullJson(world, issue, pull));
}

function oneReview(call: RepositoryCall): Reply {
  const { issue, pull } = pullOf(call);
  const review = pull.reviews.find((each) => each.id === Number(param(call, "review_id")));
  if (!review) throw notFound();
  return ok(reviewJson(call.world, issue, review));
}

function reviewComments(call: RepositoryCall): Reply {
  const { issue, pull } = pullOf(call);
  const id = param(call, "review_id");
  const reviews = pull.reviews.filter((review) => id === "" || review.id === Number(id));
  if (id !== "" && reviews.length === 0) throw notFound();
  const comments = reviews.flatMap((review) => review.comments.map((comment) => ({ review, comment })));
  return listed(call, comments, (each) => reviewCommentJson(call.world, issue, each));
}

async function files(call: RepositoryCall): Promise<Reply> {
  const { pull } = pullOf(call);
  const { directory } = call.repository;
  const found = await changes(
    directory,
    await mergeBase(directory, pull.baseSha, pull.headSha),
    pull.headSha,
  );
  return listed(call, found, (file) => fileJson(call.world, call.repository, { file, head: pull.headSha }));
}

async function commits(call: RepositoryCall): Promise<Reply> {
  const { pull } = pullOf(call);
  const found = await log(call.repository.directory, ["--reverse", `${pull.baseSha}..${pull.headSha}`]);
  return listed(call, found.slice(0, 250), (commit) => commitJson(call.world, call.repository, commit));
}
