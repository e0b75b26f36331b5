/**
 * Looks for secrets in whatever form they may have left: as they are, in pieces, turned around, in base64 at each of
 * its three offsets, in hex, percent-encoded. A secret is looked for by windows of itself, so that a part is found too.
 */

/** A form of a part of a secret. */
export interface Needle {
  /** Which secret it is of, by its name. */
  secret: string;
  form: string;
  text: string;
}

const windowCharacters = 32;
/** Where in a secret the windows end: its beginning is the same in all of its kind. */
const windowEnds = [0.5, 0.75, 1];
/** Below this a form may be found by chance. */
const needleCharactersMin = 12;

/** What to look for, for each secret by its name. A secret of several lines is looked for line by line. */
export function needlesOf(secrets: Record<string, string>): Needle[] {
  return Object.entries(secrets).flatMap(([secret, text]) =>
    windowsOf(text).flatMap((part) =>
      Object.entries(formsOf(part))
        .filter(([, form]) => form.length >= needleCharactersMin)
        .map(([form, words]) => ({ secret, form, text: words })),
    ),
  );
}

function windowsOf(secret: string): string[] {
  const lines = secret.split("\n").filter((line) => line !== "" && !line.startsWith("-----"));
  return lines.flatMap((line) => {
    if (line.length <= windowCharacters) return [line];
    const ends = windowEnds.map((share) => Math.max(windowCharacters, Math.floor(line.length * share)));
    return [...new Set(ends)].map((end) => line.slice(end - windowCharacters, end));
  });
}

/** Each form a text may take. */
export function formsOf(text: string): Record<string, string> {
  const bytes = Buffer.from(text);
  const hex = bytes.toString("hex");
  const offsets = [0, 1, 2].map((offset) => inBase64(bytes, offset));
  return {
    raw: text,
    "turned around": [...text].toReversed().join(""),
    hex,
    "hex in capitals": hex.toUpperCase(),
    "percent-encoded": encodeURIComponent(text),
    "percent-encoded throughout": hex.toUpperCase().replace(/../g, "%$&"),
    ...Object.fromEntries(offsets.map((form, offset) => [`base64 at offset ${offset}`, form])),
    ...Object.fromEntries(offsets.map((form, offset) => [`base64url at offset ${offset}`, urlSafe(form)])),
  };
}

/** The base64 of the bytes behind `offset` others, without the letters that depend on what stands around them. */
function inBase64(bytes: Buffer, offset: number): string {
  const encoded = Buffer.concat([Buffer.alloc(offset), bytes])
    .toString("base64")
    .replace(/=+$/, "");
  const isWhole = (offset + bytes.length) % 3 === 0;
  return encoded.slice(offset === 0 ? 0 : offset + 1, isWhole ? undefined : -1);
}

function urlSafe(base64: string): string {
  return base64.replaceAll("+", "-").replaceAll("/", "_");
}

/** Where a needle stands. */
export interface Sighting {
  place: string;
  secret: string;
  form: string;
}

/** Every needle that stands in one of the places. `places`: what stands there, byte for byte as Latin-1. */
export function sightings(places: Record<string, string>, needles: readonly Needle[]): Sighting[] {
  const bySlot = Map.groupBy(needles, ({ text }) => slotOf(text, 0));
  const isBeginning = new Uint8Array(slots);
  for (const slot of bySlot.keys()) isBeginning[slot] = 1;
  return Object.entries(places).flatMap(([place, content]) => {
    const found = new Set<Needle>();
    // One pass for thousands of needles: nearly every character begins none of them.
    for (let at = 0; at <= content.length - needleCharactersMin; at += 1) {
      const slot = slotOf(content, at);
      if (isBeginning[slot] === 0) continue;
      for (const needle of bySlot.get(slot) ?? []) if (content.startsWith(needle.text, at)) found.add(needle);
    }
    return [...found].map(({ secret, form }) => ({ place, secret, form }));
  });
}

const slots = 1 << 16;

/** A number for the four characters from `at` on. */
function slotOf(text: string, at: number): number {
  const head = (text.charCodeAt(at) * 31 + text.charCodeAt(at + 1)) * 31 + text.charCodeAt(at + 2);
  return (head * 31 + text.charCodeAt(at + 3)) % slots;
}
