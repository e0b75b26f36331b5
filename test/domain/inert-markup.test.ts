/**
 * What reaches GitHub of the agent's words: the same to read, and nothing in them that acts.
 */
import fc from "fast-check";
import type { Nodes } from "mdast";
import { fromMarkdown } from "mdast-util-from-markdown";
import { gfmFromMarkdown } from "mdast-util-gfm";
import { gfm } from "micromark-extension-gfm";
import { expect, test } from "vitest";
import { parseCommand } from "../../src/domain/command.ts";
import { harmless, harmlessTitle } from "../../src/domain/sanitize.ts";

const max = 65_536;

test.each<[string, string, string]>([
  ["nothing", "", ""],
  ["plain words", "a *b* snake_case `c`", "a *b* snake_case `c`"],
  ["a mention", "hi @bob, a@b, @org/team", "hi `@bob`, `a@b`, `@org/team`"],
  ["an escaped mention", "\\@bob &#64;carol", "`@bob` `@carol`"],
  ["a mention behind a tag", "<b>@</b>bob", "`@bob`"],
  ["a mention in a link, a table and a quote", "[@a](https://x)\n\n> @b", "[`@a`](https://x)\n\n> `@b`"],
  ["mentions in a row", "@bob@carol#1", "`@bob@carol#1`"],
  ["a closing keyword", "Fixes #12, closes o/r#3", "Fixes `#12`, closes `o/r#3`"],
  ["a reference of the old form", "GH-12", "`GH-12`"],
  ["the reference that is allowed", "Closes #5", "Closes #5"],
  ["an issue's address", "https://github.com/o/r/issues/5", "`https://github.com/o/r/issues/5`"],
  ["a link to a pull request", "[a](https://ghe.example/o/r/pull/5)", "a (`https://ghe.example/o/r/pull/5`)"],
  ["a link that only looks like an address", "[@bob](@bob)", "[`@bob`](@bob)"],
  ["another link", "[a](https://example.com 'b')", "[a](https://example.com)"],
  ["an image", "![a chart](https://evil.example/?secret)", "a chart"],
  ["an image by reference", "![a][b]\n\n[b]: https://evil.example", "a"],
  ["an image in HTML", "a <img src='https://evil.example'> b", "a  b"],
  ["raw HTML", "<details><summary>a</summary>b @c</details>", "a b `@c`"],
  ["a mention as a reference's label", "[a][@bob]\n\n[@bob]: https://x", "[a](https://x)"],
  ["a command", "/agent fix\n/fix", "\\/agent fix\n\\/fix"],
  ["a command behind a no-break space", "\u00a0/agent fix", "&#x20;\\/agent fix"],
  ["our marker", "<!-- patchwright:run:1 -->", ""],
  ["our marker in code", "`<!-- patchwright:run:1 -->`", "`<! -- patchwright:run:1 -->`"],
  ["our marker in references", "&lt;!-- patchwright", "\\<! -- patchwright"],
  ["a secret", `a ghs_${"x".repeat(40)}`, "a \\[secret]"],
  ["a secret behind escapes", `ghs\\_${"x".repeat(40)}`, "\\[secret]"],
  ["a secret in code", `\`ghp_${"x".repeat(36)}\``, "`[secret]`"],
  ["code", "```js\n@bob #1 /agent fix\n```", "```js\n@bob #1 /agent fix\n```"],
  ["an unclosed fence", "```\na", "```\na\n```"],
  ["hidden characters", "a\u202e\u200bb", "ab"],
  ["a nested list with tasks", "- [x] a\n  1. b", "- [x] a\n  1. b"],
])("harmless with %s", (_what, markdown, expected) => {
  expect(harmless(markdown, { max, references: ["#5"] })).toBe(expected);
});

test.each([
  ["words", "word @bob ".repeat(99)],
  ["code", `\`\`\`js\n${"x @bob\n".repeat(99)}`],
  ["emoji", "😀".repeat(99)],
  ["one long code span", `\`${"@bob ".repeat(99)}\``],
])("%s too long are cut, closed and noted", (_what, markdown) => {
  const cut = harmless(markdown, { max: 120 });
  expect(cut.length).toBeLessThanOrEqual(120);
  expect(cut.isWellFormed()).toBe(true);
  expect(cut).toMatch(/\n\n\*The rest was cut\.\*$/);
  expect(whatActs(cut)).toEqual([]);
});

test("secrets of every maker are taken out, also such as entities and escapes spell", () => {
  const key = `AKIA${"IOSFODNN7ABCDEFG"}`;
  const many = Array.from({ length: 30 }, (_, at) =>
    key.replace("NN7A", `NN${String.fromCharCode(65 + (at % 26))}A`),
  );
  for (const text of [
    key,
    `a \`${key}\``,
    `&#65;${key.slice(1)}`,
    key.replace("IA", "I\u200bA"),
    many.join("\n"),
  ]) {
    expect(harmless(text, { max: 5_000 })).not.toMatch(/AKIA[A-Z2-7]{16}/);
    expect(harmlessTitle(text, 200)).not.toMatch(/AKIA[A-Z2-7]{16}/);
  }
});

test("a bound too small for the note leaves an ellipsis", () => {
  expect(harmless("some words", { max: 3 })).toBe("…");
});

test.each([
  ["Fixes #12 for @bob", "Fixes `#12` for `@bob`"],
  ["Fix `@x` and ` @y", "Fix `@x` and ' `@y`"],
  ["a\n\u202eb\tc", "a b c"],
  ["a *b* _c_ <d>", "a *b* _c_ <d>"],
  [`a ghs_${"x".repeat(40)}`, "a [secret]"],
  ["<!-- patchwright:run:1 -->", "<! -- patchwright:run:1 -->"],
])("title %j", (text, expected) => {
  expect(harmlessTitle(text, 256)).toBe(expected);
});

test("a title is never cut inside a code span", () => {
  expect(harmlessTitle("Thank @bobby", 10)).toBe("Thank…");
});

/** What in a Markdown text would make GitHub notify, link, close, load or run, read by the plain parser. */
function whatActs(markdown: string): string[] {
  const tree = fromMarkdown(markdown, { extensions: [gfm()], mdastExtensions: [gfmFromMarkdown()] });
  const acting = (node: Nodes): string[] => {
    if (node.type === "html" || node.type === "image" || node.type === "imageReference") return [node.type];
    if (node.type === "link" && /\/(issues|pull)\/\d/.test(node.url)) return [node.url];
    if (node.type === "text") return node.value.match(/(?<!\w)@[a-z\d]|#\d|(?<!\w)gh-\d/gi) ?? [];
    if (node.type === "link" && node.children[0]?.type === "text") return [];
    return "children" in node ? node.children.flatMap(acting) : [];
  };
  return acting(tree);
}

const hostile = fc
  .array(
    fc.constantFrom(
      ...[
        "@bob",
        "#12",
        "o/r#3",
        "GH-1",
        "fixes ",
        "<b>",
        "</b>",
        "<!--",
        "-->",
        "<br>",
        "![",
        "[",
        "](",
        ")",
        "]",
      ],
      ...[
        "https://github.com/o/r/issues/1",
        "*",
        "**",
        "_",
        "~~",
        "`",
        "```",
        "\n",
        "\n\n",
        "> ",
        "- ",
        "    ",
        "| ",
      ],
      ...[
        "|-|\n",
        "\\",
        "&#64;",
        "&",
        "/agent fix",
        "a",
        " ",
        "# ",
        "[^1]",
        "[^1]: ",
        "[x]: ",
        "\u00a0",
        "\u200b",
        "1. ",
      ],
      ...[
        "<!-- patchwright:run:1 -->",
        "www.x.com",
        "a@b.com",
        "<div title='",
        '"',
        "'",
        ">",
        "<",
        "😀",
        "\ud83d",
      ],
    ),
    { maxLength: 40 },
  )
  .map((parts) => parts.join(""));

test("nothing harmless acts, however it is written or cut", () => {
  fc.assert(
    fc.property(hostile, fc.integer({ min: 30, max: 200 }), (markdown, room) => {
      for (const shown of [harmless(markdown, { max }), harmless(markdown, { max: room })]) {
        expect(whatActs(shown)).toEqual([]);
        expect(parseCommand(shown)).toEqual({ kind: "none" });
        expect(shown).not.toMatch(/<!--\s*patchwright/i);
        expect(shown.isWellFormed()).toBe(true);
      }
      expect(harmless(markdown, { max: room }).length).toBeLessThanOrEqual(room);
    }),
    { numRuns: 500 },
  );
});
