/**
 * Seals tokens, so that a copy of the database gives nobody access: AES-256-GCM, bound to the row it belongs to.
 * A sealed text is base64url of: version (1 byte), nonce (12), ciphertext, tag (16). It knows no tables.
 */
import { createCipheriv, createDecipheriv, createPrivateKey, hkdfSync } from "node:crypto";
import { Problem } from "../domain/errors.ts";
import { Secret } from "../domain/secret.ts";

const version = 1;
const keyBytes = 32;
/** 96 bits: the nonce GCM takes as it is (NIST SP 800-38D, 8.2). */
const nonceBytes = 12;
const tagBytes = 16;

/** Which row a sealed text belongs to; moved to another row, it does not open. */
export interface SealedFor {
  runId: string;
  /** Full name of the repository. */
  resource: string;
  tokenId: string;
}

/** Seals and opens. */
export interface Seal {
  /** The secret under the first key, bound to its row. */
  seal(secret: Secret, row: SealedFor): string;
  /** The secret, or undefined when no key opens it for this row. */
  open(sealed: string, row: SealedFor): Secret | undefined;
  /** Does the first key open it for this row? What only others open has to be sealed anew before they are taken away. */
  isFirst(sealed: string, row: SealedFor): boolean;
}

/** What GCM authenticates besides the secret: the version and the row, unambiguously. */
function boundTo({ runId, resource, tokenId }: SealedFor): Buffer {
  return Buffer.from(JSON.stringify([version, runId, resource, tokenId]));
}

/** Opens with one key; undefined when the key, the row or a byte is another. */
function openWith(key: Uint8Array, sealed: string, row: SealedFor): Secret | undefined {
  const bytes = Buffer.from(sealed, "base64url");
  if (bytes[0] !== version || bytes.length < 1 + nonceBytes + tagBytes) return undefined;
  const nonce = bytes.subarray(1, 1 + nonceBytes);
  const decipher = createDecipheriv("aes-256-gcm", key, nonce, { authTagLength: tagBytes });
  decipher.setAAD(boundTo(row)).setAuthTag(bytes.subarray(-tagBytes));
  try {
    const text = Buffer.concat([
      decipher.update(bytes.subarray(1 + nonceBytes, -tagBytes)),
      decipher.final(),
    ]);
    return new Secret(text.toString());
  } catch {
    return undefined;
  }
}

/**
 * A seal of these 32-byte keys: the first seals, all open, so that a key can be replaced while old rows live.
 * `random` gives that many unpredictable bytes. `refused` `seal_key_unusable` for no key or one of another length.
 */
export function sealWith(keys: readonly Uint8Array[], random: (bytes: number) => Uint8Array): Seal {
  const [first] = keys;
  if (!first || keys.some((key) => key.length !== keyBytes)) {
    throw new Problem(
      "refused",
      "seal_key_unusable",
      `PATCHWRIGHT_SEAL_KEY must hold keys of ${keyBytes} bytes each.`,
    );
  }
  return {
    seal: (secret, row) => {
      const nonce = random(nonceBytes);
      const cipher = createCipheriv("aes-256-gcm", first, nonce, { authTagLength: tagBytes });
      cipher.setAAD(boundTo(row));
      const sealed = [cipher.update(secret.reveal()), cipher.final(), cipher.getAuthTag()];
      return Buffer.concat([Uint8Array.of(version), nonce, ...sealed]).toString("base64url");
    },
    open: (sealed, row) => {
      for (const key of keys) {
        const secret = openWith(key, sealed, row);
        if (secret) return secret;
      }
      return undefined;
    },
    isFirst: (sealed, row) => openWith(first, sealed, row) !== undefined,
  };
}

/**
 * The key used when none is configured: HKDF-SHA-256 of the App's private key (PEM), the same for every spelling
 * of that key. `refused` `private_key_unusable` when it cannot be read.
 */
export function sealKeyFrom(privateKey: Secret): Uint8Array {
  try {
    const key = createPrivateKey(privateKey.reveal()).export({ type: "pkcs8", format: "der" });
    return new Uint8Array(hkdfSync("sha256", key, "", "patchwright seal 1", keyBytes));
  } catch {
    throw new Problem(
      "refused",
      "private_key_unusable",
      "The App's private key cannot be read: it must be a PEM text.",
    );
  }
}
