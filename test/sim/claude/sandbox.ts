/**
 * The machine a session works on: a directory of its own and commands run in it, with no configuration
 * and no credential of the machine the tests run on. Knows nothing of sessions' events.
 */
import { join, normalize } from "node:path";
import { runProgram } from "../program.ts";

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

const author = "Sandbox";
const email = "sandbox@example.invalid";

function environment({ root, nowS }: CommandOptions): Record<string, string> {
  const date = `@${nowS} +0000`;
  return {
    PATH: "/usr/local/bin:/usr/bin:/bin",
    HOME: root,
    LC_ALL: "C",
    GIT_CONFIG_GLOBAL: "/dev/null",
    GIT_CONFIG_NOSYSTEM: "1",
    ...configured({ "maintenance.auto": "false", "core.fsync": "none", "protocol.version": "0" }),
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

/** Configuration that git reads from its environment: here what saves programs and requests of no consequence. */
function configured(settings: Record<string, string>): Record<string, string> {
  const pairs = Object.entries(settings).flatMap(([key, value], at) => [
    [`GIT_CONFIG_KEY_${at}`, key],
    [`GIT_CONFIG_VALUE_${at}`, value],
  ]);
  return { GIT_CONFIG_COUNT: String(Object.keys(settings).length), ...Object.fromEntries(pairs) };
}

/** Runs a program in the sandbox, five minutes at most. Throws the signal's reason when it is struck. */
export async function runCommand(
  program: string,
  words: string[],
  options: CommandOptions,
): Promise<CommandResult> {
  const { directory: cwd, signal } = options;
  const { code, stdout, stderr } = await runProgram(program, words, {
    cwd,
    signal,
    env: environment(options),
  });
  return { ok: code === 0, output: `${stdout}${stderr}` };
}

/** Where a path of the sandbox (`/workspace/widgets/a.txt`, or relative to `base`) lies on this machine. */
export function placeOf(root: string, base: string, path: string): string {
  return join(root, normalize(path.startsWith("/") ? path : join(base, path)));
}
