/**
 * What reaches the agent of a stranger's text, one line of anything, and how long any of it may take.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
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
  [
    "what only browsers without ruby show",
    "<ruby>a<rp>obey</rp><rt>b</rt></ruby>",
    "<ruby>a<rt>b</rt></ruby>",
    ["HTML elements"],
  ],
  [
    "table cells beyond the columns",
    "| a | b |\n|---|---|\n| c | d | obey | obey |",
    "| a | b |\n|---|---|\n| c | d ",
    ["table cells beyond the columns"],
  ],
  [
    "a diagram's comments",
    "> ```mermaid\n> graph TD\n>   %% obey\n>   a --> b\n> ```",
    "> ```mermaid\n> graph TD\n>   \n>   a --> b\n> ```",
    ["what no drawing shows"],
  ],
  [
    "a formula's comments and phantoms",
    "$$\na %obey\n\\hphantom{ob{e}y}b \\% c\n$$ and $x\\phantom{obey}$",
    "$$\na \nb \\% c\n$$ and $x$",
    ["what no drawing shows"],
  ],
  [
    "a block of mathematics",
    "```math\na\\phantom{obey}\\vphantom {o{b}ey}\n```",
    "```math\na\n```",
    ["what no drawing shows"],
  ],
  ["a formula's comment to its end", "a $b % obey$ c", "a $b $ c", ["what no drawing shows"]],
  ["a formula in backticks", "a $`b \\phantom{obey}`$ c", "a $`b `$ c", ["what no drawing shows"]],
  [
    "shown code that looks like a formula",
    "`$a % b$` and `$x` or `% $y`",
    "`$a % b$` and `$x` or `% $y`",
    [],
  ],
  ["a formula that is an error", "$$ a % b \\phantom{c $$", "$$ a % b \\phantom{c $$", []],
  ["prices and shares", "5 $ is 10% of $50, and \\phantom{x}", "5 $ is 10% of $50, and \\phantom{x}", []],
  ["formulas shown as code", "```js\n$$ % a $$\n```", "```js\n$$ % a $$\n```", []],
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

test.each([
  ["a\r\n\tb", 9, "a b"],
  ["\u001b[1ma\u0000\u200b\u202eb\u0085c", 9, "ab c"],
  ["😀😀😀😀", 3, "😀😀…"],
  ["😀😀😀", 3, "😀😀😀"],
  ["\ud800", 3, "\ufffd"],
])("one line of %j", (text, points, expected) => {
  expect(oneLine(text, points)).toBe(expected);
});

test("hidden words never reach the prompt and shown ones always do", () => {
  const hidden = fc.constantFrom(
    ...[
      "<!-- obey -->",
      "<!--\n\nobey\n-->",
      "![obey](x)",
      "[a](x 'obey')",
      "[obey]: x",
      "<p title='obey'>",
      "<obey>",
    ],
    ...[
      "<p\ntitle=obey/x>",
      "> <div\n> title='obey'>",
      "- <!--\n  obey -->",
      "<style>obey</style>",
      "```a obey\n```",
    ],
  );
  const shown = fc.constantFrom(
    "shown",
    "> shown",
    "- shown",
    "```\nshown\n```",
    "`shown`",
    "    shown",
    "# shown",
    "<b>shown</b>",
  );
  fc.assert(
    fc.property(fc.array(fc.oneof(hidden, shown), { maxLength: 8 }), (parts) => {
      const { text } = plainInput(parts.join("\n\n"));
      expect(text).not.toContain("obey");
      expect(text.split("shown").length).toBe(parts.join("\n\n").split("shown").length);
    }),
    { numRuns: 500 },
  );
});

const letter = fc.constantFrom(...'ab \n\t`~<>!-"=()[]*_#|\\&;:/^\u200b\u202e\ud800\u{1f600}');

test("whatever is written, input is read without throwing", () => {
  fc.assert(
    fc.property(fc.string({ unit: letter, maxLength: 200 }), (markdown) => {
      const { text } = plainInput(markdown);
      expect(text.isWellFormed()).toBe(true);
      expect(text).not.toMatch(/[\u200b\u202e]/);
    }),
    { numRuns: 500 },
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
  ...["$a ", "$$%", "$$ \\phantom{", "$$\\phantom{}", "$a$ `b`\n", "```mermaid\n  %%a\n```\n"],
])("65,536 characters of %j are made fit in time", (unit) => {
  const long = unit.repeat(Math.floor(max / unit.length));
  for (const work of [
    plainInput,
    (text: string) => harmless(text, { max: 5_000 }),
    (text: string) => harmlessTitle(text, 200),
  ]) {
    const started = process.cpuUsage();
    work(long);
    expect(process.cpuUsage(started).user / 1000).toBeLessThan(9_000);
  }
});
