/**
 * The grammar of commands as properties: what the EBNF generates is read as what it means, wherever it may
 * stand; what it does not generate never fires, however near it comes.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import { type CommandReading, parseCommand, type Verb } from "../../src/domain/command.ts";

const none: CommandReading = { kind: "none" };
const blank = fc.stringMatching(/^[ \t\u00a0]{1,3}$/);
const maybe = fc.stringMatching(/^[ \t\u00a0]{0,3}$/);

/** A word with letters in either case. */
const cased = (word: string) =>
  fc
    .array(fc.boolean(), { minLength: word.length, maxLength: word.length })
    .map((ups) => [...word].map((letter, at) => (ups[at] ? letter.toUpperCase() : letter)).join(""));

/** Plain words that end nothing and begin with no blank. */
const words = fc.stringMatching(/^[a-z][a-z ,.'()-]{0,38}[a-z]$/);
const lines = fc.array(fc.oneof(words, fc.constant("")), { maxLength: 3 });

interface Generated {
  line: string;
  below: string[];
  reading: CommandReading;
}

const withInstructions = (
  verb: "fix" | "plan" | "retry",
  head: fc.Arbitrary<string>,
): fc.Arbitrary<Generated> =>
  fc.tuple(head, blank, fc.option(words, { nil: "" }), lines).map(([begin, space, first, below]) => {
    const instructions = [first, ...below].join("\n").replace(/^\n+/, "").trimEnd();
    const line = first === "" ? begin : begin + space + first;
    return { line, below, reading: { kind: "command", command: { kind: verb, instructions, cut: false } } };
  });

const agent = (verb: Verb) =>
  fc.tuple(cased("/agent"), blank, cased(verb)).map(([slash, space, word]) => slash + space + word);

const withArgument = <T>(
  verb: Verb,
  { argument, reads }: { argument: fc.Arbitrary<T>; reads: (argument: T) => [string, CommandReading] },
): fc.Arbitrary<Generated> =>
  fc.tuple(agent(verb), blank, argument, lines).map(([begin, space, given, below]) => {
    const [text, reading] = reads(given);
    return { line: text === "" ? begin : begin + space + text, below, reading };
  });

const sha = fc.stringMatching(/^[0-9a-fA-F]{7,64}$/);
const money = fc.record({
  sign: fc.constantFrom("", "$"),
  dollars: fc.integer({ min: 0, max: 999_999 }),
  cents: fc.option(fc.stringMatching(/^[0-9]{1,2}$/), { nil: undefined }),
});

/** Every form the EBNF has, one row a verb. */
const documented: Record<Verb | "/fix", fc.Arbitrary<Generated>> = {
  fix: withInstructions("fix", agent("fix")),
  "/fix": withInstructions("fix", cased("/fix")),
  plan: withInstructions("plan", agent("plan")),
  retry: withInstructions("retry", agent("retry")),
  approve: withArgument("approve", {
    argument: fc.option(sha, { nil: "" }),
    reads: (given) => [
      given,
      {
        kind: "command",
        command: { kind: "approve", ...(given === "" ? {} : { sha: given.toLowerCase() }) },
      },
    ],
  }),
  budget: withArgument("budget", {
    argument: money,
    reads: ({ sign, dollars, cents }) => [
      `${sign}${dollars}${cents === undefined ? "" : `.${cents}`}`,
      {
        kind: "command",
        command: { kind: "budget", cents: dollars * 100 + Number((cents ?? "0").padEnd(2, "0")) },
      },
    ],
  }),
  stop: ignoring("stop"),
  status: ignoring("status"),
  help: ignoring("help"),
  doctor: ignoring("doctor"),
};

function ignoring(verb: "stop" | "status" | "help" | "doctor"): fc.Arbitrary<Generated> {
  const reading: CommandReading = { kind: "command", command: { kind: verb } };
  return withArgument(verb, { argument: fc.option(words, { nil: "" }), reads: (given) => [given, reading] });
}

/** What may stand above without being the first visible line. */
const above = fc.array(
  fc.constantFrom(
    "",
    " \t",
    "> quoted\n> /agent stop\n",
    "```\n/agent stop\n```",
    "~~~ sh\n/agent stop\n~~~",
    "<!-- /agent stop -->",
    "<!--\n\n/agent stop\n\n-->",
    "<details><summary>Log</summary>\n\n/agent stop\n\n</details>\n",
    "<pre>\n/agent stop\n</pre>\n",
  ),
  { maxLength: 3 },
);

test.each(Object.entries(documented))(
  "every form of %s is read as what it means, wherever it may stand",
  (_verb, form) => {
    const newline = fc.constantFrom("\n", "\r\n");
    const indent = fc.stringMatching(/^[ \u00a0]{0,3}$/);
    fc.assert(
      fc.property(
        above,
        indent,
        form,
        maybe,
        newline,
        (over, padding, { line, below, reading }, after, end) => {
          const text = [
            ...over,
            ...(over.length > 0 ? [""] : []),
            `${padding}${line}${after}`,
            ...below,
          ].join("\n");
          expect(parseCommand(text.replaceAll("\n", end))).toEqual(reading);
        },
      ),
    );
  },
);

const forms = ["/agent fix", "/fix", "/agent stop", "/agent approve", "/agent budget 5", "/agent help"];
const invisible = [
  ..."\u200b\u200c\u200d\u2060\ufeff\u00ad\u202a\u202e\u2066\u2069\ufe0f\u034f\u115f\u3164",
  "\u{e0061}",
];
/** Letters of other alphabets and forms that look like ours. */
const alike: Record<string, string[]> = {
  "/": ["\uff0f", "\u2044", "\u2215", "\u29f8"],
  a: ["\u0430", "\uff41", "\u{1d41a}", "\u0251"],
  g: ["\uff47", "\u0261", "\u{1d420}"],
  e: ["\u0435", "\uff45", "\u{1d41e}"],
  n: ["\uff4e", "\u0578"],
  t: ["\uff54", "\u{1d42d}"],
  f: ["\uff46", "\u{1d41f}"],
  i: ["\u0456", "\u0131", "\uff49"],
  x: ["\u0445", "\uff58"],
};

test("with a character that nobody sees anywhere in its word no command fires", () => {
  const place = fc.constantFrom(...forms).chain((form) => {
    const end = form.search(/ (?=\d)|$/);
    return fc.tuple(fc.constant(form), fc.integer({ min: 0, max: end - 1 }), fc.constantFrom(...invisible));
  });
  fc.assert(
    fc.property(place, ([form, at, character]) => {
      // At the very beginning a byte order mark is one, and no part of the text.
      fc.pre(!(at === 0 && character === "\ufeff"));
      expect(parseCommand(form.slice(0, at) + character + form.slice(at))).toEqual(none);
    }),
  );
});

test("with a letter that only looks alike no command fires", () => {
  const swaps = ["/agent fix", "/fix"].flatMap((form) =>
    [...form].flatMap((letter, at) =>
      (alike[letter] ?? []).map((other) => form.slice(0, at) + other + form.slice(at + 1)),
    ),
  );
  expect(swaps.length).toBeGreaterThan(20);
  expect(swaps.filter((text) => parseCommand(text).kind !== "none")).toEqual([]);
});

/** Pieces of Markdown and of commands, none of which is a command where it stands. */
const pieces = fc.constantFrom(
  ...[
    "agent fix",
    "/ agent fix",
    "//agent fix",
    "x/agent fix",
    "`/agent fix`",
    "@org/agent fix",
    "\\/agent fix",
  ],
  ...[
    "> /agent fix",
    "- /agent fix",
    "1. /fix",
    "# /agent fix",
    "* /fix",
    "| /fix |",
    "**/agent fix**",
    "[/fix](/fix)",
  ],
  ...[
    "```",
    "~~~",
    "<!--",
    "-->",
    "<details>",
    "</details>",
    "<pre>",
    "</pre>",
    ">",
    "    ",
    "\t",
    "",
    " ",
    "---",
  ],
);

test("no text without a command ever fires", () => {
  const unit = fc.constantFrom(..."/agentfixstop \n\t`~<>!-=()[]*_#1.|\\&;\u200b\u0430\uff0f".split(""));
  const text = fc.oneof(
    fc.array(pieces, { maxLength: 12 }).map((all) => all.join("\n")),
    fc.string({ unit, maxLength: 120 }),
    fc.string({ unit: "grapheme", maxLength: 120 }),
  );
  // What the EBNF calls a command line, looked for in every line, hidden or not.
  const commandLine = /^[ \u00a0]*\/(agent|fix)([ \t\u00a0]|$)/im;
  fc.assert(
    fc.property(text, (body) => {
      fc.pre(!commandLine.test(body.replaceAll("\r", "\n")));
      expect(parseCommand(body)).toEqual(none);
    }),
    { numRuns: 1_000 },
  );
});

test("after any visible line no command fires", () => {
  const seen = fc.stringMatching(/^[a-z0-9*_#@!.,:;()[\]-][a-z ]{0,20}$/);
  fc.assert(
    fc.property(seen, fc.constantFrom(...forms), fc.constantFrom("\n", "\n\n"), (first, form, gap) => {
      expect(parseCommand(first + gap + form)).toEqual(none);
    }),
  );
});
