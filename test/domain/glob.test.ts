/** What `paths.deny` matches, what its globs may look like, and that hostile paths cost little. */
import { describe, expect, test } from "vitest";
import { globMatcher, globProblem } from "../../src/domain/glob.ts";

describe("matching", () => {
  test.each([
    [".github/workflows/**", ".github/workflows/ci.yml"],
    [".github/workflows/**", ".github/workflows/deep/.hidden/x"],
    [".github/workflows/**", ".github/workflows"],
    [".github/workflows/**", ".GitHub/Workflows/CI.yml"],
    ["**/CODEOWNERS", "CODEOWNERS"],
    ["**/CODEOWNERS", "docs/deep/codeowners"],
    ["a/**/b", "a/b"],
    ["a/**/b", "a/x/y/b"],
    ["**/*.pem", "keys/server.PEM"],
    ["*", ".env"],
    ["file?.txt", "file1.txt"],
    ["**", "anything/at/all"],
    ["*a*b*", "xxaxxbxx"],
    ["**/a/**/b", "x/a/a/b/c/b"],
    // Some file systems take these for the same name.
    [".husky/**", ".hus\u212Ay/pre-commit"],
    [".husky/**", ".hu\u017Fky/pre-commit"],
    ["caf\u00E9", "cafe\u0301"],
  ])("%s takes in %s", (glob, path) => {
    expect(globMatcher([glob])(path)).toBe(glob);
  });

  test.each([
    [".github/workflows/**", ".github/workflows-old/ci.yml"],
    ["CLAUDE.md", "docs/CLAUDE.md"],
    ["*", "a/b"],
    ["*.md", "docs/readme.md"],
    ["file?.txt", "file.txt"],
    ["a/**/b", "ab"],
    ["a.c", "abc"],
    ["?", ""],
  ])("%s leaves %s alone", (glob, path) => {
    expect(globMatcher([glob])(path)).toBeUndefined();
  });

  test("names the first of several globs", () => {
    expect(globMatcher(["x", "a/**", "**/b"])("a/b")).toBe("a/**");
  });
});

test.each(["", "a".repeat(201), "{a,b}", "[ab]", "!a", "a\\b", "/a", "a/", "a//b", "a**", "**a/b"])(
  "%j is refused as a glob",
  (glob) => {
    expect(globProblem(glob)).toBeDefined();
  },
);

test.each(["a", "**", "**/*.key", "a/**/b*?", "docs/ü/**"])("%j is a glob", (glob) => {
  expect(globProblem(glob)).toBeUndefined();
});

test("a path made to cost much costs little", () => {
  const globs = ["*a*a*a*a*a*b", "**/a/**/a/**/a/**/b", "**/*a*/**/*a*/**/b"];
  const paths = ["a".repeat(4_096), "a/".repeat(2_048), "aaaa/".repeat(800)];
  const start = process.cpuUsage();
  for (const path of paths) expect(globMatcher(globs)(path)).toBeUndefined();
  expect(process.cpuUsage(start).user / 1000).toBeLessThan(2_500);
});
