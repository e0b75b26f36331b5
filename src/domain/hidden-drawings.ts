/**
 * What GitHub draws instead of showing: Mermaid's diagrams and TeX's formulas, and what of their source no drawing
 * shows. It finds places only; what becomes of them is the caller's.
 */
import type { Code, Nodes } from "mdast";
import { endOf, startOf } from "./markdown.ts";

/** A place in the source. */
interface Span {
  start: number;
  end: number;
}

/**
 * A formula as GitHub's manual writes it: between `$$`, between `$` and backticks, or between single `$` that touch
 * what they hold and no word outside.
 */
const formula = /\$\$[\s\S]+?\$\$|\$`[^`]+`\$|(?<![\\$\w])\$(?!\s)(?:\\.|[^$\n\\])+(?<!\s)\$(?![\w$])/g;
/** Space that is as wide as what it holds, which is not drawn. */
const phantom = /\\[hv]?phantom\s*\{/g;
const texComment = /(?<!\\)%[^\n]*/g;
/** Comments and directives of Mermaid; the block may stand in a list or a quotation. */
const mermaidComment = /(?<=\n[ \t>]*)%%[^\n]*/g;

/** Comments and phantoms of the diagrams and formulas in a source, of which `nodes` are all nodes. */
export function undrawn(source: string, nodes: readonly Nodes[]): Span[] {
  const blocks = nodes.filter((node) => node.type === "code");
  const code = nodes
    .filter(({ type }) => type === "code" || type === "inlineCode")
    .map((node) => ({ start: startOf(node), end: endOf(node) }));
  const formulas = matches(source, formula, { start: 0, end: source.length }).filter(
    ({ start, end }) => !code.some((shown) => isWithin(shown, start) || isWithin(shown, end - 1)),
  );
  return [
    ...blocks.flatMap((block) => inBlock(source, block)),
    ...formulas.flatMap(({ start, end }) => {
      const mark = /^\$[$`]/.test(source.slice(start, end)) ? 2 : 1;
      return inFormula(source, { start: start + mark, end: end - mark });
    }),
  ];
}

function isWithin({ start, end }: Span, at: number): boolean {
  return at >= start && at < end;
}

function inBlock(source: string, block: Code): Span[] {
  const span = { start: startOf(block), end: endOf(block) };
  switch (block.lang?.toLowerCase()) {
    case "mermaid":
      return matches(source, mermaidComment, span);
    case "math":
      return inFormula(source, span);
    default:
      return [];
  }
}

function inFormula(source: string, span: Span): Span[] {
  const spans = matches(source, texComment, span);
  let past = span.start;
  for (const { start, end } of matches(source, phantom, span)) {
    if (start < past) continue;
    const closed = closingBrace(source, { start: end, end: span.end });
    // One that never ends is an error, which GitHub shows with the whole source.
    if (closed === undefined) return [];
    spans.push({ start, end: closed });
    past = closed;
  }
  return spans;
}

function matches(source: string, what: RegExp, { start, end }: Span): Span[] {
  return Array.from(source.slice(start, end).matchAll(what), ({ index, 0: { length } }) => ({
    start: start + index,
    end: start + index + length,
  }));
}

/** Past the brace that closes what was opened before `start`; undefined where none does. */
function closingBrace(source: string, { start, end }: Span): number | undefined {
  let depth = 1;
  for (let at = start; at < end; at += 1) {
    if (source[at] === "\\") at += 1;
    else if (source[at] === "{") depth += 1;
    else if (source[at] === "}") depth -= 1;
    if (depth === 0) return at + 1;
  }
  return undefined;
}
