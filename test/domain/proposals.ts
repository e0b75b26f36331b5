/** Builds proposals for the tests of the screening, clean but for what a test says. */
import { createHash } from "node:crypto";
import { type Proposal, type Reason, type ScreenedCommit, screen } from "../../src/domain/screening.ts";
import type { ScreenedFile } from "../../src/domain/screening-content.ts";
import { defaultSettings } from "../../src/domain/settings.ts";

/** SHA of the proposed commit. */
export const head = "b".repeat(40);
/** Has the shape of a GitHub token, put together here lest a scanner takes this file for a leak. */
export const token = ["gh", "p_", createHash("sha256").update("seed").digest("hex").slice(0, 36)].join("");

/** A text file with these added lines. */
export function file(
  given: Partial<ScreenedFile> = {},
  lines: string[] = ["const answer = 42;"],
): ScreenedFile {
  return {
    path: "src/answer.ts",
    status: "added",
    mode: "100644",
    patch: [`@@ -0,0 +1,${lines.length} @@`, ...lines.map((line) => `+${line}`)].join("\n"),
    additions: lines.length,
    deletions: 0,
    ...given,
  };
}

/** A file without a patch. */
export const unpatched = (given: Partial<ScreenedFile>): ScreenedFile => {
  const { patch: _, ...rest } = file();
  return { ...rest, additions: 0, ...given };
};

/** These files in one commit. */
export function proposal(files: ScreenedFile[], given: Partial<Proposal> = {}): Proposal {
  const commits: ScreenedCommit[] = [{ sha: head, message: "Answer the question", files, complete: true }];
  return {
    base: "a".repeat(40),
    head,
    title: "Answer the question",
    summary: "It is 42.",
    commits,
    net: [],
    total: { commits: 1, files: files.length, lines: 10 },
    ...given,
  };
}

/** Why the proposal is held; none when it is not. */
export function reasonsOf(given: Proposal, rules = defaultSettings): Reason[] {
  const verdict = screen(given, rules);
  return verdict.kind === "held" ? verdict.reasons : [];
}
/** The codes of why a commit of these files is held. */
export const codesOf = (files: ScreenedFile[]) => reasonsOf(proposal(files)).map(({ code }) => code);
