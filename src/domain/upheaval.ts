/**
 * What becomes of an installation and its repositories, as GitHub's deliveries tell it: suspended, removed,
 * renamed, made public. Read apart from the deliveries that ask for something, because some name no repository.
 */
import { z } from "zod";
import { kindOf } from "./delivery-kind.ts";
import type { Stop } from "./run.ts";

/** What happened. Logins are those of whoever did it. */
export type Upheaval =
  | { kind: "suspended"; installation: number; by: string }
  | { kind: "uninstalled"; installation: number; by: string }
  /** What could not be told before may be told now. */
  | { kind: "reachable"; installation: number; repositoryId?: number }
  | { kind: "removed"; repositories: number[]; stop: Upset; by: string }
  | { kind: "renamed"; repositoryId: number; owner: string; repo: string }
  | { kind: "default branch changed"; repositoryId: number; installation: number; from: string; to: string }
  | { kind: "account renamed"; installation: number; owner: string }
  | {
      kind: "transferred";
      repositoryId: number;
      owner: string;
      repo: string;
      installation: number;
      by: string;
    };

/** The stops that come of an upheaval. */
export type Upset = Extract<
  Stop["why"],
  | "the App was suspended"
  | "the App was uninstalled"
  | "the repository was taken out of the App's installation"
  | "the repository was archived"
  | "the repository was made public"
  | "the repository was deleted"
  | "the repository was transferred"
>;

const account = z.object({ login: z.string() });
const sender = account;
const installation = z.object({ id: z.number() });
const repository = z.object({ id: z.number(), name: z.string(), owner: account });
const ofInstallation = z.object({ installation, sender });
const ofRepository = z.object({ installation, sender, repository });

type Reader = (payload: unknown) => Upheaval | undefined;

/** The reader of one kind of delivery; a payload of another shape is none. */
function reader<Shape extends z.ZodType>(shape: Shape, read: (data: z.output<Shape>) => Upheaval): Reader {
  return (payload) => {
    const { data } = shape.safeParse(payload);
    return data === undefined ? undefined : read(data);
  };
}

const leaving = (stop: Upset) =>
  reader(ofRepository, ({ repository, sender }) => ({
    kind: "removed",
    repositories: [repository.id],
    stop,
    by: sender.login,
  }));

const reachable = reader(ofInstallation, ({ installation }) => ({
  kind: "reachable",
  installation: installation.id,
}));

const readers: Record<string, Reader> = {
  "installation.suspend": reader(ofInstallation, ({ installation, sender }) => ({
    kind: "suspended",
    installation: installation.id,
    by: sender.login,
  })),
  "installation.unsuspend": reachable,
  "installation.new_permissions_accepted": reachable,
  "installation.deleted": reader(ofInstallation, ({ installation, sender }) => ({
    kind: "uninstalled",
    installation: installation.id,
    by: sender.login,
  })),
  "installation_repositories.removed": reader(
    ofInstallation.extend({ repositories_removed: z.array(z.object({ id: z.number() })) }),
    ({ repositories_removed, sender }) => ({
      kind: "removed",
      repositories: repositories_removed.map(({ id }) => id),
      stop: "the repository was taken out of the App's installation",
      by: sender.login,
    }),
  ),
  "installation_target.renamed": reader(z.object({ installation, account }), ({ installation, account }) => ({
    kind: "account renamed",
    installation: installation.id,
    owner: account.login,
  })),
  "repository.renamed": reader(ofRepository, ({ repository }) => ({
    kind: "renamed",
    repositoryId: repository.id,
    owner: repository.owner.login,
    repo: repository.name,
  })),
  "repository.edited": reader(
    ofRepository.extend({
      repository: repository.extend({ default_branch: z.string() }),
      changes: z.object({ default_branch: z.object({ from: z.string() }) }),
    }),
    ({ repository, installation, changes }) => ({
      kind: "default branch changed",
      repositoryId: repository.id,
      installation: installation.id,
      from: changes.default_branch.from,
      to: repository.default_branch,
    }),
  ),
  "repository.transferred": reader(ofRepository, ({ repository, installation, sender }) => ({
    kind: "transferred",
    repositoryId: repository.id,
    owner: repository.owner.login,
    repo: repository.name,
    installation: installation.id,
    by: sender.login,
  })),
  "repository.archived": leaving("the repository was archived"),
  "repository.publicized": leaving("the repository was made public"),
  "repository.deleted": leaving("the repository was deleted"),
  "repository.unarchived": reader(ofRepository, ({ repository, installation }) => ({
    kind: "reachable",
    installation: installation.id,
    repositoryId: repository.id,
  })),
};

/** `event.action` of the deliveries that tell of one. */
export const upheavalKinds: readonly string[] = Object.keys(readers);

/** What a delivery's JSON tells under the event name its header claims; undefined where that is no upheaval. */
export function readUpheaval(event: string, payload: unknown): Upheaval | undefined {
  const kind = kindOf(event, payload);
  return kind !== undefined && Object.hasOwn(readers, kind) ? readers[kind]?.(payload) : undefined;
}

/** Is GitHub asked whether it is so? Then the same body twice is no copy: the same may have happened twice. */
export function isAsked({ kind }: Upheaval): boolean {
  return kind === "suspended" || kind === "uninstalled" || kind === "removed";
}
