/**
 * The machine a session works on: a directory of its own and commands run in it, with no configuration
 * and no credential of the machine the tests run on. Knows nothing of sessions' events.
 */
import { execFile } from "node:child_process";
import { join, normalize } from "node:path";

/** What a command said. */
export interface CommandResult {
  ok: boolean;
  /** Standard output and standard error together. */
  output: string;
}

/** How a command is run. */
export interface CommandOptions {
  /** The sandbox's root. */
  root: string;
  directory: string;
  /** Seconds since the epoch, for commits. */
  nowS: number;
  signal: AbortSignal;
}

/** Of real time, on a machine that has other things to do. */
const commandMsMax = 300_000;
const outputBytesMax = 16 * 1024 * 1024;
const author = "Sandbox";
const email = "sandbox@example.invalid";

function environment({ root, nowS }: CommandOptions): NodeJS.ProcessEnv {
  const date = `@${nowS} +0000`;
  return {
    PATH: "/usr/local/bin:/usr/bin:/bin",
    HOME: root,
    LC_ALL: "C",
    GIT_CONFIG_GLOBAL: "/dev/null",
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_TERMINAL_PROMPT: "0",
    GIT_ASKPASS: "true",
    GIT_AUTHOR_NAME: author,
    GIT_AUTHOR_EMAIL: email,
    GIT_AUTHOR_DATE: date,
    GIT_COMMITTER_NAME: author,
    GIT_COMMITTER_EMAIL: email,
    GIT_COMMITTER_DATE: date,
  };
}

/** Runs a program in the sandbox, five minutes at most. Throws the signal's reason when it is struck. */
export function runCommand(
  program: string,
  words: string[],
  options: CommandOptions,
): Promise<CommandResult> {
  const { directory: cwd, signal } = options;
  signal.throwIfAborted();
  const how = { cwd, signal, env: environment(options), timeout: commandMsMax, maxBuffer: outputBytesMax };
  return new Promise((resolve, reject) => {
    execFile(program, words, how, (error, out, err) => {
      if (signal.aborted) reject(signal.reason);
      else resolve({ ok: error === null, output: `${out}${err}` });
    });
  });
}

/** Where a path of the sandbox (`/workspace/widgets/a.txt`, or relative to `base`) lies on this machine. */
export function placeOf(root: string, base: string, path: string): string {
  return join(root, normalize(path.startsWith("/") ? path : join(base, path)));
}
