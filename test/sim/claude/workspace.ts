/**
 * The agent at work on one mounted repository: real files, real git, each step shown as a tool's use
 * and result. Pushes and fetches go through the platform's proxy; no token is ever in reach here.
 */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { type Mount, rootOf } from "./mount.ts";
import { type CommandResult, placeOf, runCommand } from "./sandbox.ts";
import type { Turn } from "./turn.ts";

/** What to push: `HEAD` to the session's own branch unless told otherwise. */
export interface PushRequest {
  /** The full ref to change, such as `refs/heads/main`. */
  ref?: string;
  from?: string;
  force?: boolean;
}

/** One repository in the sandbox. */
export class Workspace {
  protected readonly turn: Turn;
  readonly #mount: Mount | undefined;

  constructor(turn: Turn, mount: Mount | undefined) {
    this.turn = turn;
    this.#mount = mount;
  }

  /** The only branch the platform lets this session push to: `claude/SESSION_ID`. */
  get branch(): string {
    return this.turn.session.branch;
  }

  /** Is the repository there, or did its clone fail? */
  get cloned(): boolean {
    return this.#mount?.cloned ?? false;
  }

  /** Runs a shell command in the repository (in `/workspace` when there is none). */
  async bash(command: string): Promise<CommandResult> {
    let result: CommandResult = { ok: false, output: "" };
    await this.turn.tool("bash", { command }, async () => {
      result = await this.#run("/bin/sh", ["-c", command]);
      return { text: result.output, isError: !result.ok };
    });
    return result;
  }

  /** Reads a file; undefined when it is not there. Relative paths start at the repository. */
  async read(path: string): Promise<string | undefined> {
    let content: string | undefined;
    await this.turn.tool("read", { file_path: path }, async () => {
      content = await readFile(this.#place(path), "utf8");
      return { text: content, isError: false };
    });
    return content;
  }

  /** Writes a file, with the directories above it. */
  async write(path: string, content: string): Promise<void> {
    await this.turn.tool("write", { file_path: path, content }, async () => {
      const place = this.#place(path);
      await mkdir(dirname(place), { recursive: true });
      await writeFile(place, content);
      return { text: `wrote ${path}`, isError: false };
    });
  }

  /** Commits everything and returns the commit's SHA. Throws when there is nothing to commit. */
  async commit(message: string): Promise<string> {
    await this.#git(["add", "--all"]);
    const committed = await this.#git(["commit", "--quiet", "--message", message]);
    if (!committed.ok) throw new Error(`git commit: ${committed.output}`);
    return this.head();
  }

  /** The SHA of the repository's HEAD; leaves no event. */
  async head(): Promise<string> {
    return (await this.#run("git", ["rev-parse", "HEAD"])).output.trim();
  }

  /** Pushes; a refusal is a result like any other. */
  push({
    ref = `refs/heads/${this.branch}`,
    from = "HEAD",
    force = false,
  }: PushRequest = {}): Promise<CommandResult> {
    return this.#git(["push", ...(force ? ["--force"] : []), "origin", `${from}:${ref}`]);
  }

  /** Fetches from the repository's host. */
  fetch(): Promise<CommandResult> {
    return this.#git(["fetch", "origin"]);
  }

  /** Merges a branch of the host's into what is checked out; where both changed the same lines, ours stay. */
  merge(branch: string): Promise<CommandResult> {
    return this.#git(["merge", "--quiet", "-X", "ours", "-m", `Merge ${branch}`, `origin/${branch}`]);
  }

  async #git(words: string[]): Promise<CommandResult> {
    let result: CommandResult = { ok: false, output: "" };
    await this.turn.tool("bash", { command: `git ${words.join(" ")}` }, async () => {
      result = await this.#run("git", words);
      return { text: result.output, isError: !result.ok };
    });
    return result;
  }

  #run(program: string, words: string[]): Promise<CommandResult> {
    const { world, session } = this.turn;
    return runCommand(program, words, {
      root: rootOf(world, session),
      directory: this.#place("."),
      nowS: Math.floor(world.clock.now() / 1000),
      signal: session.crew.signal,
    });
  }

  #place(path: string): string {
    const base = this.cloned && this.#mount ? this.#mount.resource.mount_path : "/workspace";
    return placeOf(rootOf(this.turn.world, this.turn.session), base, path);
  }
}
