/** The process that `program.ts` starts to start programs: it stays small, so that each start is quick. */
import { type ChildProcess, execFile } from "node:child_process";
import type { Order, Report } from "./program.ts";

/** Of real time, on a machine that has other things to do. */
const timeout = 300_000;
const maxBuffer = 64 * 1024 * 1024;

const running = new Map<number, ChildProcess>();

process.on("message", (order: Order) => {
  const { id } = order;
  if ("end" in order) {
    running.get(id)?.kill();
    return;
  }
  const { program, words, cwd, env, input } = order;
  const how = { env, timeout, maxBuffer, encoding: "buffer", ...(cwd === undefined ? {} : { cwd }) } as const;
  const child = execFile(program, words, how, (error, stdout, stderr) => {
    running.delete(id);
    const report: Report = { id, code: statusOf(error?.code), stdout, stderr };
    process.send?.(report);
  });
  running.set(id, child);
  // A program may end without reading what it was given.
  child.stdin?.on("error", () => {});
  child.stdin?.end(input);
});

// Ctrl-C in a terminal reaches this process too; when to end is for the one who started it to say.
process.on("SIGINT", () => {});

/** The exit status; Node tells by name what kept it from starting, and nothing when a signal ended it. */
function statusOf(code: string | number | null | undefined): number {
  if (typeof code === "number") return code;
  if (code === undefined) return 0;
  return code === "ENOENT" || code === "EACCES" ? 127 : 1;
}
