/**
 * The markup by which a text holds words that GitHub does not show. It leaves the source as written but for that.
 * It does not know hidden characters in plain sight (`characters.ts`) nor who is going to read the text.
 */
import type { Definition, Nodes, TableRow } from "mdast";
import { toMarkdown } from "mdast-util-to-markdown";
import { parseFragment } from "parse5";
import { visibleText } from "./characters.ts";
import { undrawn } from "./hidden-drawings.ts";
import {
  definitionsOf,
  endOf,
  everyNode,
  type Piece,
  pieces,
  type Reading,
  readMarkdown,
  startOf,
  withTagsFound,
} from "./markdown.ts";

/** A change to the source: these characters become `text`. */
interface Edit {
  start: number;
  end: number;
  text: string;
  /** What this takes away, in plain words; absent when nothing is lost. */
  removes?: string;
}

/**
 * The source without HTML comments, attributes and elements GitHub does not know, descriptions and titles of
 * images and links, link definitions (put in place where used), unused footnotes, table cells beyond the columns,
 * labels of code blocks beyond the language, and comments and phantoms of diagrams and formulas; `removed` names
 * the kinds. Addresses and visible text stay. Never throws.
 */
export function withoutHiddenMarkup(source: string): { text: string; removed: string[] } {
  const reading = readMarkdown(withTagsFound(source));
  const edits = [...markupEdits(source, reading), ...markdownEdits(source, reading)];
  return { text: apply(source, edits), removed: edits.flatMap((edit) => edit.removes ?? []) };
}

/** The source with the edits made; of two that overlap, the one that starts first (then the longer) counts. */
function apply(source: string, edits: Edit[]): string {
  const parts: string[] = [];
  let at = 0;
  for (const edit of edits.toSorted((a, b) => a.start - b.start || b.end - a.end)) {
    if (edit.start < at) continue;
    parts.push(source.slice(at, edit.start), edit.text);
    at = edit.end;
  }
  return parts.join("") + source.slice(at);
}

/** Elements GitHub shows; of others it shows only what they hold (its markup repository names this list). */
const shownElements = new Set(
  (
    "a abbr b bdo blockquote br caption cite code dd del details dfn div dl dt em figcaption figure h1 h2 h3 h4 h5 " +
    "h6 hr i img ins kbd li mark ol p picture pre q rt ruby s samp small source span strike strong sub " +
    "summary sup table tbody td tfoot th thead time tr tt ul var wbr"
  ).split(" "),
);

/** Elements whose content is never shown; that of `rp` only where a browser knows no ruby. */
export const unseenElements: ReadonlySet<string> = new Set(
  "iframe noembed noframes noscript rp script style template textarea title xmp".split(" "),
);

/** Edits that leave of the raw HTML only bare tags, addresses and visible text. */
function markupEdits(source: string, reading: Reading): Edit[] {
  const edits: Edit[] = [];
  let at = 0;
  let depth = 0;
  for (const piece of pieces(source, reading)) {
    if (piece.start > at) edits.push(gap(source, at, piece.start));
    at = piece.end;
    if (piece.kind !== "text" && unseenElements.has(piece.name)) {
      depth = Math.max(0, depth + (piece.kind === "open" ? 1 : -1));
    }
    const text = depth > 0 ? "" : shownPiece(source, piece);
    const was = source.slice(piece.start, piece.end);
    if (text === was) continue;
    const removes = text === "" ? "HTML elements" : "HTML attributes";
    edits.push({ start: piece.start, end: piece.end, text, removes });
  }
  if (at < source.length) edits.push(gap(source, at, source.length));
  return edits;
}

/** What no browser shows: a comment or declaration, or the inside of a tag that never ends. */
function gap(source: string, start: number, end: number): Edit {
  return {
    start,
    end,
    text: "",
    removes: source.startsWith("<!", start) ? "HTML comments" : "HTML attributes",
  };
}

function shownPiece(source: string, piece: Piece): string {
  if (piece.kind === "text") return source.slice(piece.start, piece.end);
  if (!shownElements.has(piece.name)) return "";
  if (piece.kind === "close") return `</${piece.name}>`;
  const address = piece.attributes.find(({ name }) => name === (piece.name === "a" ? "href" : "src"));
  if (!address) return `<${piece.name}>`;
  const value = address.value.replaceAll("&", "&amp;").replaceAll('"', "&quot;");
  return `<${piece.name} ${address.name}="${value}">`;
}

/** Edits for what Markdown itself hides. */
function markdownEdits(source: string, { tree }: Reading): Edit[] {
  const nodes = [...everyNode(tree)];
  const footnotes = new Set(
    nodes.flatMap((node) => (node.type === "footnoteReference" ? node.identifier : [])),
  );
  const known = { definitions: definitionsOf(tree), footnotes };
  return [
    ...nodes.flatMap((node) => markdownEdit(source, node, known)),
    ...undrawn(source, nodes).map((span) => ({ ...span, text: "", removes: "what no drawing shows" })),
  ];
}

interface Known {
  definitions: Map<string, Definition>;
  footnotes: Set<string>;
}

function markdownEdit(source: string, node: Nodes, { definitions, footnotes }: Known): Edit[] {
  const place = { start: startOf(node), end: endOf(node) };
  switch (node.type) {
    case "text":
    case "html":
      return hiddenReferences(source, place);
    case "link":
      return node.title ? [{ ...tail(node, node.url), removes: "link titles" }] : [];
    case "linkReference":
      return [tail(node, definitions.get(node.identifier)?.url ?? "")];
    case "image":
    case "imageReference": {
      const url = node.type === "image" ? node.url : (definitions.get(node.identifier)?.url ?? "");
      const told = node.alt || (node.type === "image" && node.title);
      const text = `![${address(url)}`;
      return [{ ...place, text, ...(told && { removes: "image descriptions" }) }];
    }
    case "definition":
      return [{ ...place, text: "", removes: "link definitions" }];
    case "footnoteDefinition":
      return footnotes.has(node.identifier) ? [] : [{ ...place, text: "", removes: "unused footnotes" }];
    case "table":
      return node.children.flatMap((row) => beyondColumns(row, node.children[0]?.children.length ?? 0));
    case "code":
      return node.meta ? codeLabel(source, place.start) : [];
    default:
      return [];
  }
}

/** GitHub leaves out the cells that a row has beyond those of its table's head. */
function beyondColumns({ children }: TableRow, columns: number): Edit[] {
  const [first, last] = [children[columns], children.at(-1)];
  if (!first || !last) return [];
  return [{ start: startOf(first), end: endOf(last), text: "", removes: "table cells beyond the columns" }];
}

/** The end of a link, written anew: everything after its text. */
function tail(node: Nodes & { type: "link" | "linkReference" }, url: string): Edit {
  const last = node.children.at(-1);
  return { start: last ? endOf(last) : startOf(node) + 1, end: endOf(node), text: address(url) };
}

/** `](url)`, escaped where it must be. */
function address(url: string): string {
  return toMarkdown({ type: "link", url, children: [] }, { resourceLink: true }).trim().slice(1);
}

/** Drops what follows the language on a code block's first line. */
function codeLabel(source: string, start: number): Edit[] {
  const line = /^(?:`+|~+)[ \t]*[^\s]+/.exec(source.slice(start, lineEnd(source, start)))?.[0] ?? "";
  return [
    { start: start + line.length, end: lineEnd(source, start), text: "", removes: "labels of code blocks" },
  ];
}

function lineEnd(source: string, start: number): number {
  const end = source.indexOf("\n", start);
  return end < 0 ? source.length : end;
}

/** Drops character references that stand for hidden characters, such as `&#8203;` and `&shy;`. */
function hiddenReferences(source: string, { start, end }: { start: number; end: number }): Edit[] {
  return Array.from(source.slice(start, end).matchAll(/&(?:#\d{1,7}|#x[\da-f]{1,6}|[a-z]\w{1,30});/gi))
    .filter(([reference]) => visibleText(decoded(reference)) !== decoded(reference))
    .map((match) => ({
      start: start + match.index,
      end: start + match.index + match[0].length,
      text: "",
      removes: "hidden characters",
    }));
}

function decoded(reference: string): string {
  const [node] = parseFragment(reference).childNodes;
  return node && "value" in node ? node.value : "";
}
