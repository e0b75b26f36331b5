/**
 * The furniture of a scenario: accounts, installations, repositories and roles. Creating them is silent,
 * except where GitHub itself would tell the App.
 */
import { join } from "node:path";
import { announce, announceInstallation } from "./announcement.ts";
import { type Content, commit, createBare } from "./git.ts";
import { noreplyOf } from "./payload-commit.ts";
import { repositoryNameJson } from "./payload-repository.ts";
import {
  type Account,
  accountOf,
  covers,
  fullName,
  type Installation,
  nextId,
  type Permissions,
  type Repository,
  type Role,
  repositoryOf,
  type World,
} from "./world.ts";

/** What a repository starts with. */
export interface RepositorySeed {
  owner: string;
  name: string;
  /** Default true. */
  private?: boolean;
  /** Path → content of the first commit. */
  files?: Record<string, Content>;
  /** Default `main`. */
  defaultBranch?: string;
}

/** What an installation starts with. */
export interface InstallationSeed {
  /** Default `all`; else names of repositories of the account. */
  repositories?: "all" | string[];
  /** Default: everything the App asks for. */
  permissions?: Permissions;
}

/** The account of that login; throws when nobody has it. */
export function someone(world: World, login: string): Account {
  const account = accountOf(world, login);
  if (!account) throw new Error(`the simulator knows no account ${login}`);
  return account;
}

/** The repository called `owner/name`; throws when there is none. */
export function somewhere(world: World, name: string): Repository {
  const [owner = "", repo = ""] = name.split("/");
  const repository = repositoryOf(world, owner, repo);
  if (!repository) throw new Error(`the simulator knows no repository ${name}`);
  return repository;
}

function installed(world: World, id: number): Installation {
  const installation = world.installations.get(id);
  if (!installation) throw new Error(`the simulator knows no installation ${id}`);
  return installation;
}

/** Adds an account; the id is its own in the process. */
export function newAccount(world: World, login: string, type: Account["type"]): Account {
  const account: Account = { id: nextId(), login, type, createdAt: world.clock.now() };
  world.accounts.set(login.toLowerCase(), account);
  return account;
}

/** Seeding functions over a world whose repositories live below `directory`. */
export function seedsOf(world: World, directory: string) {
  const of = (installation: Installation) =>
    [...world.repositories.values()].filter((each) => covers(installation, each));
  return {
    /** Adds a person (or another App's bot, or an organisation) and returns its id. */
    addUser: (login: string, { type = "User" }: { type?: Account["type"] } = {}): number =>
      newAccount(world, login, type).id,

    /** Somebody whose membership is private: what they write says `NONE`, whatever their role. */
    addPrivateMember(login: string): number {
      const account = newAccount(world, login, "User");
      account.isPrivate = true;
      return account.id;
    },

    /** Adds an organisation and returns its id. */
    addOrganization: (login: string): number => newAccount(world, login, "Organization").id,

    /** Adds a repository with one commit and returns its id; an installation on all repositories reaches it at once. */
    async addRepository(seed: RepositorySeed): Promise<number> {
      const owner = someone(world, seed.owner);
      const id = nextId();
      const path = join(directory, `${id}.git`);
      const defaultBranch = seed.defaultBranch ?? "main";
      await createBare(path, directory, defaultBranch);
      const now = world.clock.now();
      await commit(path, {
        branch: defaultBranch,
        files: seed.files ?? { "README.md": `# ${seed.name}\n` },
        message: "Initial commit",
        author: { name: owner.login, email: noreplyOf(owner) },
        at: now,
      });
      world.repositories.set(id, {
        ...{ id, owner, name: seed.name, private: seed.private ?? true, defaultBranch, directory: path },
        ...{ archived: false, drafts: true, createdAt: now, pushedAt: now },
        collaborators: new Map(),
        labels: new Map(),
        issues: new Map(),
        checkRuns: [],
        rules: [],
      });
      return id;
    },

    /** Installs the App on an account, tells it so, and returns the installation id. */
    install(login: string, { repositories = "all", permissions }: InstallationSeed = {}): number {
      const account = someone(world, login);
      const selected =
        repositories === "all" ? [] : repositories.map((name) => somewhere(world, `${login}/${name}`).id);
      const installation: Installation = {
        id: nextId(),
        account,
        selection: repositories === "all" ? "all" : "selected",
        selected: new Set(selected),
        permissions: { metadata: "read", ...(permissions ?? world.app.permissions) },
        createdAt: world.clock.now(),
      };
      world.installations.set(installation.id, installation);
      const fields = { repositories: of(installation).map(repositoryNameJson), requester: null };
      announceInstallation(world, {
        installation,
        event: "installation",
        action: "created",
        sender: account,
        fields,
      });
      return installation.id;
    },

    /** Suspends an installation: minting answers 403 and no deliveries of its repositories are sent. */
    suspend(id: number, by: string): void {
      const installation = installed(world, id);
      Object.assign(installation, { suspendedAt: world.clock.now(), suspendedBy: someone(world, by) });
      const fields = { repositories: of(installation).map(repositoryNameJson) };
      announceInstallation(world, {
        installation,
        event: "installation",
        action: "suspend",
        sender: someone(world, by),
        fields,
      });
    },

    /** Ends a suspension. */
    unsuspend(id: number, by: string): void {
      const installation = installed(world, id);
      Object.assign(installation, { suspendedAt: undefined, suspendedBy: undefined });
      const fields = { repositories: of(installation).map(repositoryNameJson) };
      announceInstallation(world, {
        installation,
        event: "installation",
        action: "unsuspend",
        sender: someone(world, by),
        fields,
      });
    },

    /** Removes the installation; its tokens are dead from now on. */
    uninstall(id: number, by: string): void {
      const installation = installed(world, id);
      const fields = { repositories: of(installation).map(repositoryNameJson) };
      world.installations.delete(id);
      for (const token of world.tokens.values())
        if (token.installationId === id) token.revokedAt ??= world.clock.now();
      announceInstallation(world, {
        installation,
        event: "installation",
        action: "deleted",
        sender: someone(world, by),
        fields,
      });
    },

    /** The owner accepts another set of permissions. */
    setPermissions(id: number, permissions: Permissions, by: string): void {
      const installation = installed(world, id);
      installation.permissions = { metadata: "read", ...permissions };
      const sender = someone(world, by);
      announceInstallation(world, {
        installation,
        event: "installation",
        action: "new_permissions_accepted",
        sender,
        fields: {},
      });
    },

    /** Takes a repository out of an installation on selected ones, or puts it in. */
    select(id: number, repository: string, { isIn, by }: { isIn: boolean; by: string }): void {
      const installation = installed(world, id);
      const subject = somewhere(world, repository);
      if (installation.selection === "all") {
        installation.selected = new Set(of(installation).map(({ id }) => id));
        installation.selection = "selected";
      }
      if (isIn) installation.selected.add(subject.id);
      else installation.selected.delete(subject.id);
      const fields = {
        repositories_added: isIn ? [repositoryNameJson(subject)] : [],
        repositories_removed: isIn ? [] : [repositoryNameJson(subject)],
        repository_selection: installation.selection,
        requester: null,
      };
      const action = isIn ? "added" : "removed";
      announceInstallation(world, {
        installation,
        event: "installation_repositories",
        action,
        sender: someone(world, by),
        fields,
      });
    },

    /** The person takes another login, and a newcomer theirs, as GitHub lets anybody. */
    passLogin(login: string, to: string): void {
      const account = someone(world, login);
      world.accounts.delete(login.toLowerCase());
      account.login = to;
      world.accounts.set(to.toLowerCase(), account);
      newAccount(world, login, "User");
    },

    /** Gives a person a role on a repository. */
    setRole(repository: string, login: string, role: Role): void {
      somewhere(world, repository).collaborators.set(someone(world, login).login.toLowerCase(), role);
    },

    /** Renames a repository: the old name answers 301 and git is redirected. */
    rename(repository: string, name: string, by: string): void {
      const subject = somewhere(world, repository);
      const from = subject.name;
      world.formerNames.set(fullName(subject).toLowerCase(), subject.id);
      subject.name = name;
      const fields = { changes: { repository: { name: { from } } } };
      announce(world, {
        repository: subject,
        event: "repository",
        action: "renamed",
        sender: someone(world, by),
        fields,
      });
    },

    /** Changes what pushes and pull requests a repository takes; rules hold for the refs API too. */
    configure(
      repository: string,
      change: Partial<Pick<Repository, "rules" | "drafts" | "archived" | "private" | "defaultBranch">>,
    ): void {
      Object.assign(somewhere(world, repository), change);
    },
  };
}
