/**
 * Programs that the simulators run to their end: git above all. They are started by a small process
 * (`launcher.ts`), because a start copies the memory map of whoever starts: in a process that holds the
 * service, both simulators and GitHub's compiled description that takes longer than git itself.
 */
import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";

/** How a program is run. */
export interface ProgramOptions {
  cwd?: string;
  /** Its whole environment. */
  env: Record<string, string>;
  /** What it reads; nothing by default. */
  input?: Buffer;
  /** Ends it. */
  signal?: AbortSignal;
}

/** How a program ended. */
export interface Ended {
  /** Its exit status; 1 when it was ended from outside, 127 when it could not be started. */
  code: number;
  stdout: Buffer;
  stderr: Buffer;
}

/** To the launcher: start this, or end it. */
export type Order =
  | {
      id: number;
      program: string;
      words: string[];
      cwd: string | undefined;
      env: Record<string, string>;
      input: Buffer | undefined;
    }
  | { id: number; end: true };

/** From the launcher. */
export type Report = Ended & { id: number };

/** The launcher, and who waits for what. */
interface Launcher {
  process: ChildProcess;
  waiting: Map<number, { tell: (ended: Ended) => void; fail: (error: Error) => void }>;
}

let launcher: Launcher | undefined;
let lastId = 0;

/**
 * Runs a program to its end, whatever its exit status; five minutes and 64 MiB of output at most. Throws the
 * signal's reason when it is struck.
 */
export async function runProgram(program: string, words: string[], options: ProgramOptions): Promise<Ended> {
  const { cwd, env, input, signal } = options;
  signal?.throwIfAborted();
  launcher ??= startLauncher();
  const { process, waiting } = launcher;
  lastId += 1;
  const id = lastId;
  const order = (what: Order) => process.send(what, (error) => error && waiting.get(id)?.fail(error));
  const end = () => order({ id, end: true });
  // Held open only while somebody waits, so that it keeps no test and no demonstration from ending.
  if (waiting.size === 0) process.channel?.ref();
  const ended = new Promise<Ended>((tell, fail) => waiting.set(id, { tell, fail }));
  signal?.addEventListener("abort", end);
  order({ id, program, words, cwd, env, input });
  const result = await ended.finally(() => {
    waiting.delete(id);
    signal?.removeEventListener("abort", end);
    if (waiting.size === 0) process.channel?.unref();
  });
  signal?.throwIfAborted();
  return result;
}

function startLauncher(): Launcher {
  const process = fork(fileURLToPath(new URL("launcher.ts", import.meta.url)), {
    serialization: "advanced",
    execArgv: [],
  });
  const waiting: Launcher["waiting"] = new Map();
  process.unref();
  process.on("message", ({ id, ...ended }: Report) => waiting.get(id)?.tell(ended));
  process.once("exit", (code) => {
    launcher = undefined;
    for (const { fail } of waiting.values()) fail(new Error(`the launcher ended with ${code}`));
  });
  return { process, waiting };
}
