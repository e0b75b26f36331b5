/**
 * What the platform's git proxy lets a session push. Reads the commands at the head of a
 * `git-receive-pack` request (gitprotocol-pack: pkt-lines `OLD NEW REF`, the first with capabilities
 * after a NUL, ended by a flush). Knows nothing of tokens.
 */

/**
 * - `claude_session_only`: creating and updating `refs/heads/claude/SESSION_ID` and nothing else
 * - `claude_prefix_only`: any branch under `claude/`
 * - `current_branch_only`: only the branch checked out in the sandbox
 * - `allow_all`: whatever the repository's host allows
 * - `fail_503`, `expired_token`: every push is answered 503, or 401
 */
export type PushPolicy =
  | "claude_session_only"
  | "claude_prefix_only"
  | "current_branch_only"
  | "allow_all"
  | "fail_503"
  | "expired_token";

/** One change a push asks for. */
export interface PushCommand {
  ref: string;
  deletes: boolean;
}

const zero = /^0+$/;

/** The commands of a push. Throws when the body does not begin with pkt-lines. */
export function pushCommands(body: Buffer): PushCommand[] {
  const commands: PushCommand[] = [];
  let at = 0;
  while (at + 4 <= body.length) {
    const length = Number.parseInt(body.toString("latin1", at, at + 4), 16);
    if (length === 0) return commands;
    if (!(length > 4)) break;
    const line =
      body
        .toString("utf8", at + 4, at + length)
        .split("\0")[0]
        ?.trim() ?? "";
    const [, fresh, ref] = line.split(" ");
    if (fresh && ref) commands.push({ ref, deletes: zero.test(fresh) });
    at += length;
  }
  throw new Error("not a push: no pkt-lines");
}

/** What the policy is asked about. */
export interface PushQuestion {
  commands: PushCommand[];
  sessionId: string;
  /** The branch checked out in the sandbox; undefined when HEAD is detached. */
  currentBranch: string | undefined;
}

/** The status a push is refused with, or undefined when it may pass. */
export function refusedStatus(policy: PushPolicy, question: PushQuestion): number | undefined {
  const { commands, sessionId, currentBranch } = question;
  const only = (fits: (ref: string) => boolean) =>
    commands.every(({ ref, deletes }) => !deletes && fits(ref)) ? undefined : 403;
  switch (policy) {
    case "allow_all":
      return undefined;
    case "fail_503":
      return 503;
    case "expired_token":
      return 401;
    case "claude_session_only":
      return only((ref) => ref === `refs/heads/claude/${sessionId}`);
    case "claude_prefix_only":
      return only((ref) => ref.startsWith("refs/heads/claude/"));
    case "current_branch_only":
      return only((ref) => currentBranch !== undefined && ref === `refs/heads/${currentBranch}`);
  }
}
