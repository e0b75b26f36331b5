/**
 * What the timed benches share: both simulators in this process, the service and the bare Probot as
 * programs that talk to them, and a delivery as GitHub sends it.
 */
import { createHmac, randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type ClaudeSim, startClaude } from "../sim/claude/claude.ts";
import { type GitHubSim, startGitHub } from "../sim/github/github.ts";
import { variables, webhookKey } from "../sim/variables.ts";
import type { Program } from "./process.ts";

/** The repository of every issue. */
export const shop = "acme/shop";

/** A world to measure in. */
export interface BenchWorld {
  github: GitHubSim;
  claude: ClaudeSim;
  /** The service as it is deployed, on an empty data directory of its own. */
  service(): Program;
  /** Probot's server as it is deployed, at a log level. */
  probot(level: "info" | "warn"): Program;
  close(): Promise<void>;
}

/** Starts it: one repository, no limits on how much may be asked of it. */
export async function openWorld(): Promise<BenchWorld> {
  const limits = { requestsPerHour: 10_000_000 };
  const github = await startGitHub({ limits });
  github.setSecondaryLimits(false);
  const claude = await startClaude({ gitHosts: [github.host] });
  github.addOrganization("acme");
  github.addUser("mona");
  await github.addRepository({ owner: "acme", name: "shop", files: { "README.md": "# shop\n" } });
  github.setRole(shop, "mona", "write");
  github.install("acme");
  const directory = mkdtempSync(join(tmpdir(), "patchwright-bench-"));
  const app = {
    APP_ID: String(github.app.id),
    PRIVATE_KEY: github.app.privateKey,
    WEBHOOK_SECRET: github.app.webhookSecret,
    NODE_ENV: "production",
  };
  const file = (path: string) => fileURLToPath(new URL(path, import.meta.url));
  return {
    github,
    claude,
    service: () => ({
      args: [file("../../src/start.js")],
      env: {
        ...app,
        ...variables(github, claude),
        ANTHROPIC_WEBHOOK_SIGNING_KEY: webhookKey,
        PATCHWRIGHT_MAX_ACTIVE_RUNS: "10000",
        PATCHWRIGHT_DAY_USD_MAX: "100000",
        DATA_DIR: join(directory, randomUUID()),
      },
      readyPath: "/readyz",
    }),
    probot: (level) => ({
      args: [file("./bare-probot.ts")],
      env: { ...app, LOG_LEVEL: level, LOG_FORMAT: "json" },
      readyPath: "/ping",
    }),
    close: async () => {
      await claude.stop();
      await github.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** A delivery's bytes and headers; each time it is sent it needs a fresh `x-github-delivery`. */
export interface SignedDelivery {
  body: string;
  headers: Record<string, string>;
}

/** An `issues.labeled` delivery of `bodyBytes`, filled up in the issue's text. */
export function labeledDelivery(
  { github }: BenchWorld,
  { label, bodyBytes }: { label: string; bodyBytes: number },
): SignedDelivery {
  const number = github.openIssue(shop, { title: "Add is wrong", body: "@", author: "mona" });
  github.label(shop, number, { label, by: "mona" });
  const sent = github.deliveries.findLast(({ action }) => action === "labeled");
  const plain = JSON.stringify(sent?.payload);
  const body = plain.replace('"body":"@"', () => `"body":"${"x".repeat(bodyBytes - plain.length + 1)}"`);
  const signature = createHmac("sha256", github.app.webhookSecret).update(body).digest("hex");
  return {
    body,
    headers: {
      "content-type": "application/json",
      "user-agent": "GitHub-Hookshot/5c1a2b3",
      "x-github-event": "issues",
      "x-github-hook-installation-target-id": String(github.app.id),
      "x-github-hook-installation-target-type": "integration",
      "x-hub-signature-256": `sha256=${signature}`,
    },
  };
}

/** GitHub's delivery ids are UUIDs of version 1: those of one moment begin alike, and so lie together in an index. */
let ticks = 0;

/** A fresh delivery id in GitHub's form. */
export function deliveryGuid(): string {
  ticks += 1;
  const timeLow = (Math.floor(performance.now() * 10_000) + ticks) % 2 ** 32;
  return `${timeLow.toString(16).padStart(8, "0")}-c78c-11f0-${randomUUID().slice(19)}`;
}
