/**
 * The git commands that the simulators give, on objects in memory: the same output for the same history as
 * real git. A command it does not know fails loudly, so that nothing is answered by guessing.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { systemClock } from "../../../src/clock.ts";
import { backend } from "./backend.ts";
import { difference } from "./difference.ts";
import { listing, parsed, resolved, touches, typeOf } from "./names.ts";
import { type Commit, commitOf, contentOf, historyOf, keepContent, makeCommit, refsOf } from "./objects.ts";
import { clone, fetchInto, listRemote, push } from "./remote.ts";

/** A command as it is given. */
export interface Command {
  directory: string;
  words: string[];
  env: NodeJS.ProcessEnv;
  input: Buffer;
  /** What `-c NAME=VALUE` in front of the command set. */
  settings?: Map<string, string>;
}

/** How it ended. */
export interface Ended {
  code: number;
  out: string | Buffer;
  err?: string;
}

const none = "0".repeat(40);
const done = (out: string | Buffer = ""): Ended => ({ code: 0, out });
const known = (said: string | undefined): Ended => (said === undefined ? failed("") : done(`${said}\n`));
const failed = (err: string): Ended => ({ code: 1, out: "", err });

/** Runs a command. */
export async function run({ words: given, ...how }: Command): Promise<Ended> {
  const words = [...given];
  const settings = new Map<string, string>();
  while (words[0] === "-c") {
    const [name = "", value = ""] = words.splice(0, 2).at(-1)?.split("=") ?? [];
    settings.set(name, value);
  }
  const command = commands[words[0] ?? ""];
  if (!command) throw new Error(`the stand-in for git does not know: git ${words.join(" ")}`);
  return command({ ...how, words, settings });
}

const flagless = (words: string[]) => words.slice(1).filter((word) => !word.startsWith("-"));

const commands: Record<string, (command: Command) => Ended | Promise<Ended>> = {
  init: () => done(),
  config: () => done(),
  "check-ref-format": ({ words }) =>
    /[ ~^:?*[\\]|\.\.|\/\/|\/\.|@\{|(\.|\/|\.lock)$/.test(words.at(-1) ?? "") ? failed("") : done(),
  "fast-import": ({ directory, input }) => fastImport(directory, input.toString()),
  "rev-parse": ({ directory, words }) => {
    const sha = parsed(directory, words.at(-1) ?? "");
    return sha === undefined ? failed("") : done(`${sha}\n`);
  },
  "rev-list": ({ directory, words }) => {
    const [, from = "", , path = ""] = words;
    const touching = historyOf(resolved(directory, from)?.sha ?? "").filter((commit) =>
      touches(commit, path),
    );
    return done(touching.map(({ sha }) => `${sha}\n`).join(""));
  },
  "ls-tree": ({ words }) => {
    const listed = listing(words.at(-1) ?? "", words.includes("-r"));
    return listed === undefined ? failed("fatal: not a tree object\n") : done(listed);
  },
  "ls-remote": ({ words }) => listRemote(words.at(-1) ?? ""),
  "for-each-ref": ({ directory }) =>
    done(
      [...refsOf(directory)]
        .filter(([name]) => name.startsWith("refs/"))
        .sort(([one], [other]) => (one < other ? -1 : 1))
        .map(([name, sha]) => `${sha} ${name}\n`)
        .join(""),
    ),
  "update-ref": ({ directory, words }) => {
    if (words[1] === "-d") refsOf(directory).delete(words[2] ?? "");
    else refsOf(directory).set(words[1] ?? "", words[2] ?? "");
    return done();
  },
  "merge-base": ({ directory, words }) => {
    const [one = "", other = ""] = flagless(words).map((name) => resolved(directory, name)?.sha);
    const before = new Set(historyOf(other).map(({ sha }) => sha));
    if (words[1] === "--is-ancestor") return before.has(one) ? done() : failed("");
    const base = historyOf(one).find(({ sha }) => before.has(sha));
    return base ? done(`${base.sha}\n`) : failed("");
  },
  "cat-file": ({ directory, words }) => {
    const [, what, name = ""] = words;
    const sha = parsed(directory, name) ?? "";
    if (what === "-t") return known(typeOf(sha));
    const content = contentOf(sha);
    if (what === "-s") return known(content && String(content.length));
    return content ? done(content) : failed("no such file");
  },
  log: ({ directory, words }) => done(logOf(directory, words)),
  diff: ({ directory, words }) => {
    const [from, to] = words.slice(-2).map((name) => resolved(directory, name));
    return to ? done(difference(from, to)) : failed("no such commit");
  },
  "merge-tree": ({ directory, words }) => {
    const [base, head] = words.slice(-2).map((name) => resolved(directory, name));
    return base && head ? done(`${base.sha}+${head.sha}\n`) : failed("no such commit");
  },
  "commit-tree": ({ words, env }) => {
    const [, merged = "", , base = "", , head = "", , message = ""] = words;
    const files = new Map(merged.split("+").flatMap((sha) => [...(commitOf(sha)?.files ?? [])]));
    const author = `${env["GIT_AUTHOR_NAME"]} <${env["GIT_AUTHOR_EMAIL"]}>`;
    const atS = Number.parseInt(env["GIT_AUTHOR_DATE"] ?? "0", 10);
    return done(
      `${makeCommit({ parents: [base, head], author, atS, message: `${message}\n`, files }).sha}\n`,
    );
  },
  "http-backend": ({ env, input }) => done(backend(env, input)),
  clone: async ({ directory, words }) => {
    const place = resolve(directory, words.at(-1) ?? "");
    const cloned = await clone(words.at(-2) ?? "", place);
    if (cloned.code !== 0 || words.includes("--no-checkout")) return cloned;
    return checkOut(place, refsOf(place).get("origin/HEAD") ?? "");
  },
  // Without a name: the branch that the clone's HEAD names.
  checkout: ({ directory, words }) =>
    checkOut(directory, flagless(words)[0] ?? refsOf(directory).get("origin/HEAD") ?? ""),
  add: () => done(),
  commit: (command) => commitAll(command),
  push: ({ directory, words }) => {
    const [from = "", ref = ""] = (words.at(-1) ?? "").split(":");
    const sha = from === "" ? none : resolved(directory, from)?.sha;
    const url = flagless(words).at(-2) ?? "";
    return sha === undefined
      ? failed("nothing to push")
      : push({ directory, url, from, sha, ref, force: words.includes("--force") });
  },
  fetch: ({ directory }) => fetchInto(directory),
  merge: ({ directory, words, env }) => mergeInto(directory, words, env),
};

/** `git merge -X ours -m MESSAGE NAME` of a branch with commits of its own, by whole files. */
function mergeInto(directory: string, words: string[], env: NodeJS.ProcessEnv): Ended {
  const [ours, theirs] = [resolved(directory, "HEAD"), resolved(directory, words.at(-1) ?? "")];
  if (!ours || !theirs) return failed("not something we can merge");
  const before = new Set(historyOf(theirs.sha).map(({ sha }) => sha));
  if (historyOf(ours.sha).some(({ sha }) => sha === theirs.sha)) return done("Already up to date.\n");
  const base = historyOf(ours.sha).find(({ sha }) => before.has(sha));
  const paths = new Set([...ours.files.keys(), ...theirs.files.keys()]);
  const files = new Map<string, string>();
  for (const path of paths) {
    const own = ours.files.get(path);
    const content = own === base?.files.get(path) ? theirs.files.get(path) : own;
    if (content !== undefined) files.set(path, content);
    else rmSync(join(directory, path), { force: true });
  }
  const parents = [ours.sha, theirs.sha];
  const merged = makeCommit({ parents, ...authorship(env), message: `${words.at(-2)}\n`, files });
  refsOf(directory).set(refsOf(directory).get("HEAD") ?? "HEAD", merged.sha);
  writeOut(directory, files);
  return done();
}

function authorship(env: NodeJS.ProcessEnv, settings?: Map<string, string>): Pick<Commit, "author" | "atS"> {
  const [name, email] = [env["GIT_AUTHOR_NAME"], env["GIT_AUTHOR_EMAIL"]];
  const date = env["GIT_AUTHOR_DATE"] ?? `@${Math.floor(systemClock.now() / 1_000)}`;
  return {
    author: `${name ?? settings?.get("user.name")} <${email ?? settings?.get("user.email")}>`,
    atS: Number(date.replace(/^@(\d+).*/, "$1")),
  };
}

function writeOut(directory: string, files: Map<string, string>): void {
  for (const [path, sha] of files) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), contentOf(sha) ?? "");
  }
}

function fastImport(directory: string, text: string): Ended {
  const [, ref = ""] = /^commit (\S+)/.exec(text) ?? [];
  const [, author = "", atS = "0"] = /^author (.*>) (\d+)/m.exec(text) ?? [];
  const parent = refsOf(directory).get(ref);
  const files = new Map(commitOf(parent ?? "")?.files);
  let rest = Buffer.from(text.slice(text.indexOf("\ndata ") + 1));
  const data = () => {
    const [line = "", size = "0"] = /^data (\d+)\n/.exec(rest.toString("latin1")) ?? [];
    const content = rest.subarray(line.length, line.length + Number(size));
    rest = rest.subarray(line.length + Number(size) + 1);
    return Buffer.from(content);
  };
  const message = data().toString();
  while (rest.length > 0) {
    const end = rest.indexOf("\n");
    const line = rest.toString("utf8", 0, end);
    rest = rest.subarray(end + 1);
    if (line.startsWith("D ")) files.delete(line.slice(2));
    if (line.startsWith("M ")) files.set(line.replace(/^M \d+ inline /, ""), keepContent(data()));
  }
  const parents = parent === undefined ? [] : [parent];
  refsOf(directory).set(ref, makeCommit({ parents, author, atS: Number(atS), message, files }).sha);
  return done();
}

function logOf(directory: string, words: string[]): string {
  const [range = ""] = flagless(words).filter((word) => word !== "");
  const [without, name] = range.includes("..") ? range.split("..") : [undefined, range];
  const left = new Set(
    without ? historyOf(resolved(directory, without)?.sha ?? "").map(({ sha }) => sha) : [],
  );
  const found = historyOf(resolved(directory, name ?? "")?.sha ?? "").filter(({ sha }) => !left.has(sha));
  const shown = words.includes("--max-count=1") ? found.slice(0, 1) : found;
  if (words.includes("--reverse")) shown.reverse();
  return shown.map((commit) => `${recordOf(commit)}\n`).join("");
}

function recordOf({ sha, tree, parents, author, atS, message }: Commit): string {
  const [, name = "", email = ""] = /^(.*) <(.*)>$/.exec(author) ?? [];
  const person = [name, email, new Date(atS * 1000).toISOString().replace(/\.000Z$/, "+00:00")];
  return `${[sha, tree, parents.join(" "), ...person, ...person, message].join("\0")}\u0001`;
}

function checkOut(directory: string, branch: string): Ended {
  const commit = resolved(directory, branch);
  if (!commit) return failed(`pathspec '${branch}' did not match`);
  refsOf(directory).set(`refs/heads/${branch}`, commit.sha).set("HEAD", `refs/heads/${branch}`);
  writeOut(directory, commit.files);
  return done();
}

function commitAll({ directory, words, env, settings }: Command): Ended {
  const message = words.at(-1) ?? "";
  const parent = resolved(directory, "HEAD");
  const paths = readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && existsSync(join(entry.parentPath, entry.name)))
    .map((entry) => join(entry.parentPath, entry.name).slice(directory.length + 1));
  const files = new Map(paths.map((path) => [path, keepContent(readFileSync(join(directory, path)))]));
  const parents = parent ? [parent.sha] : [];
  const commit = makeCommit({ parents, ...authorship(env, settings), message: `${message}\n`, files });
  if (commit.tree === parent?.tree) return failed("nothing to commit");
  refsOf(directory).set(refsOf(directory).get("HEAD") ?? "HEAD", commit.sha);
  return done();
}
