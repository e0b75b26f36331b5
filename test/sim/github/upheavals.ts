/**
 * What owners and admins do to repositories, accounts and issues while others work there: archived, opened to
 * the world, given away, renamed, deleted, with the deliveries that follow.
 */

import { newIssue } from "./acts-issue.ts";
import { type Actor, announce, announceInstallation } from "./announcement.ts";
import { exclusively, resolve, setRef } from "./git.ts";
import { organizationJson, userJson } from "./payload-account.ts";
import { issueJson } from "./payload-issue.ts";
import { repositoryJson } from "./payload-repository.ts";
import { issueIn } from "./people.ts";
import { someone, somewhere } from "./seeds.ts";
import { fullName, type Json, type Repository, type World } from "./world.ts";

/** Acting functions over a world. `repository` is `owner/name`, `by` a login. */
export function upheavalsOf(world: World) {
  const tell = (subject: Repository, action: string, by: string, fields: Json = {}) =>
    announce(world, { repository: subject, event: "repository", action, sender: someone(world, by), fields });
  const leaveName = (subject: Repository) =>
    world.formerNames.set(fullName(subject).toLowerCase(), subject.id);

  return {
    /** Makes a repository read-only, or writable again. */
    archive(repository: string, { archived, by }: { archived: boolean; by: string }): void {
      const subject = somewhere(world, repository);
      subject.archived = archived;
      tell(subject, archived ? "archived" : "unarchived", by);
    },

    /** Opens a private repository to the world. */
    publicize(repository: string, { by }: { by: string }): void {
      const subject = somewhere(world, repository);
      subject.private = false;
      tell(subject, "publicized", by);
    },

    /** Gives a repository to another account. Its installation is told if it has one and covers the repository. */
    transfer(repository: string, { to, by }: { to: string; by: string }): void {
      const subject = somewhere(world, repository);
      const from = subject.owner;
      leaveName(subject);
      subject.owner = someone(world, to);
      const was =
        from.type === "Organization"
          ? { organization: organizationJson(world, from) }
          : { user: userJson(world, from) };
      tell(subject, "transferred", by, { changes: { owner: { from: was } } });
    },

    /** Deletes a repository. */
    deleteRepository(repository: string, { by }: { by: string }): void {
      const subject = somewhere(world, repository);
      tell(subject, "deleted", by);
      world.repositories.delete(subject.id);
    },

    /** Renames the account an installation is on: old names of its repositories are redirected. */
    renameAccount(login: string, to: string): void {
      const account = someone(world, login);
      for (const subject of world.repositories.values()) if (subject.owner === account) leaveName(subject);
      world.accounts.delete(login.toLowerCase());
      account.login = to;
      world.accounts.set(to.toLowerCase(), account);
      const installation = [...world.installations.values()].find((each) => each.account === account);
      if (!installation) return;
      announceInstallation(world, {
        installation,
        event: "installation_target",
        action: "renamed",
        sender: account,
        fields: {
          account: userJson(world, account),
          changes: { login: { from: login } },
          target_type: account.type,
          installation: { id: installation.id, node_id: "" },
        },
      });
    },

    /** Makes another branch the default; `rename` moves the old default branch there. */
    async changeDefaultBranch(
      repository: string,
      { to, by, rename }: { to: string; by: string; rename?: true },
    ): Promise<void> {
      const subject = somewhere(world, repository);
      const from = subject.defaultBranch;
      if (rename) {
        await exclusively(subject.directory, async () => {
          const sha = await resolve(subject.directory, `refs/heads/${from}`);
          if (!sha) throw new Error(`the simulator knows no branch ${from}`);
          await setRef(subject.directory, `refs/heads/${to}`, sha);
          await setRef(subject.directory, `refs/heads/${from}`, undefined);
        });
        for (const { pull } of subject.issues.values()) if (pull?.baseRef === from) pull.baseRef = to;
      }
      subject.defaultBranch = to;
      tell(subject, "edited", by, { changes: { default_branch: { from } } });
    },

    /** Moves an issue to another repository, with its comments; the old place redirects. Returns the new number. */
    transferIssue(repository: string, number: number, { to, by }: { to: string; by: string }): number {
      const issue = issueIn(somewhere(world, repository), number);
      const target = somewhere(world, to);
      const actor: Actor = { account: issue.author, via: issue.via };
      const copy = newIssue(world, target, { title: issue.title, body: issue.body, actor });
      copy.comments = issue.comments.map((comment) => ({
        ...comment,
        id: comment.id + 500_000,
        issue: copy,
      }));
      issue.movedTo = copy;
      issue.comments = [];
      const fields = {
        issue: issueJson(world, issue),
        changes: { new_issue: issueJson(world, copy), new_repository: repositoryJson(world, target) },
      };
      const sender = someone(world, by);
      announce(world, {
        repository: issue.repository,
        event: "issues",
        action: "transferred",
        sender,
        fields,
      });
      return copy.number;
    },
  };
}
