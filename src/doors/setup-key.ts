/** Whether the Claude platform takes a key: the one that is typed into the set-up, or the one it found in the environment. */
import { claudeClient } from "../agent/claude.ts";
import { asProblem } from "../agent/failure.ts";
import { tryKey } from "../agent/provisioning.ts";
import type { Problem } from "../domain/errors.ts";
import type { Secret } from "../domain/secret.ts";

/** A key, and where the platform is when not at its own address. */
interface Key {
  apiKey: Secret;
  baseUrl?: string;
}

/** What the platform has against a key; undefined when it takes it. Throws nothing. */
export async function keyProblem(config: Key, fetch: typeof globalThis.fetch): Promise<Problem | undefined> {
  try {
    await tryKey(claudeClient({ config, fetch }));
    return undefined;
  } catch (error) {
    return asProblem(error);
  }
}

/**
 * The same in words, for a key that the environment gives: only what would end the start. A platform that is down
 * ends none.
 */
export async function lastingProblem(
  { apiKey, ...rest }: Partial<Key>,
  fetch: typeof globalThis.fetch,
): Promise<string | undefined> {
  const problem = apiKey && (await keyProblem({ apiKey, ...rest }, fetch));
  if (!problem || problem.kind === "later") return undefined;
  return `${problem.message} The key is set by the environment: change ANTHROPIC_API_KEY there, and start again.`;
}
