/** Whether sessions could be opened with a Claude key: the one that is typed into the set-up, or the one of the environment. */
import { claudeClient } from "../agent/claude.ts";
import { asProblem } from "../agent/failure.ts";
import { type Given, givenTrouble, standing } from "../agent/provisioning.ts";
import { Problem } from "../domain/errors.ts";
import { isPlainSecret, plainSecretWords, type Secret } from "../domain/secret.ts";

/** A key, where the platform is when not at its own address, and what is to be used there. */
interface Key extends Given {
  apiKey: Secret;
  baseUrl?: string;
}

/** What the platform has against a key, or against what the operator gave to be used with it. Throws nothing. */
export async function keyProblem(config: Key, fetch: typeof globalThis.fetch): Promise<Problem | undefined> {
  if (!isPlainSecret(config.apiKey.reveal()))
    return new Problem("refused", "claude_key_malformed", `A Claude API key ${plainSecretWords}.`);
  try {
    const trouble = givenTrouble(config, await standing(claudeClient({ config, fetch }), config));
    return trouble === undefined ? undefined : new Problem("refused", given, trouble);
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
  if (problem.code === given) return `${problem.message} It is set by the environment: start again after it.`;
  return `${problem.message} The key is set by the environment: change ANTHROPIC_API_KEY there, and start again.`;
}

const given = "claude_given";
