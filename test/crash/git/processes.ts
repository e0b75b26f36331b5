/**
 * Stands in for `node:child_process` under the simulators: git is answered in memory, every other program
 * runs as ever.
 */
import { EventEmitter } from "node:events";
import { run } from "./command.ts";

// Not by an import: whoever puts this file in the module's place would lead it back here.
const { execFile: realExecFile, spawn: realSpawn } = process.getBuiltinModule("node:child_process");

type Told = (error: Error | null, out: string, err: string) => void;

/** `execFile` of a program to its end. */
export function execFile(
  program: string,
  words: string[],
  how: { cwd: string; env: NodeJS.ProcessEnv },
  tell: Told,
) {
  if (program !== "git") return realExecFile(program, words, how, tell);
  const command = { directory: how.cwd, words, env: how.env, input: Buffer.alloc(0) };
  return void run(command).then(
    ({ code, out, err = "" }) =>
      tell(code === 0 ? null : new Error(`git ended with ${code}`), String(out), err),
    (error: Error) => tell(error, "", error.message),
  );
}

/** `spawn` of a program; the command runs when its input has ended. */
export function spawn(program: string, words: string[], how: { cwd?: string; env: NodeJS.ProcessEnv }) {
  if (program !== "git") return realSpawn(program, words, how);
  const child = new EventEmitter();
  const [stdout, stderr] = [new EventEmitter(), new EventEmitter()];
  const end = (input: string | Buffer = "") => {
    const command = { directory: how.cwd ?? "", words, env: how.env, input: Buffer.from(input) };
    run(command).then(
      ({ code, out, err = "" }) => {
        stdout.emit("data", Buffer.from(out));
        stderr.emit("data", Buffer.from(err));
        child.emit("close", code);
      },
      (error: unknown) => child.emit("error", error),
    );
  };
  const stdin = Object.assign(new EventEmitter(), { end });
  return Object.assign(child, { stdin, stdout, stderr });
}
