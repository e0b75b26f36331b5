/**
 * The real server as a child process, for whoever wants to see it started, killed and started again.
 * Gives it the environment it is told and nothing of this process's own, reads its log, and never leaves it
 * behind. Knows nothing of what the server does.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { pause, systemClock } from "../src/clock.ts";
import type { ClaudeSim } from "./sim/claude/claude.ts";
import type { GitHubSim } from "./sim/github/github.ts";
import { variables, webhookKey } from "./sim/variables.ts";

/** One line of the server's log. */
export type LogLine = Record<string, unknown>;

/** How a process ended. */
export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** A server that was started and may have ended since. */
export interface ServerProcess {
  /** Its log so far, oldest first; a line that is not JSON is `{ text }`. */
  readonly lines: LogLine[];
  /** What it wrote to standard error so far. */
  words(): string;
  /** Undefined while it runs. */
  exit(): Exit | undefined;
  /** Resolves with its address once it is ready. Throws with its last words when it ends before. */
  ready(withinMs?: number): Promise<string>;
  /** Resolves when it has ended and all it said was read. */
  ended(): Promise<Exit>;
  /** Sends a signal and waits for nothing: SIGSTOP and SIGCONT. */
  signal(signal: NodeJS.Signals): void;
  /** Sends a signal and waits for the end; kills what is still there after `withinMs`. */
  end(signal?: NodeJS.Signals, withinMs?: number): Promise<Exit>;
}

/** Where a server's neighbours are and what it keeps. */
export interface Surroundings {
  github: GitHubSim;
  claude: ClaudeSim;
  dataDir: string;
  /** 0 (the default) takes a free one. */
  port?: number;
}

/** The project's own directory. */
export const projectDir = fileURLToPath(new URL("..", import.meta.url));
const readyMsMax = 30_000;
const stopMsMax = 12_000;
const tickMs = 20;
const running = new Set<ChildProcess>();
process.once("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

/** How a process ended and what it said of it, in a line or few. */
export function lastWords(exit: Exit, words: string): string {
  const how = exit.signal === null ? `ended with status ${exit.code}` : `was ended by ${exit.signal}`;
  return words.trim() === "" ? how : `${how}: ${words.trim()}`;
}

/** The environment of a server between the two simulators. */
export function environmentOf({ github, claude, dataDir, port = 0 }: Surroundings): Record<string, string> {
  return {
    ...variables(github, claude),
    ANTHROPIC_WEBHOOK_SIGNING_KEY: webhookKey,
    DATA_DIR: dataDir,
    PORT: String(port),
  };
}

/** Tells both simulators where the server listens. */
export function connect({ github, claude }: Pick<Surroundings, "github" | "claude">, url: string): void {
  github.setWebhook(`${url}/api/github/webhooks`);
  claude.setWebhook({ url: `${url}/api/anthropic/webhooks`, secret: webhookKey });
}

/** How a server is started otherwise than by `npm start`. */
export interface Manner {
  /** Of another copy of the project. */
  directory?: string;
  /** Address of a module that is loaded before the server's own. */
  preload?: string;
  /** Hears each line of its log. */
  hear?: (line: LogLine) => void;
}

/** Starts the server as `npm start` does; does not wait for it. */
export function startServer(
  environment: Record<string, string>,
  { directory = projectDir, preload, hear = () => undefined }: Manner = {},
): ServerProcess {
  const before = preload === undefined ? [] : ["--import", preload];
  const child = spawn(process.execPath, [...before, "src/start.js"], {
    cwd: directory,
    env: { PATH: process.env["PATH"], ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  running.add(child);
  const lines: LogLine[] = [];
  let words = "";
  let exit: Exit | undefined;
  createInterface({ input: child.stdout }).on("line", (text) => {
    const line = parsed(text);
    lines.push(line);
    hear(line);
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    words += text;
  });
  const closed = once(child, "close").then(([code, signal]): Exit => {
    running.delete(child);
    exit = { code, signal };
    return exit;
  });
  return {
    lines,
    words: () => words,
    exit: () => exit,
    ended: () => closed,
    ready: async (withinMs = readyMsMax) => {
      const until = systemClock.now() + withinMs;
      for (;;) {
        const url = lines.find(({ msg }) => msg === "ready")?.["url"];
        if (typeof url === "string") return url;
        if (exit) throw new Error(`the server ${lastWords(exit, words)}`);
        if (systemClock.now() > until) throw new Error(`the server was not ready within ${withinMs} ms`);
        await pause(systemClock, tickMs);
      }
    },
    signal: (signal) => void child.kill(signal),
    end: async (signal = "SIGTERM", withinMs = stopMsMax) => {
      child.kill(signal);
      const callOff = systemClock.after(withinMs, () => child.kill("SIGKILL"));
      const how = await closed;
      callOff();
      return how;
    },
  };
}

function parsed(line: string): LogLine {
  try {
    return JSON.parse(line);
  } catch {
    return { text: line };
  }
}
