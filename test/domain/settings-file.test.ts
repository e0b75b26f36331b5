/** Reading a settings file: every key, every mistake with its line, and what hostile YAML costs. */
import { describe, expect, test } from "vitest";
import { defaultSettings } from "../../src/domain/settings.ts";
import { parseSettings } from "../../src/domain/settings-file.ts";

const read = (text: string) => parseSettings(text, { file: ".github/patchwright.yml" });

function problems(text: string) {
  const reading = read(text);
  return reading.kind === "invalid" ? reading.problems : [];
}

describe("what each key takes", () => {
  test.each([
    ["enabled", "false"],
    ["labels", "{agent: {}, 'agent: deep': {model: claude-opus-5-5, budget_usd: 20}}"],
    ["labels", "{a: {instructions: x, base: dev, draft: false, review: [mona], plan: true}}"],
    ["labels", "{42: {}, 'ümlaut 🚀': {}, constructor: {}, toString: {plan: true}}"],
    ["labels", "{}"],
    ["who", "triage"],
    ["who", "admin"],
    ["bots", "[dependabot, my-app]"],
    ["model", "claude-opus-5-5"],
    ["instructions", '"Run the tests.\\nBe brief."'],
    ["base", "release/1.x"],
    ["base", '""'],
    ["branch", '"agents/{issue}-{slug}"'],
    ["approval", "other"],
    ["draft", "false"],
    ["review", "none"],
    ["review", "[mona, octo-cat, emu_acme]"],
    ["plan", "true"],
    ["budget_usd", "0.5"],
    ["repositories", "[acme/api, acme/.github]"],
    ["network", "{hosts: [api.example.com, '*.example.org'], package_managers: false}"],
    ["network", "{hosts: []}"],
    ["paths", "{deny: ['infra/**', '**/*.tf']}"],
    ["ci", "{repair: false, attempts: 0, apps: [circleci-checks]}"],
    ["github_mcp", "off"],
    ["mcp", "[jira]"],
    [
      "limits",
      "{active_runs: 1, runs_per_day: 1, budget_usd_per_day: 0.01, minutes: 1, files: 1, lines: 1, session_days: 29}",
    ],
  ])("%s: %s", (key, value) => {
    const reading = read(`${key}: ${value}\n`);
    expect(reading.kind === "invalid" ? reading.problems : Object.keys(reading.given)).toEqual([key]);
  });

  test("the defaults are a valid file", () => {
    expect(read(JSON.stringify(defaultSettings))).toEqual({ kind: "settings", given: defaultSettings });
  });

  test.each(["", "\n\n", "# nothing yet\n", "null", "~", "---\n", "\uFEFF# x", "{}"])(
    "%j says nothing",
    (text) => {
      expect(read(text)).toEqual({ kind: "settings", given: {} });
    },
  );

  test("carriage returns and a byte order mark do not matter", () => {
    expect(read("\uFEFFwho: admin\r\nplan: true\r\n")).toEqual({
      kind: "settings",
      given: { who: "admin", plan: true },
    });
  });
});

describe("what each key refuses", () => {
  test.each([
    ["enabled", "yes", "must be `true` or `false`"],
    ["draft", "no", "must be `true` or `false`"],
    ["plan", "1", "must be `true` or `false`"],
    ["labels", "[agent]", "must be a map of keys and values"],
    ["labels", "", "must be a map of keys and values"],
    ["who", "read", "must be one of `triage`, `write`, `maintain`, `admin`"],
    ["bots", "dependabot", "must be a list"],
    ["bots.0", "'dependabot[bot]'", "must be the slug"],
    ["model", "../../x", "must be the id of a model"],
    ["model", "5", "must be text"],
    ["instructions", "[]", "must be text"],
    ["base", "a..b", "must be a branch name"],
    ["base", "-x", "must be a branch name"],
    ["base", "x.lock", "must be a branch name"],
    ["branch", "main", "must contain `{session}` or `{issue}`"],
    ["branch", "x/{slug}", "must contain `{session}` or `{issue}`"],
    ["branch", "'{issue}/{title}'", "must be a branch name"],
    ["approval", "nobody", "must be one of"],
    ["review", "everyone", "must be `requester`, `none` or a list"],
    ["review.0", "'a b'", "must be a GitHub login"],
    ["budget_usd", "-5", "must be at least 0.01"],
    ["budget_usd", "0", "must be at least 0.01"],
    ["budget_usd", ".nan", "must be a number"],
    ["budget_usd", ".inf", "must be a number"],
    ["budget_usd", "1e308", "must be at most 10000"],
    ["budget_usd", "'5'", "must be a number"],
    ["repositories.0", "acme", "must be a repository as `owner/name`"],
    ["repositories.0", "acme/..", "must be a repository as `owner/name`"],
    ["network", "open", "must be a map of keys and values"],
    ["network.hosts.0", "https://example.com", "must be a bare host name"],
    ["network.hosts.0", "'*'", "must be a bare host name"],
    ["network.hosts.0", "127.0.0.1", "must be a bare host name"],
    ["network.package_managers", "npm", "must be `true` or `false`"],
    ["paths.deny.0", "'{a,b}'", "write two entries"],
    ["ci.attempts", "11", "must be at most 10"],
    ["ci.attempts", "1.5", "must be a whole number"],
    ["github_mcp", "write", "must be one of `off`, `read`"],
    ["mcp.0", "https://mcp.example.com", "must be a name the operator has defined"],
    ["limits.active_runs", "0", "must be at least 1"],
    ["limits.runs_per_day", "many", "must be a number"],
    ["limits.budget_usd_per_day", "-1", "must be at least 0.01"],
    ["limits.minutes", "100000", "must be at most 10080"],
    ["limits.files", "-1", "must be at least 1"],
    ["limits.lines", "0.5", "must be a whole number"],
    ["limits.session_days", "30", "must be at most 29"],
  ])("%s: %s", (key, value, message) => {
    const [first, second, third] = key.split(".");
    const inner = third === "0" || second === "0" ? `[${value}]` : value;
    const text =
      second === undefined || second === "0" ? `${first}: ${inner}` : `${first}: {${second}: ${inner}}`;
    const found = problems(text);
    expect(found).toMatchObject([{ key, line: 1 }]);
    expect(found[0]?.message).toContain(message);
  });

  test("a label may not set what is not a label's", () => {
    expect(problems("labels:\n  agent:\n    who: admin\n    bugdet_usd: 4\n")).toEqual([
      { line: 3, column: 5, key: "labels.agent.who", message: "is not a setting" },
      {
        line: 4,
        column: 5,
        key: "labels.agent.bugdet_usd",
        message: "is not a setting; did you mean `budget_usd`?",
        nearest: "budget_usd",
      },
    ]);
  });

  test("the same label in another case or composition is told", () => {
    expect(problems("labels: {agent: {}, AGENT: {}}")).toMatchObject([{ key: "labels.AGENT" }]);
    expect(problems("labels: {caf\u00E9: {}, cafe\u0301: {}}")).toHaveLength(1);
  });
});

describe("every problem has its place", () => {
  test("several at once, in the order of lines", () => {
    const text =
      "enbled: true\nwho: boss\nlimits:\n  flies: 3\n  minutes: 1e9\nreview:\n  - ok\n  - not ok\n";
    expect(problems(text).map(({ line, key, nearest }) => [line, key, nearest])).toEqual([
      [1, "enbled", "enabled"],
      [2, "who", undefined],
      [4, "limits.flies", "files"],
      [5, "limits.minutes", undefined],
      [8, "review.1", undefined],
    ]);
  });

  test.each([
    ["two documents", "who: write\n---\nwho: admin\n", 2],
    ["a tab", "ci:\n\trepair: true\n", 2],
    ["an open quote", "who: write\nmodel: 'x\n", 3],
    ["a key given twice", "who: write\nplan: true\nwho: admin\n", 3],
    ["an anchor", "plan: true\nbots: &b [x]\n", 2],
    ["an alias", "plan: true\nbots: *b\n", 2],
    ["a merge key", "ci:\n  <<: {repair: true}\n", 2],
    ["a tag of a language", "plan: true\nmodel: !!js/function 'x'\n", 2],
    ["a binary", "plan: true\nmodel: !!binary aGk=\n", 2],
    ["a tag of the core", "plan: true\nmodel: !!str 5\n", 2],
    ["a prototype", "plan: true\n__proto__: {who: triage}\n", 2],
    ["a prototype among labels", "labels:\n  __proto__: {plan: true}\n", 2],
    ["a list as a key", "plan: true\n? [a]\n: b\n", 2],
    ["an older YAML's no", "%YAML 1.1\n---\ndraft: no\n", 3],
    ["a list", "- who\n", 1],
    ["a word", "hello\n", 1],
    ["a pointer of Git LFS", "version: https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12\n", 2],
    ["bytes that are not UTF-8", "model: '\uFFFD'\n", 1],
    ["a NUL", "model: '\0'\n", 1],
  ])("%s", (_, text, line) => {
    expect(problems(text)[0]).toMatchObject({ line });
    expect(Object.getPrototypeOf({})).toBe(Object.prototype);
  });

  test("at most twenty problems are told", () => {
    expect(problems(Array.from({ length: 50 }, (_, at) => `key${at}: 1`).join("\n"))).toHaveLength(20);
  });
});

describe("hostile files cost little", () => {
  const lines = (count: number, line: (at: number) => string) =>
    Array.from({ length: count }, (_, at) => line(at)).join("\n");
  const laughs = `a: &a [x,x]\n${lines(30, (at) => `b${at}: &b${at} [*a,*a,*a,*a,*a,*a]`)}`;

  test.each([
    ["a thousand million laughs", laughs],
    ["a megabyte", "#".repeat(1_048_576)],
    ["ten thousand keys", lines(8_000, (at) => `k${at}: 1`)],
    ["the same key over and over", lines(1_900, () => "k: 1")],
    ["depth in brackets", "[".repeat(60_000)],
    ["depth in lists", "- ".repeat(30_000)],
    ["depth in keys", "? ".repeat(30_000)],
    ["depth by indentation", lines(300, (at) => `${" ".repeat(at)}a:`)],
    ["one long word", `model: ${"x".repeat(60_000)}`],
    ["one long label", `labels: {${"x ".repeat(500)}: {}}`],
  ])("%s", (_, text) => {
    read(text);
    const start = process.cpuUsage();
    expect(problems(text).length).toBeGreaterThan(0);
    expect(process.cpuUsage(start).user / 1000).toBeLessThan(1_500);
  });
});
