/**
 * The real service for tests of its doors: real HTTP, a real database file, real time, both simulators
 * behind it. Requests are written by hand here, so that they can be as wrong as a stranger's.
 */
import { createHmac, randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { request } from "node:http";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { systemClock } from "../../src/clock.ts";
import { readConfig } from "../../src/config.ts";
import { createLogger } from "../../src/log.ts";
import { start } from "../../src/main.ts";
import { type ClaudeSim, startClaude } from "../sim/claude/claude.ts";
import { type GitHubSim, startGitHub } from "../sim/github/github.ts";
import { variables, webhookKey } from "../sim/variables.ts";

/** A stored delivery as the database has it. */
export interface Row {
  id: string;
  event: string;
  body: string;
  state: string;
  verdict: string | null;
}

/** An answer, whole. */
export interface Answered {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
}

/** Headers to send; undefined leaves one of the usual ones out. */
export type Headers = Record<string, string | undefined>;

/** The running service and what is behind it. */
export interface Service {
  url: string;
  port: number;
  secret: string;
  github: GitHubSim;
  claude: ClaudeSim;
  /** Lines of the log, parsed. */
  lines: Record<string, unknown>[];
  /** Stored deliveries, of one id when given. */
  rows(id?: string): Row[];
  close(): Promise<void>;
}

/** What a service of the doors' tests is set to, besides its directory. */
export function settingsOn(github: GitHubSim, claude: ClaudeSim): Record<string, string> {
  return {
    ...variables(github, claude),
    ANTHROPIC_WEBHOOK_SIGNING_KEY: webhookKey,
    CLIENT_ID: github.app.clientId,
    CLIENT_SECRET: github.app.clientSecret,
  };
}

/** Starts simulators and service. */
export async function openService(env: Record<string, string> = {}): Promise<Service> {
  const github = await startGitHub();
  const claude = await startClaude({ gitHosts: [github.host] });
  const dataDir = mkdtempSync(join(tmpdir(), "patchwright-doors-"));
  const lines: Record<string, unknown>[] = [];
  const log = createLogger("debug", { write: (line: string) => void lines.push(JSON.parse(line)) });
  const config = readConfig({ ...settingsOn(github, claude), DATA_DIR: dataDir, ...env });
  const app = await start(config, { clock: systemClock, log, random: randomBytes });
  const reader = new DatabaseSync(join(dataDir, "patchwright.db"), { readOnly: true });
  return {
    url: app.url,
    port: Number(new URL(app.url).port),
    secret: github.app.webhookSecret,
    github,
    claude,
    lines,
    rows: (id) => {
      const all = reader.prepare("select id, event, body, state, verdict from deliveries").all();
      return (all as unknown as Row[]).filter((row) => id === undefined || row.id === id);
    },
    close: async () => {
      reader.close();
      await app.stop();
      await Promise.all([github.stop(), claude.stop()]);
      rmSync(dataDir, { recursive: true });
    },
  };
}

/** GitHub's signature of a body. */
export function signatureOf(body: string | Buffer, secret: string): string {
  return `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`;
}

let count = 0;

/** Headers of a delivery that is right in every way. */
export function usualHeaders(body: string | Buffer, secret: string): Record<string, string> {
  count += 1;
  return {
    "content-type": "application/json",
    "x-github-delivery": `5c1a2b30-0000-11f0-8000-${String(count).padStart(12, "0")}`,
    "x-github-event": "issues",
    "x-hub-signature-256": signatureOf(body, secret),
  };
}

/** Posts a body with exactly these headers; ones that are undefined are not sent. */
export function post(url: string, headers: Headers, body: string | Buffer): Promise<Answered> {
  return send(url, { method: "POST", headers }, body);
}

/** Sends a request on a connection of its own and reads the answer. */
export function send(
  url: string,
  { method, headers }: { method: string; headers: Headers },
  body: string | Buffer = "",
): Promise<Answered> {
  const sent = Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== undefined));
  return new Promise((resolve, reject) => {
    const call = request(url, { method, headers: sent, agent: false }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => {
        text += chunk;
      });
      response.once("end", () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text }),
      );
    });
    call.once("error", reject);
    call.end(body);
  });
}

/** Writes bytes as they are and returns all that comes back until the server ends the connection. */
export function raw(port: number, write: (socket: Socket) => void): Promise<string> {
  return new Promise((resolve) => {
    let text = "";
    const socket = connect(port, "127.0.0.1", () => write(socket));
    socket.setEncoding("utf8");
    socket.on("data", (chunk: string) => {
      text += chunk;
    });
    // A reset after the answer is an end like any other.
    socket.on("error", () => undefined);
    socket.once("close", () => resolve(text));
  });
}
