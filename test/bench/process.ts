/**
 * A server in a process of its own: spawned, waited for, weighed by /proc, paused while another has its turn.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { get } from "node:http";
import { createServer } from "node:net";
import { pause, systemClock } from "../../src/clock.ts";

/** What to run and how to know that it is ready. */
export interface Program {
  /** Arguments of Node. */
  args: string[];
  env: Record<string, string>;
  /** Answers 200 once the server is ready. */
  readyPath: string;
}

/** A running server. */
export interface Served {
  url: string;
  /** From spawning to the first answer. */
  startMs: number;
  /** CPU time so far, all threads, user and system; undefined where /proc does not tell. */
  cpuMs(): number | undefined;
  /** Resident memory; undefined where /proc does not tell. */
  rssMiB(): number | undefined;
  /** Takes it off the CPU, or puts it back. */
  hold(isHeld: boolean): void;
  stop(): Promise<void>;
}

/** Slow is no failure here. */
const readyMsMax = 60_000;
const pollMs = 2;
/** USER_HZ of every Linux that Node runs on (man 5 proc). */
const tickMs = 10;

/** Starts it on a free port of the loopback interface and waits until it is ready. */
export async function serve({ args, env, readyPath }: Program): Promise<Served> {
  const port = await freePort();
  const began = performance.now();
  const child = spawn(process.execPath, args, {
    env: { PATH: process.env["PATH"], ...env, HOST: "127.0.0.1", PORT: String(port) },
    // Logs go where they cost the writer and nobody else.
    stdio: ["ignore", "ignore", "inherit"],
  });
  const url = `http://127.0.0.1:${port}`;
  while (!(await answers(`${url}${readyPath}`))) {
    if (child.exitCode !== null) throw new Error(`${args.join(" ")} ended with ${child.exitCode}`);
    if (performance.now() - began > readyMsMax) throw new Error(`${args.join(" ")} does not get ready`);
    await pause(systemClock, pollMs);
  }
  return {
    url,
    startMs: performance.now() - began,
    cpuMs: () => cpuMsOf(child),
    rssMiB: () => rssMiBOf(child),
    hold: (isHeld) => void child.kill(isHeld ? "SIGSTOP" : "SIGCONT"),
    stop: async () => {
      if (child.exitCode !== null) return;
      const exit = once(child, "exit");
      // Not SIGTERM: what a bench left undone need not be finished.
      child.kill("SIGKILL");
      await exit;
    },
  };
}

function answers(url: string): Promise<boolean> {
  return new Promise((resolve) => {
    get(url, { agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    }).once("error", () => resolve(false));
  });
}

function cpuMsOf({ pid }: ChildProcess): number | undefined {
  // The second field is the program's name in parentheses and may hold spaces.
  const fields = proc(pid, "stat")
    ?.replace(/^.*\) /, "")
    .split(" ");
  const [user, system] = [fields?.[11], fields?.[12]].map(Number);
  return fields && user !== undefined && system !== undefined ? (user + system) * tickMs : undefined;
}

function rssMiBOf({ pid }: ChildProcess): number | undefined {
  const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(proc(pid, "status") ?? "")?.[1];
  return kibibytes === undefined ? undefined : Number(kibibytes) / 1024;
}

function proc(pid: number | undefined, file: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return undefined;
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return typeof address === "object" && address ? address.port : 0;
}
