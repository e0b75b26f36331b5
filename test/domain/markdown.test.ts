/**
 * Where a text's HTML, code and quotes are, and that no text takes long to read.
 */
import { expect, test } from "vitest";
import {
  definitionsOf,
  everyNode,
  markdownCharsMax,
  pieces,
  readBlocks,
  readMarkdown,
} from "../../src/domain/markdown.ts";

const shown = (text: string) =>
  pieces(text, readMarkdown(text))
    .filter((piece) => piece.kind === "text")
    .map((piece) => text.slice(piece.start, piece.end))
    .join("");

test.each([
  ["plain words", "a < b > c", "a < b > c"],
  ["a comment", "a<!-- b -->c", "ac"],
  ["an unclosed comment", "<!-- a\n\nb", ""],
  ["a comment in code", "`<!-- a -->`", "`<!-- a -->`"],
  ["an attribute over blocks", 'a\n\n<div title="\n\nb\n\n">c', "a\n\n"],
  ["a tag over quoted lines", '> <div\n> title="a">b</div>', "> b"],
  ["a comment over list lines", "- a\n  <!-- b\n  c -->\n  d", "- a\n  \n  d"],
])("visible text with %s", (_what, text, expected) => {
  expect(shown(text)).toBe(expected);
});

test("beyond what was read everything counts as HTML", () => {
  expect(pieces("`<b>`", { tree: { type: "root", children: [] }, end: 0 }).map(({ kind }) => kind)).toEqual([
    "text",
    "open",
    "text",
  ]);
});

test("the first definition of a name counts", () => {
  expect(definitionsOf(readMarkdown("[A]: x\n[a]: y").tree).get("a")?.url).toBe("x");
});

test("nodes come in the order of the text", () => {
  const types = Array.from(everyNode(readMarkdown("# a\n\n> b").tree), ({ type }) => type);
  expect(types).toEqual(["root", "heading", "text", "blockquote", "paragraph", "text"]);
});

test("reading stops before what is too tangled", () => {
  const fine = "fine\n";
  expect(readBlocks(`${fine}${"> ".repeat(33)}a`).end).toBe(fine.length);
  expect(readBlocks(`${fine}${"> ".repeat(32)}a`).end).toBeGreaterThan(fine.length);
  expect(readMarkdown(`${fine}\n${"_a*".repeat(20_000)}`).end).toBe(fine.length + 1);
  expect(readMarkdown("*a ".repeat(1_000) + "a* ".repeat(1_000)).end).toBe(0);
  expect(readBlocks("a".repeat(markdownCharsMax + 1)).end).toBe(markdownCharsMax);
  expect(readBlocks("a\r".repeat(10_000)).end).toBeLessThan(7_000);
});

/** Runs of 1, 2, 3 … backticks: none ends another. */
const runs = (count: number) => Array.from({ length: count }, (_, at) => `${"`".repeat(at + 1)} a`).join("");

test.each([
  ["runs of every length", runs(100)],
  ["runs that a backslash shortens", "\\`` a".repeat(1_000)],
])("%s are not looked for through a long paragraph", (_what, tangled) => {
  const text = `fine\n\n${tangled}\n${"a\n".repeat(1_000)}${"a ".repeat(20_000)}`;
  expect(readBlocks(text).end).toBeLessThan(text.length - 30_000);
  expect(readBlocks(text).end).toBeGreaterThan("fine\n\n".length);
});

test.each([
  ["inline code in every line", "- `a` and ``b ` c``, \\`d\\`\n".repeat(2_000)],
  ["paragraphs with a stray run each", "a ``` b\n\n".repeat(1_400)],
])("%s is read whole", (_what, text) => {
  expect(readBlocks(text.slice(0, 30_000)).end).toBe(Math.min(text.length, 30_000));
});
