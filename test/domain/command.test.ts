/**
 * The grammar of commands: what fires, what does not, and how long a hostile comment may take.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  type Command,
  type CommandReading,
  commandTable,
  hasSecondCommand,
  instructionsCharsMax,
  parseCommand,
} from "../../src/domain/command.ts";

const fix = (instructions = ""): Command => ({ kind: "fix", instructions, cut: false });
const command = (of: Command): CommandReading => ({ kind: "command", command: of });
const none: CommandReading = { kind: "none" };

test.each<[string, Command]>([
  ["/agent fix", fix()],
  ["/agent fix the login page", fix("the login page")],
  ["/fix", fix()],
  ["/fix the login page\nand the tests", fix("the login page\nand the tests")],
  ["/agent plan big things", { kind: "plan", instructions: "big things", cut: false }],
  ["/agent retry", { kind: "retry", instructions: "", cut: false }],
  ["/agent approve", { kind: "approve" }],
  ["/agent approve\nThanks!", { kind: "approve" }],
  ["/agent approve ABCDEF1", { kind: "approve", sha: "abcdef1" }],
  [`/agent approve ${"a".repeat(64)}`, { kind: "approve", sha: "a".repeat(64) }],
  ["/agent stop", { kind: "stop" }],
  ["/agent stop right now, please", { kind: "stop" }],
  ["/agent status", { kind: "status" }],
  ["/agent help", { kind: "help" }],
  ["/agent doctor", { kind: "doctor" }],
  ["/agent budget 5", { kind: "budget", cents: 500 }],
  ["/agent budget $7.50", { kind: "budget", cents: 750 }],
  ["/agent budget 12.5", { kind: "budget", cents: 1250 }],
  ["/agent budget 999999.99", { kind: "budget", cents: 99_999_999 }],
])("%j is a command", (body, expected) => {
  expect(parseCommand(body)).toEqual(command(expected));
});

test.each<[string, string, Command]>([
  ["a byte order mark", "\ufeff/agent fix", fix()],
  ["CRLF", "\r\n\r\n/agent fix a\r\nb\r\n", fix("a\nb")],
  ["lone carriage returns", "/agent fix a\rb", fix("a\nb")],
  ["no-break spaces", "\u00a0/agent\u00a0fix\u00a0a", fix("a")],
  ["a line of no-break spaces", "\u00a0\u00a0\n/agent fix", fix()],
  ["tabs between and after", "/agent\tfix\ta\t", fix("a")],
  ["three spaces before", "   /agent fix", fix()],
  ["capitals", "/AGENT Fix a", fix("a")],
  ["a quote above", "> earlier words\n> /agent stop\n\n/agent fix", fix()],
  ["code above", "```\n/agent stop\n```\n\n/agent fix", fix()],
  ["a comment above", "<!-- /agent stop -->\n/agent fix", fix()],
  ["details above", "<details>\n\n/agent stop\n\n</details>\n\n/agent fix", fix()],
  ["details above without a blank line", "<details>\n\nlog\n</details>\n/agent fix", fix()],
  ["code and quotes below", "/agent fix\n```js\na\n```\n> b", fix("```js\na\n```\n> b")],
  ["indented code below", "/agent fix\n\n    a()", fix("    a()")],
  ["a rule right below", "/agent fix a\n---", fix("a\n---")],
  ["a second command", "/agent fix\n/agent stop", fix("/agent stop")],
  ["a second command after one without instructions", "/agent stop\n/agent fix", { kind: "stop" }],
])("fires with %s", (_what, body, expected) => {
  expect(parseCommand(body)).toEqual(command(expected));
});

test.each([
  ["nothing", ""],
  ["blank lines", " \n\t\n"],
  ["a fence of backticks", "```\n/agent fix\n```"],
  ["a fence of tildes", "~~~ sh\n/agent fix\n~~~"],
  ["an unclosed fence", "```\n/agent fix"],
  ["a fence in a list", "- a\n  ```\n  /agent fix\n  ```"],
  ["inline code", "`/agent fix`"],
  ["inline code over lines", "`a\n/agent fix`"],
  ["indented code", "    /agent fix"],
  ["code indented by a tab", "\t/agent fix"],
  ["a quote", "> /agent fix"],
  ["nested quotes", "> > /agent fix"],
  ["a quote going on lazily", "> said\n/agent fix"],
  ["a comment", "<!-- /agent fix -->"],
  ["a comment over lines", "<!--\n/agent fix\n-->"],
  ["an unclosed comment", "<!-- a\n\n/agent fix"],
  ["details", "<details>\n/agent fix\n</details>"],
  ["details with blank lines", "<details>\n<summary>Log</summary>\n\n/agent fix\n\n</details>"],
  ["details in details", "<details>\n\n<details>\n\na\n</details>\n\n/agent fix"],
  ["details opened mid-sentence in details", "<details>\n\na <details> b\n\n</details>\n\n/agent fix"],
  ["details with another element's end", "<details></pre>\n/agent fix\n</details>"],
  ["unclosed details", "<details>\n\n/agent fix"],
  ["pre", "<pre>\n/agent fix\n</pre>"],
  ["an attribute", '<div title="\n/agent fix\n">a</div>'],
  ["an attribute over blocks", '<div title="\n\n/agent fix\n\n">a</div>'],
  ["the end of a comment's line", "<!-- a --> /agent fix"],
  ["the second line", "Hello\n/agent fix"],
  ["a later paragraph", "Hello\n\n/agent fix"],
  ["a heading", "# /agent fix"],
  ["a list", "- /agent fix"],
  ["a longer word", "/agentfoo"],
  ["a path", "/agent/fix"],
  ["a word before", "x/agent fix"],
  ["a mention", "@org/agent fix"],
  ["an address", "https://example.com/agent fix"],
  ["a zero-width space in the word", "/ag\u200bent fix"],
  ["a zero-width space before", "\u200b/agent fix"],
  ["a soft hyphen", "/agent\u00ad fix"],
  ["a bidirectional control", "\u202e/agent fix"],
  ["a Cyrillic letter", "/\u0430gent fix"],
  ["a Cyrillic letter in the verb", "/agent f\u0456x"],
  ["a full-width slash", "\uff0fagent fix"],
  ["full-width letters", "/agent \uff46\uff49\uff58"],
  ["a combining accent", "/agent\u0301 fix"],
  ["an ideographic space", "/agent\u3000fix"],
])("%s is no command", (_what, body) => {
  expect(parseCommand(body)).toEqual(none);
});

test.each<[string, CommandReading]>([
  ["/agent", { kind: "unknown", verb: "" }],
  ["/agent fxi", { kind: "unknown", verb: "fxi", nearest: "fix" }],
  ["/agent Statsu", { kind: "unknown", verb: "Statsu", nearest: "status" }],
  ["/agent please help", { kind: "unknown", verb: "please" }],
  ["/agent <!--@x`", { kind: "unknown", verb: "--x" }],
  [`/agent ${"z".repeat(99)}`, { kind: "unknown", verb: "z".repeat(32) }],
])("%j is unknown", (body, expected) => {
  expect(parseCommand(body)).toEqual(expected);
});

test.each([
  ["/agent budget", "budget"],
  ["/agent budget abc", "budget"],
  ["/agent budget -5", "budget"],
  ["/agent budget 5,5", "budget"],
  ["/agent budget 1e3", "budget"],
  ["/agent budget 5.005", "budget"],
  ["/agent budget 1000000", "budget"],
  ["/agent approve zzz", "approve"],
  ["/agent approve abc123", "approve"],
  ["/agent approve abcdef1 now", "approve"],
])("%j is malformed", (body, verb) => {
  expect(parseCommand(body)).toMatchObject({ kind: "malformed", verb });
});

test("instructions are cut at their bound, between characters", () => {
  const long = parseCommand(`/agent fix ${"a".repeat(instructionsCharsMax - 1)}😀${"b".repeat(40_000)}`);
  expect(long).toMatchObject({ kind: "command", command: { kind: "fix", cut: true } });
  if (long.kind !== "command" || long.command.kind !== "fix") return;
  expect(long.command.instructions.length).toBeLessThanOrEqual(instructionsCharsMax);
  expect(long.command.instructions.isWellFormed()).toBe(true);
});

test("the table's own forms are understood", () => {
  for (const { form } of commandTable) {
    const line = form.replace("[instructions]", "now").replace("[SHA]", "abcdef1").replace("USD", "5");
    expect(parseCommand(line).kind).toBe("command");
  }
});

const line = fc.constantFrom(
  ...["/agent fix", "/fix it", "/agent stop", "/AGENT status", "/agent budget 5", "/agent nonsense"],
);

test("every documented form fires however padded", () => {
  const blank = fc.stringMatching(/^[ \t\u00a0]{0,4}$/);
  const above = fc.constantFrom("", "\n", "\r\n \r\n", "\ufeff", "> q\n\n", "```\nx\n```\n", "<!-- c -->\n");
  const before = fc.stringMatching(/^[ \u00a0]{0,3}$/);
  fc.assert(
    fc.property(above, before, line, blank, fc.string(), (first, padding, words, after, below) => {
      expect(parseCommand(`${first}${padding}${words}${after}\n\n${below}`).kind).not.toBe("none");
    }),
  );
});

test("a command hidden in any way never fires", () => {
  const plain = fc.stringMatching(/^[a-z *_[\]()!#.-]{0,30}$/);
  const hide = fc.constantFrom<(words: string) => string>(
    (words) => `\`\`\`\`\n${words}\n\`\`\`\``,
    (words) => `~~~\n\n${words}\n\n~~~`,
    (words) => `\`${words}\``,
    (words) => `    ${words}`,
    (words) => `> a\n> ${words}`,
    (words) => `> a\n${words}`,
    (words) => `<!--\n\n${words}\n\n-->`,
    (words) => `<details>\n\n${words}\n\n</details>`,
    (words) => `<details><summary>a</summary>\n${words}\n</details>`,
    (words) => `<pre>\n\n${words}\n\n</pre>`,
    (words) => `<p title="\n${words}\n">a</p>`,
  );
  const part = fc.tuple(hide, line).map(([how, words]) => how(words));
  fc.assert(
    fc.property(fc.array(part, { maxLength: 5 }), plain, line, (parts, words, last) => {
      expect(parseCommand([...parts, `x${words}`, last].join("\n\n"))).toEqual(none);
      expect(parseCommand(parts.join("\n\n"))).toEqual(none);
    }),
  );
});

test.each([
  ["/agent fix\n/agent stop", true],
  ["/agent status\r\n\r\n /fix it", true],
  ["/agent stop\n\n> /agent fix\n\n/agent retry", true],
  ["/agent fix", false],
  ["Hello.\n/agent fix", false],
  ["/agent fix\n\n> /agent stop", false],
  ["/agent fix\n\n```\n/agent stop\n```", false],
  ["/agent fix\n\n<!--\n/agent stop\n-->", false],
  ["/agent fix\n\n<details>\n\n/agent stop\n\n</details>", false],
  ["/agent fix what `/agent stop` does", false],
  ["/agent fix\n/agents stop", false],
])("is there a second command in %j: %s", (body, isThere) => {
  expect(hasSecondCommand(body)).toBe(isThere);
});

test("it never throws, whatever the characters", () => {
  const text = fc.string({
    unit: fc.constantFrom(...'/agent fix\n\r\t `~<>!-"=()[]*_#1.|\\&;\ufeff\u00a0\ud800'),
    maxLength: 200,
  });
  fc.assert(fc.property(text, (body) => void parseCommand(`${body}\n/agent fix ${body}`)));
});

test.each([
  [">"],
  ["> "],
  ["1. "],
  ["[^a]: "],
  ["- 1. > "],
  ["- - - - a\n"],
  ["1. 1. 1. 1. 1. 1. 1. 1. a\n"],
  ["b\n"],
  ["> a\n\n"],
  ["a\n=\n"],
  ["`"],
  ["\\`` a "],
  ["a <!-- "],
  ["a <? "],
  ["<details>\n\na\n\n"],
  ["<a b='"],
  ["_a*"],
  ["[a]("],
  ["\u00a0"],
  [" "],
])("65,536 characters of %j are read in time", (unit) => {
  const long = unit.repeat(65_536 / unit.length);
  for (const body of [`${long}\n\n/agent fix`, `> a\n${long}\n\n/agent fix`, `/agent fix ${long}`]) {
    const started = process.cpuUsage();
    parseCommand(body);
    expect(process.cpuUsage(started).user / 1000).toBeLessThan(8_000);
  }
  expect(parseCommand(`/agent fix ${long}`)).toMatchObject({ kind: "command", command: { kind: "fix" } });
});
