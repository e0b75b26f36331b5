/**
 * Screening: may what was pushed become a pull request without a maintainer's look? Every commit counts, not
 * only their sum: what one adds and the next removes is public all the same. Pure; fails closed: what could
 * not be read in full is held. A verdict never repeats a secret it found.
 */
import { globMatcher } from "./glob.ts";
import { hasHidden, visible } from "./hidden.ts";
import { leaksIn, withoutLeaks } from "./leaks.ts";
import {
  addedLines,
  type ContentCode,
  type ContentFinding,
  contentFindings,
  type ScreenedFile,
} from "./screening-content.ts";
import type { PublicText, RuleFinding } from "./secret-rules.ts";
import { type Settings, settingsPath } from "./settings.ts";

/** One commit of `base..head`. */
export interface ScreenedCommit {
  sha: string;
  message: string;
  files: ScreenedFile[];
  /** Are these all its files? */
  complete: boolean;
}

/** A diff on its way to a pull request. */
export interface Proposal {
  base: string;
  /** SHA of the last commit. */
  head: string;
  title: string;
  summary: string;
  commits: ScreenedCommit[];
  /**
   * The difference in the end, as far as GitHub shows it: only there is whole what two commits hold halves of, and
   * only there shows what a merge brings back from an old parent.
   */
  net: ScreenedFile[];
  /** What `base..head` comes to: all commits, and the files and lines (added and removed) that differ in the end. */
  total: { commits: number; files: number; lines: number };
}

/** Why something is held. */
export type ReasonCode = ContentCode | "denied_path" | "too_many_files" | "too_many_lines";

/** One reason, fit to be shown: no secret, no hidden character. */
export interface Reason {
  code: ReasonCode;
  /** At most 200 characters, to be shown as code. */
  path?: string;
  /** SHA of the first commit in which it was found. */
  commit?: string;
  /** A clause to follow the path or to stand alone. */
  words: string;
  /** Can a maintainer let it through? */
  approvable: boolean;
}

/**
 * What screening comes to. `nothing`: there is nothing to propose (a change of modes or of white space alone is
 * something). `held` shows at most 50 reasons, those that cannot be approved first, and how many more there are.
 */
export type Verdict =
  | { kind: "clean" }
  | { kind: "nothing" }
  | { kind: "held"; reasons: Reason[]; more: number; approvable: boolean };

const reasonsMax = 50;
const pathCharsMax = 200;
/** Changes of one file by one commit that are looked at. */
const changesMax = 20_000;
/** Text of one proposal that is looked through; more is beyond any reader too. */
const charsMax = 16 * 1024 * 1024;

/** Everything of a proposal that becomes public as text, at most 16 MiB of contents. */
export function* publicTexts(proposal: Proposal): Generator<PublicText> {
  yield { where: "the title", text: proposal.title };
  yield { where: "the summary", text: proposal.summary };
  for (const { sha: commit, message, files } of proposal.commits) {
    yield { where: "the message of a commit", commit, text: message };
    for (const file of files.slice(0, changesMax)) {
      yield { where: "its name", path: file.path, commit, text: file.path };
      if (file.status === "removed") continue;
      const text = addedLines(file);
      yield { path: file.path, commit, text: file.binary ? text.replaceAll("\0", "") : text };
      if (file.symlinkTarget !== undefined) yield { path: file.path, commit, text: file.symlinkTarget };
    }
  }
  for (const file of proposal.net) yield { path: file.path, text: addedLines(file) };
}

/** The most that is looked through, in characters. */
export const screenedCharsMax = charsMax;

/** Screens a proposal by the settings of its run. `found`: what the maintained rules found in its texts. */
export function screen(
  proposal: Proposal,
  rules: Pick<Settings, "paths" | "limits">,
  found: RuleFinding[] = [],
): Verdict {
  if (proposal.total.commits === 0 || proposal.total.files === 0) return { kind: "nothing" };
  const reasons = new Map<string, Reason>();
  const add = (reason: Reason) => {
    const key = JSON.stringify([reason.code, reason.path, reason.words]);
    if (!reasons.has(key)) reasons.set(key, reason);
  };
  for (const reason of sizeReasons(proposal, rules.limits)) add(reason);
  for (const [where, text] of [
    ["the title", proposal.title],
    ["the summary", proposal.summary],
  ] as const) {
    for (const reason of textReasons(text, where)) add(reason);
  }
  const deniedBy = globMatcher([...rules.paths.deny, settingsPath]);
  let charsLeft = charsMax;
  let changesLeft = changesMax;
  for (const commit of proposal.commits) {
    for (const reason of commitReasons(commit, changesLeft)) add(reason);
    for (const file of commit.files.slice(0, changesLeft)) {
      charsLeft -= file.patch?.length ?? 0;
      const looked = charsLeft < 0 ? { ...file, patch: "", truncated: true } : file;
      for (const reason of fileReasons(looked, deniedBy)) add({ ...reason, commit: commit.sha });
    }
    changesLeft = Math.max(changesLeft - commit.files.length, 0);
  }
  for (const file of proposal.net) {
    for (const leak of leaksIn(addedLines(file))) add(secretIn(file.path, `holds ${leak.words}`));
    const known = new Set([...reasons.values()].map(({ code, path }) => `${code} ${path}`));
    for (const reason of fileReasons(file, deniedBy))
      if (!known.has(`${reason.code} ${reason.path}`)) add(reason);
  }
  for (const { at, words } of found) add(ofRule(at, words));
  return verdict([...reasons.values()]);
}

function verdict(reasons: Reason[]): Verdict {
  if (reasons.length === 0) return { kind: "clean" };
  const sorted = reasons.toSorted((one, other) => Number(one.approvable) - Number(other.approvable));
  return {
    kind: "held",
    reasons: sorted.slice(0, reasonsMax),
    more: Math.max(sorted.length - reasonsMax, 0),
    approvable: sorted.every((reason) => reason.approvable),
  };
}

/** Is it too much, and is it all there? */
function sizeReasons({ total, commits, head }: Proposal, limits: Settings["limits"]): Reason[] {
  const reasons: Reason[] = [];
  if (total.files > limits.files) {
    reasons.push(
      held("too_many_files", `${total.files} files are changed, and \`limits.files\` is ${limits.files}`),
    );
  }
  if (total.lines > limits.lines) {
    reasons.push(
      held("too_many_lines", `${total.lines} lines are changed, and \`limits.lines\` is ${limits.lines}`),
    );
  }
  if (commits.length < total.commits) {
    reasons.push(held("unread", `only ${commits.length} of ${total.commits} commits could be read`));
  }
  if (!commits.some((commit) => commit.sha === head)) {
    reasons.push(held("unread", "the branch has moved on from the commits that were read"));
  }
  return reasons;
}

function commitReasons(commit: ScreenedCommit, changesLeft: number): Reason[] {
  const reasons = textReasons(commit.message, "the message of a commit");
  if (!commit.complete || commit.files.length > changesLeft) {
    reasons.push(held("unread", "a commit changes more files than could be read"));
  }
  return reasons.map((reason) => ({ ...reason, commit: commit.sha }));
}

function textReasons(text: string, where: string): Reason[] {
  return leaksIn(text).map((leak) => ({
    ...held("secret", `${where} holds ${leak.words}`),
    approvable: false,
  }));
}

function secretIn(path: string, words: string): Reason {
  return { ...held("secret", words), path: visible(withoutLeaks(path), pathCharsMax), approvable: false };
}

function ofRule({ path, where, commit }: RuleFinding["at"], words: string): Reason {
  const clause = where === undefined ? `holds ${words}` : `${where} holds ${words}`;
  const reason =
    path === undefined ? { ...held("secret", clause), approvable: false } : secretIn(path, clause);
  return { ...reason, ...(commit === undefined ? {} : { commit }) };
}

function fileReasons(file: ScreenedFile, deniedBy: (path: string) => string | undefined): Reason[] {
  const named = (path: string, reason: Reason): Reason => ({
    ...reason,
    path: visible(withoutLeaks(path), pathCharsMax),
  });
  const paths = [...new Set([file.path, file.previousPath ?? file.path])];
  return [
    ...paths.flatMap((path) => pathReasons(path, deniedBy).map((reason) => named(path, reason))),
    ...contentFindings(file).map((finding) => named(file.path, ofFinding(finding))),
  ];
}

function pathReasons(path: string, deniedBy: (path: string) => string | undefined): Reason[] {
  const glob = deniedBy(path);
  return [
    ...(glob === undefined ? [] : [held("denied_path", `is kept back by \`${glob}\` of \`paths.deny\``)]),
    ...(/\p{Cc}/u.test(path) || hasHidden(path)
      ? [held("hidden_characters", "has hidden characters in its name")]
      : []),
    ...textReasons(path, "its name"),
  ];
}

function ofFinding(finding: ContentFinding): Reason {
  return { ...held(finding.code, finding.words), approvable: finding.code !== "secret" };
}

/** A reason that a maintainer can let through. */
function held(code: ReasonCode, words: string): Reason {
  return { code, words, approvable: true };
}
