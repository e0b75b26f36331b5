/**
 * The pictures of a text: which addresses a reader on GitHub would see as one, and whether some bytes are a
 * picture that a model takes. Fetches nothing and knows no host.
 */
import { imageSize } from "image-size";
import { visibleText } from "./characters.ts";
import { unseenElements } from "./hidden-markup.ts";
import {
  definitionsOf,
  everyNode,
  markdownCharsMax,
  pieces,
  readMarkdown,
  startOf,
  withTagsFound,
} from "./markdown.ts";

/** Types of pictures that a model takes. */
export type PictureType = "image/png" | "image/jpeg" | "image/gif" | "image/webp";

/** Pictures of one request. */
export const picturesMax = 10;
/** Size of one picture. */
export const pictureBytesMax = 5 * 1024 * 1024;
/** All pictures of one request together: in base64 they stay below the 32 MB the platform takes. */
export const allPicturesBytesMax = 20 * 1024 * 1024;
/** Width and height, in pixels: the platform takes no larger ones. */
const pixelsMax = 8_000;
/** Addresses looked at in one text; GitHub's own signed ones have some 900 characters. */
const addressesMax = 100;
const addressCharactersMax = 4_000;

/**
 * Addresses of the pictures a reader sees, in order, each once: Markdown images and `<img>` outside code,
 * comments and whatever else GitHub does not show. At most `addressesMax`; never throws.
 */
export function picturesIn(markdown: string): string[] {
  if (!/!\[|<img/i.test(markdown)) return [];
  const text = visibleText(markdown.slice(0, markdownCharsMax));
  const reading = readMarkdown(withTagsFound(text));
  const definitions = definitionsOf(reading.tree);
  const found: { at: number; address: string }[] = [];
  for (const node of everyNode(reading.tree)) {
    if (node.type === "image") found.push({ at: startOf(node), address: node.url });
    if (node.type === "imageReference")
      found.push({ at: startOf(node), address: definitions.get(node.identifier)?.url ?? "" });
  }
  const unseen: { from: number; to: number }[] = [];
  let depth = 0;
  for (const piece of pieces(text, reading)) {
    if (piece.kind === "text") continue;
    const source = piece.attributes.find(({ name }) => name === "src");
    if (piece.kind === "open" && piece.name === "img" && source)
      found.push({ at: piece.start, address: source.value.trim() });
    if (!unseenElements.has(piece.name)) continue;
    depth = Math.max(0, depth + (piece.kind === "open" ? 1 : -1));
    const last = unseen.at(-1);
    if (piece.kind === "open" && depth === 1)
      unseen.push({ from: piece.start, to: Number.POSITIVE_INFINITY });
    else if (depth === 0 && last) last.to = Math.min(last.to, piece.start);
  }
  const seen = found.filter(({ at }) => !unseen.some(({ from, to }) => at >= from && at < to));
  const inOrder = seen.toSorted((one, other) => one.at - other.at).map(({ address }) => address);
  const usable = inOrder.filter((address) => address !== "" && address.length <= addressCharactersMax);
  return [...new Set(usable)].slice(0, addressesMax);
}

const magic: [type: PictureType, is: (bytes: Buffer) => boolean][] = [
  ["image/png", (bytes) => bytes.subarray(0, 8).equals(Buffer.from("\x89PNG\r\n\x1a\n", "latin1"))],
  ["image/jpeg", (bytes) => bytes.subarray(0, 3).equals(Buffer.from("\xff\xd8\xff", "latin1"))],
  ["image/gif", (bytes) => /^GIF8[79]a/.test(bytes.subarray(0, 6).toString("latin1"))],
  ["image/webp", (bytes) => /^RIFF[\s\S]{4}WEBP/.test(bytes.subarray(0, 12).toString("latin1"))],
];

/** What the bytes are by their own first ones, whatever anybody says of them; `why` they are no picture for a model. */
export function pictureOf(bytes: Buffer): { type: PictureType } | { why: string } {
  const type = magic.find(([, is]) => is(bytes))?.[0];
  if (!type) return { why: "it is no PNG, JPEG, GIF or WebP picture" };
  try {
    const { width, height } = imageSize(bytes);
    if (width < 1 || height < 1) return { why: "it is damaged" };
    return Math.max(width, height) > pixelsMax ? { why: `it is larger than ${pixelsMax} pixels` } : { type };
  } catch {
    return { why: "it is damaged" };
  }
}
