/**
 * What follows when a ref moves, whoever moved it and however: `push`, `create` and `delete` deliveries,
 * pull requests that follow their head branch or close with it. The move itself has already happened in git.
 */

import { closePull, measured, tellPull } from "./acts-pull.ts";
import { type Actor, announce } from "./announcement.ts";
import { changes, log } from "./diff.ts";
import { isAncestor, resolve } from "./git.ts";
import { noreplyOf, pushedCommitJson } from "./payload-commit.ts";
import { checkSuiteJson } from "./payload-pull.ts";
import {
  type Account,
  fullName,
  type Issue,
  type Json,
  nextId,
  type Repository,
  type World,
} from "./world.ts";

/** What GitHub writes where a ref did not exist before or does not after. */
export const noCommit = "0".repeat(40);

/** A ref that moved. `undefined`: not there. */
export interface Move {
  /** In full: `refs/heads/main`. */
  name: string;
  before: string | undefined;
  after: string | undefined;
}

/** A `push` delivery lists at most this many commits. */
const pushedCommitsMax = 20;

/** Announces a move and lets pull requests follow. */
export async function refMoved(
  world: World,
  repository: Repository,
  { move, actor }: { move: Move; actor: Actor },
): Promise<void> {
  const { name, before, after } = move;
  if (before === after) return;
  repository.pushedAt = world.clock.now();
  const [, kind = "", short = ""] = /^refs\/(heads|tags)\/(.+)$/.exec(name) ?? [];
  if (kind === "") return;
  const refType = kind === "heads" ? "branch" : "tag";
  const named = { ref: short, ref_type: refType, pusher_type: "user" };
  const sender = actor.account;
  await tellPush(world, repository, { move, sender });
  if (!before) {
    const fields = { ...named, master_branch: repository.defaultBranch, description: null };
    announce(world, { repository, event: "create", action: null, sender, fields });
  }
  if (!after) announce(world, { repository, event: "delete", action: null, sender, fields: named });
  if (kind !== "heads") return;
  if (after) await tellSuiteRequested(world, repository, { branch: short, sha: after, sender });
  for (const issue of repository.issues.values()) await follow(world, issue, { branch: short, after, actor });
}

async function follow(
  world: World,
  issue: Issue,
  { branch, after, actor }: { branch: string; after: string | undefined; actor: Actor },
): Promise<void> {
  const { pull, repository } = issue;
  if (!pull || issue.state !== "open" || pull.headRef !== branch || pull.headSha === after) return;
  if (!after) {
    closePull(world, issue, actor);
    return;
  }
  const before = pull.headSha;
  pull.headSha = after;
  pull.baseSha = (await resolve(repository.directory, `refs/heads/${pull.baseRef}`)) ?? pull.baseSha;
  pull.size = await measured(repository, pull.baseSha, after);
  issue.updatedAt = world.clock.now();
  tellPull(world, issue, { action: "synchronize", actor, fields: { before, after } });
}

async function tellPush(
  world: World,
  repository: Repository,
  { move, sender }: { move: Move; sender: Account },
): Promise<void> {
  const { name, before, after } = move;
  const { directory } = repository;
  const range = after
    ? [before ? `${before}..${after}` : after, `--max-count=${pushedCommitsMax}`]
    : undefined;
  const commits = range ? (await log(directory, range)).reverse() : [];
  const listed: Json[] = [];
  for (const commit of commits) {
    listed.push(
      pushedCommitJson(world, repository, {
        commit,
        files: await changes(directory, commit.parents[0], commit.sha),
      }),
    );
  }
  const fields = {
    ref: name,
    before: before ?? noCommit,
    after: after ?? noCommit,
    created: !before,
    deleted: !after,
    forced: before !== undefined && after !== undefined && !(await isAncestor(directory, before, after)),
    base_ref: null,
    compare: `${world.url}/${fullName(repository)}/compare/${(before ?? noCommit).slice(0, 12)}...${(after ?? noCommit).slice(0, 12)}`,
    commits: before ? listed : [],
    head_commit: listed.at(-1) ?? null,
    pusher: { name: sender.login, email: noreplyOf(sender) },
  };
  announce(world, { repository, event: "push", action: null, sender, fields });
}

/** GitHub makes a suite for an App with `checks: write` at every push to a branch and tells it so. */
async function tellSuiteRequested(
  world: World,
  repository: Repository,
  { branch, sha, sender }: { branch: string; sha: string; sender: Account },
): Promise<void> {
  const [head] = await log(repository.directory, ["--max-count=1", sha]);
  if (!head) return;
  const suite = checkSuiteJson(world, repository, { id: nextId(), branch, head, app: world.app, runs: [] });
  announce(world, {
    repository,
    event: "check_suite",
    action: "requested",
    sender,
    fields: { check_suite: suite },
  });
}
