/**
 * Real git on bare repositories: what the REST routes and acting people need of commits, refs, trees and diffs.
 * Knows no GitHub objects. The machine's own git configuration is never read.
 */
import { appendFile, cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runProgram } from "../program.ts";

/** Environment of every git process: nothing of the user's, no prompts, English. */
export const gitEnvironment: Record<string, string> = {
  PATH: process.env["PATH"] ?? "/usr/bin:/bin",
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_TERMINAL_PROMPT: "0",
  LC_ALL: "C",
};

/** How a git process ended. */
export interface GitResult {
  code: number;
  stdout: Buffer;
  stderr: string;
}

interface GitOptions {
  input?: string | Buffer;
  env?: Record<string, string>;
}

/** Runs git in a directory to its end, whatever its exit status. */
export async function tryGit(
  directory: string,
  args: string[],
  { input = "", env = {} }: GitOptions = {},
): Promise<GitResult> {
  const key = [directory, ...args].join("\0");
  const known = answers.get(key);
  if (known) return known;
  const { code, stdout, stderr } = await runProgram("git", args, {
    cwd: directory,
    env: { ...gitEnvironment, ...env },
    input: Buffer.from(input),
  });
  const result = { code, stdout, stderr: stderr.toString() };
  if (code === 0 && isSettled(args)) keep(key, result);
  return result;
}

/** What git said of objects that are named by their whole hashes: it can say nothing else ever after. */
const answers = new Map<string, GitResult>();
const answersMax = 500;
const answerBytesMax = 100_000;

const settledWord = /^(-.*|[0-9a-f]{40}(\.\.[0-9a-f]{40}|\^\{(commit|tree)\})?)$/;
/** The name of an object in full. */
export const wholeHash = /^[0-9a-f]{40}$/;
const ofObjects = new Set(["log", "diff", "merge-base", "ls-tree", "rev-parse"]);

function isSettled([command = "", ...words]: string[]): boolean {
  return ofObjects.has(command) && words.every((word) => settledWord.test(word));
}

function keep(key: string, result: GitResult): void {
  if (result.stdout.length > answerBytesMax) return;
  answers.set(key, result);
  const [oldest] = answers.keys();
  if (answers.size > answersMax && oldest !== undefined) answers.delete(oldest);
}

/** Runs git and returns what it printed; throws with its complaint when it fails. */
export async function git(directory: string, args: string[], input?: string | Buffer): Promise<string> {
  const result = await tryGit(directory, args, input === undefined ? {} : { input });
  if (result.code !== 0) throw new Error(`git ${args.join(" ")}: ${result.stderr}`);
  return result.stdout.toString();
}

/** A person in a commit. */
export interface Signature {
  name: string;
  email: string;
}

/** What a path holds: a file's content, a link's target, a submodule's commit; `null` deletes it. */
export type Content = string | Buffer | { link: string } | { submodule: string } | null;

/** A commit to be made: path → content. */
export interface Change {
  branch: string;
  files: Record<string, Content>;
  message: string;
  author: Signature;
  /** Milliseconds since the epoch. */
  at: number;
}

/** Refuses pushes that touch workflow files, as GitHub does without the `workflows` permission. */
const preReceive = `#!/bin/sh
[ -n "$SIM_REFUSAL" ] || exit 0
while read -r old new ref; do
  case "$new" in *[!0]*) ;; *) continue ;; esac
  file=$(git log -1 --format= --name-only "$new" --not --all -- .github/workflows)
  if [ -n "$file" ]; then echo "$file" > "$SIM_REFUSAL"; exit 1; fi
done
`;

/** Nothing is tidied or synced: a simulator's repositories do not outlive it. */
const settings = `[http]
\treceivepack = true
[uploadpack]
\tallowAnySHA1InWant = true
[receive]
\tautogc = false
[core]
\tfsync = none
`;

/** By root, because a simulator takes its own away when it stops. */
const templates = new Map<string, Promise<string>>();

/** Creates a bare repository that can be pushed to over HTTP. */
export async function createBare(directory: string, root: string, defaultBranch: string): Promise<void> {
  const template = templates.get(root) ?? makeTemplate(join(root, ".template"));
  templates.set(root, template);
  await cp(await template, directory, { recursive: true });
  await writeFile(join(directory, "HEAD"), `ref: refs/heads/${defaultBranch}\n`);
}

async function makeTemplate(directory: string): Promise<string> {
  await mkdir(directory, { recursive: true });
  await git(directory, ["init", "--bare", "--quiet", "--template=", "."]);
  await appendFile(join(directory, "config"), settings);
  await mkdir(join(directory, "hooks"), { recursive: true });
  await writeFile(join(directory, "hooks", "pre-receive"), preReceive, { mode: 0o755 });
  return directory;
}

/** Adds one commit on top of the branch (or starts it) and returns its hash. */
export async function commit(directory: string, change: Change): Promise<string> {
  const ref = `refs/heads/${change.branch}`;
  const parent = await resolve(directory, ref);
  const who = `${change.author.name} <${change.author.email}> ${Math.floor(change.at / 1000)} +0000`;
  const parts = [text(`commit ${ref}\nauthor ${who}\ncommitter ${who}\n`), data(text(change.message))];
  if (parent) parts.push(text(`from ${parent}\n`));
  for (const [path, content] of Object.entries(change.files)) parts.push(entry(path, content));
  await git(directory, ["fast-import", "--quiet"], Buffer.concat(parts));
  const made = await resolve(directory, ref);
  if (!made) throw new Error(`no commit on ${ref}`);
  return made;
}

function entry(path: string, content: Content): Buffer {
  if (content === null) return text(`D ${path}\n`);
  if (typeof content === "string")
    return Buffer.concat([text(`M 100644 inline ${path}\n`), data(text(content))]);
  if (Buffer.isBuffer(content)) return Buffer.concat([text(`M 100644 inline ${path}\n`), data(content)]);
  if ("link" in content) return Buffer.concat([text(`M 120000 inline ${path}\n`), data(text(content.link))]);
  return text(`M 160000 ${content.submodule} ${path}\n`);
}

function text(words: string): Buffer {
  return Buffer.from(words);
}

function data(bytes: Buffer): Buffer {
  return Buffer.concat([text(`data ${bytes.length}\n`), bytes, text("\n")]);
}

/** The commit a name stands for, or `undefined`. */
export async function resolve(directory: string, name: string): Promise<string | undefined> {
  if (name.startsWith("-") || name.includes("..")) return undefined;
  // What was moved last lies in a file of its own: read, it costs a hundredth of starting git.
  const loose =
    name.startsWith("refs/heads/") && (await readFile(join(directory, name), "utf8").catch(() => ""));
  if (loose && wholeHash.test(loose.trim())) return loose.trim();
  const result = await tryGit(directory, ["rev-parse", "--verify", "--quiet", `${name}^{commit}`]);
  return result.code === 0 ? result.stdout.toString().trim() : undefined;
}

/** All refs: full name → hash. */
export async function refs(directory: string, prefix = "refs/"): Promise<Map<string, string>> {
  const out = await git(directory, ["for-each-ref", "--format=%(objectname) %(refname)"]);
  const pairs = out
    .split("\n")
    .filter(Boolean)
    .map((line) => line.split(" ") as [string, string]);
  return new Map(pairs.filter(([, name]) => name.startsWith(prefix)).map(([hash, name]) => [name, hash]));
}

/** Points a ref at a commit, or removes it. */
export async function setRef(directory: string, name: string, hash: string | undefined): Promise<void> {
  await git(directory, hash ? ["update-ref", name, hash] : ["update-ref", "-d", name]);
}

/** Is `old` in the history of `later`? */
export async function isAncestor(directory: string, old: string, later: string): Promise<boolean> {
  return (await tryGit(directory, ["merge-base", "--is-ancestor", old, later])).code === 0;
}

/** The best common ancestor of two commits, if they share one. */
export async function mergeBase(directory: string, one: string, other: string): Promise<string | undefined> {
  const result = await tryGit(directory, ["merge-base", one, other]);
  return result.code === 0 ? result.stdout.toString().trim() : undefined;
}

/** Merges `head` into the branch with a merge commit and returns it; throws on a conflict. */
export async function merge(
  directory: string,
  change: Omit<Change, "files"> & { head: string },
): Promise<string> {
  const base = await resolve(directory, `refs/heads/${change.branch}`);
  if (!base) throw new Error(`no branch ${change.branch}`);
  const tree = (await git(directory, ["merge-tree", "--write-tree", base, change.head])).split("\n")[0] ?? "";
  const when = `${Math.floor(change.at / 1000)} +0000`;
  const { name, email } = change.author;
  const made = await tryGit(
    directory,
    ["commit-tree", tree, "-p", base, "-p", change.head, "-m", change.message],
    {
      env: {
        GIT_AUTHOR_NAME: name,
        GIT_AUTHOR_EMAIL: email,
        GIT_AUTHOR_DATE: when,
        GIT_COMMITTER_NAME: name,
        GIT_COMMITTER_EMAIL: email,
        GIT_COMMITTER_DATE: when,
      },
    },
  );
  const hash = made.stdout.toString().trim();
  await setRef(directory, `refs/heads/${change.branch}`, hash);
  return hash;
}

const queues = new Map<string, Promise<unknown>>();

/** One change of refs at a time in a repository, so that who moved what can be told apart. Not to be nested. */
export function exclusively<Result>(directory: string, work: () => Promise<Result>): Promise<Result> {
  const result = (queues.get(directory) ?? Promise.resolve()).then(work, work);
  queues.set(
    directory,
    result.catch(() => {}),
  );
  return result;
}
