/**
 * A ref that moved, as GitHub's deliveries tell it, and whose ref it is. Pure; who moved it is not its business.
 */
import type { Delivery } from "./delivery.ts";
import { sessionBranch } from "./ids.ts";
import { oneLine } from "./sanitize.ts";

/** A ref that was made, moved or taken away. */
export interface Move {
  /** In full: `refs/heads/main`. */
  ref: string;
  /** The commit it points at since, where that is told; absent when the ref is gone. */
  to?: string;
  /** Was it taken away? */
  gone: boolean;
  /** When, by GitHub's clock where it says so, milliseconds since the epoch. */
  at: number;
}

const branchRef = /^refs\/heads\/(.+)$/;

/** What a delivery received at `now` says of a ref. */
export function moveOf(
  delivery: Extract<Delivery, { kind: "push" | "create" | "delete" }>,
  now: number,
): Move {
  if (delivery.kind === "push") {
    const { ref, after, deleted, repository } = delivery;
    const told = repository.pushed_at ?? undefined;
    // GitHub writes seconds in pushes and a date elsewhere.
    const at = typeof told === "number" ? told * 1000 : Date.parse(told ?? "");
    return {
      ref,
      ...(deleted ? {} : { to: after }),
      gone: deleted,
      at: Number.isNaN(at) ? now : Math.min(at, now),
    };
  }
  const { ref, ref_type: type, kind } = delivery;
  return { ref: `refs/${type === "tag" ? "tags" : "heads"}/${ref}`, gone: kind === "delete", at: now };
}

/** Is it a branch's? */
export function isBranch(ref: string): boolean {
  return branchRef.test(ref);
}

/** The branch's name; undefined for a tag's ref. */
export function branchOf(ref: string): string | undefined {
  return branchRef.exec(ref)?.[1];
}

/** Kinds of moves, as metrics name them. */
export const moveKinds = ["deletion", "default branch", "branch", "tag"] as const;

/** What kind of ref was moved that should not have been. */
export function kindOf(move: Move, defaultBranch: string): (typeof moveKinds)[number] {
  if (move.gone) return "deletion";
  if (move.ref === `refs/heads/${defaultBranch}`) return "default branch";
  return isBranch(move.ref) ? "branch" : "tag";
}

/** What a run may move: the branches of its sessions, the one it proposes, the one of its pull request. */
export interface OwnRefs {
  sessions: string[];
  proposed: string;
  pull?: string;
}

/** Does the move stay within what a run may do? Nobody of ours ever takes a ref away. */
export function isOwn(move: Move, own: OwnRefs): boolean {
  const branch = branchOf(move.ref);
  if (move.gone || branch === undefined) return false;
  return [...own.sessions.map(sessionBranch), own.proposed, own.pull].includes(branch);
}

const refCharsMax = 120;

/** The alarm, as people read it on the issue: what moved, what was done, what to do. */
export function alarmText(move: Pick<Move, "ref" | "to" | "gone">, { alone }: { alone: boolean }): string {
  const ref = oneLine(move.ref, refCharsMax).replaceAll("`", "");
  const what = move.gone
    ? `took \`${ref}\` away`
    : `moved \`${ref}\`${move.to === undefined ? "" : ` to \`${move.to.slice(0, 12)}\``}`;
  const who = alone
    ? "This run's token"
    : "The token of a run at work in this repository, and it cannot be told of which,";
  return [
    `**Alarm:** ${who} ${what}. That is outside the branch a run may push to.`,
    "The run is stopped and its token revoked; nothing more is proposed. Please look at that ref and put it back as it was, and protect it with a ruleset, so that the App cannot move it.",
  ].join("\n\n");
}
