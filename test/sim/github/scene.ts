/**
 * A small world to begin with: the organisation `acme` with the repository `acme/shop`, the writer `mona`,
 * the App installed, somebody listening for deliveries, and clients as the App's owner would build them.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createAppAuth } from "@octokit/auth-app";
import { Octokit } from "@octokit/rest";
import { verify } from "@octokit/webhooks-methods";
import { type GitResult, tryGit } from "./git.ts";
import { type GitHubOptions, type GitHubSim, startGitHub } from "./github.ts";
import type { Json, Permissions } from "./world.ts";

/** A delivery as it arrived. */
export interface Received {
  /** `issues.labeled`, `push`. */
  name: string;
  guid: string;
  isSigned: boolean;
  payload: Json;
}

/** The scene; `stop` ends all of it. */
export interface Scene {
  sim: GitHubSim;
  installation: number;
  repositoryId: number;
  received: Received[];
  /** Statuses the receiver answers with next; 202 when empty. */
  answers: number[];
  /** A client of the App. */
  app: Octokit;
  /** A token for some repositories and permissions (all when absent), and a client that carries it. */
  token(grant?: {
    repositoryIds?: number[];
    permissions?: Permissions;
  }): Promise<{ secret: string; octokit: Octokit }>;
  /** Runs git in the scene's own directory. */
  git(directory: string, ...args: string[]): Promise<GitResult>;
  /** The address of a repository with a token in it. */
  remote(repository: string, secret: string): string;
  /** Resolves when nothing is in flight. */
  settled(): Promise<void>;
  stop(): Promise<void>;
}

/** For Octokit's `log`: it complains on the console about every refusal, and these tests cause hundreds. */
export const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** Opens the scene. */
export async function openScene(options: GitHubOptions = {}): Promise<Scene> {
  const sim = await startGitHub(options);
  const received: Received[] = [];
  const answers: number[] = [];
  const listener = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const text = Buffer.concat(chunks).toString();
      const payload = JSON.parse(text) as Json;
      const event = String(request.headers["x-github-event"]);
      const name = payload["action"] === undefined ? event : `${event}.${payload["action"]}`;
      void verify(sim.app.webhookSecret, text, String(request.headers["x-hub-signature-256"])).then(
        (isSigned) => {
          received.push({ name, guid: String(request.headers["x-github-delivery"]), isSigned, payload });
          response.writeHead(answers.shift() ?? 202).end("noted");
        },
      );
    });
  });
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  const { port } = listener.address() as AddressInfo;
  sim.setWebhook(`http://127.0.0.1:${port}/`);
  const directory = await mkdtemp(join(tmpdir(), "github-scene-"));

  sim.addOrganization("acme");
  sim.addUser("mona");
  const repositoryId = await sim.addRepository({
    owner: "acme",
    name: "shop",
    files: { "README.md": "# shop\n", "src/cart.txt": "one\ntwo\n" },
  });
  sim.setRole("acme/shop", "mona", "write");
  const installation = sim.install("acme");
  const baseUrl = `${sim.url}/api/v3`;
  const auth = { appId: sim.app.id, privateKey: sim.app.privateKey };
  const app = new Octokit({ baseUrl, authStrategy: createAppAuth, auth, log: quiet });

  const settled = async () => {
    for (let turn = 0; turn < 500; turn += 1) {
      await new Promise((resolve) => setImmediate(resolve));
      if (sim.busy() === 0 && turn > 5) return;
    }
  };
  return {
    ...{ sim, installation, repositoryId, received, answers, app, settled },
    async token(grant = {}) {
      const { data } = await app.rest.apps.createInstallationAccessToken({
        installation_id: installation,
        ...(grant.repositoryIds && { repository_ids: grant.repositoryIds }),
        ...(grant.permissions && { permissions: grant.permissions as Record<string, never> }),
      });
      return { secret: data.token, octokit: new Octokit({ baseUrl, auth: data.token, log: quiet }) };
    },
    git: (place, ...args) => tryGit(join(directory, place), args),
    remote: (repository, secret) => `http://x-access-token:${secret}@${sim.host}/${repository}`,
    async stop() {
      listener.closeAllConnections();
      await new Promise((resolve) => listener.close(resolve));
      await sim.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
