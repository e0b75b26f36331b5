/**
 * Secrets by a maintained set of rules: secretlint's recommended preset, which follows the makers' formats as
 * they change. It stands beside our own shapes (`leak-shapes.ts`), which know our own tokens, the ones without
 * a mark, and what only looks like an example. Pure; asynchronous only because the library is.
 *
 * Left out of the preset: its comments that switch it off (an agent could write them), and passwords in
 * addresses, which have no mark of their own and are judged by ours.
 */
import { isExample, type Leak, leaksIn, varied } from "./leaks.ts";

/** A text that becomes public, and where it stands. */
export interface PublicText {
  /** A clause's beginning: `the title`, `the message of a commit`; for a file's contents the path says it. */
  where?: string;
  path?: string;
  commit?: string;
  text: string;
}

/** A secret the rules found: in which of the texts, and what to call it. */
export interface RuleFinding {
  at: PublicText;
  words: string;
}

/** Characters that are looked through in one call; what it finds the library compares each with every other. */
const batchChars = 100_000;
/** Longer texts go in pieces that share at least so much, so that a private key is whole in one of them. */
const sharedChars = 10_000;
const gap = "\n\n";
/** Likely secrets that are placed in one call; each is one of ours or held, so that more change no verdict. */
const likelyMax = 1_000;
const unused = ["filter-comments", "basicauth", "database-connection-string"];
const rulePrefix = "@secretlint/secretlint-rule-";

/** What the rules find in texts and ours do not. Each rule once for a text. `charsMax`: later texts are left. */
export async function ruleFindings(
  texts: Iterable<PublicText>,
  { charsMax, breathe }: { charsMax: number; breathe: () => Promise<void> },
): Promise<RuleFinding[]> {
  const found = new Map<PublicText, Map<string, RuleFinding>>();
  let batch: Piece[] = [];
  let [size, left] = [0, charsMax];
  const work = async () => {
    for (const one of await findingsIn(batch))
      found.set(one.at, (found.get(one.at) ?? new Map<string, RuleFinding>()).set(one.words, one));
    [batch, size] = [[], 0];
    await breathe();
  };
  for (const one of texts) {
    if (one.text === "" || one.text.length > left) continue;
    left -= one.text.length;
    for (const piece of piecesOf(one)) {
      if (size > 0 && size + piece.text.length > batchChars) await work();
      batch.push(piece);
      size += piece.text.length;
    }
  }
  if (size > 0) await work();
  return [...found.values()].flatMap((ofOne) => [...ofOne.values()]);
}

/** A stretch of a text that is looked through at once, and where it begins there. */
interface Piece {
  at: PublicText;
  from: number;
  text: string;
}

/** The text in pieces that begin with a line where there is one to begin with. */
function piecesOf(at: PublicText): Piece[] {
  const pieces: Piece[] = [];
  let from = 0;
  do {
    pieces.push({ at, from, text: at.text.slice(from, from + batchChars) });
    const next = from + batchChars - sharedChars;
    const line = at.text.lastIndexOf("\n", next) + 1;
    from = line > from ? line : next;
  } while (from + sharedChars < at.text.length);
  return pieces;
}

async function findingsIn(batch: Piece[]): Promise<RuleFinding[]> {
  // Loaded when first needed: its rules take a quarter of a second to build.
  const { lintSource } = await import("@secretlint/core");
  const { rules } = await import("@secretlint/secretlint-rule-preset-recommend");
  const content = batch.map(({ text }) => text).join(gap);
  const { messages } = await lintSource({
    source: { filePath: "text", content, contentType: "text", ext: "" },
    options: { maskSecrets: true, noPhysicFilePath: true, config: { rules: used(rules) } },
  });
  const likely = messages.filter(({ range }) => {
    const secret = content.slice(range[0], range[1]);
    return !isExample(secret) && varied(secret);
  });
  const leaks = new Map<PublicText, Leak[]>();
  const found: RuleFinding[] = [];
  for (const { ruleId, range } of likely.slice(0, likelyMax)) {
    const { at, start } = textAt(batch, range[0]);
    const [from, to] = [range[0] - start, range[1] - start];
    const ours = leaks.get(at) ?? leaksIn(at.text);
    leaks.set(at, ours);
    if (ours.some((leak) => leak.start < to && from < leak.end)) continue;
    const words = `a secret, by the rule \`${ruleId.replace(rulePrefix, "")}\``;
    found.push({ at, words });
  }
  return found;
}

/** One by one and not as the preset, in which the switching off stays on whatever the configuration says. */
function used<Rule extends { meta: { id: string } }>(rules: Rule[]) {
  const left = rules.filter(({ meta }) => !unused.some((name) => meta.id === `${rulePrefix}${name}`));
  return left.map((rule) => {
    const isAws = rule.meta.id === `${rulePrefix}aws`;
    return { id: rule.meta.id, rule, ...(isAws ? { allowMessageIds: ["AWSAccountID"] } : {}) };
  });
}

/** The text that a position of the batch falls into, and where in the batch it begins, or would. */
function textAt(batch: Piece[], position: number): { at: PublicText; start: number } {
  let start = 0;
  for (const { at, from, text } of batch) {
    const end = start + text.length + gap.length;
    if (position < end) return { at, start: start - from };
    start = end;
  }
  throw new Error("a finding lies outside of what was looked through");
}
