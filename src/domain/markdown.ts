/**
 * How GitHub reads a text: where its code, quotes and raw HTML are, by the real parsers.
 * The Markdown parser takes quadratic time on some texts (many lazy lines, deep lists, unclosed comments and
 * inline code, unmatched emphasis), so how much it is given is bounded here, by work and not by length: tenths
 * of a second for the blocks of a text.
 * It does not know what a command is, nor what may be shown.
 */
import type { Definition, Nodes, Root } from "mdast";
import { fromMarkdown } from "mdast-util-from-markdown";
import { gfmFromMarkdown } from "mdast-util-gfm";
import { gfm } from "micromark-extension-gfm";
import { type Token, type TokenHandler, Tokenizer } from "parse5";

/** Longest text that is read; GitHub's own bound for a body or comment. Counted in UTF-16 units. */
export const markdownCharsMax = 65_536;

/** What one text may cost the block parser: a line and a container marker count 1, a `<!` or `<?` 16. */
const blockWorkMax = 3_000;
/** How much is read of the line at which that is spent: enough to tell what kind of line it is. */
const lineHead = 200;
/** What one text may cost in looking for the ends of inline code: see `codeSearches`. */
const codeWorkMax = 300_000;
/** Deepest nesting of quotes and lists opened on one line. */
const containersMax = 32;
/** What one text may cost the inline parser: the sum over its paragraphs of the squared count of markers. */
const inlineWorkMax = 10_000_000;

/** Deepest tree that is worked on; writing one takes time that grows with the square of its depth. */
const levelsMax = 100;

/** A Markdown tree and how far into the text it reaches; what follows `end` was too tangled to read. */
export interface Reading {
  tree: Root;
  end: number;
}

/** A tag, or a stretch of text that a browser would take as text, at its place in the source. */
export type Piece =
  | { kind: "text"; start: number; end: number }
  | { kind: "open" | "close"; start: number; end: number; name: string; attributes: Token.Attribute[] };

const underline = "setextUnderline";
const blocksOnly = {
  disable: {
    null: [
      underline,
      "attention",
      "autolink",
      "characterReference",
      "definition",
      "hardBreakEscape",
      "labelEnd",
      "labelStartImage",
      "labelStartLink",
    ],
  },
};

/** The blocks of a text, its inline code and its inline HTML; nothing else inline. Never throws. */
export function readBlocks(text: string): Reading {
  const head = affordable(text);
  return attempt(head, () => fromMarkdown(head, { extensions: [blocksOnly] }));
}

/** The whole tree with GitHub's extensions, without underlined headings. Never throws. */
export function readMarkdown(text: string): Reading {
  const blocks = readBlocks(text);
  let work = 0;
  let end = blocks.end === text.length ? blocks.end : text.lastIndexOf("\n", blocks.end) + 1;
  for (const block of blocks.tree.children) {
    work += inlineWork(block, text);
    if (work <= inlineWorkMax) continue;
    end = startOf(block);
    break;
  }
  const head = text.slice(0, end);
  return attempt(head, () =>
    fromMarkdown(head, {
      extensions: [gfm(), { disable: { null: [underline] } }],
      mdastExtensions: [gfmFromMarkdown()],
    }),
  );
}

const tag = /<[a-z][a-z0-9-]*(?:\s+[a-z_:][\w.:-]*(?:\s*=\s*(?:[^\s"'<>=`]+|"[^"]*"|'[^']*'))?)*\s*\/?>/gi;

/**
 * The text at its own length in a form whose tags the parser finds where GitHub does: it takes no slash in an
 * unquoted attribute (micromark-core-commonmark 2.0.4), which CommonMark §6.6 and GitHub do. For readings that
 * are about places only, as the slashes are gone.
 */
export function withTagsFound(text: string): string {
  return text.replace(tag, (found) =>
    found.replace(/"[^"]*"|'[^']*'|\/(?!>)/g, (part) => (part === "/" ? "-" : part)),
  );
}

/** Offset of a node's first character. */
export function startOf(node: Nodes): number {
  return node.position?.start.offset ?? 0;
}

/** Offset just past a node's last character. */
export function endOf(node: Nodes): number {
  return node.position?.end.offset ?? 0;
}

/** The nodes below (and with) a node, parents first. */
export function* everyNode(node: Nodes): Generator<Nodes> {
  const left: Nodes[] = [node];
  for (let next = left.pop(); next; next = left.pop()) {
    yield next;
    if ("children" in next) left.push(...next.children.toReversed());
  }
}

/** The link definitions of a tree by identifier; the first of a name counts, as on GitHub. */
export function definitionsOf(tree: Root): Map<string, Definition> {
  const definitions = new Map<string, Definition>();
  for (const node of everyNode(tree)) {
    if (node.type === "definition" && !definitions.has(node.identifier))
      definitions.set(node.identifier, node);
  }
  return definitions;
}

/**
 * The text as a browser takes it once Markdown is turned into HTML: tags and visible stretches in order.
 * What no piece covers is hidden: comments, declarations, and whatever an unclosed tag or attribute swallows.
 * Beyond `reading.end` everything counts as HTML.
 */
export function pieces(text: string, reading: Reading): Piece[] {
  const found: Piece[] = [];
  const place = (token: { location: Token.Location | null }) => ({
    start: token.location?.startOffset ?? 0,
    end: token.location?.endOffset ?? 0,
  });
  const addText = (token: Token.CharacterToken) => found.push({ kind: "text", ...place(token) });
  const addTag = (kind: "open" | "close", tag: Token.TagToken) =>
    found.push({ kind, ...place(tag), name: tag.tagName, attributes: tag.attrs });
  const handler: TokenHandler = {
    onStartTag: (tag) => addTag("open", tag),
    onEndTag: (tag) => addTag("close", tag),
    onCharacter: addText,
    onWhitespaceCharacter: addText,
    onNullCharacter: addText,
    onComment: () => undefined,
    onDoctype: () => undefined,
    onEof: () => undefined,
  };
  new Tokenizer({ sourceCodeLocationInfo: true }, handler).write(htmlOnly(text, reading), true);
  return found;
}

/** The text at its own length with only its raw HTML left; every other visible character is an `x`. */
function htmlOnly(text: string, { tree, end }: Reading): string {
  const parts: string[] = [];
  let at = 0;
  for (const node of everyNode(tree)) {
    if (node.type !== "html") continue;
    parts.push(blank(text.slice(at, startOf(node))), withoutContainers(text, node));
    at = endOf(node);
  }
  return parts.join("") + blank(text.slice(at, end)) + text.slice(end);
}

function blank(text: string): string {
  return text.replace(/[^ \t\n]/g, "x");
}

/** An HTML node's source with the `>` and indentation of the quotes and lists around it blanked. */
function withoutContainers(text: string, node: Nodes & { type: "html" }): string {
  const own = node.value.split("\n");
  const lines = text.slice(startOf(node), endOf(node)).split("\n");
  return lines
    .map((line, row) => {
      const prefix = Math.max(0, line.length - (own[row] ?? line).length);
      return " ".repeat(prefix) + line.slice(prefix);
    })
    .join("\n");
}

/** As many leading lines as the block parser can be given, and the beginning of the next. */
function affordable(text: string): string {
  const limited = text.slice(0, markdownCharsMax);
  const searches = codeSearches();
  let [work, codeWork, end] = [0, 0, 0];
  // A carriage return ends a line too.
  for (const line of limited.split(/(?<=\n|\r(?!\n))/)) {
    const containers = containersOf(line);
    work += 1 + containers + 16 * (line.match(/<[!?]/g)?.length ?? 0);
    codeWork += searches(line) * line.length;
    if (containers > containersMax) return limited.slice(0, end);
    if (work > blockWorkMax || codeWork > codeWorkMax)
      return limited.slice(0, end + Math.min(line.length, lineHead));
    end += line.length;
  }
  return limited;
}

/**
 * Told the lines in order, how many searches for the end of inline code may each go over the whole of a line.
 * A run of backticks is looked for to the paragraph's end; in vain once for every length, as a second run of
 * that length would have ended the first, but each time where a backslash takes its first backtick away.
 */
function codeSearches(): (line: string) => number {
  const lengths = new Set<number>();
  let shortened = 0;
  return (line) => {
    if (/^[ \t\r\n]*$/.test(line)) {
      lengths.clear();
      shortened = 0;
    }
    for (const [found] of line.matchAll(/(?:(?<!\\)\\+)?`+/g)) {
      const backslashes = found.indexOf("`");
      if (backslashes % 2 === 0) lengths.add(found.length - backslashes);
      else if (found.length - backslashes > 1) shortened += 1;
    }
    return lengths.size + shortened;
  };
}

/** How many quotes, list items and footnotes a line opens. */
function containersOf(line: string): number {
  const markers = /(?:>|[-+*](?=[ \t])|\d{1,9}[.)](?=[ \t])|\[\^[^\]\s]{1,999}\]:)[ \t]*/y;
  markers.lastIndex = line.search(/[^ \t]|$/);
  let count = 0;
  while (markers.test(line)) count += 1;
  return count;
}

function inlineWork(block: Nodes, text: string): number {
  let work = 0;
  for (const node of everyNode(block)) {
    if (node.type !== "paragraph" && node.type !== "heading") continue;
    const markers = text.slice(startOf(node), endOf(node)).match(/[*_~`[\]<!&]/g)?.length ?? 0;
    work += markers ** 2;
  }
  return work;
}

/** The parser recurses and may run out of stack; then, and when the tree is too deep, nothing was read. */
function attempt(head: string, parse: () => Root): Reading {
  try {
    const tree = parse();
    if (levels(tree) <= levelsMax) return { tree, end: head.length };
  } catch {}
  return { tree: { type: "root", children: [] }, end: 0 };
}

function levels(tree: Root): number {
  let count = 0;
  let level: Nodes[] = [tree];
  while (level.length > 0) {
    level = level.flatMap((node) => ("children" in node ? node.children : []));
    count += 1;
  }
  return count;
}
