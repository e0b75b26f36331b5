/** Stands in for `test/sim/program.ts`: git is answered in memory, every other program runs as ever. */
import { execFile } from "node:child_process";
import type { Ended, ProgramOptions } from "../../sim/program.ts";
import { run } from "./command.ts";

/** Runs a program to its end, as the real one does. */
export async function runProgram(program: string, words: string[], options: ProgramOptions): Promise<Ended> {
  const { cwd = "", env, input = Buffer.alloc(0) } = options;
  if (program !== "git") return runReally(program, words, options);
  const { code, out, err = "" } = await run({ directory: cwd, words, env, input });
  return { code, stdout: Buffer.from(out), stderr: Buffer.from(err) };
}

function runReally(program: string, words: string[], { cwd, env, signal }: ProgramOptions): Promise<Ended> {
  const how = { cwd, env, signal, encoding: "buffer" } as const;
  return new Promise((resolve, reject) => {
    execFile(program, words, how, (error, stdout, stderr) => {
      if (signal?.aborted) reject(signal.reason);
      else resolve({ code: error === null ? 0 : 1, stdout, stderr });
    });
  });
}
