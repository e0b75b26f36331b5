/**
 * The surroundings of a demonstration: a simulated GitHub, a simulated Claude platform and, between them,
 * the real server as a process of its own with an embedded store in a temporary directory.
 * Knows no story.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, type Exit, environmentOf, type ServerProcess, startServer } from "../process.ts";
import { type ClaudeSim, startClaude } from "../sim/claude/claude.ts";
import { type GitHubSim, startGitHub } from "../sim/github/github.ts";

/** Everything that runs. */
export interface Scene {
  github: GitHubSim;
  claude: ClaudeSim;
  server: ServerProcess;
  /** Where the server listens. */
  url: string;
  dataDir: string;
  /** Stops the server alone. */
  stopServer(): Promise<Exit>;
  /** Stops everything and clears it away. A second call changes nothing. */
  close(): Promise<void>;
}

/** How a scene is set. */
export interface Setting {
  tokenLifeMs: number;
  /** Hears each token that GitHub hands out. */
  hear?: (token: string) => void;
  /** Variables of the server besides the usual ones. */
  environment?: Record<string, string>;
}

/** Starts everything and waits until the server is ready. Throws with the server's words when it is not. */
export async function openScene({ tokenLifeMs, hear, environment = {} }: Setting): Promise<Scene> {
  const github = await startGitHub({ tokenLifeMs, ...(hear ? { hear } : {}) });
  const claude = await startClaude({ gitHosts: [github.host] });
  const dataDir = await mkdtemp(join(tmpdir(), "patchwright-demo-"));
  const server = startServer({ ...environmentOf({ github, claude, dataDir }), ...environment });
  const clear = async () => {
    await server.end();
    await claude.stop();
    await github.stop();
    await rm(dataDir, { recursive: true, force: true });
  };
  let closing: Promise<void> | undefined;
  const close = () => {
    closing ??= clear();
    return closing;
  };
  try {
    const url = await server.ready();
    connect({ github, claude }, url);
    return { github, claude, server, url, dataDir, stopServer: () => server.end(), close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Tokens that were made for sessions. */
export function runTokens({ github }: Pick<Scene, "github">) {
  return github.tokens().filter(({ repositoryIds }) => repositoryIds !== undefined);
}
