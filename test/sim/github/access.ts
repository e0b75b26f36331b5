/**
 * What a caller may do: which permissions a route accepts, and which repositories a token reaches.
 * Knows GitHub's order of refusals: out of reach is 404, in reach without the permission is 403.
 */
import type { Caller } from "./auth.ts";
import { notAccessible, notFound, Refusal } from "./refusal.ts";
import { covers, type Installation, type Permissions, type Repository, type Token } from "./world.ts";

/** `issues:write`: one permission and its level. */
export type Permission = `${string}:${"read" | "write"}`;

const ranks = { read: 1, write: 2, admin: 3 };

/** Does the set hold this permission, or a higher level of it? */
export function holds(granted: Permissions, permission: Permission): boolean {
  const [name = "", level = "read"] = permission.split(":");
  const held = granted[name];
  return held !== undefined && ranks[held] >= (level === "write" ? ranks.write : ranks.read);
}

/** What a token may do now: what it was minted with, but never more than the installation still has. */
export function permissionsNow(token: Token, installation: Installation): Permissions {
  return Object.fromEntries(
    Object.entries(token.permissions).flatMap(([name, level]) => {
      const granted = installation.permissions[name];
      if (granted === undefined) return [];
      return [[name, ranks[granted] < ranks[level] ? granted : level]];
    }),
  );
}

/** Does the token reach the repository? */
export function reaches(caller: Caller & { kind: "installation" }, repository: Repository): boolean {
  const { token, installation } = caller;
  return covers(installation, repository) && (token.repositoryIds?.includes(repository.id) ?? true);
}

/** How `x-accepted-github-permissions` writes alternatives. */
export function accepted(anyOf: Permission[]): string {
  return anyOf.map((permission) => permission.replace(":", "=")).join("; ");
}

/** Refuses unless an installation calls that holds one of the permissions; and 404 when the repository is out of its reach. */
export function demand(
  caller: Caller,
  anyOf: Permission[],
  repository?: Repository,
): Caller & { kind: "installation" } {
  if (caller.kind === "anonymous") throw new Refusal(401, "Requires authentication");
  if (caller.kind !== "installation") throw new Refusal(403, "Resource not accessible by integration");
  if (repository && !reaches(caller, repository)) throw notFound();
  const granted = permissionsNow(caller.token, caller.installation);
  if (anyOf.length > 0 && !anyOf.some((permission) => holds(granted, permission)))
    throw notAccessible(accepted(anyOf));
  return caller;
}
