/**
 * Repositories mounted into a session: which token each holds now and held before, and the clone made
 * at the start. A failed clone is told as an event and the session goes on without it, as the platform does.
 */

import { mkdir, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import type { BetaManagedAgentsGitHubRepositoryResource } from "@anthropic-ai/sdk/resources/beta/sessions";
import { sha256 } from "./journal.ts";
import { type CommandResult, placeOf, runCommand } from "./sandbox.ts";
import type { Session } from "./session.ts";
import { timestamp, type World } from "./world.ts";

/** A token that was mounted, without the token. */
export interface MountedToken {
  sha256: string;
  /** Milliseconds since the epoch. */
  setAt: number;
}

/** A repository of a session. */
export interface Mount {
  /** What the API shows. */
  resource: BetaManagedAgentsGitHubRepositoryResource;
  /** `owner/name`. */
  repository: string;
  /** The token mounted now; only the git proxy reads it. */
  token: string | undefined;
  /** Every token it ever held, oldest first. */
  ledger: MountedToken[];
  /** Is there a clone in the sandbox? */
  cloned: boolean;
  /** The last answer of the repository's host through the proxy. */
  hostStatus: number | undefined;
}

/** `owner/name` of a repository's url. */
export const repositoryOf = (url: string): string => new URL(url).pathname.slice(1);

/** The sandbox's root directory. */
export const rootOf = (world: World, session: Session): string => `${world.directory}/${session.id}`;

/** Puts a token into a mount. */
export function mountToken(world: World, mount: Mount, token: string): void {
  mount.token = token;
  mount.ledger.push({ sha256: sha256(token), setAt: world.clock.now() });
  mount.resource.updated_at = timestamp(world);
}

/** Makes the sandbox and clones every repository into it; failures become events of the session. */
export async function prepare(world: World, session: Session): Promise<void> {
  const root = rootOf(world, session);
  await mkdir(`${root}/workspace`, { recursive: true });
  await layFiles(world, session);
  for (const mount of session.mounts) {
    if (session.status === "terminated") return;
    mount.cloned = !world.switches.clones || (await clone(world, session, mount));
  }
}

const uploads = "/mnt/session/uploads";

/** Makes the sandbox's uploads the files the session holds now, no more and no fewer. */
export async function layFiles(world: World, session: Session): Promise<void> {
  const root = rootOf(world, session);
  await rm(placeOf(root, "/", uploads), { recursive: true, force: true });
  for (const file of session.files) {
    const place = placeOf(root, "/", file.mount_path);
    await mkdir(dirname(place), { recursive: true });
    await writeFile(place, world.files.get(file.file_id)?.content ?? "");
  }
}

async function clone(world: World, session: Session, mount: Mount): Promise<boolean> {
  const root = rootOf(world, session);
  const directory = placeOf(root, "/", mount.resource.mount_path);
  await mkdir(dirname(directory), { recursive: true });
  // A clone that takes too long has failed, and is told as such.
  const { signal } = new AbortController();
  const git = (inside: string, ...words: string[]): Promise<CommandResult> =>
    runCommand("git", words, { root, directory: inside, nowS: 0, signal });

  const url = `${world.url}/git/${session.id}/${mount.repository}`;
  const cloned = await git(root, "clone", "--quiet", "--no-checkout", url, directory);
  if (!cloned.ok) {
    publishFailure(session, mount, failureOf(mount.hostStatus));
    return false;
  }
  const checkout = mount.resource.checkout;
  const what = !checkout
    ? []
    : checkout.type === "branch"
      ? [checkout.name, "--"]
      : ["--detach", checkout.sha];
  const checkedOut = await git(directory, "checkout", "--quiet", ...what);
  if (!checkedOut.ok) publishFailure(session, mount, "repository_checkout_error");
  return checkedOut.ok;
}

type Failure =
  | "repository_authentication_error"
  | "repository_forbidden_error"
  | "repository_not_found_error"
  | "repository_checkout_error"
  | "repository_clone_error";

function failureOf(hostStatus: number | undefined): Failure {
  if (hostStatus === 401) return "repository_authentication_error";
  if (hostStatus === 403) return "repository_forbidden_error";
  return hostStatus === 404 ? "repository_not_found_error" : "repository_clone_error";
}

/** The platform always says `retrying` here although nothing is retried. */
function publishFailure(session: Session, mount: Mount, type: Failure): void {
  const { url } = mount.resource;
  const error = {
    type,
    message: `could not mount ${url}`,
    repository_url: url,
    retry_status: { type: "retrying" },
  } as const;
  session.publish(session.stamp({ type: "session.error", error }));
}
