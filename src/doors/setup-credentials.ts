/**
 * What becomes of the credentials the set-up was given: a file, whole or not at all and for this user only; or
 * lines for a secret store, where the operator wants nothing written here.
 */
import { mkdir, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { Problem } from "../domain/errors.ts";

/** Writes variables (names of the environment's) in the place of those before. Throws `refused` when it cannot. */
export async function storeCredentials(path: string, values: Record<string, string>): Promise<void> {
  try {
    await write(freshOf(path), `${JSON.stringify(values, null, 2)}\n`);
    await rename(freshOf(path), path);
  } catch (cause) {
    throw unwritable(path, cause);
  }
}

/**
 * Writes nothing, and throws `refused` where `storeCredentials` would: GitHub shows an App's key only once, so
 * this is asked before there is an App.
 */
export async function tryToStore(path: string): Promise<void> {
  try {
    await write(freshOf(path), "");
    await rm(freshOf(path));
  } catch (cause) {
    throw unwritable(path, cause);
  }
}

/**
 * Credentials as lines of an environment file, one a line: the private key, which has many, as base64. It is for
 * the operator's eyes, once.
 */
export function credentialLines(values: Record<string, string>): string {
  const line = ([name, value]: [string, string]) =>
    `${name}=${value.includes("\n") ? Buffer.from(value).toString("base64") : value}`;
  return Object.entries(values).map(line).join("\n");
}

function freshOf(path: string): string {
  return `${path}.new`;
}

async function write(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const file = await open(path, "w", 0o600);
  try {
    // One left behind by a crash keeps the mode it has.
    await file.chmod(0o600);
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

function unwritable(path: string, cause: unknown): Problem {
  const words = `${path} cannot be written. Give this user the right to write it, or set DATA_DIR.`;
  return new Problem("refused", "credentials_unwritable", words, { cause });
}
