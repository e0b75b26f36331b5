/** Screening of one file: what goes through, what is no ordinary file, what was not read, what is hidden. */
import { describe, expect, test } from "vitest";
import { screen } from "../../src/domain/screening.ts";
import type { ScreenedFile } from "../../src/domain/screening-content.ts";
import { defaultSettings } from "../../src/domain/settings.ts";
import { codesOf, file, proposal, reasonsOf, token, unpatched } from "./proposals.ts";

describe("what goes through", () => {
  test.each<[string, ScreenedFile]>([
    ["a text file", file()],
    ["an executable", file({ mode: "100755" })],
    ["an empty file", unpatched({ binary: false })],
    ["a change of mode alone", unpatched({ binary: false, status: "modified", mode: "100755" })],
    ["a pure renaming", unpatched({ binary: false, status: "renamed", previousPath: "src/question.ts" })],
    ["a removal", unpatched({ status: "removed", deletions: 5 })],
    ["a change of white space alone", file({}, ["  "])],
    [
      "a link within the tree",
      unpatched({ mode: "120000", path: "docs/a/link", symlinkTarget: "../../src/answer.ts" }),
    ],
    ["a link to the root", unpatched({ mode: "120000", path: "docs/link", symlinkTarget: ".." })],
    ["Persian, Hindi and emoji with joiners", file({}, ["می\u200Cخواهم क्\u200Dष 👩\u200D💻 🏳️\u200D🌈"])],
    ["a byte order mark", file({}, ["\uFEFFusing System;"])],
  ])("%s", (_, given) => {
    expect(screen(proposal([given]), defaultSettings)).toEqual({ kind: "clean" });
  });
});

describe("what is no ordinary file", () => {
  test.each([
    ["/etc/passwd"],
    ["../../outside"],
    ["../a/../../../x"],
    ["inner/../../../../x"],
    ["..\\..\\x"],
    ["C:/x"],
    ["~/.ssh"],
    ["../../.git/config"],
  ])("a link to %s leads out", (symlinkTarget) => {
    const link = unpatched({ mode: "120000", path: "docs/link", symlinkTarget });
    expect(reasonsOf(proposal([link]))).toMatchObject([
      { code: "symlink", path: "docs/link", approvable: true },
    ]);
  });

  test.each<[string, ScreenedFile, string]>([
    ["a link nobody read", unpatched({ mode: "120000" }), "unread"],
    [
      "a link to a name with a newline",
      unpatched({ mode: "120000", symlinkTarget: "a\nb" }),
      "hidden_characters",
    ],
    ["a link that is a secret", unpatched({ mode: "120000", symlinkTarget: token }), "secret"],
    ["a submodule", unpatched({ mode: "160000" }), "submodule"],
    ["a binary", unpatched({ binary: true }), "binary"],
    ["a mode nobody read", (({ mode: _, ...rest }) => rest)(file()), "unread"],
    ["a mode Git does not write", file({ mode: "100664" }), "unread"],
  ])("%s", (_, given, code) => {
    expect(codesOf([given])).toEqual([code]);
  });

  test.each<[string, Partial<ScreenedFile>, string]>([
    ["a binary", { binary: true }, token],
    ["a binary of wide letters", { binary: true }, token.split("").join("\0")],
    ["a submodule", { mode: "160000" }, token],
    ["a link", { mode: "120000", symlinkTarget: "a" }, token],
  ])("%s is looked through for secrets all the same", (_, given, line) => {
    expect(reasonsOf(proposal([file(given, [line])]))).toContainEqual(
      expect.objectContaining({ code: "secret", approvable: false }),
    );
  });
});

describe("what could not be read in full", () => {
  test.each<[string, ScreenedFile]>([
    ["no patch and nobody looked", unpatched({})],
    ["no patch though lines were added", unpatched({ binary: false, additions: 3 })],
    ["a patch cut by whoever gave it", file({ truncated: true })],
    ["a patch with fewer lines than counted", file({ additions: 2 })],
    ["a patch with more lines than counted", file({ additions: 0 })],
    ["a patch cut in a hunk", file({ patch: "@@ -0,0 +1,2 @@\n+a" })],
    ["text that is no patch", file({ patch: "Binary files differ" })],
    [
      "a pointer of Git LFS",
      file({}, ["version https://git-lfs.github.com/spec/v1", "oid sha256:4d7a", "size 12"]),
    ],
  ])("%s", (_, given) => {
    expect(reasonsOf(proposal([given]))).toMatchObject([
      { code: "unread", path: given.path, approvable: true },
    ]);
  });
});

describe("hidden characters", () => {
  test.each([
    "\u202E",
    "\u2066",
    "\u200B",
    "\u00AD",
    "\u2060",
    "x\u200Dy",
    "\u{E0041}",
    "\u3164",
    "a\uFEFFb",
    "\uFE01",
    "a\uFE0F",
    "\u{1F600}\uFE0F\uFE0E",
    "\u034F",
    "\u180B",
    "\uFFF9",
    "\u2028",
    "\u{1D173}",
    "\u00E9\u200D",
    "\u0645\u200C\u200C",
    "\x1B[2K",
    "\b\b",
    "\rx",
  ])("%j in an added line is held, with its line", (letters) => {
    expect(reasonsOf(proposal([file({}, ["ok", `if (x${letters}) {`])]))).toMatchObject([
      { code: "hidden_characters", words: expect.stringContaining("line 2"), approvable: true },
    ]);
  });

  test.each([
    "\u{1F600}",
    "\u2764\uFE0F",
    "1\uFE0F\u20E3",
    "\u{1F469}\u{1F3FD}\u200D\u{1F4BB}",
    "\u{1F3F3}\uFE0F\u200D\u{1F308}",
    "\u0645\u06CC\u200C\u062E",
    "\u0915\u094D\u200D\u0937",
    "\t\f",
  ])("%j is what it looks like", (letters) => {
    expect(reasonsOf(proposal([file({}, ["ok", `say("${letters}");`])]))).toEqual([]);
  });

  test("a carriage return at the end of a line is a line's end", () => {
    expect(reasonsOf(proposal([file({}, ["ok", "two\r"])]))).toEqual([]);
  });

  test("a newline in a path is held", () => {
    expect(codesOf([file({ path: "src/a\nb.ts" })])).toEqual(["hidden_characters"]);
  });

  test("in a path is held, and the path is shown with them written out", () => {
    expect(reasonsOf(proposal([file({ path: "src/a\u202Eb`c\n.ts" })]))).toMatchObject([
      { code: "hidden_characters", path: "src/a\\u{202e}b\\u{60}c\\u{a}.ts" },
    ]);
  });
});
