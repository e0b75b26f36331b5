/**
 * May a repository of the settings be mounted besides? Decides from what GitHub says of it and of the person
 * who asks for the run. Asks nobody itself.
 */
import { levelOf, type PermissionAnswer } from "./permission.ts";

/** Who may see a repository, as GitHub writes it. */
export type Visibility = "public" | "internal" | "private";

/** A repository mounted besides, read only. The number survives a renaming, the name does not. */
export interface Beside {
  /** `owner/name`. */
  name: string;
  repositoryId: number;
}

/** What is known of a repository that the settings name. */
export interface Named {
  /** As the settings spell it. */
  name: string;
  /** Undefined when it does not exist or is outside the installation. */
  found: (Beside & { visibility: Visibility }) | undefined;
  /** GitHub's answer for the person who asks; undefined for an App, whose permission nobody can be asked. */
  answer: PermissionAnswer | undefined;
}

/** The run's own repository, and who asks for the run. */
export interface Host {
  name: string;
  visibility: Visibility;
  login: string;
}

/** From the one that fewest may see. */
const openness: Visibility[] = ["private", "internal", "public"];

/** Why it may not be mounted, in words for people; undefined when it may. */
export function besideProblem({ name, found, answer }: Named, host: Host): string | undefined {
  if (!found)
    return `\`${name}\` does not exist or is not part of this App's installation; an owner can add it to the installation`;
  if (openness.indexOf(found.visibility) < openness.indexOf(host.visibility))
    return `\`${name}\` is ${found.visibility}, but ${host.name} is ${host.visibility}, so what is in it could be read by people who may not; only repositories as open as ${host.name} can be mounted besides`;
  if (found.visibility === "public") return undefined;
  const has = answer ? levelOf(answer) : "none";
  return has === "none" ? `${host.login} may not read \`${name}\`` : undefined;
}

/** One sentence for all that is wrong. */
export function besidesRefused(problems: string[]): string {
  return `The settings' \`repositories\` cannot be mounted: ${problems.join("; ")}. Whoever maintains the settings can take them out of \`repositories\`.`;
}

/** What is said when one of them is lost while a session uses it. */
export function besideLost(name: string): string {
  return `\`${name}\`, which is mounted besides, was deleted, transferred or taken out of the App's installation. Put it back, or take it out of the settings' \`repositories\`, then \`/agent retry\`.`;
}
