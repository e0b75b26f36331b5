/**
 * From something that happened in a repository to the delivery the App gets: the common parts of every
 * payload, and whether this installation is told at all. Knows no particular event.
 */
import { holds, type Permission } from "./access.ts";
import { installationJson, organizationJson, userJson } from "./payload-account.ts";
import { repositoryJson } from "./payload-repository.ts";
import {
  type Account,
  type AppIdentity,
  type Installation,
  installationFor,
  type Json,
  nodeId,
  type Repository,
  type World,
} from "./world.ts";

/** Who does something, and through which App if through one. */
export interface Actor {
  account: Account;
  via?: AppIdentity | undefined;
}

/** Something that happened in a repository. */
export interface Happening {
  repository: Repository;
  event: string;
  action: string | null;
  sender: Account;
  /** What this event adds to the common parts. */
  fields: Json;
}

const permissionOf: Record<string, Permission> = {
  issues: "issues:read",
  issue_comment: "issues:read",
  pull_request: "pull_requests:read",
  pull_request_review: "pull_requests:read",
  pull_request_review_comment: "pull_requests:read",
  push: "contents:read",
  create: "contents:read",
  delete: "contents:read",
  check_run: "checks:read",
  check_suite: "checks:read",
  label: "issues:read",
};

/** Sends the delivery, if the repository has an installation that is not suspended and may read such events. */
export function announce(world: World, { repository, event, action, sender, fields }: Happening): void {
  const installation = installationFor(world, repository);
  if (!installation || installation.suspendedAt !== undefined) return;
  if (!holds(installation.permissions, permissionOf[event] ?? "metadata:read")) return;
  const { owner } = repository;
  const payload: Json = {
    ...(action !== null && { action }),
    ...fields,
    repository: repositoryJson(world, repository),
    ...(owner.type === "Organization" && { organization: organizationJson(world, owner) }),
    sender: userJson(world, sender),
    installation: { id: installation.id, node_id: nodeId("Installation", installation.id) },
  };
  world.emit({ event, action, payload, installationId: installation.id, repositoryId: repository.id });
}

/** Sends a delivery about the installation itself; suspended ones are told too. */
export function announceInstallation(
  world: World,
  {
    installation,
    event,
    action,
    sender,
    fields,
  }: Omit<Happening, "repository"> & { installation: Installation },
): void {
  const payload: Json = {
    action,
    installation: installationJson(world, installation),
    ...fields,
    sender: userJson(world, sender),
    ...(installation.account.type === "Organization" && {
      organization: organizationJson(world, installation.account),
    }),
  };
  world.emit({ event, action, payload, installationId: installation.id, repositoryId: null });
}
