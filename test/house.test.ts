/**
 * The house rules that a compiler or linter does not know: floors and cycles, sizes and names, headers and
 * docstrings, where time, chance and the environment come in, and what the App asks GitHub for.
 * It reads the tree as text; each rule lists everything that breaks it.
 */
import { globSync, readFileSync } from "node:fs";
import { dirname, normalize } from "node:path/posix";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { storedEvents } from "../src/domain/delivery.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const read = (path: string) => readFileSync(`${root}/${path}`, "utf8");
const source = globSync("src/**/*.{ts,js}", { cwd: root }).sort();
const tests = globSync("test/**/*.ts", { cwd: root }).sort();
const code = [...source, ...tests];
const written = [
  ...code,
  ...globSync(["*.{md,json,yml}", ".ci/*", ".env.example", "Dockerfile", ".dockerignore"], { cwd: root }),
];

const linesMax = 300;
const linesOf = (path: string) => read(path).split("\n");

/** The code without its comments. */
function bare(path: string): string {
  return read(path)
    .replaceAll(/\/\*[\s\S]*?\*\//g, "")
    .replaceAll(/(^|\s)\/\/.*$/gm, "$1");
}

/** Files of this project that a file imports, for types or more. */
function importsOf(path: string): string[] {
  const named = bare(path).matchAll(/(?:\bfrom|\bimport)\s*\(?\s*"(\.[^"]+)"/g);
  return [...named].map(([, target = ""]) => normalize(`${dirname(path)}/${target}`));
}

const floors = [
  ["domain"],
  ["store", "config.ts", "clock.ts", "log.ts", "metrics.ts", "traces.ts"],
  ["github", "agent", "engine"],
  ["mission"],
  ["doors"],
  ["main.ts", "start.js"],
];
/** Everybody above the ground floor may have these: they know nobody. */
const shared = ["clock.ts", "log.ts"];

/** The configuration is one room, whatever it is split into. */
const roomOf = (path: string) => (path.split("/")[1] ?? "").replace(/^config-[a-z]+\.ts$/, "config.ts");
const floorOf = (path: string) => floors.findIndex((rooms) => rooms.includes(roomOf(path)));

/** May the one file import the other? */
function downhill(from: string, to: string): boolean {
  if (roomOf(from) === roomOf(to)) return true;
  if (shared.includes(roomOf(to)) && floorOf(from) > 0) return true;
  return floorOf(from) > floorOf(to) || (roomOf(from) === "start.js" && roomOf(to) === "main.ts");
}

test("every file of src is on a floor", () => {
  expect(source.filter((path) => floorOf(path) < 0)).toEqual([]);
});

test("imports point down, and rooms on one floor do not know each other", () => {
  const uphill = source.flatMap((path) =>
    importsOf(path).flatMap((target) => (downhill(path, target) ? [] : [`${path} → ${target}`])),
  );
  expect(uphill).toEqual([]);
});

test("nothing in src imports from test", () => {
  expect(source.filter((path) => importsOf(path).some((target) => !target.startsWith("src/")))).toEqual([]);
});

/** A way through imports from the end of `path` back into it, or undefined. */
function cycleFrom(path: string[], done: Set<string>): string[] | undefined {
  const last = path.at(-1) ?? "";
  if (done.has(last)) return undefined;
  for (const next of importsOf(last)) {
    if (path.includes(next)) return [...path.slice(path.indexOf(next)), next];
    const cycle = cycleFrom([...path, next], done);
    if (cycle) return cycle;
  }
  done.add(last);
  return undefined;
}

test("no imports in a circle, not even of types", () => {
  const done = new Set<string>();
  expect(source.map((path) => cycleFrom([path], done)?.join(" → ")).find((cycle) => cycle)).toBeUndefined();
});

test("no file is lonely", () => {
  const known = new Set(source.flatMap(importsOf));
  const usedByTests = new Set(tests.flatMap(importsOf));
  // The browser takes the script, and a thread its program, by its address.
  const doors = ["src/start.js", "src/doors/dashboard/live.js", "src/store/checkpoint-thread.ts"];
  expect(source.filter((path) => !known.has(path) && !doors.includes(path))).toEqual([]);
  const runByItself =
    /\.test\.ts$|vitest\.config|^test\/(setup|sim\/launcher|postgres|browser|bench\/[a-z-]+|demo\/[a-z-]+|store\/writer|crash\/(crash|kill\/switch))\.ts$/;
  expect(tests.filter((path) => !usedByTests.has(path) && !runByItself.test(path))).toEqual([]);
});

test(`no file has more than ${linesMax} lines`, () => {
  expect(code.filter((path) => linesOf(path).length > linesMax + 1)).toEqual([]);
});

test("files are kebab-case nouns that say what is in them", () => {
  const name = /^[a-z0-9]+(-[a-z0-9]+)*(\.(test|suite|config))?\.(ts|js)$/;
  const nothing = /^(utils?|helpers?|common|types?|index|misc|shared|manager|constants?)\./;
  const named = code.map((path) => path.split("/").at(-1) ?? "");
  expect(named.filter((file) => !name.test(file) || nothing.test(file))).toEqual([]);
});

test("every file opens with a header", () => {
  expect(code.filter((path) => !/^\/\*\*[\s\S]*?\*\//.test(read(path)))).toEqual([]);
  // A docstring is not a header: what follows the header is no export.
  expect(source.filter((path) => /^\/\*\*(?:(?!\*\/)[\s\S])*\*\/\nexport\b/.test(read(path)))).toEqual([]);
});

test("every export has a docstring", () => {
  const bareExports = source.flatMap((path) =>
    linesOf(path).flatMap((line, at, lines) =>
      /^export (?!\{|type \{|default)/.test(line) && !lines[at - 1]?.trimEnd().endsWith("*/")
        ? [`${path}:${at + 1} ${line}`]
        : [],
    ),
  );
  expect(bareExports).toEqual([]);
});

/** Nobody hands anything to a page's script: it runs on people's own machines. */
const inBrowsers = "src/doors/dashboard/live.js";
/** Where each of these may be said. */
const entrances: [what: string, pattern: RegExp, where: string[]][] = [
  ["the environment", /\bprocess\.env\b/, ["src/start.js"]],
  [
    "time",
    /\bDate\.now\b|\bnew Date\(\)|\bset(Timeout|Interval)\b|\bperformance\.now\b|\bhrtime\b/,
    ["src/clock.ts", inBrowsers],
  ],
  ["chance", /\bMath\.random\b|\brandomUUID\b|\brandomInt\b|\bgetRandomValues\b/, [inBrowsers]],
  ["random bytes", /\brandomBytes\b/, ["src/main.ts"]],
  ["the end of the process", /\bprocess\.exit/, ["src/main.ts", "src/start.js"]],
  ["SQLite", /"node:sqlite"/, ["src/store/sqlite.ts", "src/store/checkpoint-thread.ts"]],
];

test.each(entrances)("%s comes in at one place", (_what, pattern, where) => {
  expect(source.filter((path) => pattern.test(bare(path)) && !where.includes(path))).toEqual([]);
});

test("the domain reaches nothing outside", () => {
  const outside = /"node:(?!util"|url"|buffer")|"(undici|hono|probot|pg|pino|kysely|@octokit|@anthropic)/;
  expect(source.filter((path) => roomOf(path) === "domain" && outside.test(bare(path)))).toEqual([]);
});

test("no rule is switched off, nothing is left for later", () => {
  const excuse = /biome-ignore|@ts-(ignore|nocheck|expect-error)|\b(TODO|FIXME|XXX)\b/;
  const here = "test/house.test.ts";
  expect(code.filter((path) => path !== here && excuse.test(read(path)))).toEqual([]);
});

test("nothing names the machine it was written on, or a registry", () => {
  const place = /(?<![\w.~:-])\/(work|root|home|Users)\/|\bregistry\.(?!example\b)[a-z]|\.\.\/shared\b/;
  const here = "test/house.test.ts";
  expect([...written].filter((path) => path !== here && place.test(read(path)))).toEqual([]);
});

test("every dependency is pinned", () => {
  const { dependencies, devDependencies, optionalDependencies } = JSON.parse(read("package.json"));
  const all = { ...dependencies, ...devDependencies, ...optionalDependencies };
  expect(Object.entries(all).filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(String(version)))).toEqual([]);
});

test("what src imports is installed in production too", () => {
  const { dependencies } = JSON.parse(read("package.json"));
  const named = source.flatMap((path) => [
    ...bare(path).matchAll(/^(?:import (?!type)|\})[^;]*?\bfrom "((?:@[^/"]+\/)?[^."/][^"/]*)/gm),
  ]);
  const packages = new Set(named.map(([, name = ""]) => name).filter((name) => !name.startsWith("node:")));
  expect([...packages].filter((name) => !(name in dependencies))).toEqual([]);
});

test("the App asks for what it uses and nothing more", () => {
  const { public: open, default_permissions, default_events } = parse(read("app.yml"));
  expect(open).toBe(false);
  expect(default_permissions).toEqual({
    metadata: "read",
    contents: "write",
    issues: "write",
    pull_requests: "write",
    checks: "write",
    actions: "read",
  });
  expect([...default_events].sort()).toEqual([
    "check_suite",
    "create",
    "delete",
    "installation_target",
    "issue_comment",
    "issues",
    "pull_request",
    "pull_request_review",
    "pull_request_review_comment",
    "push",
    "repository",
  ]);
  const unasked = ["installation", "installation_repositories"];
  expect([...storedEvents].filter((event) => ![...default_events, ...unasked].includes(event))).toEqual([]);
});
