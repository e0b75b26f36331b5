/** Reading a patch by its hunk headers. */
import { describe, expect, test } from "vitest";
import { readPatch } from "../../src/domain/patch.ts";

const whole =
  "@@ -1,3 +1,4 @@ function x() {\n one\n-two\n+2\n+2.5\n three\n@@ -10 +11 @@\n-old\n+new\n\\ No newline at end of file";

test("added lines come with their numbers in the new file", () => {
  expect(readPatch(whole)).toEqual({
    added: [
      { line: 2, text: "2" },
      { line: 3, text: "2.5" },
      { line: 11, text: "new" },
    ],
    removed: 2,
    whole: true,
  });
});

test("content that looks like a header is content", () => {
  const patch = "@@ -1,2 +1,3 @@\n+@@ -1 +1 @@\n+++ b/evil\n--- a/evil\n ok";
  expect(readPatch(patch)).toMatchObject({
    added: [
      { line: 1, text: "@@ -1 +1 @@" },
      { line: 2, text: "++ b/evil" },
    ],
    removed: 1,
    whole: true,
  });
});

describe("a patch that is not whole is told", () => {
  test.each([
    ["cut in a hunk", whole.slice(0, whole.indexOf("+2.5"))],
    ["no hunk", "Binary files differ"],
    ["more after the hunk", "@@ -0,0 +1 @@\n+a\n+b"],
    ["a hunk that takes more than it says", "@@ -1,1 +1,2 @@\n+a\n+b\n+c"],
  ])("%s", (_, patch) => {
    expect(readPatch(patch).whole).toBe(false);
  });
});

test("an empty patch is whole and adds nothing", () => {
  expect(readPatch("")).toEqual({ added: [], removed: 0, whole: true });
});
