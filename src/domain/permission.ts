/**
 * Who may: decides from what GitHub says of a sender's permission on the repository.
 * Asks nobody itself, and never decides by `author_association` (computed without a viewer, so it hides private
 * membership) or at how a login is spelled. What is unknown or contradicts itself counts as less.
 */

/** The roles a setting or a command may ask for, weakest first. */
export const roles = ["triage", "write", "maintain", "admin"] as const;
/** A role that may be asked for. */
export type Role = (typeof roles)[number];
/** What a sender turns out to have. */
export type Level = "none" | "read" | Role;

/**
 * GitHub's answer to `GET /repos/{owner}/{repo}/collaborators/{username}/permission`. `permission` is the
 * legacy word, which folds `maintain` into `write` and `triage` into `read`; `role_name` is the true role or
 * the name of a custom one.
 */
export interface PermissionAnswer {
  permission: string;
  role_name: string;
}

/** Who acted, as the delivery names them. */
export interface Sender {
  id: number;
  /** `User`, `Bot`, `Organization`, `Mannequin`. */
  type: string;
  /** `performed_via_github_app`: the App through which a person acted. */
  viaApp?: { id: number; slug?: string | undefined } | undefined;
}

/** An App of the `bots` setting, with the numeric id of its bot's account as GitHub gives it. */
export interface ListedBot {
  slug: string;
  botId: number;
}

/** Everything the decision rests on. */
export interface Asking {
  sender: Sender;
  /** GitHub's answer for the sender; undefined when it could not be had. Not looked at for Apps. */
  answer: PermissionAnswer | undefined;
  /** The least role that will do. */
  who: Role;
  bots: ListedBot[];
  /** Our own App and its bot's account. */
  own: { appId: number; botId: number };
}

/** Why not. */
export type RefusalCode =
  | "own_bot"
  | "app_not_listed"
  | "not_a_person"
  | "unanswered"
  | "role_too_low"
  | "crowd";

/** The decision. `words` is a public clause without names, to follow the name of the person refused. */
export type Permission =
  | { kind: "allowed"; has: Level }
  | { kind: "refused"; code: RefusalCode; has: Level; needs: Role; words: string };

const levels: readonly Level[] = ["none", "read", ...roles];

/** GitHub has not answered for a while. */
export function silenceText(login: string): string {
  return `GitHub has not said for ten minutes what permission ${login} has on this repository, so nothing is started yet. I keep asking and go on once it answers.`;
}

/** The highest role each legacy word can stand for. */
const ceilings: Record<string, Level> = { none: "none", read: "triage", write: "maintain", admin: "admin" };

/** May this sender do what asks for the role `who`? */
export function may(asking: Asking): Permission {
  const { sender, answer, who, own } = asking;
  const refused = (code: RefusalCode, has: Level): Permission => ({
    kind: "refused",
    code,
    has,
    needs: who,
    words: refusals[code](who, has),
  });
  if (sender.id === own.botId || sender.viaApp?.id === own.appId) return refused("own_bot", "none");
  const app = sender.type !== "User" || sender.viaApp !== undefined;
  if (app && !isListed(asking)) {
    return refused(
      sender.type === "User" || sender.type === "Bot" ? "app_not_listed" : "not_a_person",
      "none",
    );
  }
  if (!app && answer === undefined) return refused("unanswered", "none");
  const has = app ? "write" : levelOf(answer);
  return rank(has) >= rank(who) ? { kind: "allowed", has } : refused("role_too_low", has);
}

/** Nobody is asked about this sender: they are one of too many. */
export function ofCrowd(who: Role): Permission {
  return { kind: "refused", code: "crowd", has: "none", needs: who, words: refusals.crowd(who, "none") };
}

/** The sender's level by GitHub's answer. A custom role counts as its legacy word; an unknown word is `none`. */
export function levelOf(answer: PermissionAnswer | undefined): Level {
  if (answer === undefined || !Object.hasOwn(ceilings, answer.permission)) return "none";
  const ceiling = ceilings[answer.permission] ?? "none";
  const legacy = levels.find((level) => level === answer.permission) ?? "none";
  const role = levels.find((level) => level === answer.role_name) ?? legacy;
  return rank(role) < rank(ceiling) ? role : ceiling;
}

/** Is `level` at least `needed`? */
export function atLeast(level: Level, needed: Level): boolean {
  return rank(level) >= rank(needed);
}

function rank(level: Level): number {
  return levels.indexOf(level);
}

function isListed({ sender, bots }: Asking): boolean {
  const slug = sender.viaApp?.slug?.toLowerCase();
  if (sender.type === "User") return bots.some((bot) => bot.slug.toLowerCase() === slug);
  return sender.type === "Bot" && bots.some((bot) => bot.botId === sender.id);
}

const refusals: Record<RefusalCode, (who: Role, has: Level) => string> = {
  own_bot: () => "is this App itself, which never triggers its own runs",
  app_not_listed: () =>
    "acts through a GitHub App that may not do this here: a maintainer can list the App under `bots` in `.github/patchwright.yml`",
  not_a_person: () => "is not a person's account",
  unanswered: () =>
    "could not be checked, because GitHub did not say what permission they have on this repository: try again later",
  crowd: () => "could not be checked, because too many unknown people spoke here in this hour",
  role_too_low: (who, has) =>
    `needs the role \`${who}\` on this repository and has \`${has}\`: an admin of the repository can grant it`,
};
