/**
 * What reaches the agent of a stranger's text, and what reaches GitHub of the agent's.
 */
import fc from "fast-check";
import type { Nodes } from "mdast";
import { fromMarkdown } from "mdast-util-from-markdown";
import { gfmFromMarkdown } from "mdast-util-gfm";
import { gfm } from "micromark-extension-gfm";
import { expect, test } from "vitest";
import { parseCommand } from "../../src/domain/command.ts";
import { everyNode } from "../../src/domain/markdown.ts";
import { harmless, harmlessTitle, oneLine, plainInput } from "../../src/domain/sanitize.ts";

const max = 65_536;

test.each<[string, string, string, string[]]>([
  ["nothing", "", "", []],
  ["plain words", "a *b* snake_case `c` < d", "a *b* snake_case `c` < d", []],
  ["an HTML comment", "a<!-- obey -->b", "ab", ["HTML comments"]],
  ["an unclosed comment", "a\n\n<!-- obey\n\nme", "a\n\n", ["HTML comments"]],
  ["a comment over list lines", "- a\n  <!-- obey\n  me -->", "- a\n  ", ["HTML comments"]],
  ["a comment shown as code", "```\n<!-- a -->\n```", "```\n<!-- a -->\n```", []],
  [
    "a comment split by a hidden character",
    "<!\u200b-- obey -->",
    "",
    ["hidden characters", "HTML comments"],
  ],
  ["an image's description", '![obey](https://x/y "me")', "![](https://x/y)", ["image descriptions"]],
  ["an image without one", "![](https://x/y)", "![](https://x/y)", []],
  ["a link's title", "[a](https://x 'obey')", "[a](https://x)", ["link titles"]],
  ["a definition used as a comment", "[//]: # (obey)\n\na", "\n\na", ["link definitions"]],
  ["a reference's label", "[a][obey me]\n\n[obey me]: https://x", "[a](https://x)\n\n", ["link definitions"]],
  ["a footnote nobody refers to", "a\n\n[^b]: obey", "a\n\n", ["unused footnotes"]],
  ["a footnote", "a[^b]\n\n[^b]: c", "a[^b]\n\n[^b]: c", []],
  ["a code block's label", "```js obey me\na\n```", "```js\na\n```", ["labels of code blocks"]],
  [
    "HTML attributes",
    '<img alt="obey" aria-label="obey" data-a="obey" src="https://x/?a=1&amp;b=2">',
    '<img src="https://x/?a=1&amp;b=2">',
    ["HTML attributes"],
  ],
  [
    "unquoted attributes",
    "a <img alt=obey src=https://x/y> b",
    'a <img src="https://x/y"> b',
    ["HTML attributes"],
  ],
  ["an attribute over blocks", 'a\n\n<div title="\n\nobey\n\n">', "a\n\n", ["HTML attributes"]],
  ["an attribute over quoted lines", '> <div\n> title="obey">b</div>', "> <div>b</div>", ["HTML attributes"]],
  [
    "text hidden by an attribute GitHub drops",
    "<p hidden style='display:none'>a</p>",
    "<p>a</p>",
    ["HTML attributes"],
  ],
  ["a script", "<script>obey()</script>", "", ["HTML elements"]],
  ["an unknown element", "<obey-me>a</obey-me>", "a", ["HTML elements"]],
  ["details", "<details><summary>a</summary>b</details>", "<details><summary>a</summary>b</details>", []],
  ["tag characters", "a\u{e006f}\u{e0062}\u{e007f}b", "ab", ["hidden characters"]],
  ["bidirectional controls", "a\u202eb\u2066c\u2069", "abc", ["hidden characters"]],
  ["zero-width characters and soft hyphens", "a\u200b\u200d\u2060\u00ad\ufeffb", "ab", ["hidden characters"]],
  ["hidden characters in code", "`a\u200bb`", "`ab`", ["hidden characters"]],
  [
    "hidden character references",
    "a&#8203;&shy;&#xE0041;b &amp; `&shy;`",
    "ab &amp; `&shy;`",
    ["hidden characters"],
  ],
  ["variation selectors after letters", "a\ufe01b\u{e0100}", "ab", ["hidden characters"]],
  ["emoji", "👩‍💻 ❤️ 1️⃣ 🏳️‍🌈 👍🏽", "👩‍💻 ❤️ 1️⃣ 🏳️‍🌈 👍🏽", []],
  ["controls and terminal escapes", "\u001b[31ma\u001b[0m\u0000\u0007", "a", ["hidden characters"]],
  ["a lone surrogate", "a\ud800", "a\ufffd", ["hidden characters"]],
  ["CRLF", "a\r\nb", "a\nb", []],
])("input with %s", (_what, markdown, text, removed) => {
  expect(plainInput(markdown)).toEqual({ text, removed });
});

test("input is cut at its bound and says so", () => {
  const { text, removed } = plainInput(`${"a".repeat(max - 1)}😀`);
  expect(text).toBe("a".repeat(max - 1));
  expect(removed).toEqual(["text after the first 65536 characters"]);
});

test.each<[string, string, string]>([
  ["nothing", "", ""],
  ["plain words", "a *b* snake_case `c`", "a *b* snake_case `c`"],
  ["a mention", "hi @bob, a@b, @org/team", "hi `@bob`, a\\@b, `@org/team`"],
  ["an escaped mention", "\\@bob &#64;carol", "`@bob` `@carol`"],
  ["a mention behind a tag", "<b>@</b>bob", "`@bob`"],
  ["a mention in a link, a table and a quote", "[@a](https://x)\n\n> @b", "[`@a`](https://x)\n\n> `@b`"],
  ["mentions in a row", "@bob@carol#1", "`@bob``@carol``#1`"],
  ["a closing keyword", "Fixes #12, closes o/r#3", "Fixes `#12`, closes `o/r#3`"],
  ["a reference of the old form", "GH-12", "`GH-12`"],
  ["the reference that is allowed", "Closes #5", "Closes #5"],
  ["an issue's address", "https://github.com/o/r/issues/5", "`https://github.com/o/r/issues/5`"],
  ["a link to a pull request", "[a](https://ghe.example/o/r/pull/5)", "a (`https://ghe.example/o/r/pull/5`)"],
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

test.each([
  ["a\r\n\tb", 9, "a b"],
  ["\u001b[1ma\u0000\u200b\u202eb\u0085c", 9, "ab c"],
  ["😀😀😀😀", 3, "😀😀…"],
  ["😀😀😀", 3, "😀😀😀"],
  ["\ud800", 3, "\ufffd"],
])("one line of %j", (text, points, expected) => {
  expect(oneLine(text, points)).toBe(expected);
});

/** What in a Markdown text would make GitHub notify, link, close, load or run, read by the plain parser. */
function whatActs(markdown: string): string[] {
  const tree = fromMarkdown(markdown, { extensions: [gfm()], mdastExtensions: [gfmFromMarkdown()] });
  const acting = (node: Nodes): string[] => {
    if (node.type === "html" || node.type === "image" || node.type === "imageReference") return [node.type];
    if (node.type === "link" && /\/(issues|pull)\/\d/.test(node.url)) return [node.url];
    if (node.type === "text") return node.value.match(/(?<!\w)@\w|#\d|(?<!\w)gh-\d/gi) ?? [];
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
    { numRuns: 20_000 },
  );
});

test("input holds no comment, attribute or hidden character, however it is written", () => {
  fc.assert(
    fc.property(hostile, (markdown) => {
      const { text } = plainInput(markdown);
      expect(text).not.toMatch(/[\u200b\u202e]/);
      const tree = fromMarkdown(text, { extensions: [gfm()], mdastExtensions: [gfmFromMarkdown()] });
      for (const node of everyNode(tree)) {
        if (node.type === "html") expect(node.value).not.toMatch(/<!--|title=/);
      }
    }),
    { numRuns: 20_000 },
  );
});

test.each([
  ...[
    ">",
    "> ",
    "1. ",
    "1. 1. 1. 1. 1. 1. 1. 1. a\n",
    "[^a]: ",
    "[",
    "![[",
    "[a](b",
    "[a]: b\n",
    "_a*",
    "*a ",
    "`",
    "&shy;",
  ],
  ...[
    "<",
    "<b>",
    "<div>\n\n",
    "a <!-- ",
    "a <? ",
    "a\n=\n",
    "b\n",
    "|a|b|\n",
    "@a ",
    "#1 ",
    "\u200b",
    "👩‍💻",
    "\u001b]0;",
  ],
])("65,536 characters of %j are made fit in time", (unit) => {
  const long = unit.repeat(Math.floor(max / unit.length));
  for (const work of [
    plainInput,
    (text: string) => harmless(text, { max: 5_000 }),
    (text: string) => harmlessTitle(text, 200),
  ]) {
    const started = performance.now();
    work(long);
    expect(performance.now() - started).toBeLessThan(3_000);
  }
});
