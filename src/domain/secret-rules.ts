/**
 * Secrets by a maintained set of rules: secretlint's recommended preset, which follows the makers' formats as
 * they change. It stands beside our own shapes (`leak-shapes.ts`), which know our own tokens, the ones without
 * a mark, and what only looks like an example. Pure; asynchronous only because the library is.
 *
 * Left out of the preset: its comments that switch it off (an agent could write them), and passwords in
 * addresses, which have no mark of their own and are judged by ours.
 */
import { isExample, leaksIn, varied } from "./leaks.ts";

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

/** Characters that are looked through in one call: tens of milliseconds. */
const batchChars = 500_000;
const gap = "\n\n";
const unused = ["filter-comments", "basicauth", "database-connection-string"];
const rulePrefix = "@secretlint/secretlint-rule-";

/** What the rules find in texts and ours do not. Each rule once for a text. `charsMax`: later texts are left. */
export async function ruleFindings(
  texts: Iterable<PublicText>,
  { charsMax, breathe }: { charsMax: number; breathe: () => Promise<void> },
): Promise<RuleFinding[]> {
  const found: RuleFinding[] = [];
  let batch: PublicText[] = [];
  let [size, left] = [0, charsMax];
  const work = async () => {
    found.push(...(await findingsIn(batch)));
    [batch, size] = [[], 0];
    await breathe();
  };
  for (const one of texts) {
    if (one.text === "" || one.text.length > left) continue;
    left -= one.text.length;
    if (size > 0 && size + one.text.length > batchChars) await work();
    batch.push(one);
    size += one.text.length;
  }
  if (size > 0) await work();
  return found;
}

async function findingsIn(batch: PublicText[]): Promise<RuleFinding[]> {
  // Loaded when first needed: its rules take a quarter of a second to build.
  const { lintSource } = await import("@secretlint/core");
  const { rules } = await import("@secretlint/secretlint-rule-preset-recommend");
  const content = batch.map(({ text }) => text).join(gap);
  const { messages } = await lintSource({
    source: { filePath: "text", content, contentType: "text", ext: "" },
    options: { maskSecrets: true, noPhysicFilePath: true, config: { rules: used(rules) } },
  });
  const found = new Map<string, RuleFinding>();
  for (const { ruleId, range } of messages) {
    const { at, start } = textAt(batch, range[0]);
    const secret = content.slice(range[0], range[1]);
    const [from, to] = [range[0] - start, range[1] - start];
    const known = leaksIn(at.text).some((leak) => leak.start < to && from < leak.end);
    if (known || isExample(secret) || !varied(secret)) continue;
    const words = `a secret, by the rule \`${ruleId.replace(rulePrefix, "")}\``;
    found.set(`${start} ${words}`, { at, words });
  }
  return [...found.values()];
}

/** One by one and not as the preset, in which the switching off stays on whatever the configuration says. */
function used<Rule extends { meta: { id: string } }>(rules: Rule[]) {
  const left = rules.filter(({ meta }) => !unused.some((name) => meta.id === `${rulePrefix}${name}`));
  return left.map((rule) => {
    const isAws = rule.meta.id === `${rulePrefix}aws`;
    return { id: rule.meta.id, rule, ...(isAws ? { allowMessageIds: ["AWSAccountID"] } : {}) };
  });
}

/** The text of a batch that a position of the whole falls into, and where it begins. */
function textAt(batch: PublicText[], position: number): { at: PublicText; start: number } {
  let start = 0;
  for (const at of batch) {
    const end = start + at.text.length + gap.length;
    if (position < end) return { at, start };
    start = end;
  }
  throw new Error("a finding lies outside of what was looked through");
}
