/**
 * The table of variables: what each may hold and what it is when left out. It does not know what is made of them, nor
 * which belong together.
 */
import { z } from "zod";
import { isGitHubItself, isHost, isOrigin, originWords } from "./domain/origin.ts";
import { isPlainSecret, plainSecretWords } from "./domain/secret.ts";

const text = z.string().trim().min(1);
const optional = text.optional();
const plainSecret = text.refine(isPlainSecret, plainSecretWords);
const url = z.url({ protocol: /^https?$/, error: "must be an http or https URL" });
const dollars = z.coerce.number("must be an amount in US dollars").positive().max(100_000);
const spanMs = z.coerce
  .number("must be a number of milliseconds")
  .int("must be a whole number of milliseconds")
  .min(100, "must be at least 100 milliseconds")
  .max(86_400_000, "must be at most a day (86400000)");

/** Every variable that a rule of its own suffices for; texts without the space around them. */
export const variables = z.object({
  APP_ID: z.coerce.number("must be the App's number, shown on its settings page").int().positive(),
  PRIVATE_KEY: optional,
  PRIVATE_KEY_PATH: optional,
  WEBHOOK_SECRET: text,
  GHE_HOST: text
    .refine(isHost, "must be host[:port]")
    .refine((host) => !isGitHubItself(host), "is for an Enterprise Server: leave it unset for github.com")
    .optional(),
  GHE_PROTOCOL: z.enum(["https", "http"], "must be https or http").default("https"),
  ANTHROPIC_API_KEY: plainSecret,
  ANTHROPIC_BASE_URL: url.optional(),
  ANTHROPIC_WEBHOOK_SIGNING_KEY: text
    .regex(/^whsec_[A-Za-z0-9+/]+=*$/, "must be the whsec_… key that the Console shows")
    .optional(),
  PATCHWRIGHT_AGENT_ID: text.regex(/^agent_/, "must be an agent_… id").optional(),
  PATCHWRIGHT_ENVIRONMENT_ID: text.regex(/^env_/, "must be an env_… id").optional(),
  DATABASE_URL: text
    .regex(/^postgres(ql)?:\/\//, { error: "must be a postgres:// URL", abort: true })
    .refine(
      isRead,
      "cannot be read as a postgres:// URL: special characters in the password must be percent-encoded",
    )
    .optional(),
  DATA_DIR: text.default("./data"),
  HOST: text.default("127.0.0.1"),
  PORT: z.coerce.number("must be a port number").int().min(0).max(65_535).default(3000),
  PUBLIC_URL: text
    .refine(isOrigin, originWords)
    .transform((address) => new URL(address).origin)
    .optional(),
  CLIENT_ID: plainSecret.optional(),
  CLIENT_SECRET: plainSecret.optional(),
  METRICS_TOKEN: text.regex(/^[ -~]+$/, "must be printable ASCII").optional(),
  METRICS_REPOSITORIES: z.enum(["true", "false"], "must be true or false").default("false"),
  PATCHWRIGHT_SEAL_KEY: optional,
  PATCHWRIGHT_OWNERS: text
    .refine((list) => /[^\s,]/.test(list), "names nobody: accounts separated by commas, or * for all")
    .default("*"),
  PATCHWRIGHT_BUDGET_USD: dollars.default(5),
  PATCHWRIGHT_BUDGET_USD_MAX: dollars.default(50),
  PATCHWRIGHT_DAY_USD_MAX: dollars.default(500),
  PATCHWRIGHT_MAX_ACTIVE_RUNS: z.coerce
    .number("must be a number of runs")
    .int()
    .min(1)
    .max(10_000)
    .default(25),
  PATCHWRIGHT_POLL_MS: spanMs.default(30_000),
  PATCHWRIGHT_SWEEP_MS: spanMs.default(300_000),
  PATCHWRIGHT_RETENTION_DAYS: z.coerce.number().int().min(1).max(400).default(30),
  LOG_LEVEL: z
    .enum(["trace", "debug", "info", "warn", "error", "fatal", "silent"], "must be one of pino's levels")
    .default("info"),
});

/** Does `pg` read this address? It takes a user without a host, and a percent sign that encodes nothing. */
function isRead(address: string): boolean {
  const whole = [address, address.replace("@/", "@host/")].find((one) => URL.canParse(one));
  if (whole === undefined) return false;
  if (/ |%[^a-f0-9]|%[a-f0-9][^a-f0-9]/i.test(address)) return true;
  const { username, password, hostname, pathname } = new URL(whole);
  try {
    decodeURIComponent([username, password, hostname, pathname].join("\n"));
    return true;
  } catch {
    return false;
  }
}

/** What was read of them. */
export type Variables = z.infer<typeof variables>;

/** What is wrong with a variable, with its name and never its value; with the remedy where it is missing. */
export function mistake(issue: z.core.$ZodIssue, given: Record<string, unknown>): string {
  const name = String(issue.path[0]);
  return name in given ? `${name} ${issue.message}` : `${name} is not set: ${remedies[name] ?? "set it"}`;
}

const remedies: Record<string, string> = {
  APP_ID: "the number on the GitHub App's settings page",
  WEBHOOK_SECRET: "the webhook secret of the GitHub App",
  ANTHROPIC_API_KEY: "an API key of the Claude platform",
};
