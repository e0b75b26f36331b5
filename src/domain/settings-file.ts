/**
 * Reads a settings file: YAML from a repository, so from anybody who can write to it. A small part of YAML is
 * let in (one document, the core schema, no aliases, anchors, tags or merge keys), within stated bounds, and
 * every problem is told with its line. Knows nothing of which file goes over which.
 */
import { type Document, isMap, isNode, isScalar, Lexer, LineCounter, parseDocument, visit } from "yaml";
import type { z } from "zod";
import { visible } from "./hidden.ts";
import { nearest } from "./nearest.ts";
import { type SettingsFile, settingsFile, settingsJsonSchema } from "./settings.ts";

const bytesMax = 64 * 1024;
/** A file with every setting and two hundred globs has about 2,000; composing is what costs, lexing does not. */
const tokensMax = 8_000;
/** Brackets within brackets, or lists within lists on one line. Settings are three deep. */
const depthMax = 10;
const problemsMax = 20;
const labelCharsMax = 50;
const labelsMax = 50;
/** Characters shown of what the YAML parser says, which quotes the file. */
const faultCharsMax = 200;

/** One thing wrong with a settings file, for the person who wrote it. */
export interface SettingsProblem {
  /** From 1. */
  line: number;
  /** From 1, in characters. */
  column: number;
  /** `limits.files`; absent when the text itself is at fault. */
  key?: string;
  /** A sentence to follow the key. */
  message: string;
  /** The known key that was probably meant. */
  nearest?: string;
}

/**
 * What reading a settings file comes to. An invalid one has 1 to 20 problems, in the order of its lines;
 * `labels` are those it seems to name, so that somebody who puts one on can be told.
 */
export type SettingsReading =
  | { kind: "settings"; given: SettingsFile }
  | { kind: "invalid"; file: string; problems: SettingsProblem[]; labels: string[] };

/** Reads the text of a settings file; `file` is its path, for the reader of the problems. Never throws. */
export function parseSettings(yamlText: string, { file }: { file: string }): SettingsReading {
  const invalid = (problems: SettingsProblem[], labels: string[] = []): SettingsReading => ({
    kind: "invalid",
    file,
    labels,
    problems: problems
      .toSorted((one, other) => one.line - other.line || one.column - other.column)
      .slice(0, problemsMax),
  });
  const unfit = unfitText(yamlText);
  if (unfit) return invalid([{ line: 1, column: 1, message: unfit }]);

  const lines = new LineCounter();
  const document = parseDocument(yamlText, {
    schema: "core",
    merge: false,
    resolveKnownTags: false,
    stringKeys: true,
    // Checked in `structureProblems`: the library compares every key with every other.
    uniqueKeys: false,
    prettyErrors: false,
    lineCounter: lines,
  });
  const at = (offset: number) => {
    const place = lines.linePos(offset);
    return { line: Math.max(place.line, 1), column: Math.max(place.col, 1) };
  };
  // Only the first: what follows a mistake in YAML is mostly its consequence.
  const fault = [...document.errors, ...document.warnings][0];
  if (fault)
    return invalid([
      { ...at(fault.pos[0]), message: `is not valid YAML: \`${visible(fault.message, faultCharsMax)}\`` },
    ]);
  const structure = structureProblems(document).map(({ offset, ...rest }) => ({ ...at(offset), ...rest }));
  if (structure.length > 0) return invalid(structure);

  const read = settingsFile.safeParse(document.toJS({ maxAliasCount: 0 }) ?? {});
  if (read.success) return { kind: "settings", given: read.data };
  return invalid(
    read.error.issues
      .flatMap((issue) => issueProblems(document, issue))
      .map(({ offset, ...rest }) => ({ ...at(offset), ...rest })),
    labelsNamed(document),
  );
}

/** Names under `labels` of a document whose structure is sound; at most fifty of at most fifty characters. */
function labelsNamed(document: Document): string[] {
  const labels = document.get("labels", true);
  if (!isMap(labels)) return [];
  return labels.items
    .flatMap(({ key }) => (isScalar(key) ? [String(key.value)] : []))
    .filter((name) => name.length <= labelCharsMax)
    .slice(0, labelsMax);
}

type Found = Omit<SettingsProblem, "line" | "column"> & { offset: number };

/** Why the text is not even looked at as YAML. */
function unfitText(yamlText: string): string | undefined {
  if (Buffer.byteLength(yamlText) > bytesMax) return `is larger than ${bytesMax / 1024} KiB`;
  if (/[\0\uFFFD]/.test(yamlText)) return "is not UTF-8 text";
  let tokens = 0;
  let brackets = 0;
  let nestedInLine = 0;
  for (const token of new Lexer().lex(yamlText)) {
    tokens += 1;
    if (token === "[" || token === "{") brackets += 1;
    if (token === "]" || token === "}") brackets -= 1;
    if (token === "-" || token === "?") nestedInLine += 1;
    if (token.endsWith("\n")) nestedInLine = 0;
    if (tokens > tokensMax || brackets > depthMax || nestedInLine > depthMax) {
      return "holds far more keys and values than there are settings";
    }
  }
  return undefined;
}

/** What YAML allows and a settings file does not. */
function structureProblems(document: Document): Found[] {
  const found: Found[] = [];
  visit(document, {
    Alias: (_, { range }) => {
      found.push({ offset: range?.[0] ?? 0, message: "uses an alias (`*name`): write the value out" });
    },
    Node: (_, node) => {
      const offset = node.range?.[0] ?? 0;
      if ("anchor" in node && node.anchor)
        found.push({ offset, message: "uses an anchor (`&name`): leave it out" });
      if (node.tag) found.push({ offset, message: "uses a tag (`!name`): leave it out" });
    },
    Map: (_, map) => {
      const seen = new Set<string>();
      for (const { key } of map.items) {
        if (!isScalar(key)) continue;
        const [name, offset] = [String(key.value), key.range?.[0] ?? 0];
        if (seen.has(name)) found.push({ offset, key: name, message: "is given twice" });
        if (name === "<<") found.push({ offset, key: name, message: "is a merge key: write the values out" });
        if (name === "__proto__") found.push({ offset, key: name, message: "is not a setting" });
        seen.add(name);
      }
    },
  });
  return found;
}

type Issue = z.core.$ZodIssue;

/** A schema's issue, placed in the document; one problem for each unknown key. */
function issueProblems(document: Document, issue: Issue): Found[] {
  const path = issue.path.map(String);
  if (issue.code !== "unrecognized_keys") {
    return [{ offset: valueOffset(document, issue.path), ...keyed(path), message: sentence(issue) }];
  }
  const known = knownKeys(path);
  return issue.keys.map((key) => {
    const meant = nearest(key, known);
    return {
      offset: keyOffset(document, issue.path, key),
      ...keyed([...path, key]),
      message: meant ? `is not a setting; did you mean \`${meant}\`?` : "is not a setting",
      ...(meant === undefined ? {} : { nearest: meant }),
    };
  });
}

function keyed(path: string[]): { key?: string } {
  return path.length === 0 ? {} : { key: path.join(".").slice(0, 100) };
}

/** Where the value of that path begins, or the innermost thing around it that has a place. */
function valueOffset(document: Document, path: readonly PropertyKey[]): number {
  for (let length = path.length; length >= 0; length -= 1) {
    const node = document.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range) return node.range[0];
  }
  return 0;
}

function keyOffset(document: Document, path: readonly PropertyKey[], name: string): number {
  const map = path.length === 0 ? document.contents : document.getIn(path, true);
  if (!isMap(map)) return 0;
  const key = map.items.map((pair) => pair.key).find((one) => isScalar(one) && one.value === name);
  return isNode(key) ? (key.range?.[0] ?? 0) : 0;
}

type Schema = z.core.JSONSchema.BaseSchema;
const jsonSchema: Schema = settingsJsonSchema();

/** The keys a map at that path may have. */
function knownKeys(path: string[]): string[] {
  const reached = path.reduce<Schema["additionalProperties"]>((schema, step) => {
    return typeof schema === "object"
      ? (schema.properties?.[step] ?? schema.additionalProperties)
      : undefined;
  }, jsonSchema);
  return typeof reached === "object" ? Object.keys(reached.properties ?? {}) : [];
}

const typeWords: Record<string, string> = {
  string: "text",
  number: "a number",
  int: "a whole number",
  boolean: "`true` or `false`",
  array: "a list",
  object: "a map of keys and values",
  record: "a map of keys and values",
};

/** The issue as a clause that follows the key. */
function sentence(issue: Issue): string {
  switch (issue.code) {
    case "invalid_type":
      return `must be ${typeWords[issue.expected] ?? issue.expected}`;
    case "invalid_value":
      return `must be one of ${issue.values.map((value) => `\`${String(value)}\``).join(", ")}`;
    case "too_small":
      return `must be at least ${issue.minimum}`;
    case "too_big":
      return issue.origin === "number"
        ? `must be at most ${issue.maximum}`
        : `is longer than ${issue.maximum}`;
    case "invalid_key":
      return issue.issues.map(({ message }) => message).join("; ");
    default:
      return issue.message;
  }
}
