/** Screening: which paths, secrets and sizes hold a proposal, and what a verdict says. */
import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { type Proposal, screen } from "../../src/domain/screening.ts";
import { defaultSettings } from "../../src/domain/settings.ts";
import { codesOf, file, head, proposal, reasonsOf, token, unpatched } from "./proposals.ts";

describe("nothing to propose", () => {
  test("no commits", () => {
    expect(
      screen(proposal([], { commits: [], total: { commits: 0, files: 0, lines: 0 } }), defaultSettings),
    ).toEqual({
      kind: "nothing",
    });
  });

  test("commits that come to nothing", () => {
    const empty = proposal([file()], { total: { commits: 2, files: 0, lines: 0 } });
    expect(screen(empty, defaultSettings)).toEqual({ kind: "nothing" });
  });
});

describe("paths that are kept back", () => {
  test.each([
    ".github/workflows/ci.yml",
    ".GITHUB/Workflows/ci.yml",
    ".github/workflows",
    ".github/actions/x/action.yml",
    ".github/patchwright.yml",
    ".github/dependabot.yml",
    "docs/CODEOWNERS",
    ".gitmodules",
    ".gitattributes",
    ".claude/settings.json",
    ".mcp.json",
    "claude.md",
    "AGENTS.md",
    ".husky/pre-commit",
  ])("%s", (path) => {
    const reasons = reasonsOf(proposal([file({ path })]));
    expect(reasons).toMatchObject([{ code: "denied_path", path, commit: head, approvable: true }]);
  });

  test("the settings file, even where no setting says so", () => {
    const rules = { ...defaultSettings, paths: { deny: [] } };
    expect(reasonsOf(proposal([file({ path: ".github/Patchwright.yml" })]), rules)).toHaveLength(1);
    expect(reasonsOf(proposal([file({ path: ".mcp.json" })]), rules)).toEqual([]);
  });

  test("the old path of a renaming, and a removal", () => {
    const moved = unpatched({ binary: false, status: "renamed", previousPath: ".husky/pre-commit" });
    expect(reasonsOf(proposal([moved]))).toMatchObject([{ code: "denied_path", path: ".husky/pre-commit" }]);
    expect(codesOf([unpatched({ status: "removed", path: ".mcp.json", deletions: 1 })])).toEqual([
      "denied_path",
    ]);
  });

  test("a commit that a later one takes back", () => {
    const first = { sha: "c".repeat(40), message: "m", files: [file({ path: ".mcp.json" })], complete: true };
    const last = { sha: head, message: "m", files: [file()], complete: true };
    const both = proposal([], { commits: [first, last], total: { commits: 2, files: 1, lines: 1 } });
    expect(reasonsOf(both)).toMatchObject([{ code: "denied_path", commit: first.sha }]);
  });

  test("the same path in many commits is one reason, with the first commit", () => {
    const commits = ["c", "d", "b"].map((letter) => ({
      sha: letter.repeat(40),
      message: "m",
      files: [file({ path: ".mcp.json" })],
      complete: true,
    }));
    const reasons = reasonsOf(proposal([], { commits, total: { commits: 3, files: 1, lines: 1 } }));
    expect(reasons).toMatchObject([{ commit: "c".repeat(40) }]);
  });
});

describe("commits that could not be read in full", () => {
  test("a commit with files left out", () => {
    const commits = [{ sha: head, message: "m", files: [file()], complete: false }];
    expect(reasonsOf(proposal([], { commits, total: { commits: 1, files: 1, lines: 1 } }))).toMatchObject([
      { code: "unread", commit: head },
    ]);
  });

  test("commits left out", () => {
    expect(reasonsOf(proposal([file()], { total: { commits: 300, files: 1, lines: 1 } }))).toMatchObject([
      { code: "unread", words: "only 1 of 300 commits could be read" },
    ]);
  });

  test("a head that is not among the commits", () => {
    expect(reasonsOf(proposal([file()], { head: "d".repeat(40) }))).toMatchObject([{ code: "unread" }]);
  });

  test("more text than is looked through", () => {
    const line = "x".repeat(1_000_000);
    const files = Array.from({ length: 20 }, (_, at) => file({ path: `file${at}` }, [line]));
    expect(new Set(codesOf(files))).toEqual(new Set(["unread"]));
  });
});

describe("limits", () => {
  test("as many as the settings say go through, one more is held", () => {
    const total = { commits: 1, files: 100, lines: 5_000 };
    expect(reasonsOf(proposal([file()], { total }))).toEqual([]);
    expect(reasonsOf(proposal([file()], { total: { ...total, files: 101 } }))).toMatchObject([
      { code: "too_many_files", words: expect.stringContaining("101") },
    ]);
    expect(reasonsOf(proposal([file()], { total: { ...total, lines: 5_001 } }))).toMatchObject([
      { code: "too_many_lines", approvable: true },
    ]);
  });
});

describe("secrets", () => {
  const pem = ["-----BEGIN ", "PRIVATE KEY-----"].join("");
  const key = [pem, createHash("sha512").update("k").digest("base64").slice(0, 64)];

  test.each<[string, Proposal]>([
    ["an added line", proposal([file({}, ["a", `x = ${token}`])])],
    ["several lines", proposal([file({}, key)])],
    ["a new path", proposal([file({ path: `docs/${token}.md` })])],
    ["an old path", proposal([unpatched({ binary: false, status: "renamed", previousPath: token })])],
    ["the path of a removal", proposal([unpatched({ status: "removed", path: token, deletions: 1 })])],
    ["the path of a binary", proposal([unpatched({ binary: true, path: token })])],
    [
      "a message",
      proposal([], {
        commits: [{ sha: head, message: `m\n\n${token}`, files: [file()], complete: true }],
        total: { commits: 1, files: 1, lines: 1 },
      }),
    ],
    ["the title", proposal([file()], { title: `Use ${token}` })],
    ["the summary", proposal([file()], { summary: `I used ${token}.` })],
    ["a file of unknown mode", proposal([(({ mode: _, ...rest }) => rest)(file({}, [token]))])],
    ["a patch that is cut", proposal([file({ truncated: true }, [token])])],
  ])("in %s cannot be approved, and are not repeated", (_, given) => {
    const verdict = screen(given, defaultSettings);
    expect(verdict).toMatchObject({ kind: "held", approvable: false });
    expect(verdict.kind === "held" && verdict.reasons[0]).toMatchObject({
      code: "secret",
      approvable: false,
    });
    expect(JSON.stringify(verdict)).not.toContain(token);
    expect(JSON.stringify(verdict)).not.toContain(key[1]);
  });

  test("in one commit count, though the next removes them", () => {
    const removed = file({
      patch: `@@ -1 +0,0 @@\n-${token}`,
      additions: 0,
      deletions: 1,
      status: "modified",
    });
    const commits = [
      { sha: "c".repeat(40), message: "m", files: [file({}, [token])], complete: true },
      { sha: head, message: "m", files: [removed], complete: true },
    ];
    expect(reasonsOf(proposal([], { commits, total: { commits: 2, files: 1, lines: 1 } }))).toMatchObject([
      { code: "secret", commit: "c".repeat(40) },
    ]);
  });

  test("in a removed or unchanged line do not count: they are public already", () => {
    const patch = `@@ -1,2 +1,1 @@\n-${token}\n ${token}`;
    expect(codesOf([file({ patch, additions: 0, deletions: 1, status: "modified" })])).toEqual([]);
  });
});

describe("the verdict", () => {
  test("shows fifty reasons, those that cannot be approved first, and counts the rest", () => {
    const files = Array.from({ length: 70 }, (_, at) =>
      unpatched({ binary: true, path: `picture${at}.png` }),
    );
    const verdict = screen(proposal([...files, file({}, [token])]), defaultSettings);
    expect(verdict).toMatchObject({ kind: "held", more: 21, approvable: false });
    expect(verdict.kind === "held" && verdict.reasons).toHaveLength(50);
    expect(verdict.kind === "held" && verdict.reasons[0]?.code).toBe("secret");
  });

  test("can be approved when every reason can", () => {
    expect(screen(proposal([file({ path: ".mcp.json" })]), defaultSettings)).toMatchObject({
      approvable: true,
      more: 0,
    });
  });

  test("shows a long path cut", () => {
    const [reason] = reasonsOf(proposal([unpatched({ binary: true, path: "é".repeat(4_000) })]));
    expect(reason?.path).toHaveLength(200);
  });

  test("of a large proposal takes little time", () => {
    const files = Array.from({ length: 30_000 }, (_, at) =>
      file({ path: `a/${"deep/".repeat(20)}file${at}` }),
    );
    const start = process.cpuUsage();
    expect(codesOf(files)).toEqual(["too_many_files", "unread"]);
    expect(process.cpuUsage(start).user / 1000).toBeLessThan(20_000);
  });
});
