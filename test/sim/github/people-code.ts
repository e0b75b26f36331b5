/**
 * Acting as people with code: pushing, opening and merging pull requests, and other Apps' checks finishing.
 * Each waits its turn among the changes of the repository's refs, as a push through git does.
 */
import { measured, mergePull, openPull } from "./acts-pull.ts";
import { refMoved } from "./acts-ref.ts";
import { type Actor, announce } from "./announcement.ts";
import { log } from "./diff.ts";
import { type Content, commit, exclusively, resolve, setRef } from "./git.ts";
import { noreplyOf } from "./payload-commit.ts";
import { checkSuiteJson } from "./payload-pull.ts";
import { issueIn } from "./people.ts";
import { someone, somewhere } from "./seeds.ts";
import { type CheckRun, nextId, type World } from "./world.ts";

/** A finished suite of checks of another App. */
export interface SuiteSeed {
  /** Slug of the App; default `github-actions`. */
  app?: string;
  branch: string;
  /** Default: the branch's head. */
  sha?: string;
  runs: {
    name: string;
    conclusion: string;
    title?: string;
    summary?: string;
    text?: string;
    detailsUrl?: string;
    annotations?: { path: string; line: number; message: string }[];
    /** The job's log; none when left out, as with Apps other than Actions. */
    log?: string;
  }[];
}

/** A commit somebody pushes; `null` deletes a file. */
export interface CommitSeed {
  files: Record<string, Content>;
  by: string;
  message?: string;
}

/** Acting functions over a world. `repository` is `owner/name`, `by` a login. */
export function codersOf(world: World) {
  const as = (by: string): Actor => ({ account: someone(world, by) });

  return {
    /** Adds a commit to a branch (started at the default branch if new) and returns its hash. */
    pushCommit(repository: string, branch: string, given: CommitSeed): Promise<string> {
      const place = somewhere(world, repository);
      const { directory } = place;
      const actor = as(given.by);
      const name = `refs/heads/${branch}`;
      return exclusively(directory, async () => {
        const before = await resolve(directory, name);
        const start = before ?? (await resolve(directory, `refs/heads/${place.defaultBranch}`));
        if (!before && start) await setRef(directory, name, start);
        const author = { name: actor.account.login, email: noreplyOf(actor.account) };
        const { files, message = "A change" } = given;
        const after = await commit(directory, { branch, files, message, author, at: world.clock.now() });
        await refMoved(world, place, { move: { name, before, after }, actor });
        return after;
      });
    },

    /** Deletes a branch. */
    deleteBranch(repository: string, branch: string, { by }: { by: string }): Promise<void> {
      const place = somewhere(world, repository);
      const name = `refs/heads/${branch}`;
      return exclusively(place.directory, async () => {
        const before = await resolve(place.directory, name);
        await setRef(place.directory, name, undefined);
        await refMoved(world, place, { move: { name, before, after: undefined }, actor: as(by) });
      });
    },

    /** Opens a pull request between two branches and returns its number. */
    async openPull(
      repository: string,
      given: { title: string; body?: string; head: string; base?: string; author: string },
    ): Promise<number> {
      const place = somewhere(world, repository);
      const tip = async (ref: string) => {
        const sha = await resolve(place.directory, `refs/heads/${ref}`);
        if (!sha) throw new Error(`the simulator knows no branch ${ref}`);
        return { ref, sha };
      };
      const { title, body = "", author } = given;
      const head = await tip(given.head);
      const base = await tip(given.base ?? place.defaultBranch);
      const size = await measured(place, base.sha, head.sha);
      return openPull(world, place, { title, body, head, base, size, draft: false, actor: as(author) })
        .number;
    },

    /** Merges a pull request in git. */
    mergePull(repository: string, number: number, { by }: { by: string }): Promise<void> {
      const issue = issueIn(somewhere(world, repository), number);
      return exclusively(issue.repository.directory, async () => {
        const move = await mergePull(world, issue, as(by));
        const name = `refs/heads/${issue.pull?.baseRef}`;
        await refMoved(world, issue.repository, { move: { name, ...move }, actor: as(by) });
      });
    },

    /** Another App's checks finish on a commit: `check_suite.completed`. Returns the suite's id. */
    async completeSuite(repository: string, seed: SuiteSeed): Promise<number> {
      const place = somewhere(world, repository);
      const headSha = seed.sha ?? (await resolve(place.directory, `refs/heads/${seed.branch}`)) ?? "";
      const slug = seed.app ?? "github-actions";
      const bot = someone(world, `${slug}[bot]`);
      const app = { id: bot.id, slug, owner: bot };
      const id = nextId();
      const now = world.clock.now();
      const runs = seed.runs.map(
        (run): CheckRun => ({
          ...{
            id: nextId(),
            name: run.name,
            headSha,
            app,
            suiteId: id,
            status: "completed",
            conclusion: run.conclusion,
          },
          ...{
            detailsUrl: run.detailsUrl ?? null,
            externalId: "",
            startedAt: now,
            completedAt: now,
            actions: [],
          },
          output: {
            title: run.title ?? null,
            summary: run.summary ?? null,
            text: run.text ?? null,
            annotations: run.annotations?.length ?? 0,
          },
          ...(run.annotations ? { notes: run.annotations } : {}),
          ...(run.log === undefined ? {} : { log: run.log }),
        }),
      );
      place.checkRuns.push(...runs);
      const [head] = await log(place.directory, ["--max-count=1", headSha]);
      if (!head) throw new Error(`the simulator knows no commit ${headSha}`);
      const suite = { id, branch: seed.branch, head, app, runs };
      const fields = { check_suite: checkSuiteJson(world, place, suite) };
      announce(world, { repository: place, event: "check_suite", action: "completed", sender: bot, fields });
      return id;
    },
  };
}
