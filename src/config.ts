/**
 * The environment, read once. Every mistake is found in one go and named with its variable and remedy;
 * nothing below this file reads `process.env`.
 */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { z } from "zod";
import { mcpOffers } from "./config-mcp.ts";
import { type OAuthApp, oauthOf, privateKey, sealKeysOf, webhookSecrets } from "./config-secrets.ts";
import { mistake, type Variables, variables } from "./config-variables.ts";
import { Problem } from "./domain/errors.ts";
import type { McpOffers } from "./domain/mcp.ts";
import { Secret } from "./domain/secret.ts";
import { type Tracing, tracingOf } from "./domain/tracing.ts";

/** Where GitHub is: github.com, or an Enterprise Server. */
export interface GitHubHost {
  /** `https://github.com`, or the server's address; no slash at the end. */
  webUrl: string;
  apiUrl: string;
}

/** Everything the process is told from outside. Spans are milliseconds, money whole cents. */
export interface Config {
  app: { id: number; privateKey: Secret; webhookSecrets: Secret[] };
  github: GitHubHost;
  claude: {
    apiKey: Secret;
    baseUrl?: string;
    webhookKey?: Secret;
    agentId?: string;
    environmentId?: string;
  };
  store: { databaseUrl?: Secret; dataDir: string };
  server: {
    host: string;
    port: number;
    /** An origin, as a browser writes it. */
    publicUrl?: string;
    metricsToken?: Secret;
    /** Do the metrics name repositories? */
    metricsName?: true;
    /** The App's OAuth, by which people sign in to the dashboard. */
    oauth?: OAuthApp;
  };
  /** Keys of 32 bytes: the first seals, all open. Undefined: one is derived from the private key. */
  sealKeys?: Uint8Array[];
  /** Lower-case logins whose installations are served; undefined serves all. */
  owners?: string[];
  limits: { budgetCents: number; budgetCentsMax: number; dayCentsMax: number; activeRuns: number };
  /** MCP servers that settings may name. */
  mcp: McpOffers;
  pollMs: number;
  sweepMs: number;
  /** How long the words of ended runs are kept. */
  textsKeptMs: number;
  logLevel: string;
  /** Undefined: nothing is traced. */
  tracing?: Tracing;
}

/**
 * Reads the environment, over what the set-up stored and what it only `told`. Throws one `refused` Problem that
 * lists every mistake; no value of a secret is in it.
 */
export function readConfig(environment: Environment, told: Record<string, string> = {}): Config {
  const given = { ...storedFor(environment), ...told, ...present(environment) };
  const read = variables.safeParse(given);
  const mistakes = read.success ? [] : read.error.issues.map((issue) => mistake(issue, given));
  const key = privateKey(given, mistakes);
  const secrets = webhookSecrets(given["WEBHOOK_SECRET"], mistakes);
  const { tracing, ...rest } = besides(given, mistakes);
  if (!read.success || !key || mistakes.length > 0) throw cannotStart(mistakes);
  return { ...configOf(read.data, { key, secrets, ...rest }), ...maybe("tracing", tracing) };
}

/** What is read beside the schema, the App's key and secret apart. */
function besides(given: Record<string, string>, mistakes: string[]) {
  return {
    sealKeys: sealKeysOf(given["PATCHWRIGHT_SEAL_KEY"], mistakes),
    mcp: mcpOffers(given, { webUrl: webUrlOf(given) }, mistakes),
    tracing: tracingOf(given, mistakes),
    oauth: oauthOf(given, mistakes),
  };
}

function cannotStart(mistakes: string[]): Problem {
  const lines = mistakes.map((line) => `  ${line}`).join("\n");
  return new Problem("refused", "config_invalid", `Cannot start:\n${lines}`);
}

type Environment = Record<string, string | undefined>;

/** The variables that say something. */
function present(environment: Environment): Record<string, string> {
  const said = (entry: [string, string | undefined]): entry is [string, string] => Boolean(entry[1]?.trim());
  return Object.fromEntries(Object.entries(environment).filter(said));
}

/** Variables of the App; with none of them given, there may be something to set up. */
const appVariables = ["APP_ID", "PRIVATE_KEY", "PRIVATE_KEY_PATH", "WEBHOOK_SECRET"];

/** What the set-up stored in the data directory, by variable; the environment goes over it. */
function storedFor(environment: Environment): Record<string, string> {
  const given = present(environment);
  const path = credentialsPath(given["DATA_DIR"]);
  try {
    const stored = z.record(z.string(), z.string()).parse(JSON.parse(readFileSync(path, "utf8")));
    // Two ways to give one key.
    if ("PRIVATE_KEY_PATH" in given) delete stored["PRIVATE_KEY"];
    return stored;
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ENOENT" || code === "ENOTDIR") return {};
    throw cannotStart([`${path} cannot be read as what the set-up stored: mend it, or move it away`]);
  }
}

/** Where the set-up stores what GitHub returns. */
export function credentialsPath(dataDir = "./data"): string {
  return resolve(dataDir, "credentials.json");
}

/** What the set-up needs to know. */
export interface SetUpConfig {
  server: Config["server"];
  claude: { apiKey?: Secret; baseUrl?: string; agentId?: string; environmentId?: string };
  /** What the environment says of an Enterprise Server. */
  github: { host?: string; protocol?: string };
  store: Config["store"];
  /** Where to store what GitHub returns. */
  credentialsPath: string;
  /** What an earlier set-up stored before it was interrupted. */
  stored: Record<string, string>;
}

/** What the set-up brings may be missing before it. */
const beforehand = variables.partial({ APP_ID: true, WEBHOOK_SECRET: true, ANTHROPIC_API_KEY: true });

/**
 * The configuration of the set-up; undefined where it has nothing to do, because the environment names an App
 * or an earlier set-up was finished. Throws like `readConfig`, and for all that would keep the service from starting
 * after it.
 */
export function readSetUpConfig(environment: Environment): SetUpConfig | undefined {
  const said = present(environment);
  if (appVariables.some((name) => name in said)) return undefined;
  const stored = storedFor(environment);
  const given = { ...stored, ...said };
  if ("APP_ID" in given && "ANTHROPIC_API_KEY" in given) return undefined;
  const read = beforehand.safeParse(given);
  const mistakes = read.success ? [] : read.error.issues.map((issue) => mistake(issue, given));
  besides(given, mistakes);
  if (!read.success || mistakes.length > 0) throw cannotStart(mistakes);
  const { HOST, PORT, DATA_DIR, DATABASE_URL, PUBLIC_URL, GHE_HOST, ...others } = read.data;
  return {
    server: { host: HOST, port: PORT, ...maybe("publicUrl", PUBLIC_URL) },
    claude: {
      ...maybe("apiKey", secretOf(others.ANTHROPIC_API_KEY)),
      ...maybe("baseUrl", others.ANTHROPIC_BASE_URL),
      ...maybe("agentId", others.PATCHWRIGHT_AGENT_ID),
      ...maybe("environmentId", others.PATCHWRIGHT_ENVIRONMENT_ID),
    },
    github: {
      ...maybe("host", GHE_HOST),
      ...(GHE_HOST || "GHE_PROTOCOL" in said ? { protocol: others.GHE_PROTOCOL } : {}),
    },
    store: { dataDir: resolve(DATA_DIR), ...maybe("databaseUrl", secretOf(DATABASE_URL)) },
    credentialsPath: credentialsPath(DATA_DIR),
    stored,
  };
}

function webUrlOf(given: { GHE_HOST?: string | undefined; GHE_PROTOCOL?: string | undefined }): string {
  return given.GHE_HOST ? `${given.GHE_PROTOCOL ?? "https"}://${given.GHE_HOST}` : "https://github.com";
}

/** What was read of the variables beside the schema. */
interface Read {
  key: string;
  secrets: Secret[];
  sealKeys: Uint8Array[] | undefined;
  mcp: McpOffers;
  oauth: OAuthApp | undefined;
}

function configOf(read: Variables, { key, secrets, sealKeys, mcp, oauth }: Read): Config {
  const webUrl = webUrlOf(read);
  const owners = read.PATCHWRIGHT_OWNERS.split(",")
    .map((owner) => owner.trim().toLowerCase())
    .filter(Boolean);
  return {
    app: { id: read.APP_ID, privateKey: new Secret(key), webhookSecrets: secrets },
    github: { webUrl, apiUrl: read.GHE_HOST ? `${webUrl}/api/v3` : "https://api.github.com" },
    claude: {
      apiKey: new Secret(read.ANTHROPIC_API_KEY),
      ...maybe("baseUrl", read.ANTHROPIC_BASE_URL),
      ...maybe("webhookKey", secretOf(read.ANTHROPIC_WEBHOOK_SIGNING_KEY)),
      ...maybe("agentId", read.PATCHWRIGHT_AGENT_ID),
      ...maybe("environmentId", read.PATCHWRIGHT_ENVIRONMENT_ID),
    },
    store: { dataDir: resolve(read.DATA_DIR), ...maybe("databaseUrl", secretOf(read.DATABASE_URL)) },
    server: {
      host: read.HOST,
      port: read.PORT,
      ...maybe("publicUrl", read.PUBLIC_URL),
      ...maybe("metricsToken", secretOf(read.METRICS_TOKEN)),
      ...maybe("metricsName", read.METRICS_REPOSITORIES === "true" ? true : undefined),
      ...maybe("oauth", oauth),
    },
    ...maybe("sealKeys", sealKeys),
    ...maybe("owners", owners.includes("*") ? undefined : owners),
    limits: {
      budgetCents: Math.round(read.PATCHWRIGHT_BUDGET_USD * 100),
      budgetCentsMax: Math.round(read.PATCHWRIGHT_BUDGET_USD_MAX * 100),
      dayCentsMax: Math.round(read.PATCHWRIGHT_DAY_USD_MAX * 100),
      activeRuns: read.PATCHWRIGHT_MAX_ACTIVE_RUNS,
    },
    mcp,
    pollMs: read.PATCHWRIGHT_POLL_MS,
    sweepMs: read.PATCHWRIGHT_SWEEP_MS,
    textsKeptMs: read.PATCHWRIGHT_RETENTION_DAYS * 24 * 60 * 60_000,
    logLevel: read.LOG_LEVEL,
  };
}

/** An object with the member, or without it where there is nothing to hold. */
function maybe<K extends string, T>(name: K, value: T | undefined): { [P in K]?: T } {
  return value === undefined ? {} : ({ [name]: value } as { [P in K]: T });
}

function secretOf(value: string | undefined): Secret | undefined {
  return value === undefined ? undefined : new Secret(value);
}
