/**
 * The same words, unable to act: Markdown written anew with nothing in it that makes GitHub notify, link, close,
 * load or run. It does not know how long a text may be, nor who wrote it.
 *
 * GitHub's filters for mentions and references look at the rendered page and skip `pre`, `code` and `a`
 * (its html-pipeline), so a code span is the form that shows a name without acting; an entity is decoded before
 * those filters run and would not do.
 */
import type { Definition, Link, Parents, PhrasingContent, RootContent, Text } from "mdast";
import { gfmToMarkdown } from "mdast-util-gfm";
import { toMarkdown } from "mdast-util-to-markdown";
import { withoutSecrets } from "./leaks.ts";
import { definitionsOf, pieces, readMarkdown } from "./markdown.ts";

/** An address that GitHub turns into a reference, on any host. */
const actingUrl = /https?:\/\/[^\s/]+\/[^\s/]+\/[^\s/]+\/(?:issues|pulls?|discussions|commit)\/\S+/i;
/** What makes GitHub notify or link: such an address, `@name`, `@org/team`, `#1`, `owner/repo#1`, `GH-1`. */
const acting = new RegExp(
  [
    actingUrl.source,
    String.raw`(?<![\w.+-])[\w.+-]*@[A-Za-z0-9][\w-]*(?:\.[\w-]+)*(?:\/[\w.-]+)?`,
    String.raw`(?<![\w.-])[\w.-]*(?:\/[\w.-]+)?#\d+`,
    String.raw`(?<!\w)gh-\d+`,
  ].join("|"),
  "i",
);
/** How the comments begin by which we find our own again. */
const ourMarker = /<!--(?=\s*patchwright)/gi;

/**
 * Markdown that shows what `source` shows. Mentions, references and addresses of issues, pull requests and
 * commits become code spans (but those in `references` stay), images their description, raw HTML its text; a
 * slash that starts a line is escaped, our own markers are broken, secrets redacted. What is too tangled to read
 * is shown as a code block. Never throws.
 */
export function inertMarkdown(source: string, references: readonly string[]): string {
  const { tree, end } = readMarkdown(source);
  const unread: RootContent[] = end < source.length ? [{ type: "code", value: source.slice(end) }] : [];
  try {
    return written([...calmed(tree, { references, definitions: definitionsOf(tree) }).children, ...unread]);
  } catch {
    // Nested deeper than the stack: the writer recurses.
    return written([{ type: "code", value: source }]);
  }
}

/** One line in which nothing acts, for places that show code spans but no other Markdown. */
export function inertLine(line: string): string {
  const parts = withoutSecrets(line).split(/(`[^`]*`)/);
  const inert = parts.flatMap((part, index) =>
    index % 2 === 1
      ? part
      : stretches(part.replaceAll("`", "'"), []).map(({ text, acts }) => (acts ? `\`${text}\`` : text)),
  );
  return inert.join("").replace(ourMarker, "<! --");
}

function written(children: RootContent[]): string {
  const slash = { atBreak: true, character: "/" };
  const text = toMarkdown(
    { type: "root", children },
    { bullet: "-", extensions: [gfmToMarkdown(), { unsafe: [slash] }] },
  );
  return withoutSecrets(text.trimEnd()).replace(ourMarker, "<! --");
}

interface Calming {
  references: readonly string[];
  definitions: Map<string, Definition>;
}

function calmed<Parent extends Parents>(parent: Parent, calming: Calming): Parent {
  const inFlow = ["root", "blockquote", "listItem", "footnoteDefinition"].includes(parent.type);
  const plainChildren = parent.children.flatMap((child) =>
    child.type === "html" ? htmlWords(child.value, inFlow) : plain(child, calming),
  );
  return { ...parent, children: joined(joined(plainChildren).flatMap((child) => quiet(child, calming))) };
}

/** What a browser would show of raw HTML, as text: a paragraph in flow, else bare. */
function htmlWords(value: string, inFlow: boolean): RootContent[] {
  const words = pieces(value, { tree: { type: "root", children: [] }, end: 0 })
    .map((piece) => {
      if (piece.kind === "text") return value.slice(piece.start, piece.end);
      return inFlow || piece.name === "br" ? " " : "";
    })
    .join("")
    .replace(/\s+/g, " ");
  const text: Text = { type: "text", value: words };
  if (!inFlow) return [text];
  return words.trim() === "" ? [] : [{ type: "paragraph", children: [{ ...text, value: words.trim() }] }];
}

/** A node without pictures, definitions and the links that act. */
function plain(node: RootContent, { definitions }: Calming): RootContent[] {
  switch (node.type) {
    case "image":
    case "imageReference":
      return [{ type: "text", value: node.alt || "image" }];
    case "link":
      return actingUrl.test(node.url) ? unlinked(node) : [{ ...node, title: null }];
    case "linkReference": {
      const url = definitions.get(node.identifier)?.url ?? "";
      return plain({ type: "link", url, children: node.children }, { references: [], definitions });
    }
    case "definition":
      return [];
    case "code":
      return [{ ...node, meta: null, value: withoutSecrets(node.value) }];
    case "inlineCode":
      return [{ ...node, value: withoutSecrets(node.value) }];
    default:
      return [node];
  }
}

/** A link's words and its address as code, once when they are the same. */
function unlinked({ url, children }: Link): PhrasingContent[] {
  const address: PhrasingContent = { type: "inlineCode", value: url };
  const [only, ...others] = children;
  if (others.length === 0 && only?.type === "text" && url.endsWith(only.value)) return [address];
  return [...children, { type: "text", value: " (" }, address, { type: "text", value: ")" }];
}

/**
 * Neighbouring texts as one, so that nothing acts that was in two pieces before; neighbouring code spans too,
 * whose backticks would run together.
 */
function joined(nodes: RootContent[]): RootContent[] {
  const all: RootContent[] = [];
  for (const node of nodes) {
    const last = all.at(-1);
    if (node.type === "text" && node.value === "") continue;
    if (last?.type === "text" && node.type === "text")
      all.splice(-1, 1, { type: "text", value: last.value + node.value });
    else if (last?.type === "inlineCode" && node.type === "inlineCode") {
      all.splice(-1, 1, { type: "inlineCode", value: last.value + node.value });
    } else all.push(node);
  }
  return all;
}

function quiet(node: RootContent, calming: Calming): RootContent[] {
  if (node.type === "text") return quietText(node.value, calming.references);
  if (node.type === "link" && isAutolink(node)) return [node];
  return "children" in node ? [calmed(node, calming)] : [node];
}

/** A link that shows its own address: GitHub leaves its text alone, and splitting it would spoil it. */
function isAutolink({ url, children }: Link): boolean {
  const [only, ...others] = children;
  if (others.length > 0 || only?.type !== "text" || !/^(?:https?|mailto):/i.test(url)) return false;
  return ["", "http://", "mailto:"].some((scheme) => url === scheme + only.value);
}

function quietText(value: string, references: readonly string[]): RootContent[] {
  return stretches(withoutSecrets(value).replaceAll("\u00a0", " "), references).map(({ text, acts }) => ({
    type: acts ? "inlineCode" : "text",
    value: text,
  }));
}

/** The text in stretches that act and stretches that do not; each is searched as if nothing stood before it. */
function stretches(text: string, references: readonly string[]): { text: string; acts: boolean }[] {
  const found: { text: string; acts: boolean }[] = [];
  let rest = text;
  for (let match = acting.exec(rest); match; match = acting.exec(rest)) {
    const [words] = match;
    found.push(
      { text: rest.slice(0, match.index), acts: false },
      { text: words, acts: !references.includes(words) },
    );
    rest = rest.slice(match.index + words.length);
  }
  return [...found, { text: rest, acts: false }];
}
