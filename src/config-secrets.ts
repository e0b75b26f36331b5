/**
 * The secrets among the variables: the App's private key, the webhook's secrets, the keys that seal tokens. What is
 * wrong with one goes into `mistakes` with its variable and remedy, never with its value.
 */
import { createPrivateKey } from "node:crypto";
import { readFileSync } from "node:fs";
import { Secret } from "./domain/secret.ts";

/** Shorter secrets can be guessed. */
const secretCharactersMin = 16;

/** The App's key as PKCS#8 in PEM; undefined, with a mistake, where there is none that serves. */
export function privateKey(
  given: Record<string, string | undefined>,
  mistakes: string[],
): string | undefined {
  const path = given["PRIVATE_KEY_PATH"];
  const inline = given["PRIVATE_KEY"];
  if (!inline && !path) {
    mistakes.push(
      "PRIVATE_KEY is not set: the GitHub App's private key, or PRIVATE_KEY_PATH with the file that holds it",
    );
    return undefined;
  }
  const name = inline ? "PRIVATE_KEY" : "PRIVATE_KEY_PATH";
  const raw = inline ?? textOf(path ?? "", mistakes);
  if (raw === undefined) return undefined;
  try {
    const escaped = raw.replaceAll("\\n", "\n").trim();
    const pem = escaped.startsWith("-----") ? escaped : Buffer.from(escaped, "base64").toString("utf8");
    const key = createPrivateKey(pem);
    if (key.asymmetricKeyType !== "rsa") throw new Error("not RSA");
    // GitHub hands out PKCS#1; the signing library takes either, so one form leaves here.
    return key.export({ type: "pkcs8", format: "pem" }).toString();
  } catch {
    mistakes.push(
      `${name} is not an RSA private key: use the .pem that GitHub generated (\\n escapes or base64 are fine)`,
    );
    return undefined;
  }
}

function textOf(path: string, mistakes: string[]): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown";
    const why = code === "ENOENT" ? "does not exist" : `cannot be read (${code})`;
    mistakes.push(`PRIVATE_KEY_PATH names a file that ${why}`);
    return undefined;
  }
}

/** The webhook secret, or two while rotating. */
export function webhookSecrets(value: string | undefined, mistakes: string[]): Secret[] {
  if (value === undefined) return [];
  const secrets = value.split(",").map((part) => part.trim());
  if (secrets.length > 2)
    mistakes.push("WEBHOOK_SECRET holds more than two secrets: one, or two while rotating");
  if (secrets.some((secret) => secret.length < secretCharactersMin)) {
    mistakes.push(`WEBHOOK_SECRET is too short: at least ${secretCharactersMin} characters each`);
  }
  // Every other character may be in what GitHub signs with.
  if (secrets.some((secret) => /\p{Cc}/u.test(secret)))
    mistakes.push("WEBHOOK_SECRET holds a line break or another control character: copy it in one piece");
  return secrets.map((secret) => new Secret(secret));
}

/** The keys that seal stored tokens; undefined where none are given. */
export function sealKeysOf(value: string | undefined, mistakes: string[]): Uint8Array[] | undefined {
  if (value === undefined) return undefined;
  const keys = value.split(",").map((part) => Buffer.from(part.trim(), "base64"));
  if (keys.some((part) => part.length !== 32)) {
    mistakes.push("PATCHWRIGHT_SEAL_KEY must hold 32-byte keys in base64: openssl rand -base64 32");
  }
  return keys;
}

/** The App as the OAuth knows it. */
export interface OAuthApp {
  clientId: string;
  clientSecret: Secret;
}

/** The App's OAuth; undefined where it is not given. */
export function oauthOf(
  { CLIENT_ID: clientId, CLIENT_SECRET: secret }: Record<string, string | undefined>,
  mistakes: string[],
): OAuthApp | undefined {
  if (clientId !== undefined && secret !== undefined)
    return { clientId: clientId.trim(), clientSecret: new Secret(secret.trim()) };
  if (clientId !== undefined || secret !== undefined)
    mistakes.push("CLIENT_ID and CLIENT_SECRET belong together: set both, or neither");
  return undefined;
}
