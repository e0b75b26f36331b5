/**
 * The service's environment on the two simulators: what an operator would set, and the key both sides sign
 * Claude's webhooks with.
 */
import type { ClaudeSim } from "./claude/claude.ts";
import type { GitHubSim } from "./github/github.ts";

/** The key of Claude's webhooks, of 32 bytes as the platform's. */
export const webhookKey = `whsec_${Buffer.from("0123456789abcdef0123456789abcdef").toString("base64")}`;

/** The variables that no service starts without, its address left to the system. */
export function variables(github: GitHubSim, claude: ClaudeSim): Record<string, string> {
  return {
    APP_ID: String(github.app.id),
    PRIVATE_KEY: github.app.privateKey,
    WEBHOOK_SECRET: github.app.webhookSecret,
    GHE_HOST: github.host,
    GHE_PROTOCOL: "http",
    ANTHROPIC_API_KEY: claude.apiKey,
    ANTHROPIC_BASE_URL: claude.url,
    PORT: "0",
  };
}
